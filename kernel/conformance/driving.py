"""What the tests do with a kernel, by jupyter_client."""

import contextlib
import os
import tempfile
import time
from queue import Empty

TIMEOUT = 120  # seconds until a test gives up waiting, however busy the machine
GATE = 'import ("os"; "time")\n'  # what the code of a gate needs
TRIES = 5  # of a promise on time: other work on the machine spoils some of them, a fault of the kernel all
# A cell that ends the process of the cells: Go ends a program that writes a map from several goroutines.
FATAL = "m := map[int]int{}\nfor range 4 {\n\tgo func() {\n\t\tfor {\n\t\t\tm[1]++\n\t\t}\n\t}()\n}\nselect {}"


class Run:
    """One executed cell: its reply and its iopub messages."""

    def __init__(self, reply, messages):
        self.reply = reply
        self.content = reply["content"]
        self.status = reply["content"]["status"]
        self.messages = messages

    def types(self):
        """Message types in order, without what every cell has."""
        return [m["msg_type"] for m in self.messages if m["msg_type"] not in ("status", "execute_input")]

    def text(self, name="stdout"):
        """All text of one stream."""
        return "".join(
            m["content"]["text"]
            for m in self.messages
            if m["msg_type"] == "stream" and m["content"]["name"] == name
        )

    def result(self, mime="text/plain"):
        """The cell's result, None if there is none."""
        for m in self.messages:
            if m["msg_type"] == "execute_result":
                return m["content"]["data"].get(mime)
        return None

    def states(self):
        """The execution states told, in order."""
        return [m["content"]["execution_state"] for m in self.messages if m["msg_type"] == "status"]


def outputs(kc, msg_id, timeout=TIMEOUT):
    """Collect the iopub messages of a request up to its idle."""
    found = []
    deadline = time.monotonic() + timeout
    while True:
        m = kc.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic()))
        if m["parent_header"].get("msg_id") != msg_id:
            continue
        found.append(m)
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            return found


def reply_to(kc, msg_id, timeout=TIMEOUT, channel="shell"):
    """Wait for the reply to one request."""
    get = kc.get_shell_msg if channel == "shell" else kc.get_control_msg
    deadline = time.monotonic() + timeout
    while True:
        m = get(timeout=max(0.01, deadline - time.monotonic()))
        if m["parent_header"].get("msg_id") == msg_id:
            return m


def replies_to(kc, msg_ids, timeout=TIMEOUT):
    """Wait for the replies to requests that may be answered in any order; their contents as asked."""
    deadline = time.monotonic() + timeout
    found = {}
    while len(found) < len(msg_ids):
        m = kc.get_shell_msg(timeout=max(0.01, deadline - time.monotonic()))
        if m["parent_header"].get("msg_id") in msg_ids:
            found[m["parent_header"]["msg_id"]] = m["content"]
    return [found[i] for i in msg_ids]


def run(kc, code, timeout=TIMEOUT, **options):
    """Run one cell to its end."""
    msg_id = kc.execute(code, **options)
    reply = reply_to(kc, msg_id, timeout)
    return Run(reply, outputs(kc, msg_id, timeout))


def wait_output(kc, msg_id, wanted, timeout=TIMEOUT):
    """Wait until a running cell has printed the wanted text, and return all that it printed."""
    text = ""
    deadline = time.monotonic() + timeout
    while wanted not in text:
        m = kc.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic()))
        if m["parent_header"].get("msg_id") == msg_id and m["msg_type"] == "stream":
            text += m["content"]["text"]
    return text


def control(kc, msg_type, content):
    """Send a request on control and return its reply."""
    msg = kc.session.msg(msg_type, content)
    kc.control_channel.send(msg)
    return reply_to(kc, msg["header"]["msg_id"], channel="control")


def shell(kc, msg_type, content, metadata=None, **header):
    """Send any message on shell and return its id."""
    msg = kc.session.msg(msg_type, content, metadata=metadata)
    msg["header"].update(header)
    kc.shell_channel.send(msg)
    return msg["header"]["msg_id"]


def promise(limit, measure):
    """Hold the kernel to a time: of a few measurements, in seconds, one has to stay below the limit."""
    took = []
    while not took or took[-1] >= limit:
        assert len(took) < TRIES, f"promised within {limit} s, took {took}"
        took.append(measure())


def seconds(act):
    """How long something takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def beats(kc):
    """Wait until the client's heartbeat has its answer: jupyter_client counts one that takes a second as missed."""
    deadline = time.monotonic() + TIMEOUT
    while not kc.hb_channel.is_beating():
        assert time.monotonic() < deadline, "no heartbeat"
        time.sleep(0.05)


@contextlib.contextmanager
def gate():
    """Go code that waits until the test has called open."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "open")
        code = f'for {{\n\tif _, err := os.Stat("{path}"); err == nil {{\n\t\tbreak\n\t}}\n\ttime.Sleep(5 * time.Millisecond)\n}}\n'
        yield code, lambda: open(path, "w", encoding="utf-8").close()


def arrived(kc):
    """Wait until the kernel has read all that was sent on shell."""
    reply_to(kc, kc.comm_info())


def silent_for(kc, seconds):
    """Return the iopub messages that come within a time in which none should."""
    found = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found.append(kc.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic())))
        except Empty:
            break
    return found
