"""What jupyter_kernel_test does not cover of the messaging protocol."""

import json
import os
import signal
import stat
import time

import pytest
from .driving import FATAL, GATE, TIMEOUT, arrived, beats, control, gate, outputs, promise, replies_to, reply_to, run, seconds, shell, silent_for, wait_output
from .starting import drain, start, stop

FMT = 'import "fmt"\n'
DISPLAY = 'import "github.com/fabricbook/fabricbook/kernel/display"\n'
BUSY_LOOP = FMT + 'fmt.Println("started")\nfor {\n}'


def test_busy_and_idle_enclose_everything(client):
    r = run(client, FMT + 'fmt.Println("a")\n1 + 1')
    types = [m["msg_type"] for m in r.messages]
    assert types[0] == "status" and types[-1] == "status"
    assert r.states() == ["busy", "idle"]
    assert types[1] == "execute_input"
    assert r.types() == ["stream", "execute_result"]
    assert all(m["parent_header"] == r.reply["parent_header"] for m in r.messages)


def test_reply_and_count(client):
    first = run(client, "1")
    second = run(client, "2")
    assert second.content["execution_count"] == first.content["execution_count"] + 1
    assert second.content["payload"] == [] and second.content["user_expressions"] == {}
    assert "started" in second.reply["metadata"]
    shown = [m for m in second.messages if m["msg_type"] in ("execute_input", "execute_result")]
    assert {m["content"]["execution_count"] for m in shown} == {second.content["execution_count"]}


def test_empty_cell(client):
    assert run(client, "").status == "ok"
    assert run(client, " \n\t").status == "ok"


def test_silent_shows_nothing_and_counts_nothing(client):
    before = run(client, "1").content["execution_count"]
    r = run(client, "silentValue := 5\nsilentValue", silent=True)
    assert r.status == "ok"
    assert [m["msg_type"] for m in r.messages] == ["status", "status"]
    assert r.content["execution_count"] == before
    failed = run(client, 'panic("silent")', silent=True)
    assert failed.status == "error" and failed.types() == []
    assert run(client, "silentValue").result() == "5"


def test_without_history_the_count_stays(client):
    before = run(client, "1").content["execution_count"]
    r = run(client, "7", store_history=False)
    assert r.result() == "7"
    assert r.content["execution_count"] == before
    assert run(client, "2").content["execution_count"] == before + 1


def test_user_expressions(client):
    run(client, "expr := 20")
    r = run(client, "", user_expressions={"good": "expr + 1", "bad": "nowhere + 1"})
    got = r.content["user_expressions"]
    assert got["good"]["status"] == "ok"
    assert got["good"]["data"]["text/plain"] == "21"
    assert got["bad"]["status"] == "error"
    assert "nowhere" in got["bad"]["evalue"]


@pytest.mark.parametrize("word", ["exit", "quit", "exit()", " quit\n"])
def test_a_console_is_left_by_a_word(client, word):
    r = run(client, word)
    assert r.status == "ok" and r.types() == []
    assert r.content["payload"] == [{"source": "ask_exit", "keepkernel": False}]


def test_a_name_of_the_session_is_no_such_word(fresh):
    _, client = fresh
    run(client, "quit := func() int { return 7 }")
    assert run(client, "quit()").result() == "7"
    in_notebook = shell(client, "execute_request", {"code": "exit"}, metadata={"cellId": "a"})
    assert "undefined: exit" in reply_to(client, in_notebook)["content"]["evalue"]


def test_error_reply_and_message_agree(client):
    r = run(client, 'panic("told twice")')
    [error] = [m["content"] for m in r.messages if m["msg_type"] == "error"]
    for key in ("ename", "evalue", "traceback"):
        assert error[key] == r.content[key]
    assert "told twice" in error["evalue"]


def test_failure_aborts_what_waits(client):
    with gate() as (closed, opens):
        ids = [client.execute(code) for code in (GATE + closed + 'panic("first")', "2", "3")]
        arrived(client)
        opens()
        replies = [reply_to(client, i)["content"]["status"] for i in ids]
    assert replies == ["error", "aborted", "aborted"]
    assert outputs(client, ids[-1])[-1]["content"]["execution_state"] == "idle"
    assert run(client, "4").status == "ok"


def test_failure_does_not_abort_when_asked(client):
    ids = [client.execute('panic("first")', stop_on_error=False), client.execute("2")]
    assert [reply_to(client, i)["content"]["status"] for i in ids] == ["error", "ok"]


def test_the_next_cell_after_a_failure_runs(client):
    for _ in range(20):
        assert run(client, 'panic("expected")').status == "error"
        assert run(client, "1").status == "ok"


def test_output_streams_while_the_cell_runs(client):
    """The cell goes on only after what it has printed was read."""
    with gate() as (closed, opens):
        msg_id = client.execute(FMT + GATE + 'fmt.Println("early")\n' + closed + 'fmt.Println("late")')
        wait_output(client, msg_id, "early")
        opens()
        wait_output(client, msg_id, "late")
    assert reply_to(client, msg_id)["content"]["status"] == "ok"


def test_order_of_streams_and_displays(client):
    code = (
        FMT + 'import "os"\n' + DISPLAY + 'fmt.Println("one")\ndisplay.Show(display.HTML("<i>two</i>"))\n'
        'fmt.Println("three")\nfmt.Fprintln(os.Stderr, "four")\nfmt.Println("five")\n6'
    )
    r = run(client, code)
    assert r.status == "ok", r.content
    assert r.types() == ["stream", "display_data", "stream", "stream", "stream", "execute_result"]


def test_many_lines_in_few_messages(client):
    """What is printed within 40 ms goes together."""
    began = time.monotonic()
    r = run(client, FMT + "for i := range 20000 {\n\tfmt.Println(i)\n}")
    assert r.text() == "".join(f"{i}\n" for i in range(20000))
    assert len(r.types()) < 100 + (time.monotonic() - began) / 0.04


def test_goroutine_output_belongs_to_its_cell(client):
    run(client, "gate := make(chan bool)\nended := make(chan bool)")
    msg_id = client.execute(FMT + 'go func() {\n\t<-gate\n\tfmt.Println("from the first")\n\tended <- true\n}()')
    reply_to(client, msg_id)
    outputs(client, msg_id)
    client.execute("gate <- true\n<-ended")
    wait_output(client, msg_id, "from the first")


def test_update_display(client):
    r = run(client, DISPLAY + 'shown := display.Show("before")\nshown.Update("after")')
    assert r.types() == ["display_data", "update_display_data"]
    first, second = (m["content"] for m in r.messages if "display_data" in m["msg_type"])
    assert first["transient"]["display_id"] == second["transient"]["display_id"] != ""
    assert second["data"]["text/plain"] == "after"


def test_svg_shows_in_an_untrusted_notebook(client):
    r = run(client, DISPLAY + 'display.SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'><title>a ring</title></svg>")')
    assert "data:image/svg+xml;base64," in r.result("text/html")
    assert r.result() == "a ring"


def test_side_requests_are_answered_while_a_cell_runs(fresh):
    km, client = fresh
    run(client, FMT)
    msg_id = client.execute(BUSY_LOOP)
    wait_output(client, msg_id, "started")
    for ask in (
        lambda: client.kernel_info(),
        lambda: client.complete("fmt.Pri"),
        lambda: client.inspect("fmt.Println"),
        lambda: client.is_complete("1 +"),
        lambda: client.history(hist_access_type="tail", n=1),
        lambda: client.comm_info(),
    ):
        asked = []

        def answer():
            asked.append(ask())
            assert reply_to(client, asked[-1])["content"]["status"] in ("ok", "incomplete")

        promise(1, lambda: seconds(answer))
    beats(client)
    outputs(client, asked[-1])
    last = client.get_iopub_msg(timeout=TIMEOUT)
    assert last["content"] == {"execution_state": "busy"}, "a front end believes the last state it heard"
    assert last["parent_header"]["msg_id"] == msg_id
    assert silent_for(client, 0.3) == []
    km.interrupt_kernel()
    assert reply_to(client, msg_id)["content"]["status"] == "error"


@pytest.mark.parametrize(
    "code",
    [
        "for {\n}",
        "select {}",
        'import "time"\ntime.Sleep(time.Hour)',
        "<-make(chan int)",
        "f := func() {}\nfor {\n\tf()\n}",
    ],
)
def test_interrupt_stops_the_cell_and_keeps_the_state(client, kernel, code):
    km, _ = kernel

    def interrupted():
        run(client, "kept := 41")
        msg_id = client.execute(FMT + 'kept++\nfmt.Println("started")\n' + code)
        behind = client.execute("kept = 0")
        wait_output(client, msg_id, "started")
        arrived(client)
        began = time.monotonic()
        km.interrupt_kernel()
        reply = reply_to(client, msg_id)["content"]
        took = time.monotonic() - began
        assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
        assert reply_to(client, behind)["content"]["status"] == "aborted"
        assert run(client, "kept").result() == "42"
        return took

    promise(1, interrupted)


def test_interrupt_by_signal(fresh):
    km, client = fresh
    msg_id = client.execute(BUSY_LOOP)
    wait_output(client, msg_id, "started")
    os.kill(km.provisioner.pid, signal.SIGINT)
    assert reply_to(client, msg_id)["content"]["ename"] == "KeyboardInterrupt"
    for pause in (0.2, 1, 5):
        os.kill(km.provisioner.pid, signal.SIGINT)  # harmless where nothing runs
        time.sleep(pause)  # a signal is delivered when it pleases, on a busy machine even to the next cell
        after = run(client, "1")
        if after.status == "ok":
            break
        assert after.content["ename"] == "KeyboardInterrupt"
    assert after.status == "ok", "the signal was kept for the next cell"
    assert run(client, "2").status == "ok"


def test_interrupt_on_shell(client):
    msg_id = client.execute(BUSY_LOOP)
    wait_output(client, msg_id, "started")
    asked = shell(client, "interrupt_request", {})
    assert reply_to(client, asked)["content"]["status"] == "ok"
    assert reply_to(client, msg_id)["content"]["ename"] == "KeyboardInterrupt"


def test_control_answers_kernel_info(client):
    assert control(client, "kernel_info_request", {})["content"]["implementation"] == "fabricbook"


def test_input(client):
    msg_id = client.execute(DISPLAY + 'name, err := display.Input("who? ")\nfmt.Println(name, err)', allow_stdin=True)
    asked = client.get_stdin_msg(timeout=TIMEOUT)
    assert asked["msg_type"] == "input_request"
    assert asked["content"] == {"prompt": "who? ", "password": False}
    assert asked["parent_header"]["msg_id"] == msg_id
    client.input("leaf-1")
    assert reply_to(client, msg_id)["content"]["status"] == "ok"
    assert "leaf-1 <nil>" in "".join(
        m["content"]["text"] for m in outputs(client, msg_id) if m["msg_type"] == "stream"
    )


def test_password_and_interrupt_of_a_question(client, kernel):
    km, _ = kernel
    msg_id = client.execute(DISPLAY + '_, err := display.Password("secret? ")\nerr', allow_stdin=True)
    assert client.get_stdin_msg(timeout=TIMEOUT)["content"]["password"] is True
    km.interrupt_kernel()
    assert reply_to(client, msg_id)["content"]["status"] in ("ok", "error")
    drain(client)
    assert run(client, "1").status == "ok"


def test_input_without_a_person(client):
    r = run(client, DISPLAY + '_, err = display.Input("who? ")\nerr.Error()', allow_stdin=False)
    assert "allow_stdin" in r.result()


def test_cursor_counts_code_points(client):
    run(client, FMT)
    code = '_ = "\u4e16\U0001f30d"; fmt.Prin'
    reply = reply_to(client, client.complete(code, len(code)))["content"]
    assert "Println" in reply["matches"]
    assert reply["cursor_end"] == len(code)
    assert code[reply["cursor_start"] :] == "Prin"
    types = reply["metadata"]["_jupyter_types_experimental"]
    assert {t["type"] for t in types} == {"function"}


def test_inspect_unknown(client):
    reply = reply_to(client, client.inspect("nothingOfThisName"))["content"]
    assert reply["status"] == "ok" and reply["found"] is False and reply["data"] == {}


def test_history_of_this_session(fresh):
    _, client = fresh
    for code in ("10", "20", "10", "30"):
        run(client, code)
    run(client, "40", store_history=False)

    def history(**query):
        return reply_to(client, client.history(**query))["content"]["history"]

    rows = history(hist_access_type="range", session=0, start=1, stop=4)
    assert [row[1:] for row in rows] == [[1, "10"], [2, "20"], [3, "10"]]
    assert [row[2] for row in history(hist_access_type="tail", n=2)] == ["10", "30"]
    found = history(hist_access_type="search", pattern="?0", unique=True, n=9)
    assert [row[2] for row in found][-3:] == ["20", "10", "30"]
    rows = history(hist_access_type="range", session=0, start=2, stop=3, output=True)
    assert rows[0][2] == ["20", "20"]


def test_history_survives_and_is_private():
    km, client = start()
    run(client, "kept := 12345")
    stop(km, client)
    km, client = start()
    try:
        rows = reply_to(client, client.history(hist_access_type="search", pattern="kept := 123*"))["content"]["history"]
        assert rows and rows[-1][2] == "kept := 12345"
        files = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(os.environ["FABRICBOOK_DATA"])
            for name in names
            if "history" in name
        ]
        assert files
        for path in files:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    finally:
        stop(km, client)


def test_unknown_comm_target_is_closed(client):
    msg_id = shell(client, "comm_open", {"comm_id": "c1", "target_name": "nobody", "data": {}})
    closed = [m for m in outputs(client, msg_id) if m["msg_type"] == "comm_close"]
    assert [m["content"]["comm_id"] for m in closed] == ["c1"]
    assert reply_to(client, client.comm_info())["content"]["comms"] == {}
    shell(client, "comm_msg", {"comm_id": "c1", "data": {}})
    shell(client, "comm_close", {"comm_id": "c1", "data": {}})
    assert run(client, "1").status == "ok"


def test_unknown_and_malformed_requests_are_survived(client):
    shell(client, "no_such_request", {})
    bad = shell(client, "execute_request", {"code": 5})
    assert reply_to(client, bad)["content"]["status"] == "error"
    bad = shell(client, "complete_request", {"code": "x", "cursor_pos": "here"})
    assert reply_to(client, bad)["content"]["status"] == "error"
    bad = shell(client, "history_request", {"hist_access_type": "upside down"})
    assert "upside down" in reply_to(client, bad)["content"]["evalue"]
    far = shell(client, "complete_request", {"code": "x", "cursor_pos": 10**9})
    assert reply_to(client, far)["content"]["status"] == "ok"
    assert run(client, "1").status == "ok"


def new_subshell(client):
    made = control(client, "create_subshell_request", {})["content"]
    assert made["status"] == "ok"
    return made["subshell_id"]


def test_subshells(client):
    info = shell(client, "kernel_info_request", {})
    assert "kernel subshells" in reply_to(client, info)["content"]["supported_features"]
    sub = new_subshell(client)
    listed = control(client, "list_subshell_request", {})["content"]
    assert listed["subshell_id"] == [sub]
    msg_id = shell(client, "execute_request", {"code": "6 * 7"}, subshell_id=sub)
    reply = reply_to(client, msg_id)
    assert reply["content"]["status"] == "ok"
    assert reply["parent_header"]["subshell_id"] == sub
    gone = control(client, "delete_subshell_request", {"subshell_id": sub})["content"]
    assert gone["status"] == "ok"
    again = control(client, "delete_subshell_request", {"subshell_id": sub})["content"]
    assert again["status"] == "error"
    late = reply_to(client, shell(client, "execute_request", {"code": "1"}, subshell_id=sub))["content"]
    assert late["status"] == "error" and sub in late["evalue"]


def test_subshells_run_at_the_same_time(client):
    """A cell of the parent shell waits for what two subshells' cells send, each with its output."""
    subs = [new_subshell(client), new_subshell(client)]
    assert run(client, 'import "fmt"\nnumbers := make(chan int)').status == "ok"
    waiting = shell(client, "execute_request", {"code": "fmt.Println(\"waiting\")\n<-numbers + <-numbers"})
    sent = [shell(client, "execute_request", {"code": f"fmt.Println(\"sending {n}\")\nnumbers <- {n}"}, subshell_id=sub)
            for n, sub in zip((20, 22), subs)]
    outputs, idle = {}, set()
    while idle < {waiting, *sent}:
        msg = client.get_iopub_msg(timeout=TIMEOUT)
        parent = msg["parent_header"].get("msg_id")
        if msg["msg_type"] == "stream":
            outputs[parent] = outputs.get(parent, "") + msg["content"]["text"]
        elif msg["msg_type"] == "execute_result":
            outputs[parent] = outputs.get(parent, "") + msg["content"]["data"]["text/plain"]
        elif msg["msg_type"] == "status" and msg["content"]["execution_state"] == "idle":
            idle.add(parent)
    assert outputs == {waiting: "waiting\n42", sent[0]: "sending 20\n", sent[1]: "sending 22\n"}
    assert [reply["status"] for reply in replies_to(client, [waiting, *sent])] == ["ok"] * 3
    for sub in subs:
        control(client, "delete_subshell_request", {"subshell_id": sub})


def test_interrupt_stops_all_shells(client):
    sub = new_subshell(client)
    ids = [shell(client, "execute_request", {"code": "for {}"}), shell(client, "execute_request", {"code": "select {}"}, subshell_id=sub)]
    busy = set()
    while busy < set(ids):
        msg = client.get_iopub_msg(timeout=TIMEOUT)
        if msg["msg_type"] == "execute_input":
            busy.add(msg["parent_header"]["msg_id"])
    control(client, "interrupt_request", {})
    assert [reply["ename"] for reply in replies_to(client, ids)] == ["KeyboardInterrupt"] * 2
    control(client, "delete_subshell_request", {"subshell_id": sub})
    assert run(client, "1 + 1").status == "ok"


def test_usage(client):
    usage = control(client, "usage_request", {})["content"]
    assert usage["pid"] > 0 and usage["kernel_memory"] > 1 << 20
    assert usage["hostname"] and usage["cpu_count"] == os.cpu_count() and usage["kernel_cpu"] >= 0
    host = usage["host_virtual_memory"]
    assert usage["kernel_memory"] < host["total"] and host["available"] <= host["total"] and 0 < host["percent"] < 100


def test_shutdown():
    def shut_down():
        km, client = start()
        try:
            run(client, "1")
            pid = km.provisioner.pid
            began = time.monotonic()
            reply = control(client, "shutdown_request", {"restart": False})
            assert reply["content"] == {"status": "ok", "restart": False}
            await_end(began, km.is_alive)
            took = time.monotonic() - began
            while client.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "shutdown_reply":
                pass
            assert "shutdown_reply" not in [m["msg_type"] for m in silent_for(client, 0.2)], "told twice"
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            return took
        finally:
            stop(km, client)

    promise(3, shut_down)


def test_shutdown_while_a_cell_runs():
    def shut_down():
        km, client = start()
        try:
            msg_id = client.execute(BUSY_LOOP)
            wait_output(client, msg_id, "started")
            children = child_pids(km.provisioner.pid)
            assert children
            began = time.monotonic()
            control(client, "shutdown_request", {"restart": True})
            return await_end(began, lambda: km.is_alive() or any(alive(pid) for pid in children))
        finally:
            stop(km, client)

    promise(5, shut_down)


def await_end(began, lives):
    """Wait until something lives no more, and return the seconds from a moment until then."""
    while lives():
        assert time.monotonic() - began < TIMEOUT
        time.sleep(0.01)
    return time.monotonic() - began


def child_pids(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        direct = [int(p) for p in f.read().split()]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
            direct += [int(p) for p in f.read().split()]
    return sorted(set(direct))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def test_what_runs_cells_dies_with_the_kernel():
    def killed():
        km, client = start()
        try:
            run(client, "1")
            children = child_pids(km.provisioner.pid)
            assert children
            os.kill(km.provisioner.pid, signal.SIGKILL)
            return await_end(time.monotonic(), lambda: any(alive(pid) for pid in children))
        finally:
            stop(km, client)

    promise(3, killed)


@pytest.mark.parametrize("end", ["kernel killed", "session killed", "restarted at once"])
def test_commands_die_with_their_session(fresh, end):
    km, client = fresh
    command = client.execute("$ trap '' INT; sleep 1000 & echo $! $$; wait; sleep 1000")
    running = [int(pid) for pid in wait_output(client, command, "\n").split()]
    assert len(running) == 2
    assert all(alive(pid) for pid in running)
    if end == "restarted at once":
        km.restart_kernel(now=True)
    else:
        [session] = child_pids(km.provisioner.pid)
        os.kill(session if end == "session killed" else km.provisioner.pid, signal.SIGKILL)
    await_end(time.monotonic(), lambda: any(alive(pid) for pid in running))


def test_a_fatal_cell_ends_its_session_only(fresh):
    km, client = fresh
    run(client, "value := 1")
    r = run(client, FATAL)
    assert r.status == "error"
    assert r.content["ename"] == "EngineLost"
    assert "concurrent map" in r.content["evalue"]
    assert any("Cell 2" in line for line in r.content["traceback"])
    beats(client)
    assert km.is_alive()
    assert run(client, "1 + 1").result() == "2"
    assert run(client, "value").status == "error", "a fresh session has no variables"


def test_a_session_killed_between_cells(fresh):
    km, client = fresh
    run(client, "value := 1")
    [child] = child_pids(km.provisioner.pid)
    os.kill(child, signal.SIGKILL)
    while (told := client.get_iopub_msg(timeout=TIMEOUT))["msg_type"] != "stream":
        pass
    assert "died" in told["content"]["text"]
    r = run(client, "1 + 1")
    assert r.status == "ok", "the next cell is not to blame"


def test_session_ids_differ_from_start_to_start(kernel):
    _, first = kernel
    km, second = start()
    try:
        a = run(first, "1").reply["header"]["session"]
        b = run(second, "1").reply["header"]["session"]
        assert a != b
    finally:
        stop(km, second)


def test_ipc(tmp_path):
    km, client = start(transport="ipc", ip=str(tmp_path / "k"))
    try:
        assert run(client, "6 * 7").result() == "42"
        with open(km.connection_file, encoding="utf-8") as f:
            assert json.load(f)["transport"] == "ipc"
    finally:
        stop(km, client)


def test_a_large_cell(client):
    size = 20 << 20
    r = run(client, 'len("' + "x" * size + '")')
    assert r.result() == str(size)


def test_a_large_result(client):
    """Its beginning is shown and what is missing is told; printing it shows it all."""
    r = run(client, 'import "strings"\nstrings.Repeat("0123456789", 2000000)')
    shown, rest = r.result().split("\n", 1)
    assert shown == ("0123456789" * 110_000)[: len(shown)] and len(shown) >= 1_000_000
    assert f"{20_000_000 - len(shown)} bytes more" in rest
    r = run(client, 'import "fmt"\nfmt.Print(strings.Repeat("0123456789", 2000000))')
    assert len(r.text()) == 20_000_000
    r = run(client, 'display.Text(strings.Repeat("0123456789", 2000000))')
    assert len(r.result()) == 20_000_000, "what is asked for by name comes whole, in one message"


def test_output_stays_below_what_jupyter_server_drops():
    km, client = start(env={"JPY_SESSION_NAME": "paced.ipynb"})
    try:
        code = 'import "fmt"\nfor i := range 40000 {\n\tfmt.Printf("%099d\\n", i)\n}'
        msg_id = client.execute(code)
        sent, size = [], 0
        while size < 4_000_000:
            m = client.get_iopub_msg(timeout=TIMEOUT)
            if m["msg_type"] == "stream":
                size += len(m["content"]["text"])
                sent.append((m["header"]["date"].timestamp(), len(m["content"]["text"])))
        assert reply_to(client, msg_id)["content"]["status"] == "ok"
        for at, _ in sent:  # when the kernel sent it: a client that is held up finds much at once
            window = [n for t, n in sent if at <= t < at + 3]
            assert sum(window) <= 3_000_000 and len(window) <= 3000

        def interrupted():
            msg_id, size = client.execute('for {\n\tfmt.Println("without end")\n}'), 0
            while size < 1_500_000:  # so much does not come before the kernel holds the cell back
                m = client.get_iopub_msg(timeout=TIMEOUT)
                if m["msg_type"] == "stream" and m["parent_header"]["msg_id"] == msg_id:
                    size += len(m["content"]["text"])
            began = time.monotonic()
            km.interrupt_kernel()
            assert reply_to(client, msg_id)["content"]["ename"] == "KeyboardInterrupt"
            return time.monotonic() - began

        promise(1.5, interrupted)
    finally:
        stop(km, client)
