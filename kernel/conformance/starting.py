"""Which kernel is under test, and how it is started and ended.

FABRICBOOK_KERNEL names it: a kernelspec (default "fabricbook"), or the path of
the program, which is then run as `PROGRAM kernel --connection-file FILE`.
"""

import json
import os
import random
import socket
import tempfile
import uuid

from jupyter_client.connect import LocalPortCache
from jupyter_client.manager import KernelManager

WANTED = os.environ.get("FABRICBOOK_KERNEL", "fabricbook")
STATE = tempfile.TemporaryDirectory(prefix="kernel-conformance-")
KERNEL = "under-test" if os.sep in WANTED else WANTED
GIVEN = set()  # ports
READY = 120  # seconds until a start is given up, however busy the machine


def surroundings():
    """Return what the kernel's environment has to hold; None removes a name."""
    found = {
        "FABRICBOOK_DATA": os.path.join(STATE.name, "data"),
        "FABRICBOOK_OUTPUT_LIMIT": "off",
        "JPY_SESSION_NAME": None,
    }
    if os.sep in WANTED:
        found["JUPYTER_PATH"] = os.path.join(STATE.name, "share")
        write_spec(
            KERNEL,
            argv=[os.path.abspath(WANTED), "kernel", "--connection-file", "{connection_file}"],
            display_name="kernel under test",
            language="go",
            interrupt_mode="message",
            metadata={"supported_encryption": ["curve"]},
        )
    return found


def write_spec(name, **spec):
    """Make a kernelspec below STATE, which JUPYTER_PATH has to name."""
    folder = os.path.join(STATE.name, "share", "kernels", name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "kernel.json"), "w", encoding="utf-8") as f:
        json.dump(spec, f)


def free_port(ip="127.0.0.1"):
    """A free port that no outgoing connection takes before its server does, as it may one of those that the system gives."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.SystemRandom().randrange(10_000, max(first, 30_000))
        with socket.socket() as s:
            try:
                s.bind((ip, port))
            except OSError:
                continue
        if port not in GIVEN:
            GIVEN.add(port)
            return port


def enter():
    """Set the environment and return what it was, for leave."""
    LocalPortCache.find_available_port = lambda _, ip: free_port(ip)
    before = {}
    for name, value in surroundings().items():
        before[name] = os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    return before


def leave(before):
    """Set the environment as it was before enter."""
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def start(env=None, **options):
    """Start a kernel and return its manager and a client that is ready."""
    km = KernelManager(kernel_name=KERNEL, **options)
    km.start_kernel(env={**os.environ, **(env or {})})
    return km, connected(km.client())


def connected(kc):
    """Connect a client and wait until the kernel has answered it."""
    kc.start_channels()
    kc.wait_for_ready(timeout=READY)
    return kc


def another(km):
    """One more client, with a name of its own: one of the same name takes the first one's place."""
    kc = km.client()
    kc.session.session = str(uuid.uuid4())
    return connected(kc)


def stop(km, kc):
    """End a kernel however it behaves."""
    kc.stop_channels()
    km.shutdown_kernel(now=True)
    km.context.destroy(linger=0)  # the manager leaves its sockets open otherwise


def drain(kc):
    """Read and drop what waits on shell and iopub."""
    for channel in (kc.shell_channel, kc.iopub_channel):
        while channel.msg_ready():
            channel.get_msg(timeout=0)
