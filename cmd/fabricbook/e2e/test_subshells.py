"""A subshell's console beside the notebook: it runs while a cell of the notebook does, on the same live values."""

from conftest import shot
from frontends import write
from test_lab import errors, run_all

WAITING = """import "fmt"
numbers := make(chan int)"""
WAITS = """fmt.Println("waiting")
sum := 0
for n := range numbers {
	sum += n
}
fmt.Println("the sum is", sum)"""


def test_a_subshell_console_beside_a_running_cell(fabric, page):
    write(fabric.data / "notebooks" / "subshells.ipynb", WAITING, WAITS)
    run_all(page, fabric.address.replace("01-segments-router-security-groups", "subshells"), wait=False)
    output = page.locator(".jp-NotebookPanel .jp-OutputArea-output")
    output.get_by_text("waiting").wait_for()

    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("New Subshell Console for Notebook")
    page.locator(".lm-CommandPalette-item", has_text="New Subshell Console for Notebook").click()
    prompt = page.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.wait_for()
    page.locator(".jp-CodeConsole-banner", has_text="Go cells").wait_for()  # JupyterLab knows the kernel now
    for n in (20, 22):
        prompt.click()
        page.keyboard.insert_text(f'numbers <- {n}; "sent {n}"')
        page.keyboard.press("Shift+Enter")
        page.locator(".jp-CodeConsole-content .jp-OutputArea-output", has_text=f"sent {n}").first.wait_for()
    assert output.get_by_text("the sum is").count() == 0, "the notebook's cell has ended"
    shot(page, "subshell.png")
    prompt.click()
    page.keyboard.insert_text("close(numbers)")
    page.keyboard.press("Shift+Enter")
    output.get_by_text("the sum is 42").wait_for()
    assert errors(page) == []
