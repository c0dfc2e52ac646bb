"""What keeps operators safe, seen from a front end that names its cells as JupyterLab does."""

import hashlib
import json
import os
import stat

import pytest
from .driving import FATAL, GATE, TIMEOUT, Run, arrived, gate, outputs, reply_to, run
from .starting import start, stop

DISPLAY = 'import "github.com/fabricbook/fabricbook/kernel/display"\n'


def run_cell(kc, cell, code, timeout=TIMEOUT):
    """Run a cell with its id in the request's metadata."""
    msg = kc.session.msg(
        "execute_request",
        {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True},
        metadata={"cellId": cell, "trusted": True, "deletedCells": [], "recordTiming": False},
    )
    kc.shell_channel.send(msg)
    reply = reply_to(kc, msg["header"]["msg_id"], timeout)
    return Run(reply, outputs(kc, msg["header"]["msg_id"], timeout))


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def kernel_with(data):
    """Start kernels with a data folder of their own."""
    running = []

    def begin(**env):
        km, kc = start(env={"FABRICBOOK_DATA": str(data), **env})
        running.append((km, kc))
        return km, kc

    yield begin
    for km, kc in running:
        stop(km, kc)


def journal(data):
    with open(data / "executions.jsonl", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def test_every_execution_is_recorded(kernel_with, data):
    km, kc = kernel_with(JPY_SESSION_NAME="/srv/notebooks/change.ipynb")
    path = data / "executions.jsonl"
    # The cell itself sees its record: it was written before the cell began.
    code = f'import ("fmt"; "os")\nb, _ := os.ReadFile("{path}")\nfmt.Print(string(b))'
    seen = json.loads(run_cell(kc, "cell-1", code).text())
    assert seen["event"] == "start"
    assert seen["cell"] == "cell-1"
    assert seen["count"] == 1
    assert seen["notebook"] == "/srv/notebooks/change.ipynb"
    assert seen["session"] == kc.session.session
    assert seen["username"] == kc.session.username
    assert seen["user"]
    assert seen["sha256"] == hashlib.sha256(code.encode()).hexdigest()
    run_cell(kc, "cell-2", 'panic("no")')
    run_cell(kc, "cell-3", "package main; func {")
    lost = run_cell(kc, "cell-4", FATAL)
    assert lost.content["ename"] == "EngineLost"
    records = journal(data)
    assert [r["event"] for r in records] == ["start", "end"] * 4
    assert [r["result"] for r in records[1::2]] == ["ok", "failed", "failed", "lost"]
    assert all(r["seconds"] > 0 for r in records[1::2])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_killed_kernel_leaves_its_start(kernel_with, data):
    km, kc = kernel_with()
    msg_id = kc.execute('import "fmt"\nfmt.Println("on")\nselect {}')
    while kc.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "stream":
        pass
    km.signal_kernel(9)
    records = journal(data)
    assert [r["event"] for r in records] == ["start"], msg_id


def test_declared_secrets_are_masked(kernel_with, data):
    km, kc = kernel_with()
    r = run(kc, DISPLAY + 'import ("fmt"; "os"; "encoding/base64"; "errors"; "log")\npw := display.Secret("cor" + "rect horse")\nlen(pw)')
    assert r.result() == "13"
    r = run(
        kc,
        'fmt.Println("it is", pw)\nfmt.Print("correct ")\nfmt.Print("horse\\n")\n'
        'os.Stderr.WriteString("host " + pw + "\\n")\nlog.Print(pw)\n'
        'fmt.Println(base64.StdEncoding.EncodeToString([]byte("op:" + pw)))\n'
        'display.Show(display.HTML("<b>" + pw + "</b>"))\ndisplay.Show(display.JSON(map[string]any{"k": []string{pw}}))\npw',
    )
    assert r.status == "ok"
    assert "correct horse" not in json.dumps([r.content] + [m["content"] for m in r.messages])
    assert "Y29ycmVjdCBob3" not in r.text() and r.text().count("[secret]") == 3, r.text()
    assert "host [secret]" in r.text("stderr")
    assert r.result() in ("[secret]", '"[secret]"')
    for code in ('panic("with " + pw)', "errors.New(pw) + 1", "correct horse"):
        r = run(kc, code)
        assert r.status == "error"
        assert "correct horse" not in json.dumps([r.content] + [m["content"] for m in r.messages], ensure_ascii=False)
    stop(km, kc)
    for name in ("history.jsonl", "executions.jsonl"):
        assert "correct horse" not in (data / name).read_text()


def test_typed_passwords_are_masked(kernel_with):
    km, kc = kernel_with()
    run(kc, DISPLAY + 'import "fmt"')
    msg_id = kc.execute('pw, _ := display.Password("password: ")\nfor _, c := range pw {\n\tfmt.Print(string(c))\n}', allow_stdin=True)
    assert kc.get_stdin_msg(timeout=TIMEOUT)["content"]["password"]
    kc.input("xyzzy plugh")
    reply_to(kc, msg_id)
    text = "".join(m["content"]["text"] for m in outputs(kc, msg_id) if m["msg_type"] == "stream")
    assert text == "[secret]"
    assert run(kc, "pw").result() in ("[secret]", '"[secret]"')


def test_long_output_is_shortened_and_kept(kernel_with, data):
    km, kc = kernel_with(FABRICBOOK_OUTPUT_LIMIT="10k", JPY_SESSION_NAME="paced.ipynb")
    r = run(
        kc,
        'import "fmt"\nfor i := range 200_000 {\n\tif i == 150_000 {\n\t\tfmt.Println("link 7 FAILED")\n\t}\n\tfmt.Println("this is line", i)\n}\n"result"',
    )
    assert r.result() in ("result", '"result"')
    text = r.text()
    assert len(text) < 20_000
    assert "this is line 300\n" in text and "link 7 FAILED\n" in text and text.endswith("this is line 199999\n")
    (path,) = (data / "outputs").iterdir()
    assert text.count(str(path)) == 2
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    lines = path.read_text().splitlines()
    assert len(lines) == 200_001 and lines[150_000] == "link 7 FAILED" and lines[-1] == "this is line 199999"


def notebook(path, cells):
    """Write a notebook that declares itself a runbook."""
    nb = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"fabricbook": {"runbook": True}},
        "cells": [
            {"cell_type": "code", "id": i, "metadata": {}, "source": s.splitlines(True), "outputs": [], "execution_count": None}
            for i, s in cells
        ],
    }
    path.write_text(json.dumps(nb))


def test_a_runbook_by_its_metadata(kernel_with, data, tmp_path):
    path = tmp_path / "runbook.ipynb"
    cells = [("connect", "n := 1"), ("apply", 'import "fmt"\nn++\nfmt.Println("applied", n)'), ("report", "n")]
    notebook(path, cells)
    km, kc = kernel_with(JPY_SESSION_NAME=str(path))
    code = dict(cells)
    r = run_cell(kc, "apply", code["apply"])
    assert r.content["ename"] == "Frozen" and "n := 1" in r.content["evalue"] and "%skip" in "".join(r.content["traceback"])
    assert run_cell(kc, "connect", code["connect"]).status == "ok"
    assert run_cell(kc, "apply", code["apply"]).text() == "applied 2\n"
    for again in (code["apply"], code["apply"] + " // changed"):
        r = run_cell(kc, "apply", again)
        assert r.content["ename"] == "Frozen" and "%unfreeze" in "".join(r.content["traceback"])
        assert r.text() == "applied 2\n", "its earlier output is shown again"
    assert run_cell(kc, "report", code["report"]).result() == "2"
    r = run_cell(kc, "apply", "%unfreeze the link flapped\n" + code["apply"])
    assert r.text() == "applied 3\n"
    assert run_cell(kc, "apply", "%unfreeze the link flapped\n" + code["apply"]).content["ename"] == "Frozen"
    assert [r.get("note") for r in journal(data) if "note" in r] == ["unfreeze the link flapped"]
    assert run_cell(kc, "scratch", "n").result() == "3"
    assert "frozen at" in run_cell(kc, "scratch-2", "%steps").result()


def test_a_runbook_by_its_comments(kernel_with):
    """As in a front end that tells neither path nor cell ids."""
    km, kc = kernel_with()
    first, second = "//fabricbook:step 1\nx := 1", "//fabricbook:step 2\nx + 1"
    assert run(kc, second).content["ename"] == "Frozen"
    assert run(kc, first).status == "ok"
    assert run(kc, second).result() == "2"
    assert run(kc, first).content["ename"] == "Frozen"
    assert run(kc, "%unfreeze all a new try").status == "ok"
    assert run(kc, first).status == "ok"


def test_running_all_again_stops_at_the_first_frozen_step(kernel_with):
    km, kc = kernel_with()
    run_cell(kc, "a", '//fabricbook:runbook\nimport "fmt"\nfmt.Println("once")')
    first = kc.execute('//fabricbook:step 1\nfmt.Println("one")')
    assert reply_to(kc, first)["content"]["status"] == "ok"
    with gate() as (closed, opens):
        ids = [kc.execute(code) for code in (GATE + closed, '//fabricbook:step 1\nfmt.Println("one")', 'fmt.Println("after")')]
        arrived(kc)
        opens()
        assert [reply_to(kc, i)["content"]["status"] for i in ids] == ["ok", "error", "aborted"]
