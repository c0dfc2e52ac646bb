"""papermill runs Go notebooks and gives them parameters, by the package in kernel/papermill."""

import os
import subprocess
import sys
import tomllib

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("papermill.engines", reason="papermill is not installed")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "papermill"))

import papermill  # noqa: E402
from fabricbook_papermill import GoTranslator  # noqa: E402
from papermill.translators import papermill_translators  # noqa: E402

from .driving import TIMEOUT  # noqa: E402
from .starting import KERNEL  # noqa: E402

TRICKY = 'a "quoted" \\ path\n\ttab \x00 é 世界 \U0001f600 `'
VALUES = {
    "host": TRICKY,
    "number": -7,
    "limit": 2,
    "share": 0.25,
    "dry": True,
    "hosts": ["a", "b"],
    "mixed": [1, "two", 3.5, None],
    "ratios": {"x": 1, "y": 2.5},
    "nothing": None,
    "nested": {"list": [[1, 2], [3]]},
    "gaps": {"a": None, "käse`": [{"b": None}], "yes": True},
}
WANTED = f"""\
string {TRICKY!s}
int -7
float64 2
float64 0.25
bool true
[]string [a b]
[]interface {{}} [1 two 3.5 <nil>]
map[string]float64 map[x:1 y:2.5]
<nil> <nil>
map[string][][]int map[list:[[1 2] [3]]]
map[string]interface {{}} map[a:<nil> käse`:[map[b:<nil>]] yes:true]
"""


@pytest.fixture(autouse=True)
def environment(surroundings):
    """Let papermill's kernel manager find the kernel under test."""


def notebook(*cells):
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {"name": KERNEL, "language": "go", "display_name": "Go"}
    for source, *tags in cells:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = tags
        nb.cells.append(cell)
    return nb


def test_it_is_registered():
    assert papermill_translators.find_translator("any", "go") is GoTranslator


def test_parameters_arrive(tmp_path):
    show = 'import "fmt"\nfor _, v := range []any{' + ", ".join(VALUES) + '} {\n\tfmt.Printf("%T %v\\n", v, v)\n}'
    nb = notebook(
        ('host := "default" // of the check\nnumber := 1\nlimit := 1.5\nvar dry bool = false\nhosts := []string{}', "parameters"),
        (show,),
        ("limit * 1.5",),
    )
    path = tmp_path / "in.ipynb"
    nbformat.write(nb, path)
    done = papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), VALUES, progress_bar=False)
    assert [c.metadata.get("tags") for c in done.cells][:2] == [["parameters"], ["injected-parameters"]]
    assert "".join(o.text for o in done.cells[2].outputs) == WANTED
    assert done.cells[3].outputs[0].data["text/plain"] == "3"
    assert [c.execution_count for c in done.cells] == [1, 2, 3, 4]


def test_lists_and_mappings_from_the_command_line():
    """`papermill -p` gives text for them."""
    GoTranslator.inspect(notebook(('hosts := []string{}\nports := map[string]int{}\nvar text string = ""\nnames := []string{}', "parameters")).cells[0])
    code = GoTranslator.codify({"hosts": '["10.0.0.1"]', "ports": '{"a": 1}', "text": '["a"]', "names": "all"})
    assert code.splitlines()[2:-1] == [
        '\thosts []string = []string{"10.0.0.1"}', '\tports map[string]int = map[string]int{"a": 1}',
        '\ttext string = "[\\"a\\"]"', '\tnames string = "all"']


def test_a_failing_cell_fails_the_run(tmp_path):
    path = tmp_path / "in.ipynb"
    nbformat.write(notebook(("x := 1", "parameters"), ('panic("no fabric")',)), path)
    with pytest.raises(papermill.exceptions.PapermillExecutionError, match="no fabric"):
        papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), {"x": 2}, progress_bar=False)


@pytest.fixture
def command(tmp_path):
    """papermill's command, which finds the package as pip installs it."""
    package = os.path.join(os.path.dirname(__file__), "..", "papermill")
    with open(os.path.join(package, "pyproject.toml"), "rb") as f:
        points = tomllib.load(f)["project"]["entry-points"]
    info = tmp_path / "fabricbook_papermill-0.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fabricbook-papermill\nVersion: 0.0.0\n")
    (info / "entry_points.txt").write_text("".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items()) for group, entries in points.items()))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), package])}
    return lambda *arguments: subprocess.run(
        [sys.executable, "-m", "papermill", *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=5 * TIMEOUT)


def test_the_command_logs_outputs(command, tmp_path):
    cells = ("segment := `none` // which one\nlimit := 1.5", "parameters"), ('import "fmt"\nfmt.Println("on", segment, limit)',), ('display.HTML("<b>well</b>")',)
    nbformat.write(notebook(*cells), tmp_path / "in.ipynb")
    done = command("in.ipynb", "out.ipynb", "--log-output", "-p", "segment", "dc-`web`", "-p", "limit", "2")
    assert done.returncode == 0, done.stderr
    assert "on dc-`web` 2\n" in done.stderr and "Ending Cell 4" in done.stderr
    told = command("--help-notebook", "in.ipynb")
    assert "segment: string (default `none`)" in told.stdout and "which one" in told.stdout, told


def test_the_command_shows_go_errors(command, tmp_path):
    cells = ("n := 0", "parameters"), ("func share(a, b int) int {\n\treturn a / b\n}",), ("share(1, n)",), ('panic("never")',)
    nbformat.write(notebook(*cells), tmp_path / "in.ipynb")
    done = command("in.ipynb", "out.ipynb", "--log-output")
    assert done.returncode == 1
    told = done.stderr[done.stderr.index("PapermillExecutionError"):]
    assert "integer divide by zero" in told and "return a / b" in told and "share(1, n)" in told and "never" not in told
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert cells[-1].execution_count is None and any("divide by zero" in str(c.outputs) for c in cells if c.cell_type == "code")


def test_the_parameters_cell_is_read():
    cell = {"source": 'var (\n\ta int = 1 // count\n\tb = "x"\n)\nc := 2.5\nd := []string{"y"}\nfor i := range 3 {}'}
    found = [(p.name, p.inferred_type_name, p.default, p.help) for p in GoTranslator.inspect(cell)]
    assert found == [("a", "int", "1", "count"), ("b", "string", '"x"', ""), ("c", "float64", "2.5", ""), ("d", "[]string", '[]string{"y"}', "")]


@pytest.mark.parametrize("bad", [{"a-b": 1}, {"for": 1}, {"x": 2**70}, {"x": float("nan")}])
def test_what_go_cannot_say_is_refused(bad):
    with pytest.raises(ValueError):
        GoTranslator.codify(bad)
