"""JupyterLab's debugger on Go cells: the panel of variables, breakpoints, steps."""

import re

from conftest import eventually, shot
from frontends import write
from test_lab import errors

SETUP = """type Site struct {
	Name  string
	Ports map[string]int
}
site := Site{Name: "basel", Ports: map[string]int{"up": 2, "down": 1}}
count, names := 3, []string{"a", "b"}"""


def open_notebook(fabric, page, name, cells):
    """Open a notebook of these cells and turn the debugger on."""
    write(fabric.data / "notebooks" / f"{name}.ipynb", *cells)
    page.goto(fabric.address.replace("01-segments-router-security-groups", name))
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
    page.wait_for_selector('.jp-NotebookPanel-toolbar :text("Fabricbook")')
    bug = page.locator(".jp-DebuggerBugButton:not([disabled]):not([aria-disabled=true])")
    bug.wait_for()
    bug.click()
    page.locator(".jp-NotebookPanel[data-jp-debugger=true]").wait_for()


def run_cell(page, number, wait=True):
    """Run one cell, counted from 0, as Ctrl+Enter does."""
    page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    if wait:
        page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()


def click_gutter(page, cell, line):
    """Click beside a line of a cell, where JupyterLab shows breakpoints."""
    gutter = page.locator(".jp-CodeCell").nth(cell).locator(".cm-breakpoint-gutter .cm-gutterElement:visible")
    gutter.nth(line - 1).click()
    page.locator(".jp-CodeCell").nth(cell).locator(".cm-breakpoint-icon:visible").first.wait_for()


def await_stop(page, cell, text):
    """Wait until the debugger shows a line of a cell as the one where it is."""
    page.locator(".jp-CodeCell").nth(cell).locator(".jp-DebuggerEditor-highlight", has_text=text).wait_for()


def press(page, command):
    """Press a button of the panel of calls."""
    button = page.locator(f'[data-command="debugger:{command}"][aria-disabled="false"]').first
    button.wait_for()
    button.click()


def await_value(page, name, value):
    """Wait until the panel shows a variable with a value."""
    detail = variable(page, name).locator(".jp-DebuggerVariables-detail", has_text=re.compile(f"^{re.escape(value)}$"))
    detail.first.wait_for()


def panel(page):
    """The list of variables in the side panel."""
    tree = page.locator(".jp-DebuggerVariables-body:not(.lm-mod-hidden)")
    tree.wait_for()
    return tree


def variable(page, name):
    """The line of one variable."""
    return panel(page).locator(".jp-TreeItem", has=page.locator(".jp-DebuggerVariables-name", has_text=re.compile(f"^{re.escape(name)}$"))).last


def test_the_panel_shows_the_session(fabric, page):
    open_notebook(fabric, page, "variables", [SETUP])
    run_cell(page, 0)
    for name, value in {"count": "3", "names": '[]string len 2 ["a", "b"]', "site": 'Site {Name: "basel", Ports: len 2 {"down": 1, "up": 2}}'}.items():
        eventually(variable(page, name).locator(".jp-DebuggerVariables-detail").first.inner_text, value)
    variable(page, "site").locator(".jp-DebuggerVariables-name").first.click()
    variable(page, "Ports").wait_for()
    variable(page, "Ports").locator(".jp-DebuggerVariables-name").first.click()
    eventually(variable(page, '"up"').locator(".jp-DebuggerVariables-detail").first.inner_text, "2")
    shot(page, "debugger-variables.png")
    assert errors(page) == []


HELPER = """func double(n int) int {
	twice := n * 2
	return twice
}"""
LOOP = """total := 0
for i := range 3 {
	total += double(i + 1)
}
total"""


def test_breakpoints_and_steps(fabric, page):
    open_notebook(fabric, page, "stepping", [HELPER, LOOP])
    run_cell(page, 0)
    click_gutter(page, 1, 3)
    run_cell(page, 1, wait=False)
    await_stop(page, 1, "total += double(i + 1)")
    await_value(page, "i", "0")
    calls = page.locator(".jp-DebuggerCallstackFrame")
    eventually(calls.all_inner_texts, ["the cell\nCell [*]:3"])
    press(page, "stepIn")
    await_stop(page, 0, "twice := n * 2")
    await_value(page, "n", "1")
    press(page, "next")
    await_stop(page, 0, "return twice")
    await_value(page, "twice", "2")
    eventually(lambda: [name in text for name, text in zip(("double", "the cell"), calls.all_inner_texts(), strict=False)], [True, True])
    assert calls.count() == 2
    shot(page, "debugger-stopped.png")
    press(page, "evaluate")
    console = page.locator(".jp-CodeConsole-promptCell .cm-content").last
    console.click()
    page.keyboard.insert_text("double(n + 20)")
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-CodeConsole-content .jp-OutputArea-output", has_text="42").first.wait_for(timeout=20_000)
    await_value(page, "twice", "2")  # JupyterLab emptied the panel, and has asked anew
    for i in ("1", "2"):
        press(page, "continue")
        await_stop(page, 1, "total += double(i + 1)")
        await_value(page, "i", i)
    press(page, "continue")
    page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output", has_text="12").wait_for()
    page.locator(".jp-DebuggerEditor-highlight").wait_for(state="detached")
    await_value(page, "total", "12")
    assert errors(page) == []
