"""The debugger as JupyterLab drives it: DAP in debug_request on control, debug_event on iopub."""

import itertools
import time

import pytest

from .driving import FATAL, TIMEOUT, control, outputs, reply_to, run, wait_output

SEED = 0xC70F6907
seq = itertools.count(1)


def murmur2(text, seed=SEED):
    """The front end's side of the hash."""
    data = text.encode()
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = seed ^ len(data)
    while len(data) >= 4:
        k = int.from_bytes(data[:4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
        data = data[4:]
    if data:
        h = (h ^ int.from_bytes(data, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def debug(kc, command, **arguments):
    """Send one request and return its reply's content."""
    number = next(seq)
    content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
    reply = control(kc, "debug_request", content)
    assert reply["msg_type"] == "debug_reply"
    reply = reply["content"]
    assert (reply["type"], reply["request_seq"], reply["command"]) == ("response", number, command)
    return reply


def body(kc, command, **arguments):
    """Send a request that must succeed and return its reply's body."""
    reply = debug(kc, command, **arguments)
    assert reply["success"], f"{command}: {reply.get('message')}"
    return reply["body"]


def attach(kc, client="jupyterlab"):
    """Start the debugger."""
    capabilities = body(
        kc, "initialize", clientID=client, clientName="JupyterLab", adapterID="fabricbook", pathFormat="path",
        linesStartAt1=True, columnsStartAt1=True, supportsVariableType=True, supportsVariablePaging=True, locale="en",
    )
    body(kc, "attach")
    return capabilities


def values(kc):
    """The session's variables as JupyterLab shows them, by name."""
    return {v["name"]: v for v in body(kc, "inspectVariables")["variables"]}


def event(kc, name):
    """Wait for the next event of a name and return its body."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        m = kc.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic()))
        if m["msg_type"] == "debug_event" and m["content"]["event"] == name:
            assert m["content"]["type"] == "event"
            return m["content"]["body"]


def break_at(kc, code, *lines):
    """Set the breakpoints of a cell as a click in the gutter does; return where they are."""
    path = body(kc, "dumpCell", code=code)["sourcePath"]
    body(kc, "debugInfo")
    points = body(kc, "setBreakpoints", breakpoints=[{"line": n} for n in lines], source={"path": path}, sourceModified=False)
    return [b["line"] for b in points["breakpoints"] if b["verified"]]


def look(kc, thread):
    """What JupyterLab asks for at a stop: frames, and the variables of the first frame by scope."""
    frames = body(kc, "stackTrace", threadId=thread)["stackFrames"]
    seen = {}
    for scope in body(kc, "scopes", frameId=frames[0]["id"])["scopes"]:
        listed = body(kc, "variables", variablesReference=scope["variablesReference"])["variables"]
        seen[scope["name"]] = {v["name"]: v["value"] for v in listed}
    return frames, seen


def step(kc, command, thread):
    """Let a thread go on and wait until it is stopped again."""
    body(kc, command, threadId=thread)
    event(kc, "continued")
    return event(kc, "stopped")


@pytest.fixture
def attached(client):
    """The module's kernel with a debugger."""
    attach(client)
    yield client
    body(client, "disconnect", restart=False, terminateDebuggee=False)


def test_the_debugger_is_told(client):
    info = control(client, "kernel_info_request", {})["content"]
    assert info["debugger"] is True
    assert "debugger" in info["supported_features"]


def test_info_before_the_start(client):
    info = body(client, "debugInfo")
    assert info["isStarted"] is False
    assert (info["hashMethod"], info["hashSeed"]) == ("Murmur2", SEED)
    assert info["breakpoints"] == [] and info["stoppedThreads"] == []
    refused = debug(client, "dumpCell", code="1")
    assert refused["success"] is False and "initialize" in refused["message"]


def test_start_and_end(client):
    attach(client)
    assert body(client, "debugInfo")["isStarted"] is True
    body(client, "configurationDone")
    assert body(client, "modules") == {"modules": [], "totalModules": 0}
    assert debug(client, "dance")["success"] is False
    body(client, "disconnect", restart=False, terminateDebuggee=False)
    assert body(client, "debugInfo")["isStarted"] is False
    body(client, "disconnect")


@pytest.mark.parametrize("code", ["", "x := 1", 'fmt.Println("Grüße, 世界")', "a\nb\nc\nde"])
def test_the_path_of_a_source_is_the_one_the_front_end_computes(attached, code):
    info = body(attached, "debugInfo")
    path = body(attached, "dumpCell", code=code)["sourcePath"]
    assert path == f"{info['tmpFilePrefix']}{murmur2(code)}{info['tmpFileSuffix']}"
    assert body(attached, "source", source={"path": path})["content"] == code
    unknown = debug(attached, "source", source={"path": path + "x"})
    assert unknown["success"] is False and "dumpCell" in unknown["message"]


def test_variables_without_a_stop(attached):
    assert run(attached, 'type Pt struct{ X, Y int }\nn, pt, names := 7, Pt{1, 2}, []string{"a", "b"}\nf, yes := 2.5, true\nhuge := int64(1) << 60').status == "ok"
    found = values(attached)
    # JupyterLab shows the value only where the type is one of Python's or is absent.
    assert {name: (v.get("type"), v["value"]) for name, v in found.items() if name in ("n", "pt", "names", "f", "yes", "huge")} == {
        "n": ("int", "7"), "pt": (None, "Pt {X: 1, Y: 2}"), "names": (None, '[]string len 2 ["a", "b"]'),
        "f": (None, "2.5"), "yes": ("bool", "true"), "huge": (None, "int64 1152921504606846976"),
    }
    parts = body(attached, "variables", variablesReference=found["pt"]["variablesReference"])["variables"]
    assert [(v["name"], v["value"], v["evaluateName"]) for v in parts] == [("X", "1", "pt.X"), ("Y", "2", "pt.Y")]
    rich = body(attached, "richInspectVariables", variableName="names")
    assert "a" in rich["data"]["text/plain"]
    assert debug(attached, "variables", variablesReference=10**8)["success"] is False


def test_another_front_end_gets_types(client):
    attach(client, "another")
    run(client, "kinds := map[string]int{\"a\": 1}")
    assert (values(client)["kinds"]["type"], values(client)["kinds"]["value"]) == ("map[string]int", 'len 1 {"a": 1}')
    body(client, "disconnect")


def test_secrets_are_masked(attached):
    run(attached, 'token := display.Secret("hunter2-and-more")\nbox := map[string]string{"in " + token: token}\nlong := "x"\nfor len(long) < 1990 { long += "x" }\nlong += token + "tail"\nfor len(long) < 3000 { long += "y" }')
    reply = body(attached, "inspectVariables")
    found = {v["name"]: v for v in reply["variables"]}
    assert found["token"]["value"] == '"[secret]"'
    parts = body(attached, "variables", variablesReference=found["box"]["variablesReference"])
    rich = body(attached, "richInspectVariables", variableName="box")
    path = body(attached, "dumpCell", code='x := "hunter2-and-more"')["sourcePath"]
    source = body(attached, "source", source={"path": path})
    for answer in (reply, parts, rich, source):
        assert "hunter2" not in str(answer)
    assert "[secret]" in parts["variables"][0]["name"]


def test_a_request_leaves_the_kernel_busy_and_idle(attached):
    msg = attached.session.msg("debug_request", {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}})
    attached.control_channel.send(msg)
    states = [m["content"]["execution_state"] for m in outputs(attached, msg["header"]["msg_id"])]
    assert states == ["busy", "idle"]
    attached.get_control_msg(timeout=TIMEOUT)


@pytest.mark.parametrize("content", [{}, {"command": 3}, {"type": "event", "command": "x"}, {"command": "variables", "arguments": [1]}, {"command": "initialize", "arguments": "x"}])
def test_wrong_requests_are_answered(client, content):
    reply = control(client, "debug_request", content)["content"]
    assert reply["success"] is False and reply["message"]


def test_a_fresh_session_after_a_death_is_attached(fresh):
    _, kc = fresh
    attach(kc)
    run(kc, "x := 1")
    assert run(kc, FATAL).content["ename"] == "EngineLost"
    assert run(kc, "y := 2").status == "ok"
    assert body(kc, "debugInfo")["isStarted"] is True
    found = values(kc)
    assert "x" not in found and found["y"]["value"] == "2"


HELPER = """func double(n int) int {
	twice := n * 2
	return twice
}"""
LOOP = """total := 0
for i := range 3 {
	total += double(i)
	fmt.Println("after", i)
}
total"""


def test_a_whole_conversation(attached):
    run(attached, 'import "fmt"')
    run(attached, HELPER)
    assert break_at(attached, LOOP, 3) == [3]
    assert [b["breakpoints"] for b in body(attached, "debugInfo")["breakpoints"]] == [[{"line": 3}]]
    msg_id = attached.execute(LOOP)
    stopped = event(attached, "stopped")
    thread = stopped["threadId"]
    assert (stopped["reason"], stopped["allThreadsStopped"]) == ("breakpoint", False)
    assert body(attached, "debugInfo")["stoppedThreads"] == [thread]
    frames, seen = look(attached, thread)
    path = body(attached, "dumpCell", code=LOOP)["sourcePath"]
    assert [(f["name"], f["line"], f["source"]["path"]) for f in frames] == [("the cell", 3, path)]
    assert seen["Locals"] == {"i": "0"} and seen["Globals"]["total"] == "0"

    # The kernel answers on while a cell is stopped.
    reply = attached.complete("fm", reply=True, timeout=TIMEOUT)
    assert "fmt" in reply["content"]["matches"]
    rich = body(attached, "richInspectVariables", variableName="i", frameId=frames[0]["id"])
    assert rich["data"]["text/plain"] == "0"
    assert body(attached, "evaluate", expression="double(i+20) + total", frameId=frames[0]["id"], context="repl")["result"] == "40"

    assert step(attached, "stepIn", thread)["reason"] == "step"
    frames, seen = look(attached, thread)
    assert [(f["name"], f["line"]) for f in frames] == [("double", 2), ("the cell", 3)]
    assert seen["Locals"] == {"n": "0"}
    step(attached, "next", thread)
    assert look(attached, thread)[1]["Locals"] == {"twice": "0", "n": "0"}
    step(attached, "stepOut", thread)
    frames, _ = look(attached, thread)
    assert [(f["name"], f["line"]) for f in frames] == [("the cell", 4)]
    assert step(attached, "continue", thread)["reason"] == "breakpoint"
    assert break_at(attached, LOOP) == []
    body(attached, "continue", threadId=thread)
    event(attached, "continued")
    assert reply_to(attached, msg_id)["content"]["status"] == "ok"
    assert body(attached, "debugInfo")["stoppedThreads"] == []
    assert values(attached)["total"]["value"] == "6"


def test_output_and_result_are_those_of_the_cell(attached):
    run(attached, 'import "fmt"\n' + HELPER)
    break_at(attached, LOOP, 6)
    msg_id = attached.execute(LOOP)
    seen = []
    while True:
        m = attached.get_iopub_msg(timeout=TIMEOUT)
        if m["msg_type"] == "debug_event" and m["content"]["event"] == "stopped":
            break
        if m["msg_type"] == "stream":
            seen.append(m["content"]["text"])
    assert "".join(seen) == "after 0\nafter 1\nafter 2\n"  # what was printed before the stop comes before it
    assert m["parent_header"]["msg_id"] == msg_id
    body(attached, "continue", threadId=m["content"]["body"]["threadId"])
    result = [m for m in outputs(attached, msg_id) if m["msg_type"] == "execute_result"]
    assert result[0]["content"]["data"]["text/plain"] == "6"
    reply_to(attached, msg_id)


def test_an_interrupt_ends_a_stopped_cell(attached):
    code = "n := 0\nfor {\n\tn++\n}"
    break_at(attached, code, 3)
    msg_id = attached.execute(code)
    event(attached, "stopped")
    control(attached, "interrupt_request", {})
    event(attached, "continued")
    assert reply_to(attached, msg_id)["content"]["ename"] == "KeyboardInterrupt"
    assert body(attached, "debugInfo")["stoppedThreads"] == []
    assert run(attached, "n").result() == "0"


def test_pause_and_disconnect(attached):
    msg_id = attached.execute('fmt.Println("begun")\nfor going := true; going; {\n\t_ = going\n}')
    wait_output(attached, msg_id, "begun")
    body(attached, "pause", threadId=1)
    stopped = event(attached, "stopped")
    assert stopped["reason"] == "pause"
    frames, seen = look(attached, stopped["threadId"])
    assert seen["Locals"] == {"going": "true"}
    body(attached, "setVariable", variablesReference=body(attached, "scopes", frameId=frames[0]["id"])["scopes"][0]["variablesReference"], name="going", value="false")
    body(attached, "copyToGlobals", srcVariableName="going", dstVariableName="kept", srcFrameId=frames[0]["id"])
    body(attached, "disconnect", restart=False, terminateDebuggee=False)
    assert reply_to(attached, msg_id)["content"]["status"] == "ok"
    assert run(attached, "kept").result() == "false"
    attach(attached)


def test_breakpoints_move_and_are_refused(attached):
    assert break_at(attached, "// nothing\n\nx := 1\n", 1) == [3]
    assert break_at(attached, "type T int", 1) == []
    unknown = body(attached, "setBreakpoints", source={"path": "/nowhere.go"}, breakpoints=[{"line": 1}])["breakpoints"]
    assert unknown[0]["verified"] is False and "dumpCell" in unknown[0]["message"]
    assert debug(attached, "continue", threadId=1)["success"] is False
    assert debug(attached, "stackTrace", threadId=1)["success"] is False
    assert body(attached, "setExceptionBreakpoints", filters=[])["breakpoints"] == []


def test_a_death_while_a_cell_is_stopped(fresh):
    _, kc = fresh
    attach(kc)
    run(kc, 'import "fmt"\n' + HELPER)
    break_at(kc, LOOP, 3)
    msg_id = kc.execute(LOOP)
    thread = event(kc, "stopped")["threadId"]
    frame = body(kc, "stackTrace", threadId=thread)["stackFrames"][0]["id"]
    debug(kc, "evaluate", expression=FATAL.replace("\n", ";").replace("{;", "{").replace("select {}", "for {}"), frameId=frame)
    assert reply_to(kc, msg_id)["content"]["ename"] == "EngineLost"
    event(kc, "continued")
    assert body(kc, "debugInfo")["stoppedThreads"] == []
    run(kc, 'import "fmt"\n' + HELPER)
    kc.execute(LOOP)  # the fresh session has the breakpoint
    assert event(kc, "stopped")["reason"] == "breakpoint"
