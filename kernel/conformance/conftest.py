"""Start the kernel under test for every test of this folder.

FABRICBOOK_KERNEL names it: a kernelspec (default "fabricbook"), or the path of
the program, which is then run as `PROGRAM kernel --connection-file FILE`.
"""

import json
import os
import tempfile

import pytest
from jupyter_client.manager import KernelManager

WANTED = os.environ.get("FABRICBOOK_KERNEL", "fabricbook")
STATE = tempfile.TemporaryDirectory(prefix="kernel-conformance-")
os.environ["FABRICBOOK_DATA"] = os.path.join(STATE.name, "data")
os.environ.pop("JPY_SESSION_NAME", None)


def kernelspec():
    """Return the kernelspec's name; make one where a program was named."""
    if os.sep not in WANTED:
        return WANTED
    spec = os.path.join(STATE.name, "share", "kernels", "under-test")
    os.makedirs(spec)
    with open(os.path.join(spec, "kernel.json"), "w", encoding="utf-8") as f:
        json.dump(
            {
                "argv": [os.path.abspath(WANTED), "kernel", "--connection-file", "{connection_file}"],
                "display_name": "kernel under test",
                "language": "go",
                "interrupt_mode": "message",
            },
            f,
        )
    os.environ["JUPYTER_PATH"] = os.path.join(STATE.name, "share")
    return "under-test"


KERNEL = kernelspec()


def start(env=None, **options):
    """Start a kernel and return its manager and a client that is ready."""
    km = KernelManager(kernel_name=KERNEL, **options)
    km.start_kernel(env={**os.environ, **(env or {})})
    kc = km.client()
    kc.start_channels()
    kc.wait_for_ready(timeout=30)
    return km, kc


def stop(km, kc):
    """End a kernel however it behaves."""
    kc.stop_channels()
    km.shutdown_kernel(now=True)
    km.context.destroy(linger=0)  # the manager leaves its sockets open otherwise


@pytest.fixture(scope="module")
def kernel():
    """One kernel for the tests of a module."""
    km, kc = start()
    yield km, kc
    stop(km, kc)


@pytest.fixture
def fresh():
    """A kernel for one test that it may harm."""
    km, kc = start()
    yield km, kc
    stop(km, kc)


@pytest.fixture
def client(kernel):
    """The module's client with no message left to read."""
    _, kc = kernel
    drain(kc)
    return kc


def drain(kc):
    """Read and drop what waits on shell and iopub."""
    for channel in (kc.shell_channel, kc.iopub_channel):
        while channel.msg_ready():
            channel.get_msg(timeout=0)


@pytest.fixture(autouse=True, scope="session")
def no_leaks():
    """Tell when the tests leave file descriptors open: each kernel costs dozens."""
    yield
    left = len(os.listdir("/proc/self/fd"))
    assert left < 200, f"{left} file descriptors are open at the end"
