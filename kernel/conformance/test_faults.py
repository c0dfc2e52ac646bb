"""Sockets that nobody can block and that lose nothing: raw ZMTP and worse."""

import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

import pytest
import zmq
from .driving import FATAL, TIMEOUT, TRIES, promise, reply_to, run, seconds, wait_output
from .starting import another, start, stop

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
TCP_REPAIR = 19  # Linux, tcp(7)
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + b"\x00" + bytes(31)


@pytest.fixture(scope="module")
def victim(surroundings):
    """A kernel that has to live through all of this module."""
    km, kc = start()
    yield km, kc
    assert km.is_alive()
    newcomer(km)
    stop(km, kc)


def newcomer(km):
    """Connect a new client and run a cell in it."""
    kc = another(km)
    try:
        assert run(kc, "6 * 7").result() == "42"
    finally:
        kc.stop_channels()


def connection(km):
    with open(km.connection_file, encoding="utf-8") as f:
        return json.load(f)


def connect(km, port):
    c = connection(km)
    return socket.create_connection((c["ip"], c[port]), timeout=TIMEOUT)


def frame(flags, body):
    if len(body) > 255:
        return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(kind, identity=b""):
    return frame(4, b"\x05READY" + prop(b"Socket-Type", kind) + prop(b"Identity", identity))


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError(f"{len(data)} of {n} bytes")
        data += more
    return data


def read_frame(s):
    flags, size = receive(s, 2)
    if flags & 2:
        size = struct.unpack(">Q", bytes([size]) + receive(s, 7))[0]
    return flags, receive(s, size)


def zmtp(km, port, kind, identity=b""):
    """Connect by hand as far as the handshake."""
    s = connect(km, port)
    s.sendall(GREETING + ready(kind, identity))
    receive(s, 64)
    flags, body = read_frame(s)
    assert flags & 4 and body.startswith(b"\x05READY")
    return s


def closed(s):
    """Tell whether the kernel ends the connection."""
    s.settimeout(TIMEOUT)
    try:
        while s.recv(4096):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def refuses(km, port, said):
    """Tell whether the kernel ends a connection that begins with these bytes."""
    s = connect(km, port)
    with contextlib.suppress(ConnectionError):
        s.sendall(said)
    return closed(s)


def test_port_scan(victim):
    km, kc = victim
    for _ in range(50):
        for port in PORTS:
            connect(km, port).close()
    assert run(kc, "1").status == "ok"


def test_idle_connections_block_nobody(victim):
    km, kc = victim

    def among_idle():
        idle = [connect(km, port) for port in PORTS for _ in range(20)]
        try:
            return seconds(lambda: newcomer(km))
        finally:
            for s in idle:
                s.close()

    promise(5, among_idle)
    assert run(kc, "1").status == "ok"


@pytest.mark.parametrize("port", PORTS)
def test_garbage(victim, port):
    km, kc = victim
    chance = random.Random(port)
    for start_with in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", GREETING[:10], GREETING, GREETING + b"\x04\xff"):
        assert refuses(km, port, start_with + chance.randbytes(4096))
    assert run(kc, "1").status == "ok"


def test_a_frame_that_claims_everything(victim):
    km, kc = victim
    for claim in (1 << 63, (1 << 63) - 1, 1 << 40, (1 << 30) + 1):
        s = zmtp(km, "shell_port", b"DEALER")
        s.sendall(b"\x02" + struct.pack(">Q", claim) + b"x" * 1000)
        assert closed(s)
    held = zmtp(km, "shell_port", b"DEALER")
    held.sendall(b"\x02" + struct.pack(">Q", 1 << 29) + b"x" * 1000)
    assert run(kc, "1").status == "ok"
    held.close()


def test_wrong_socket_type(victim):
    km, kc = victim
    s = connect(km, "shell_port")
    s.sendall(GREETING + ready(b"PUB"))
    assert closed(s)
    assert run(kc, "1").status == "ok"


def test_ping_is_answered(victim):
    km, _ = victim
    for port, kind in (("shell_port", b"DEALER"), ("iopub_port", b"SUB"), ("hb_port", b"REQ")):
        s = zmtp(km, port, kind)
        s.sendall(frame(4, b"\x04PING\x00\x10context"))
        flags, body = read_frame(s)
        assert flags & 4 and body == b"\x04PONGcontext"
        s.close()


def test_welcome_is_first_and_old_peers_subscribe(victim):
    km, _ = victim
    for subscribe in (frame(4, b"\x09SUBSCRIBE"), frame(0, b"\x01")):
        s = zmtp(km, "iopub_port", b"SUB")
        s.sendall(subscribe)
        parts = []
        while True:
            flags, body = read_frame(s)
            parts.append(body)
            if not flags & 1:
                break
        assert b'"iopub_welcome"' in parts[3]
        s.close()


def test_wrong_signature_and_replay_are_dropped(victim):
    km, kc = victim
    ctx = zmq.Context.instance()
    c = connection(km)
    dealer = ctx.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.connect(f"tcp://{c['ip']}:{c['shell_port']}")
    try:
        good = kc.session.serialize(kc.session.msg("kernel_info_request", {}))
        bad = list(good)
        bad[1] = b"0" * 64
        nonsense = [[b""], [b"<IDS|MSG>"], [b"<IDS|MSG>", b""], bad, list(good[:4]), [b"x"] * 30]
        for frames in nonsense:
            dealer.send_multipart(frames)
        last = kc.session.msg("kernel_info_request", {})
        for frames in (good, good, kc.session.serialize(last)):
            dealer.send_multipart(frames)
        replies = []
        while not replies or last["header"]["msg_id"].encode() not in replies[-1]:
            assert dealer.poll(TIMEOUT * 1000)
            replies.append(b"".join(dealer.recv_multipart()))
        assert all(b"kernel_info_reply" in r for r in replies)
        assert len(replies) == 2, "the replayed message was answered"
    finally:
        dealer.close()
    assert run(kc, "1").status == "ok"


def test_a_client_that_came_back_takes_its_place(victim):
    km, kc = victim
    ctx = zmq.Context.instance()
    c = connection(km)
    for _ in range(3):
        s = zmtp(km, "shell_port", b"DEALER", b"comeback")  # half-open: never a word more
        s.sendall(frame(4, b"\x04PING\x00\x10"))
        assert read_frame(s)[1] == b"\x04PONG"  # from here on the kernel knows it
        dealer = ctx.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.identity = b"comeback"
        dealer.connect(f"tcp://{c['ip']}:{c['shell_port']}")
        dealer.send_multipart(kc.session.serialize(kc.session.msg("kernel_info_request", {})))
        assert dealer.poll(TIMEOUT * 1000)
        dealer.recv_multipart()
        dealer.close()
        s.close()


def test_stalled_subscribers_lose_nothing_for_others(victim):
    km, kc = victim
    stalled = []
    for _ in range(3):
        s = zmtp(km, "iopub_port", b"SUB")
        s.sendall(frame(4, b"\x09SUBSCRIBE"))
        stalled.append(s)
    lines = 200_000
    code = (
        'import ("fmt"; "strings")\n'
        f'for i := range {lines} / 1000 {{\n\tvar b strings.Builder\n\tfor j := range 1000 {{\n'
        '\t\tfmt.Fprintf(&b, "%099d\\n", i*1000+j)\n\t}\n\tfmt.Print(b.String())\n}'
    )

    def read():
        r = run(kc, code)
        assert r.status == "ok", r.content
        assert r.text() == "".join(f"{i:099d}\n" for i in range(lines))

    promise(30, lambda: seconds(read))
    for s in stalled:
        s.close()
    assert run(kc, "1").status == "ok"


class Heart:
    """Pings the heartbeat every 10 ms from a process of its own while the kernel goes through phases."""

    def __init__(self, km):
        c = connection(km)
        pinger = os.path.join(os.path.dirname(__file__), "heartbeat.py")
        self.process = subprocess.Popen(
            [sys.executable, pinger, f"tcp://{c['ip']}:{c['hb_port']}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.phases = []
        assert self.process.stdout.readline() == "beating\n"

    @contextlib.contextmanager
    def during(self, phase):
        """What happens within belongs to a phase."""
        began = time.monotonic()
        yield
        self.phases.append((phase, began, time.monotonic()))

    def end(self):
        """The pings: when each was sent and the seconds to its answer, None where there was none."""
        lines, _ = self.process.communicate("", timeout=TIMEOUT)
        return [json.loads(line) for line in lines.splitlines()]


def test_heartbeat_never_misses():
    """Whatever happens to cells and on the other sockets, each ping is answered, and within a second."""
    promise(1, slowest_beat)


def slowest_beat():
    """Let a kernel go through all phases and return the time of the slowest answer."""
    km, kc = start()
    try:
        return heartbeat_of(km, kc)
    finally:
        stop(km, kc)


def heartbeat_of(km, kc):
    heart = Heart(km)
    try:
        run(kc, 'import ("fmt"; "runtime"; "strings")')
        with heart.during("nothing"):
            time.sleep(0.2)
        with heart.during("every processor busy, and an interrupt"):
            busy = kc.execute('for range 2 * runtime.NumCPU() {\n\tgo func() {\n\t\tfor {\n\t\t}\n\t}()\n}\nfmt.Println("busy")\nfor {\n}')
            wait_output(kc, busy, "busy")
            time.sleep(1)
            km.interrupt_kernel()
            assert reply_to(kc, busy)["content"]["ename"] == "KeyboardInterrupt"
        with heart.during("10 MB of output"):
            r = run(kc, 'line := strings.Repeat("x", 99)\nfor range 100_000 {\n\tfmt.Println(line)\n}')
            assert len(r.text()) == 10_000_000
        with heart.during("a cell of 20 MB"):
            assert run(kc, 'len("' + "x" * (20 << 20) + '")').result() == str(20 << 20)
        with heart.during("1,000 completions"):
            asked = [kc.complete("strings.", 8) for _ in range(1000)]
            assert len([i for i in asked if reply_to(kc, i)["content"]["matches"]]) == 1000
        with heart.during("100 MB of garbage on shell"):
            garbage(km, 100_000_000)
            assert run(kc, "1 + 1").result() == "2"
        with heart.during("the session's death"):
            r = run(kc, FATAL)
            assert r.content["ename"] == "EngineLost"
            assert run(kc, "1 + 1").result() == "2"
        assert heart.process.poll() is None, "the heartbeat stopped"
    finally:
        beats = heart.end()
    for phase, began, ended in heart.phases:
        took = [answer for sent, answer in beats if began <= sent < ended]
        assert took and None not in took, f"a ping without an answer: {phase}"
        print(f"{phase}: {len(took)} pings, the slowest answer after {1000 * max(took):.1f} ms")
    return max(answer for _, answer in beats)


def garbage(km, size):
    """Send one message that is no message of Jupyter's on shell."""
    c = connection(km)
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    try:
        dealer.connect(f"tcp://{c['ip']}:{c['shell_port']}")
        dealer.send_multipart([b"<IDS|MSG>", b"0" * 64, random.Random(1).randbytes(size), b"{}", b"{}", b"{}"], copy=False)
    finally:
        dealer.close(linger=30_000)


def vanish(s):
    """Close a connection so that the kernel hears nothing of it: no FIN, no RST."""
    try:
        s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        s.close()
        pytest.skip("a half-open connection needs the right to administer the network")
    s.close()


def test_half_open_connections(victim):
    """Peers that are gone without a word: before, in and after the handshake, and with a request."""
    km, kc = victim
    for port in PORTS:
        vanish(connect(km, port))
        s = connect(km, port)
        s.sendall(GREETING[:20])
        vanish(s)
    sub = zmtp(km, "iopub_port", b"SUB")
    sub.sendall(frame(0, b"\x01"))
    assert b"<IDS|MSG>" in receive(sub, 20)  # its welcome is on the way
    vanish(sub)
    vanish(zmtp(km, "hb_port", b"REQ"))
    for port in ("shell_port", "control_port", "stdin_port"):
        s = zmtp(km, port, b"DEALER", b"gone")
        frames = kc.session.serialize(kc.session.msg("kernel_info_request", {}))
        s.sendall(b"".join(frame(int(i < len(frames) - 1), f) for i, f in enumerate(frames)))
        vanish(s)

    def read():
        r = run(kc, 'import "fmt"\nfor i := range 20000 {\n\tfmt.Println(i)\n}')
        assert r.text() == "".join(f"{i}\n" for i in range(20000))

    promise(10, lambda: seconds(read))


def test_a_cell_of_100_megabytes(fresh):
    km, kc = fresh
    size = 100_000_000
    r = run(kc, 'len("' + "x" * size + '")')
    assert r.result() == str(size)
    assert run(kc, "1 + 1").result() == "2"


# Answers each request by itself, between two states: what the machine can do at all in Python.
BARE = """
import zmq
router, pub = (zmq.Context.instance().socket(kind) for kind in (zmq.ROUTER, zmq.XPUB))
router.sndhwm = router.rcvhwm = pub.sndhwm = 0
print(*(s.bind_to_random_port("tcp://127.0.0.1") for s in (router, pub)), flush=True)
pub.recv()
pub.send_multipart([b"welcome", b"<IDS|MSG>", b"", b"", b""])
while True:
    frames = router.recv_multipart()
    frames[4] = frames[3]
    pub.send_multipart([b"status", *frames[1:]])
    router.send_multipart(frames)
    pub.send_multipart([b"status", *frames[1:]])
"""


def flood(session, ip, shell_port, iopub_port, number=10_000):
    """Send requests as fast as it goes and return the seconds until each had its reply; each has its busy and idle."""
    ctx = zmq.Context.instance()
    dealer, sub = ctx.socket(zmq.DEALER), ctx.socket(zmq.SUB)
    try:
        for s, port in ((dealer, shell_port), (sub, iopub_port)):
            s.linger = 0
            s.sndhwm = s.rcvhwm = 0
            if s is sub:
                s.subscribe(b"")
            s.connect(f"tcp://{ip}:{port}")
        assert sub.poll(TIMEOUT * 1000)
        requests = [session.serialize(session.msg("comm_info_request", {})) for _ in range(number)]
        began = time.monotonic()
        for frames in requests:
            dealer.send_multipart(frames)
        replies = []
        while len(replies) < number:
            assert dealer.poll(TIMEOUT * 1000), f"{number - len(replies)} replies did not come"
            replies.append(dealer.recv_multipart())
        took = time.monotonic() - began
        states = []
        while len(states) < 2 * number:
            assert sub.poll(TIMEOUT * 1000), f"{2 * number - len(states)} states did not come"
            frames = sub.recv_multipart()
            if b"comm_info_request" in frames[frames.index(b"<IDS|MSG>") + 3]:
                states.append(frames)
        return took
    finally:
        dealer.close()
        sub.close()


def test_ten_thousand_messages_a_second(fresh):
    """Where the machine is too busy for that, a server that does nothing else must not be much faster either."""
    km, kc = fresh
    c, found = connection(km), []
    for _ in range(TRIES):
        took = flood(kc.session, c["ip"], c["shell_port"], c["iopub_port"])
        print(f"10000 requests in {took:.2f} s, {40_000 / took:.0f} messages a second")
        if took < 4:
            return
        bare = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE, text=True)
        try:
            found.append((took, flood(kc.session, "127.0.0.1", *bare.stdout.readline().split())))
        finally:
            bare.kill()
            bare.communicate()
        if took < 4 * found[-1][1]:
            return
    raise AssertionError(f"seconds for 10,000 requests, and those of a bare server: {found}")


SPOILED = ("a frame replaced", "a frame lost", "signed but no dictionary", "signed with unknown type", "cut short")


def spoil(chance, session, frames, how):
    """Make a message invalid in one of several ways."""
    if how == "a frame replaced":
        frames[chance.randrange(len(frames))] = chance.randbytes(chance.randrange(64))
    elif how == "a frame lost":
        del frames[chance.randrange(len(frames))]
    elif how == "cut short":
        frames = frames[: chance.randrange(1, len(frames))]
    elif how == "signed with unknown type":
        frames = session.serialize(session.msg(chance.choice(["", "no_request", "execute_reply", "status"]), {}))
    else:
        parts = frames[2:]
        parts[chance.randrange(4)] = chance.choice([b"[]", b"null", b"1e999", b'"x"', b"{", b"\xff", b"[" * 5000])
        frames = [b"<IDS|MSG>", session.sign(parts), *parts]
    return frames


def test_soak_of_valid_and_invalid_messages(fresh):
    """10,000 messages on two sockets, three of ten spoiled; each valid one has its reply, busy and idle, in order."""
    km, kc = fresh
    chance = random.Random(7)
    ctx = zmq.Context.instance()
    c = connection(km)
    sockets = {name: ctx.socket(zmq.DEALER) for name in ("shell", "control")}
    sub = ctx.socket(zmq.SUB)
    valid = [
        ("kernel_info_request", {}),
        ("is_complete_request", {"code": "1 +"}),
        ("complete_request", {"code": "fmt.Pri", "cursor_pos": 7}),
        ("inspect_request", {"code": "len", "cursor_pos": 3, "detail_level": 0}),
        ("comm_info_request", {}),
        ("history_request", {"hist_access_type": "tail", "n": 1}),
        ("history_request", {"hist_access_type": "no such"}),
        ("inspect_request", {"code": 7}),
    ]
    cells = [
        ("execute_request", {"code": "", "silent": True}),
        ("execute_request", {"code": "1 + 1", "silent": False, "stop_on_error": False}),
        ("execute_request", {"code": "1 +", "silent": False, "stop_on_error": False}),
    ]
    wanted = {}  # id to socket
    order = []  # of the cells
    try:
        for name, s in (*sockets.items(), ("iopub", sub)):
            s.linger = 0
            s.sndhwm = s.rcvhwm = 0
            if s is sub:
                s.subscribe(b"")
            s.connect(f"tcp://{c['ip']}:{c[name + '_port']}")
        assert sub.poll(TIMEOUT * 1000)
        for _ in range(10_000):
            name = chance.choice(list(sockets))
            msg = kc.session.msg(*chance.choice(cells if name == "shell" and chance.random() < 0.1 else valid))
            frames = kc.session.serialize(msg)
            if chance.random() < 0.3:
                frames = spoil(chance, kc.session, frames, chance.choice(SPOILED))
            else:
                wanted[msg["header"]["msg_id"]] = name
                if msg["header"]["msg_type"] == "execute_request":
                    order.append(msg["header"]["msg_id"])
            sockets[name].send_multipart(frames)
        states, replies, ran = {}, {}, []
        heard = time.monotonic()

        def missing():
            return [i for i in wanted if i not in replies or states.get(i, [])[-1:] != ["idle"]]

        while time.monotonic() < heard + TIMEOUT:
            quiet = True
            for name, s in (*sockets.items(), ("iopub", sub)):
                while s.poll(20):
                    quiet, heard = False, time.monotonic()
                    frames = s.recv_multipart()
                    header, parent, _, content = (json.loads(f) for f in frames[frames.index(b"<IDS|MSG>") + 2 :][:4])
                    i = parent.get("msg_id")
                    if name != "iopub":
                        assert wanted.get(i, name) == name and i not in replies, "a reply astray or twice"
                        replies[i] = content
                        if header["msg_type"] == "execute_reply" and i in wanted:
                            ran.append(i)
                    elif header["msg_type"] == "status":
                        states.setdefault(i, []).append(content["execution_state"])
            if quiet and not missing():
                break
        assert not missing(), f"{len(missing())} of {len(wanted)} valid requests lack a reply or their idle"
        for i in wanted:
            told = states[i]
            assert told[0] == "busy" and told[-1] == "idle" and told.count("idle") == 1, told
        assert ran == order, "cells ran out of order"
    finally:
        sub.close()
        for s in sockets.values():
            s.close()
    assert run(kc, "1 + 1").result() == "2"
