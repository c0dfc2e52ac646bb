"""What a person does in a notebook, in JupyterLab and in Notebook 7."""

import re

import pytest
from conftest import eventually, new_context, shot
from frontends import FRONT_ENDS, open_cell
from test_lab import errors


@pytest.fixture(scope="module", params=FRONT_ENDS)
def server(request, tmp_path_factory):
    with FRONT_ENDS[request.param](tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def cell(server, browser):
    """One cell for all tests of a front end: a page takes seconds to load."""
    context = new_context(browser)
    yield open_cell(server, context.new_page())
    context.close()


def picture(cell, name):
    shot(cell.page, f"{cell.server.name}-{name}.png")


OUTPUTS = """import (
	"fmt"
	"os"
)

type Link struct {
	Name  string
	Mbits int
}

fmt.Println("seen on stdout")
fmt.Fprintln(os.Stderr, "seen on stderr")
[]Link{{"leaf-1 <a>", 10_000}, {"leaf-2", 25_000}}"""


def test_result_streams_and_table(cell):
    assert cell.run("6 * 7") == "42"
    cell.run(OUTPUTS)
    assert cell.output.locator('[data-mime-type="application/vnd.jupyter.stdout"]').inner_text().strip() == "seen on stdout"
    assert cell.output.locator('[data-mime-type="application/vnd.jupyter.stderr"]').inner_text().strip() == "seen on stderr"
    table = cell.output.locator("table")
    assert table.locator("th").all_inner_texts()[-2:] == ["Name", "Mbits"]
    assert table.locator("td").all_inner_texts()[-4:] == ["leaf-1 <a>", "10000", "leaf-2", "25000"]
    picture(cell, "outputs")


def test_an_error_points_at_its_place(cell):
    cell.run('segment := "dc-web"\nsegmnt + "-network"')
    [error] = errors(cell.page)
    lines = error.splitlines()
    at = next(i for i, line in enumerate(lines) if 'segmnt + "-network"' in line)
    assert lines[at + 1].index("^") == lines[at].index("segmnt"), "\n".join(lines)
    assert "[" in lines[0] and "did you mean segment?" in lines[0]
    picture(cell, "error")


def test_completion_menu(cell):
    cell.run('import "strings"')
    cell.type("strings.Spl")
    cell.page.keyboard.press("Tab")
    menu = cell.page.locator(".jp-Completer:visible")
    item = menu.locator(".jp-Completer-item", has_text="SplitAfterN")
    item.wait_for()
    assert item.locator(".jp-Completer-typeExtended").inner_text() == "function"
    picture(cell, "completion")
    while "SplitN" not in menu.locator(".jp-mod-active .jp-Completer-match").inner_text():
        cell.page.keyboard.press("ArrowDown")
    cell.page.keyboard.press("Enter")
    menu.wait_for(state="hidden")
    eventually(cell.editor.inner_text, "strings.SplitN")


def test_tooltip(cell):
    cell.type('strings.SplitN("a,b", ",", 2)')
    cell.page.keyboard.press("Home")
    for _ in "strings.Sp":
        cell.page.keyboard.press("ArrowRight")
    cell.page.keyboard.press("Shift+Tab")
    tooltip = cell.page.locator(".jp-Tooltip")
    tooltip.filter(has_text="func SplitN(s string, sep string, n int) []string").wait_for()
    picture(cell, "tooltip")
    cell.page.keyboard.press("Escape")
    tooltip.wait_for(state="detached")


LOOP = 'import "fmt"\nturns := 0\nfmt.Println("it runs")\nfor {\n\tturns++\n}'


@pytest.mark.parametrize("how", ["button", "menu"])
def test_interrupt(cell, how):
    cell.start(LOOP)
    cell.shows("it runs")
    if how == "button":
        cell.panel.locator('[data-jp-item-name="interrupt"] button, jp-button[data-command="notebook:interrupt-kernel"]').first.click()
    else:
        cell.menu("Kernel", re.compile("^Interrupt Kernel"))
    cell.ended()
    cell.shows("was interrupted")
    picture(cell, f"interrupt-{how}")
    assert cell.run("turns > 0") == "true"


def test_questions(cell):
    cell.start('import "fmt"\nname, err := display.Input("which port? ")\nfmt.Println("port", name, err)')
    box = cell.output.locator("input.jp-Stdin-input")
    box.wait_for()
    assert cell.output.locator(".jp-Stdin-prompt").inner_text().strip() == "which port?"
    picture(cell, "input")
    box.fill("leaf-1/7")
    box.press("Enter")
    cell.ended()
    cell.shows("port leaf-1/7 <nil>")

    cell.start('secret, err := display.Password("enable password: ")\nfmt.Println(len(secret), secret, err)')
    box.wait_for()
    assert box.get_attribute("type") == "password"
    box.fill("hunter-two")
    picture(cell, "password")
    box.press("Enter")
    cell.ended()
    cell.shows("10 [secret] <nil>")
    assert "hunter-two" not in cell.text()


PROGRESS = """import (
	"fmt"
	"os"
	"time"
)

bar := display.NewProgress(8, "draining")
for done := range 8 {
	bar.Set(done)
	for {
		if _, err := os.Stat(fmt.Sprintf("%s/%d", seen, done)); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
}
bar.Set(8)
bar.Done()"""


def test_progress_moves_while_the_cell_runs(cell, tmp_path):
    """The cell goes on when its bar was seen where it is."""
    cell.start(f'seen := "{tmp_path}"\n' + PROGRESS)
    for done in range(8):
        cell.output.locator(f'progress[value="{done}"]').wait_for()
        assert cell.prompt.inner_text() == "[*]:"
        if done == 3:
            picture(cell, "progress")
        (tmp_path / str(done)).touch()
    cell.ended()
    cell.output.locator('progress[value="8"]').wait_for()


CONTROLS = """import "fmt"
bar := display.NewIntProgress(0, 4, "drained")
said := display.NewLabel("nothing yet")
count := 0
button := display.NewButton("drain one", func() {
	count++
	bar.Set(count)
	said.Set(fmt.Sprintf("%d of 4 drained", count))
})
display.NewVBox(bar, said, button)"""


def test_a_click_reaches_the_cell(cell):
    cell.run(CONTROLS)
    assert errors(cell.page) == []
    button = cell.output.locator("button", has_text="drain one")
    button.wait_for()
    for n in (1, 2, 3):
        button.click()
        cell.shows(f"{n} of 4 drained")
    cell.page.wait_for_function("e => e.querySelector('.progress-bar')?.style.width.startsWith('75')", arg=cell.output.element_handle())
    picture(cell, "controls")


def test_console_shares_the_session_and_its_history(cell):
    cell.run("shared := 41")
    cell.menu("File", "New Console for Notebook")
    console = cell.page.locator(".jp-CodeConsole")
    console.get_by_text("Fabricbook").first.wait_for()  # the banner
    line = console.locator(".jp-CodeConsole-promptCell .cm-content")
    line.click()
    cell.page.keyboard.insert_text("shared + 1")
    cell.page.keyboard.press("Shift+Enter")
    console.locator(".jp-OutputArea-output", has_text="42").wait_for()
    for past in ("shared + 1", "shared := 41"):
        line.click()
        cell.page.keyboard.press("ArrowUp")
        console.locator(".jp-CodeConsole-promptCell .cm-content", has_text=past).wait_for()
    picture(cell, "console")


@pytest.mark.parametrize("server", ["lab"], indirect=True)  # Notebook 7 has none
def test_contextual_help(cell):
    cell.run('import "strings"')
    cell.menu("Help", "Show Contextual Help")
    cell.type("strings.Repeat")
    cell.page.locator(".jp-Inspector", has_text="func Repeat(s string, count int) string").wait_for()
    picture(cell, "help")


@pytest.mark.parametrize("server", ["notebook"], indirect=True)  # the JupyterLab of `make run` does not ask for it
def test_usage(cell, server):
    [session] = server.api("sessions")
    content = server.api(f"metrics/v1/kernel_usage/get_usage/{session['kernel']['id']}")["content"]
    assert content["kernel_memory"] > 1 << 20 and content["kernel_cpu"] >= 0 and content["host_virtual_memory"]["total"] > 1 << 26


def test_restart(cell):
    cell.run("kept := 1")
    assert cell.run("kept") == "1"
    cell.menu("Kernel", re.compile("^Restart Kernel…"))
    before = len(cell.answers)
    cell.page.locator(".jp-Dialog .jp-mod-accept").click()
    cell.page.locator(".jp-Dialog").wait_for(state="detached")
    cell.hear(before + 1)
    assert "undefined: kept" in cell.run("kept") and cell.prompt.inner_text() == "[1]:"
    assert cell.run("6 * 7") == "42"


def test_a_finished_step_is_frozen(cell):
    """The last test: its runbook is the cell's from here on."""
    assert cell.run("//fabricbook:runbook\n20 + 1") == "21"
    assert "frozen" in cell.run("//fabricbook:runbook\n20 + 1")
    picture(cell, "frozen")
    assert cell.run("%unfreeze wrong port\n20 + 2") == "22"
