"""The debugger as JupyterLab drives it: DAP in debug_request on control, debug_event on iopub."""

import itertools

import pytest

from .driving import control, outputs, run

SEED = 0xC70F6907
FATAL = "m := map[int]int{}\nfor range 4 {\n\tgo func() {\n\t\tfor {\n\t\t\tm[1]++\n\t\t}\n\t}()\n}\nselect {}"
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
    attached.get_control_msg(timeout=10)


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
