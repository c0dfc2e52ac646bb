"""The first notebook without a browser: by nbclient through the installed kernelspec, and by `fabricbook run`."""

import json

import nbformat
from conftest import ROOT, TIMEOUT
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOK = ROOT / "notebooks" / "library" / "01-segments-router-security-groups.ipynb"


def test_nbclient_runs_the_first_notebook(fabric, monkeypatch, caplog):
    for name, value in fabric.env().items():
        monkeypatch.setenv(name, value)
    assert "fabricbook" in KernelSpecManager().find_kernel_specs()
    nb = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(nb, timeout=TIMEOUT, iopub_timeout=TIMEOUT, kernel_name="fabricbook").execute()
    code = [c for c in nb.cells if c.cell_type == "code" and c.source.strip()]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    text = json.dumps([c.outputs for c in code])
    assert "dc-db-network" in text and "image/svg" in text
    nbformat.validate(nb)
    page, _ = HTMLExporter().from_notebook_node(nb)
    assert "hl-go" in page and "hl-ipython" not in page and caplog.messages == [], caplog.messages


def test_fabricbook_run_executes_and_reports_failure(fabric, tmp_path):
    out = tmp_path / "out.ipynb"
    fabric.cli("run", str(NOTEBOOK), "-o", str(out))
    done = nbformat.read(out, as_version=4)
    nbformat.validate(done)
    assert all(c.execution_count for c in done.cells if c.cell_type == "code" and c.source.strip())

    bad = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x := 1\nx / (x - 1)"), nbformat.v4.new_code_cell("x")], metadata=done.metadata)
    nbformat.write(bad, tmp_path / "bad.ipynb")
    failed = fabric.cli("run", str(tmp_path / "bad.ipynb"), "-o", str(out), check=False)
    assert failed.returncode == 1
    assert "divide by zero" in failed.stderr + failed.stdout
    cells = nbformat.read(out, as_version=4).cells
    assert cells[0].outputs[-1].output_type == "error" and cells[1].execution_count is None
