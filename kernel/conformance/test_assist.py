"""Completion, inspection and errors as a front end meets them."""

import statistics

import pytest

from .driving import control, promise, reply_to, run, seconds, wait_output

FABRIC = '''import ("fmt"; "strings"; "time")
type Port struct { Name string; Speed int }
// Label is how the port is written.
func (p *Port) Label(long bool, width int) string { return p.Name }
ports := map[string]*Port{"eth0": {Name: "eth0"}}
größe := 3'''


@pytest.fixture
def fabric(client):
    assert run(client, FABRIC).status == "ok"
    return client


def complete(client, text):
    """The reply for the cursor at the bar, and what it replaces."""
    before, after = text.split("¦")
    reply = reply_to(client, client.complete(before + after, len(before)))["content"]
    assert reply["status"] == "ok"
    return reply, (before + after)[reply["cursor_start"]:reply["cursor_end"]]


def inspect(client, text, detail=0):
    before, after = text.split("¦")
    return reply_to(client, client.inspect(before + after, len(before), detail))["content"]


@pytest.mark.parametrize("text, replaced, matches", [
    ('s := "😀äöü"; ports["eth0"].Na¦me', "Name", ["Name"]),
    ('/* 😀 */ grö¦ße', "größe", ["größe"]),
    ('"😀" + strings.Repe¦', "Repe", ["Repeat"]),
    ('p := Port{Na¦}', "Na", ["Name: "]),
    ('import "encoding/js¦on"', "encoding/json", ["encoding/json"]),
    ('%st¦', "%st", ["%steps"]),
    ('%va¦', "%va", ["%vars"]),
    ('x := 1\n%un¦', "%un", []),
    ('$ ls /et¦', "/et", ["/etc/"]),
    ('bufio.NewSc¦', "NewSc", ["NewScanner"]),
    ('fmt.Ptln¦', "Ptln", ["Println"]),
])
def test_completion_counts_code_points(fabric, text, replaced, matches):
    reply, found = complete(fabric, text)
    assert found == replaced and reply["matches"] == matches


def test_completion_tells_types(fabric):
    reply, _ = complete(fabric, 'ports["eth0"].¦')
    items = reply["metadata"]["_jupyter_types_experimental"]
    assert [(i["text"], i["type"], i["signature"]) for i in items] == [
        ("Label", "method", "func(long bool, width int) string"), ("Name", "field", "string"), ("Speed", "field", "int")]
    assert all(i["start"] == reply["cursor_start"] and i["end"] == reply["cursor_end"] for i in items)


def test_keys_of_a_live_map(fabric):
    reply, _ = complete(fabric, 'ports["¦')
    assert reply["matches"] == ['eth0"]']


def test_answers_while_a_cell_runs(fabric):
    """Most answers come at once: a busy machine may hold up a few."""
    msg_id = fabric.execute('fmt.Println("on")\nfor { größe++ }')
    wait_output(fabric, msg_id, "on")

    def ask():
        reply, _ = complete(fabric, "strings.Repe¦")
        assert reply["matches"] == ["Repeat"]

    promise(1, lambda: statistics.median(seconds(ask) for _ in range(20)))
    assert inspect(fabric, "strings.Repeat(¦")["found"]
    control(fabric, "interrupt_request", {})
    assert reply_to(fabric, msg_id)["content"]["ename"] == "KeyboardInterrupt"


def test_inspection_marks_the_parameter(fabric):
    reply = inspect(fabric, 'ports["eth0"].Label(true, ¦)')
    assert reply["found"]
    text, page = reply["data"]["text/plain"], reply["data"]["text/markdown"]
    lines = text.splitlines()
    assert lines[0] == "func (*Port).Label(long bool, width int) string"
    assert lines[0][lines[1].index("^"):lines[1].rindex("^") + 1] == "width int"
    assert "Label is how the port is written." in text and page.startswith("```go\nfunc (*Port).Label")


def test_inspection_shows_values(fabric):
    assert "value: 3" in inspect(fabric, "größe¦")["data"]["text/plain"]
    assert "return p.Name" in inspect(fabric, 'ports["eth0"].Label¦', 1)["data"]["text/plain"] or \
        "return p.Name" in inspect(fabric, "Port¦", 1)["data"]["text/plain"]


def test_question_marks_page(fabric):
    for question, want in {"Port?": "Speed int", "select?": "select {", "strings?": "Builder", "time.Second?": "1s", "?Port": "Speed int"}.items():
        [page] = run(fabric, question).content["payload"]
        assert page["source"] == "page" and want in page["data"]["text/plain"]


def test_an_error_says_what_to_do(fabric):
    failed = run(fabric, 'for x in ports { fmt.Println(x) }').content
    assert failed["ename"] == "SyntaxError"
    assert failed["traceback"][-1] == "  hint: Go goes over elements by range: for _, x := range ports {"


def test_variables_are_a_table(fabric):
    shown = run(fabric, "%vars grö")
    [table] = [m["content"]["data"] for m in shown.messages if m["msg_type"] == "display_data"]
    assert "größe" in table["text/plain"] and "<table" in table["text/html"]
