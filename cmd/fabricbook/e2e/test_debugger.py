"""JupyterLab's debugger on Go cells: the panel of variables."""

import re

import nbformat
from conftest import shot
from test_lab import errors

SETUP = """type Site struct {
	Name  string
	Ports map[string]int
}
site := Site{Name: "basel", Ports: map[string]int{"up": 2, "down": 1}}
count, names := 3, []string{"a", "b"}"""


def open_notebook(fabric, page, name, cells):
    """Open a notebook of these cells and turn the debugger on."""
    metadata = {"kernelspec": {"name": "fabricbook", "display_name": "Go (Fabricbook)", "language": "go"}}
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells], metadata=metadata)
    nbformat.write(nb, fabric.data / "notebooks" / f"{name}.ipynb")
    page.goto(fabric.address.replace("01-segments-router-security-groups", name))
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=60_000)
    page.wait_for_selector('.jp-NotebookPanel-toolbar :text("Fabricbook")', timeout=30_000)
    bug = page.locator(".jp-DebuggerBugButton:not([disabled]):not([aria-disabled=true])")
    bug.wait_for(timeout=30_000)
    bug.click()
    page.locator(".jp-NotebookPanel[data-jp-debugger=true]").wait_for(timeout=20_000)


def run_cell(page, number, wait=True):
    """Run one cell, counted from 0, as Ctrl+Enter does."""
    page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    if wait:
        page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for(timeout=30_000)


def panel(page):
    """The list of variables in the side panel."""
    tree = page.locator(".jp-DebuggerVariables-body:not(.lm-mod-hidden)")
    tree.wait_for(timeout=20_000)
    return tree


def variable(page, name):
    """The line of one variable."""
    return panel(page).locator(".jp-TreeItem", has=page.locator(".jp-DebuggerVariables-name", has_text=re.compile(f"^{re.escape(name)}$"))).last


def test_the_panel_shows_the_session(fabric, page):
    open_notebook(fabric, page, "variables", [SETUP])
    run_cell(page, 0)
    for name, value in {"count": "3", "names": '[]string len 2 ["a", "b"]', "site": 'Site {Name: "basel", Ports: len 2 {"down": 1, "up": 2}}'}.items():
        line = variable(page, name)
        line.wait_for(timeout=20_000)
        assert line.locator(".jp-DebuggerVariables-detail").first.inner_text() == value
    variable(page, "site").locator(".jp-DebuggerVariables-name").first.click()
    variable(page, "Ports").wait_for(timeout=20_000)
    variable(page, "Ports").locator(".jp-DebuggerVariables-name").first.click()
    variable(page, '"up"').wait_for(timeout=20_000)
    assert variable(page, '"up"').locator(".jp-DebuggerVariables-detail").first.inner_text() == "2"
    shot(page, "debugger-variables.png")
    assert errors(page) == []
