"""jupyter nbconvert executes Go notebooks and makes pages of them."""

import os
import re
import subprocess
import sys

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbconvert", reason="nbconvert is not installed")

from .driving import TIMEOUT  # noqa: E402
from .starting import KERNEL  # noqa: E402

LANGUAGE = {"name": "go", "pygments_lexer": "go", "mimetype": "text/x-go", "file_extension": ".go", "codemirror_mode": "go"}
CELLS = (
    'import (\n\t"fmt"\n\t"os"\n)\n\n// Link is one.\ntype Link struct {\n\tName string\n\tMbits int\n}\n\nfmt.Println("to the page <i>")\nfmt.Fprintln(os.Stderr, "beside")',
    '[]Link{{"leaf-1 <a>", 10_000}}',
    'display.Show(display.PNG([]byte("\\x89PNG\\r\\n\\x1a\\n")))\ndisplay.Show(display.SVG(`<svg xmlns="http://www.w3.org/2000/svg"/>`))',
    'display.Show(display.Markdown("**bold**"))\ndisplay.Math(`e^{i\\pi}`)',
    'bar := display.NewProgress(2, "draining")\nbar.Set(2)\nbar.Done()',
    'display.NewButton("drain", func() {})',
)


def convert(surroundings, folder, *arguments, cells=CELLS, check=True):
    """Write a notebook, run nbconvert on it and return what that printed."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nb.metadata = {"kernelspec": {"name": KERNEL, "language": "go", "display_name": "Go"}, "language_info": LANGUAGE}
    nbformat.write(nb, folder / "change.ipynb")
    done = subprocess.run([sys.executable, "-m", "jupyter", "nbconvert", *arguments, str(folder / "change.ipynb")],
                          env=dict(os.environ), capture_output=True, text=True, timeout=5 * TIMEOUT)
    assert not check or done.returncode == 0, done.stderr
    return done


def test_a_page(surroundings, tmp_path):
    done = convert(surroundings, tmp_path, "--execute", "--to", "html")
    said = done.stderr.replace("WARNING | Alternative text is missing on 1 image(s)", "")  # its pages have no place for a PNG's
    assert not re.search(r"warn|error|traceback", said, re.IGNORECASE), done.stderr
    page = (tmp_path / "change.html").read_text(encoding="utf-8")
    code = page.split("hl-go", 1)[1].split("</pre>")[0]
    for token, kind in (("type", "kd"), ("struct", "kd"), ("string", "kt"), ('"fmt"', "s")):
        assert f'<span class="{kind}">{token}</span>' in code, f"{token} is not lit as Go"
    assert "hl-ipython" not in page and "hl-none" not in page
    for text in ("to the page &lt;i&gt;", "beside", "leaf-1 &lt;a&gt;</td>", "data:image/png;base64", "<strong>bold</strong>", "e^{i\\pi}", "2 of 2"):
        assert text in page, text


def test_other_forms(surroundings, tmp_path):
    convert(surroundings, tmp_path, "--to", "markdown")
    assert "```go\nimport (" in (tmp_path / "change.md").read_text(encoding="utf-8")
    convert(surroundings, tmp_path, "--to", "script")
    assert "type Link struct" in (tmp_path / "change.go").read_text(encoding="utf-8")


def test_an_error_ends_it(surroundings, tmp_path):
    done = convert(surroundings, tmp_path, "--execute", "--to", "html", cells=["hosts := []int{1}", "n := 3\nhosts[n]", '"never"'], check=False)
    assert done.returncode == 1 and not (tmp_path / "change.html").exists()
    assert "index out of range [3] with length 1" in done.stderr and re.search(r"hosts\[n\]\n +\^", done.stderr), done.stderr
