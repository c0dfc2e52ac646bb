"""ipywidgets by comms: the widget messaging protocol 2.1, from the kernel's side."""

import json

from .driving import FATAL, TIMEOUT, control, outputs, reply_to, run, shell
from .starting import start, stop

DISPLAY = 'import "github.com/fabricbook/fabricbook/kernel/display"\n'


def comm_messages(messages):
    return [m for m in messages if m["msg_type"].startswith("comm_")]


def open_widgets(kc):
    """Make a box with a bar and a button that moves it; return the models by name."""
    r = run(
        kc,
        DISPLAY + 'import "fmt"\nn := 0\nbar := display.NewIntProgress(0, 3, "work")\n'
        'button := display.NewButton("go on", func() {\n\tn++\n\tfmt.Println("clicked", n)\n\tbar.Set(n)\n})\n'
        "display.NewVBox(bar, button)",
    )
    assert r.status == "ok", r.content
    models, there = {}, set()
    for m in comm_messages(r.messages):
        assert m["msg_type"] == "comm_open"
        assert m["content"]["target_name"] == "jupyter.widget"
        assert m["metadata"]["version"].startswith("2.")
        state = m["content"]["data"]["state"]
        assert m["content"]["data"]["buffer_paths"] == []
        models[state["_model_name"]] = (m["content"]["comm_id"], state)
        there.add(m["content"]["comm_id"])
        for value in state.values():  # what a model refers to was opened before it
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, str) and name.startswith("IPY_MODEL_"):
                    assert name[10:] in there
    view = next(m for m in r.messages if m["msg_type"] == "execute_result")["content"]["data"]
    assert view["application/vnd.jupyter.widget-view+json"] == {
        "model_id": models["VBoxModel"][0],
        "version_major": 2,
        "version_minor": 0,
    }
    assert "[go on]" in view["text/plain"]
    return models


def wait_for(kc, wanted):
    """Read iopub until a message satisfies wanted."""
    while True:
        m = kc.get_iopub_msg(timeout=TIMEOUT)
        if wanted(m):
            return m


def test_a_button_moves_a_bar(client):
    models = open_widgets(client)
    bar, state = models["IntProgressModel"]
    assert (state["min"], state["max"], state["value"], state["description"]) == (0, 3, 0, "work")
    button, _ = models["ButtonModel"]
    for number in (1, 2, 3):
        shell(client, "comm_msg", {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}})
        wait_for(client, lambda m: m["msg_type"] == "stream" and m["content"]["text"] == f"clicked {number}\n")
        m = wait_for(client, lambda m: m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == bar)
        assert m["content"]["data"]["state"] == {"value": number}
    assert run(client, "n").result() == "3"


def test_a_click_is_served_while_a_cell_runs(client, kernel):
    km, _ = kernel
    models = open_widgets(client)
    msg_id = client.execute('fmt.Println("running")\nfor {\n}')
    wait_for(client, lambda m: m["msg_type"] == "stream" and "running" in m["content"]["text"])
    shell(client, "comm_msg", {"comm_id": models["ButtonModel"][0], "data": {"method": "custom", "content": {"event": "click"}}})
    wait_for(client, lambda m: m["msg_type"] == "stream" and "clicked 1" in m["content"]["text"])
    control(client, "interrupt_request", {})
    assert reply_to(client, msg_id)["content"]["status"] == "error"


def test_a_reloaded_page_asks_for_states(client):
    models = open_widgets(client)
    info = reply_to(client, shell(client, "comm_info_request", {"target_name": "jupyter.widget"}))["content"]["comms"]
    assert {i for i, _ in models.values()} <= set(info)
    bar, before = models["IntProgressModel"]
    shell(client, "comm_msg", {"comm_id": bar, "data": {"method": "request_state"}})
    m = wait_for(client, lambda m: m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == bar)
    assert m["content"]["data"] == {"method": "update", "state": before, "buffer_paths": []}


def test_a_panic_in_a_click_is_told(client):
    r = run(client, DISPLAY + 'display.NewButton("bad", func() { panic("of a click") })')
    button = next(m for m in comm_messages(r.messages) if m["content"]["data"]["state"]["_model_name"] == "ButtonModel")
    shell(client, "comm_msg", {"comm_id": button["content"]["comm_id"], "data": {"method": "custom", "content": {"event": "click"}}})
    m = wait_for(client, lambda m: m["msg_type"] == "stream" and m["content"]["name"] == "stderr")
    assert "of a click" in m["content"]["text"]
    assert run(client, "1 + 1").result() == "2"


def test_widgets_end_with_their_session():
    km, kc = start()
    try:
        models = open_widgets(kc)
        msg_id = kc.execute(FATAL)
        assert reply_to(kc, msg_id)["content"]["ename"] == "EngineLost"
        closed = {m["content"]["comm_id"] for m in comm_messages(outputs(kc, msg_id)) if m["msg_type"] == "comm_close"}
        assert {i for i, _ in models.values()} <= closed
        info = reply_to(kc, shell(kc, "comm_info_request", {}))["content"]["comms"]
        assert not info, json.dumps(info)
    finally:
        stop(km, kc)
