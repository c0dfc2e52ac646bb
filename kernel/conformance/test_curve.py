"""Sockets sealed by CurveZMQ, as jupyter_client 8.9 and later ask for them in the connection file."""

import contextlib
import json
import os
import random

import pytest
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from .driving import TIMEOUT, beats, control, outputs, promise, reply_to, run, seconds
from .starting import KERNEL, start, stop
from .test_faults import frame, ready, refuses

pytestmark = pytest.mark.skipif(not zmq.has("curve"), reason="this pyzmq has no CURVE")

PORTS = {
    "shell_port": zmq.DEALER,
    "iopub_port": zmq.SUB,
    "stdin_port": zmq.DEALER,
    "control_port": zmq.DEALER,
    "hb_port": zmq.REQ,
}
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01CURVE" + bytes(15) + b"\x00" + bytes(31)


@pytest.fixture(scope="module")
def sealed(surroundings):
    """A kernel whose sockets are sealed; it lives through all of this module."""
    km, kc = start(transport_encryption="required")
    yield km, kc
    assert km.is_alive()
    stop(km, kc)


def connection(km):
    with open(km.connection_file, encoding="utf-8") as f:
        return json.load(f)


def socket(km, port, server=None, keys=None, identity=b""):
    """Connect one socket, sealed if server's public key is given."""
    c = connection(km)
    s = zmq.Context.instance().socket(PORTS[port])
    s.linger = 0
    if identity:
        s.identity = identity
    if server:
        s.curve_publickey, s.curve_secretkey = keys or zmq.curve_keypair()
        s.curve_serverkey = server
    if PORTS[port] == zmq.SUB:
        s.subscribe(b"")
    at = f"{c['ip']}:{c[port]}" if c["transport"] == "tcp" else f"{c['ip']}-{c[port]}"
    s.connect(f"{c['transport']}://{at}")
    return s


def public(km):
    return connection(km)["curve_publickey"].encode()


def test_the_kernelspec_declares_it():
    assert KernelSpecManager().get_kernel_spec(KERNEL).metadata["supported_encryption"] == ["curve"]


def test_every_socket_of_the_client(sealed):
    km, kc = sealed
    assert len(connection(km)["curve_secretkey"]) == 40
    r = run(kc, "1 + 1")
    assert r.result() == "2" and r.states() == ["busy", "idle"]
    assert control(kc, "kernel_info_request", {})["content"]["status"] == "ok"
    msg_id = kc.execute('import "fmt"\nwho, _ := display.Input("who?")\nfmt.Println("hello", who)', allow_stdin=True)
    assert kc.get_stdin_msg(timeout=TIMEOUT)["content"]["prompt"] == "who?"
    kc.input("Ada")
    assert reply_to(kc, msg_id)["content"]["status"] == "ok"
    assert any("hello Ada" in m["content"].get("text", "") for m in outputs(kc, msg_id))
    kc.hb_channel.unpause()
    beats(kc)


def test_heartbeat_and_welcome_with_keys_of_ones_own(sealed):
    """jupyter_client's heartbeat makes a fresh key pair; the server's public key is what counts."""
    km, _ = sealed
    for keys in (None, (public(km), connection(km)["curve_secretkey"].encode())):
        beat, sub = socket(km, "hb_port", public(km), keys), socket(km, "iopub_port", public(km), keys)
        beat.send(b"ping")
        assert beat.poll(TIMEOUT * 1000) and beat.recv() == b"ping"
        assert sub.poll(TIMEOUT * 1000)
        assert b'"iopub_welcome"' in b"".join(sub.recv_multipart())
        beat.close()
        sub.close()


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("how", ["plain", "wrong key"])
def test_strangers_get_nothing_and_block_nobody(sealed, port, how):
    km, kc = sealed
    frames = kc.session.serialize(kc.session.msg("kernel_info_request", {}))
    strangers = [socket(km, port, zmq.curve_keypair()[0] if how == "wrong key" else None) for _ in range(10)]
    try:
        for s in strangers:
            if PORTS[port] != zmq.SUB:
                with contextlib.suppress(zmq.Again):  # already refused
                    s.send_multipart(frames, zmq.NOBLOCK)

        def cells():
            for _ in range(20):
                assert run(kc, "1 + 1").result() == "2"

        promise(10, lambda: seconds(cells))
        assert not any(s.poll(50) for s in strangers)
    finally:
        for s in strangers:
            s.close()


@pytest.mark.parametrize("port", PORTS)
def test_garbage(sealed, port):
    km, kc = sealed
    chance = random.Random(port)
    hello = frame(4, b"\x05HELLO\x01\x00" + bytes(72) + chance.randbytes(120))
    for start_with in (GREETING, GREETING + hello, GREETING[:12] + b"NULL" + GREETING[16:] + ready(b"DEALER")):
        assert refuses(km, port, start_with + chance.randbytes(4096))
    assert run(kc, "1").status == "ok"


def test_large_and_many_parts(sealed):
    km, kc = sealed
    size = 20_000_000
    assert run(kc, 'len("' + "x" * size + '")').result() == str(size)
    text = run(kc, 'import ("fmt"; "strings")\nfmt.Print(strings.Repeat("0123456789", 300_000))').text()
    assert text == "0123456789" * 300_000
    s = socket(km, "shell_port", public(km), identity=b"parts")
    msg = kc.session.msg("comm_info_request", {})
    s.send_multipart(kc.session.serialize(msg) + [os.urandom(n) for n in (0, 1, 255, 256, 70_000, 9_000_000)] + [b""] * 500)
    assert s.poll(TIMEOUT * 1000) and msg["header"]["msg_id"].encode() in b"".join(s.recv_multipart())
    s.close()


def test_a_lost_connection_comes_back(sealed):
    km, kc = sealed
    c = connection(km)
    url = f"tcp://{c['ip']}:{c['shell_port']}"
    s = socket(km, "shell_port", public(km), identity=b"again")
    for _ in range(5):
        s.send_multipart(kc.session.serialize(kc.session.msg("kernel_info_request", {})))
        assert s.poll(TIMEOUT * 1000)
        s.recv_multipart()
        s.disconnect(url)
        s.connect(url)
    s.close()


def test_restart_with_the_same_keys_and_client():
    km, kc = start(transport_encryption="required")
    try:
        before = connection(km)
        assert run(kc, "x := 7").status == "ok"
        km.restart_kernel(now=True)
        kc.wait_for_ready(timeout=TIMEOUT)
        assert connection(km)["curve_publickey"] == before["curve_publickey"]
        assert run(kc, "x").status == "error"
    finally:
        stop(km, kc)


def test_ipc(tmp_path):
    km, kc = start(transport="ipc", ip=str(tmp_path / "sock"), transport_encryption="auto")
    try:
        assert "curve_publickey" in connection(km)
        assert run(kc, "1 + 1").result() == "2"
        plain = socket(km, "iopub_port")
        assert run(kc, "1 + 1").result() == "2" and not plain.poll(200)
        plain.close()
    finally:
        stop(km, kc)


def test_without_it_nothing_changes():
    """What a jupyter_client older than 8.9 does: it asks for nothing."""
    km, kc = start()
    try:
        assert "curve_publickey" not in connection(km)
        assert run(kc, "1 + 1").result() == "2"
    finally:
        stop(km, kc)
