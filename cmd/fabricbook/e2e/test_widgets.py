"""Controls in a cell: JupyterLab shows them, and a click reaches the Go function."""

import nbformat
from conftest import shot
from test_lab import errors, run_all

CELL = """import "fmt"
bar := display.NewIntProgress(0, 4, "drained")
said := display.NewLabel("nothing yet")
count := 0
button := display.NewButton("drain one", func() {
	count++
	bar.Set(count)
	said.Set(fmt.Sprintf("%d of 4 drained", count))
})
display.NewVBox(bar, said, button)"""


def test_a_click_reaches_the_cell(fabric, page):
    metadata = {"kernelspec": {"name": "fabricbook", "display_name": "Go (Fabricbook)", "language": "go"}}
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=metadata)
    nbformat.write(nb, fabric.data / "notebooks" / "widgets.ipynb")
    run_all(page, fabric.address.replace("01-segments-router-security-groups", "widgets"))
    assert errors(page) == []
    button = page.locator(".jp-OutputArea button", has_text="drain one")
    button.wait_for(timeout=20_000)
    for n in (1, 2, 3):
        button.click()
        page.locator(".jp-OutputArea", has_text=f"{n} of 4 drained").wait_for(timeout=10_000)
    page.wait_for_function("() => document.querySelector('.jp-OutputArea .progress-bar')?.style.width.startsWith('75')", timeout=10_000)
    shot(page.locator(".jp-OutputArea").first, "widgets.png")
