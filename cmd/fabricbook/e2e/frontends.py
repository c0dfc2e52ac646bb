"""A notebook as a person sees it, in JupyterLab and in Notebook 7: typed into, clicked and read.

Both are made of the same parts, so one driver serves them; what differs is a table at the end.
"""

import contextlib
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request

import nbformat
from conftest import BINARY, TIMEOUT, drawn, free_port, running

KERNELSPEC = {"name": "fabricbook", "display_name": "Go (Fabricbook)", "language": "go"}
# Nothing is fetched from outside and nothing is asked before the notebook shows.
QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}


def write(path: pathlib.Path, *sources: str):
    """Makes a notebook of code cells."""
    cells = [nbformat.v4.new_code_cell(s) for s in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), path)


class Server:
    """A running Jupyter server and how its pages are addressed."""

    def __init__(self, name: str, base: str, token: str, path: str, notebooks: pathlib.Path):
        self.name, self.base, self.token, self.path, self.notebooks = name, base, token, path, notebooks

    def url(self, notebook: str) -> str:
        return f"{self.base}{self.path}/{notebook}?token={self.token}"

    def api(self, path: str):
        request = urllib.request.Request(f"{self.base}/api/{path}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)


@contextlib.contextmanager
def lab(folder: pathlib.Path):
    """JupyterLab as `make run` starts it."""
    with running(folder / "data") as run:
        base, _, token = re.match(r"(.*)/lab(\S*)token=(\S+)", run.address).groups()
        yield Server("lab", base, token, "/lab/tree", run.data / "notebooks")


@contextlib.contextmanager
def notebook7(folder: pathlib.Path):
    """Notebook 7 with the kernelspec that `fabricbook kernel install` makes."""
    notebooks, settings = folder / "notebooks", folder / "settings" / "@jupyterlab" / "apputils-extension"
    notebooks.mkdir()
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    subprocess.run([BINARY, "kernel", "install", "--prefix", folder, "--data", folder / "data"], check=True, stdout=subprocess.DEVNULL)
    port, token = free_port(), secrets.token_hex(16)
    env = {**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_PATH": str(folder / "share" / "jupyter"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
           **{f"JUPYTER_{n}_DIR": str(folder / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}}
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "notebook", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
             f"--ServerApp.root_dir={notebooks}", "--KernelSpecManager.ensure_native_kernel=False", "--ServerApp.jpserver_extensions={'jupyter_lsp': False}"],
            env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    server = Server("notebook", f"http://127.0.0.1:{port}", token, "/notebooks", notebooks)
    try:
        wait_for(lambda: server.api("status"), TIMEOUT, lambda: (folder / "server.log").read_text())
        yield server
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=TIMEOUT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(question, seconds: float, explain):
    """The first true answer to question, which may fail with OSError until then."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if answer := question():
                return answer
        assert time.monotonic() < end, explain()
        time.sleep(0.05)


class Cell:
    """The only cell of an open notebook."""

    def __init__(self, server: Server, page):
        self.server, self.page = server, page
        self.panel = page.locator(".jp-NotebookPanel")
        self.editor = self.panel.locator(".jp-CodeCell .cm-content").first
        self.prompt = self.panel.locator(".jp-CodeCell .jp-InputPrompt").first
        self.output = self.panel.locator(".jp-CodeCell .jp-OutputArea").first

    def type(self, text: str):
        """Replaces the cell's text."""
        self.editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def start(self, text: str):
        """Runs text without waiting for its end."""
        self.type(text)
        self.before = self.prompt.inner_text()
        self.page.keyboard.press("Control+Enter")

    def ended(self):
        """Waits for the end of what runs."""
        self.page.wait_for_function("([e, before]) => e.innerText != before && /\\[\\d+\\]/.test(e.innerText)",
                                    arg=[self.prompt.element_handle(), self.before])
        drawn(self.page)

    def run(self, text: str) -> str:
        """Runs text to its end and returns what the cell shows."""
        self.start(text)
        self.ended()
        self.idle()
        return self.text()

    def text(self) -> str:
        """What the cell shows below its input."""
        return "\n".join(self.output.locator(".jp-OutputArea-output").all_inner_texts()).strip()

    def idle(self):
        self.panel.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()

    def hear(self, number: int):
        """Waits until a kernel has answered the page so often, and is idle."""
        end = time.monotonic() + TIMEOUT
        while len(self.answers) < number:
            assert time.monotonic() < end, "the kernel has not answered the page"
            self.page.wait_for_timeout(20)
        self.idle()

    def shows(self, text: str):
        """Waits until the cell's output holds text."""
        self.output.filter(has_text=text).wait_for()

    def menu(self, name: str, item):
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()


def open_cell(server: Server, page, name: str = "cell.ipynb") -> Cell:
    """A new notebook with one empty cell, whose kernel has answered: what is run before that, the pages drop."""
    write(server.notebooks / name, "")
    answered = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: answered.append(f) if "kernel_info_reply" in str(f) else None))
    page.goto(server.url(name))
    cell = Cell(server, page)
    cell.editor.wait_for()
    cell.answers = answered
    cell.hear(1)
    return cell


FRONT_ENDS = {"lab": lab, "notebook": notebook7}
