"""Strangers in numbers, and clients that stop in their tracks."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from .driving import TIMEOUT, promise, run
from .starting import start, stop
from .test_faults import GREETING, PORTS, closed, connect, frame, newcomer, read_frame, ready, zmtp

HANDSHAKE = 10  # seconds that the kernel gives to it
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
SUBSCRIBER = """
import json, sys, zmq
with open(sys.argv[1], encoding="utf-8") as f:
    c = json.load(f)
s = zmq.Context().socket(zmq.SUB)
s.subscribe(b"")
s.connect(f"tcp://{c['ip']}:{c['iopub_port']}")
s.recv_multipart()
print("welcome", flush=True)
while True:
    s.recv_multipart()
"""


@pytest.fixture(scope="module", autouse=True)
def room(surroundings):
    """Let this process open as many files as the tests need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def pid(km):
    return km.provisioner.process.pid


def open_files(km):
    return len(os.listdir(f"/proc/{pid(km)}/fd"))


def resident(km):
    """Return the memory that the kernel's protocol side holds, in megabytes."""
    with open(f"/proc/{pid(km)}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    raise AssertionError("no VmRSS")


def eventually(what, is_so):
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def test_two_thousand_connections_at_once_and_their_release(fresh):
    km, kc = fresh
    assert run(kc, "1").status == "ok"
    before = open_files(km)
    for port, kind in (("shell_port", None), ("iopub_port", None), ("shell_port", b"DEALER"), ("iopub_port", b"SUB")):
        strangers = [zmtp(km, port, kind) if kind else connect(km, port) for _ in range(2000)]
        newcomer(km)
        assert run(kc, "1").status == "ok"
        for s in strangers:
            s.close()
        eventually("the kernel closes them too", lambda: open_files(km) < before + 10)


def test_a_scan_of_every_kind(fresh):
    km, kc = fresh
    before = open_files(km)
    for port in PORTS:
        for said in (b"", b"GET / HTTP/1.0\r\n\r\n", TLS_HELLO, b"\x00", b"\xff", b"SSH-2.0-x\r\n", os.urandom(512)):
            s = connect(km, port)
            with contextlib.suppress(ConnectionError):
                s.sendall(said)
            s.close()
    newcomer(km)
    assert run(kc, "1").status == "ok"
    eventually("all are gone", lambda: open_files(km) < before + 10)


def byte_by_byte(km, kc, number):
    """Let a number of strangers shake hands slowly, while cells run; return how long that took."""
    strangers = [connect(km, "shell_port") for _ in range(number)]
    began = time.monotonic()
    try:
        for i, byte in enumerate(GREETING + ready(b"DEALER")):
            for s in strangers:
                s.sendall(bytes([byte]))
            if i % 20 == 0:
                assert run(kc, "1").status == "ok"
        took = time.monotonic() - began
        for s in strangers:  # slow as they were, they spoke the protocol
            s.sendall(frame(4, b"\x04PING\x00\x10c"))
            got = b""
            while b"PONGc" not in got:
                got += (more := s.recv(4096))
                if not more:
                    raise ConnectionError("a slow handshake was not waited for")
        return took
    except ConnectionError:
        if (took := time.monotonic() - began) < HANDSHAKE:
            raise
        return took
    finally:
        for s in strangers:
            s.close()


def test_a_handshake_byte_by_byte(fresh):
    km, kc = fresh
    numbers = iter((50, 25, 12, 6, 3))  # where the machine does not get through in the time that there is for a handshake
    promise(HANDSHAKE, lambda: byte_by_byte(km, kc, next(numbers)))
    late = connect(km, "shell_port")
    late.sendall(GREETING[:30])
    assert closed(late), "a handshake without end was waited for"


def test_a_stopped_subscriber(fresh):
    """SIGSTOP: 600 MB come to the other client; the kernel's memory stays bounded."""
    km, kc = fresh
    child = subprocess.Popen([sys.executable, "-c", SUBSCRIBER, km.connection_file], stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"welcome\n"
        child.send_signal(signal.SIGSTOP)
        most = 0
        for _ in range(12):
            r = run(kc, 'import ("fmt"; "strings")\nfor range 50 {\n\tfmt.Print(strings.Repeat("z", 1e6))\n}')
            assert r.status == "ok" and len(r.text()) == 50_000_000
            most = max(most, resident(km))
        assert most < 1200
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert run(kc, "1").status == "ok"


@pytest.mark.parametrize("question", [b"\x04PING\x00\x10context", b"\x09SUBSCRIBE"])
def test_asking_without_reading(fresh, question):
    km, kc = fresh
    s = zmtp(km, "iopub_port", b"SUB")
    s.settimeout(TIMEOUT)
    with pytest.raises(ConnectionError):
        for _ in range(10_000):
            s.sendall(frame(4, question) * 10_000)
    s.close()
    assert resident(km) < 300
    assert run(kc, "1").status == "ok"


def test_tiny_frames_and_tiny_messages(fresh):
    km, kc = fresh
    s = zmtp(km, "shell_port", b"DEALER")
    for _ in range(5):
        s.sendall(frame(0, b"x") * 50_000)
        s.sendall(b"\x01\x00" * 65_000 + b"\x00\x00")
    assert run(kc, "1").status == "ok"
    with contextlib.suppress(ConnectionError):
        s.sendall(b"\x01\x00" * 70_000)
    assert closed(s)
    assert resident(km) < 300


def test_shutdown_while_clients_stall():
    promise(8, shutdown_while_clients_stall)


def shutdown_while_clients_stall():
    """Return how long the end of a kernel takes that nobody reads from."""
    km, kc = start()
    held = [zmtp(km, port, kind) for port in PORTS for kind in [b"SUB" if port == "iopub_port" else b"DEALER"] * 5]
    held += [connect(km, port) for port in PORTS]
    for s in held[5:10]:
        s.sendall(frame(4, b"\x09SUBSCRIBE"))
        assert read_frame(s)
    assert run(kc, 'import ("fmt"; "strings")\nfor range 30 {\n\tfmt.Print(strings.Repeat("z", 1e6))\n}').status == "ok"
    began = time.monotonic()
    kc.shutdown()
    eventually("the kernel ends", lambda: km.provisioner.process.poll() is not None)
    took = time.monotonic() - began
    for s in held:
        s.close()
    stop(km, kc)
    return took
