"""The main job as a user does it: `make run`, open the printed URL, Run All, read the screen."""

import json
import re
import stat
import subprocess
import time

from conftest import ARTIFACTS, TIMEOUT, drawn, running, shot


# JupyterLab opens again what was open before, in tabs behind the one that the URL names.
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def run_all(page, url, wait=True):
    """Opens the notebook and runs every cell; returns when the last one has ended, or does not wait for it."""
    answered = []  # by kernels; what is run before that, JupyterLab drops
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: answered.append(ws.url) if "kernel_info_reply" in str(f) else None))
    page.goto(url)
    page.wait_for_selector(f"{SHOWN} .jp-CodeCell")
    page.wait_for_selector(f'{SHOWN} .jp-NotebookPanel-toolbar :text("Fabricbook")')
    page.wait_for_selector(f'{SHOWN} .jp-Notebook-ExecutionIndicator[data-status="idle"]')
    end = time.monotonic() + TIMEOUT
    while len(set(answered)) < page.locator(".jp-NotebookPanel").count():
        assert time.monotonic() < end, "the kernels have not answered the page"
        page.wait_for_timeout(100)
    before = max([0, *map(int, re.findall(r"\[(\d+)\]", " ".join(page.locator(f"{SHOWN} .jp-InputPrompt").all_inner_texts())))])
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile(r"^Run All Cells")).click()
    if not wait:
        return
    page.wait_for_function(
        """([shown, before]) => {
            const panel = document.querySelector(shown);
            const cells = [...panel.querySelectorAll('.jp-CodeCell')].filter(c => c.querySelector('.cm-content').innerText.trim());
            const prompts = cells.map(c => c.querySelector('.jp-InputPrompt').innerText);
            const failed = panel.querySelector('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]');
            return failed || (cells.length > 0 && prompts.every(p => /\\[\\d+\\]/.test(p) && Number(p.match(/\\d+/)[0]) > before));
        }""", arg=[SHOWN, before])
    drawn(page)


# Scenario S1: who reaches whom, in rows; tcp/5432 is as icmp. Columns as rows.
NAMES = ["web-1", "db-1", "office-1", "mgmt-1", "check-host"]
EXPECTED = {"icmp": ["✓–✓–✓", "–✓✓–✓", "––✓–✓", "––✓✓✓", "––✓✓✓"], "tcp/22": ["✓✓✓–✓", "–✓✓–✓", "––✓–✓", "✓✓✓✓✓", "––✓✓✓"]}


def table_of(matrix, i):
    """The marks of the matrix's table i as the screen shows them, a string for each row."""
    # By textContent: JupyterLab may scroll away from it, and lays out what is in view only.
    rows = matrix.locator("table").nth(i).evaluate("t => [...t.rows].map(r => [...r.cells].map(c => c.textContent))")
    assert [r[0].strip() for r in rows[1:]] == NAMES
    return ["".join(cell.strip() for cell in r[1:]) for r in rows[1:]]


def errors(page):
    """Texts of the errors on the screen. JupyterLab draws a traceback as it draws stderr, so they are both."""
    return page.locator(SHOWN + ' .jp-OutputArea-output:is([data-mime-type="application/vnd.jupyter.stderr"], '
                        '[data-mime-type="application/vnd.jupyter.error"])').all_inner_texts()


def test_run_all_in_jupyterlab(fabric, page):
    run_all(page, fabric.address)
    assert errors(page) == []
    kernels = list((fabric.data / "jupyter" / "runtime").glob("kernel-*.json"))
    assert kernels and all("curve_publickey" in json.loads(k.read_text()) for k in kernels), "sockets are not sealed"
    outputs = page.locator(f"{SHOWN} .jp-OutputArea-output")
    text = "\n".join(outputs.all_inner_texts())
    for name in ("dc-web-network", "dc-db-network", "office-network", "mgmt-network", "64512:201", "172.31.9.34"):
        assert name in text, f"{name} is not on the screen"

    matrix = outputs.filter(has_text="Who reaches whom").first
    matrix.scroll_into_view_if_needed()  # JupyterLab renders what is in view
    page.wait_for_function("e => e.innerText.includes('both agree')", arg=matrix.element_handle())
    assert [table_of(matrix, i) for i in range(3)] == [EXPECTED["icmp"], EXPECTED["tcp/22"], EXPECTED["icmp"]]
    shot(matrix, "matrix.png")
    topology = page.locator('.jp-NotebookPanel .jp-OutputArea-output img[src^="data:image/svg"]').first
    topology.scroll_into_view_if_needed()
    assert topology.bounding_box()["width"] > 300
    shot(topology, "topology.png")
    shot(page, "jupyterlab.png")

    run_all(page, fabric.address)  # again, after its own clean-up: without harm
    assert errors(page) == []


def test_ctrl_c_ends_all_and_the_next_start_finds_the_state(tmp_path):
    data = tmp_path / "data"
    with running(data) as first:
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        for secret in ("controller.json", "jupyter.token", "webhook.token"):
            assert stat.S_IMODE((data / secret).stat().st_mode) == 0o600, secret
        first.cli("apply", "-f", "examples/s1-data-centre.yaml", "--yes")
        before = first.json("status")
        token = (data / "jupyter.token").read_text().strip()
        listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert token not in listing, "the token is in the process list"
        first.stop()  # make itself reports the signal; what it ran must have ended by itself
        assert "All ended." in "".join(first.lines)
        assert token not in (data / "fabricbook.log").read_text(), "the token is in the log"
    left = subprocess.run(["pgrep", "-f", str(data)], capture_output=True, text=True)
    assert left.stdout == "", f"processes are left: {left.stdout}"

    with running(data) as second:
        after = second.json("status")
        assert after["revision"] == before["revision"]
        assert after["counts"] == before["counts"]
        assert second.cli("ping", "mgmt-1", "office-1").returncode == 0
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        (ARTIFACTS / "warm-start.txt").write_text(f"warm start to the URL: {second.ready:.2f} s\n")


def test_a_second_fabric_on_the_same_folder_is_refused(fabric):
    again = fabric.cli("up", "--data", str(fabric.data), check=False)
    assert again.returncode == 1
    assert "already runs" in again.stderr and "--data" in again.stderr
