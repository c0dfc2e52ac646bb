"""The order and the form of messages that VS Code's Jupyter extension sends.

It has no jupyter_client: one routing id serves shell, control and stdin, nothing waits for the subscription
to iopub, and kernels are ended by signals.
"""

import contextlib
import json
import os
import signal
import socket
import time
import uuid
from urllib.parse import quote

import nbformat
import pytest
import zmq
from .driving import TIMEOUT, promise, run
from .starting import start, stop
from .test_protocol import alive, child_pids

FMT = 'import "fmt"\n'
CELL = {"silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": False}
URI = "vscode-notebook-cell:/home/o/change.ipynb#W0sZmlsZQ%3D%3D"
# What @jupyterlab/services, which the extension uses, refuses a message without.
HEADER = ("username", "version", "session", "msg_id", "msg_type")
IOPUB = {
    "stream": {"name": str, "text": str}, "display_data": {"data": dict, "metadata": dict}, "update_display_data": {"data": dict, "metadata": dict, "transient": dict},
    "execute_input": {"code": str, "execution_count": int}, "execute_result": {"execution_count": int, "data": dict, "metadata": dict},
    "error": {"ename": str, "evalue": str, "traceback": list}, "status": {"execution_state": str}, "clear_output": {"wait": bool},
}


class Extension:
    """The four sockets of the extension and all that came in."""

    def __init__(self, km, key):
        self.info, self.session = km.get_connection_info(), key.clone()
        self.sockets, self.seen = {}, []  # by name; the messages in the order in which they came
        routing = str(uuid.uuid4()).encode()
        for name, kind in (("iopub", zmq.SUB), ("shell", zmq.DEALER), ("control", zmq.DEALER), ("stdin", zmq.DEALER)):
            s = self.sockets[name] = zmq.Context.instance().socket(kind)
            s.linger = 0
            if kind == zmq.DEALER:
                s.identity = routing
            s.connect(f"tcp://{self.info['ip']}:{self.info[name + '_port']}")

    def subscribe(self):
        self.sockets["iopub"].subscribe(b"")

    def send(self, msg_type, content, channel="shell", **metadata):
        msg = self.session.msg(msg_type, content, metadata=metadata)
        msg["header"] = {**msg["header"], "version": "5.2", "username": str(uuid.uuid4()), "subshell_id": None}
        self.sockets[channel].send_multipart(self.session.serialize(msg))
        return msg["header"]["msg_id"]

    def cell(self, code, metadata=None, **options):
        return self.send("execute_request", {"code": code, **CELL, **options}, **(metadata or {"cellId": URI}))

    def wait(self, wanted, what, timeout=TIMEOUT):
        """Read all sockets until a message is as wanted, and return it."""
        deadline = time.monotonic() + timeout
        for m in self.seen:
            if wanted(m):
                return m
        poller = zmq.Poller()
        for s in self.sockets.values():
            poller.register(s, zmq.POLLIN)
        while time.monotonic() < deadline:
            for s, _ in poller.poll(50):
                m = self.session.deserialize(self.session.feed_identities(s.recv_multipart())[1])
                m["channel"] = next(name for name, other in self.sockets.items() if other is s)
                self.seen.append(m)
                if wanted(m):
                    return m
        raise AssertionError(f"{what} did not come; {[(m['channel'], m['msg_type']) for m in self.seen][-12:]} did")

    def reply(self, msg_id, **options):
        return self.wait(lambda m: m["channel"] in ("shell", "control") and m["parent_header"].get("msg_id") == msg_id, "the reply", **options)["content"]

    def idle(self, msg_id):
        """Wait until a request is over on iopub."""
        self.wait(lambda m: m["parent_header"].get("msg_id") == msg_id and m["content"].get("execution_state") == "idle", "idle")

    def prints(self, text):
        self.wait(lambda m: m["msg_type"] == "stream" and text in m["content"]["text"], text)

    def close(self):
        for s in self.sockets.values():
            s.close()


@pytest.fixture
def extension(surroundings):
    km, kc = start()
    e = Extension(km, kc.session)
    yield e
    e.close()
    stop(km, kc)


def test_requests_before_the_subscription(extension):
    """The extension waits for the ports by connecting to them, and then asks twice for kernel_info and for all at once."""
    for port in ("shell_port", "iopub_port"):
        socket.create_connection((extension.info["ip"], extension.info[port])).close()
    early = [
        extension.send("kernel_info_request", {}),
        extension.send("execute_request", {"code": "early := 20", **CELL, "store_history": False}),
        extension.cell("early++"),
        extension.send("complete_request", {"code": "earl", "cursor_pos": 4}),
        extension.send("inspect_request", {"code": "early", "cursor_pos": 5, "detail_level": 0}),
        extension.send("is_complete_request", {"code": "1 + 1"}),
        extension.send("comm_info_request", {"target_name": "jupyter.widget"}),
        extension.send("kernel_info_request", {}),
        extension.send("debug_request", {"seq": 1, "type": "request", "command": "no such command", "arguments": {}}, channel="control"),
    ]
    replies = [extension.reply(i) for i in early]
    assert [r["status"] for r in replies[:-1]] == [*["ok"] * 5, "complete", "ok", "ok"]
    assert replies[-1]["success"] is False and replies[-1]["request_seq"] == 1
    assert replies[2]["execution_count"] == 1, "a start-up command was counted"
    extension.subscribe()
    extension.wait(lambda m: m["msg_type"] == "iopub_welcome", "the welcome")
    late = extension.cell(FMT + 'fmt.Println("late", early)')
    extension.prints("late 21")
    extension.idle(late)


def test_completion_and_help_during_a_run(extension):
    extension.subscribe()
    running = extension.cell(FMT + 'fmt.Println("it runs")\nfor {\n}')
    extension.prints("it runs")
    assert "Sprintf" in extension.reply(extension.send("complete_request", {"code": "fmt.Sprin", "cursor_pos": 9}))["matches"]
    shown = extension.reply(extension.send("inspect_request", {"code": "fmt.Sprintf", "cursor_pos": 11, "detail_level": 0}))
    assert "func Sprintf(" in shown["data"]["text/plain"], "the extension shows plain text only"
    assert extension.reply(extension.send("kernel_info_request", {}))["status"] == "ok"
    extension.send("interrupt_request", {}, channel="control")
    assert extension.reply(running)["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_interrupt_on_either_socket(extension, channel):
    """The extension sent it on shell until 2024, and on control since; it waits for the reply."""
    extension.subscribe()

    def interrupted():
        extension.seen.clear()
        running = extension.cell(FMT + 'fmt.Println("it runs")\nfor {\n}')
        extension.prints("it runs")
        began = time.monotonic()
        assert extension.reply(extension.send("interrupt_request", {}, channel=channel))["status"] == "ok"
        assert extension.reply(running)["ename"] == "KeyboardInterrupt"
        took = time.monotonic() - began
        extension.idle(running)
        assert extension.reply(extension.cell("1 + 1"))["status"] == "ok", "the next cell follows at once and is not aborted"
        return took

    promise(2, interrupted)


def test_a_question(extension):
    extension.subscribe()
    asked = extension.cell(FMT + 'name, err := display.Input("which port? ")\nfmt.Println("port", name, err)')
    question = extension.wait(lambda m: m["msg_type"] == "input_request", "the question")
    assert question["channel"] == "stdin" and question["content"]["prompt"] == "which port? "
    extension.send("input_reply", {"value": "leaf-1/7", "status": "ok"}, channel="stdin")
    assert extension.reply(asked)["status"] == "ok"
    extension.prints("port leaf-1/7 <nil>")


@pytest.mark.parametrize("metadata", [
    {"cellId": URI, "tags": ["parameters"], "collapsed": True, "execution": {"iopub.status.busy": "2026-11-22T00:00:00Z"}},
    {"cellId": "vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook#W0sdW50aXRsZWQ%3D"},
    {"cellId": "vscode-interactive-input:/InteractiveInput-1"},
    {"cellId": None}, {"cellId": 7}, {"cellId": ["a"]}, {"cellId": {"a": 1}}, {"cellId": ""}, {"deletedCells": []},
], ids=str)
def test_metadata_of_cells(extension, metadata):
    assert extension.reply(extension.cell("6 * 7", metadata))["status"] == "ok"


def test_fields_that_the_extension_validates(extension):
    extension.subscribe()
    extension.wait(lambda m: m["msg_type"] == "iopub_welcome", "the welcome")
    done = extension.cell(FMT + 'shown := display.Show("before")\nshown.Update("after")\nfmt.Println("text")\ndisplay.Clear(true)\n6 * 7')
    failed = extension.cell("segmnt")
    for i in (done, failed):
        extension.reply(i)
        extension.idle(i)
    kinds = set()
    for m in extension.seen:
        assert all(isinstance(m["header"][f], str) for f in HEADER)
        assert isinstance(m["metadata"], dict) and isinstance(m["content"], dict)
        if m["channel"] == "iopub":
            kinds.add(m["msg_type"])
            for field, kind in IOPUB.get(m["msg_type"], {}).items():
                assert isinstance(m["content"][field], kind), m
    assert kinds >= set(IOPUB), f"not seen: {set(IOPUB) - kinds}"


def test_help_is_told_as_text(extension):
    """The extension shows the pager's text/plain below the cell."""
    extension.reply(extension.cell(FMT))
    [page] = extension.reply(extension.cell("fmt.Sprintf?"))["payload"]
    assert page["source"] == "page" and "func Sprintf(" in page["data"]["text/plain"]


def test_the_end_by_signals(surroundings):
    """It kills the kernel's child processes, and then the kernel by SIGTERM: nothing is left of either."""
    km, kc = start()
    try:
        run(kc, "1")
        children = child_pids(km.provisioner.pid)
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        os.kill(km.provisioner.pid, signal.SIGTERM)
        began, later = time.monotonic(), set(children)
        while km.is_alive() or any(alive(pid) for pid in later):
            with contextlib.suppress(OSError):
                later |= set(child_pids(km.provisioner.pid))
            assert time.monotonic() - began < TIMEOUT, f"alive: kernel {km.is_alive()}, {[p for p in later if alive(p)]}"
            time.sleep(0.01)
    finally:
        stop(km, kc)


def test_a_runbook(extension, tmp_path):
    """The extension tells the notebook's file in the ids of cells: what it declares holds here as well."""
    steps = ('ready := "yes"', "ready + ready")
    cells = [nbformat.v4.new_markdown_cell("# Change"), *map(nbformat.v4.new_code_cell, steps)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"fabricbook": {"runbook": True}}), tmp_path / "two words.ipynb")

    def step(number):
        uri = f"vscode-notebook-cell:{quote(str(tmp_path))}/two%20words.ipynb#W{number}sZmlsZQ%3D%3D"
        return extension.reply(extension.cell(steps[number - 1], {"cellId": uri, "tags": []}))

    assert "comes before" in step(2)["evalue"]
    assert [step(1)["status"], step(2)["status"]] == ["ok", "ok"]
    assert "frozen" in step(1)["evalue"]
    with open(os.path.join(os.environ["FABRICBOOK_DATA"], "executions.jsonl"), encoding="utf-8") as f:
        assert str(tmp_path / "two words.ipynb") in {json.loads(line).get("notebook") for line in f}
