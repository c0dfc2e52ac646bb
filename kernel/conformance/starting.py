"""Which kernel is under test, and how it is started and ended.

FABRICBOOK_KERNEL names it: a kernelspec (default "fabricbook"), or the path of
the program, which is then run as `PROGRAM kernel --connection-file FILE`.
"""

import json
import os
import tempfile

from jupyter_client.manager import KernelManager

WANTED = os.environ.get("FABRICBOOK_KERNEL", "fabricbook")
STATE = tempfile.TemporaryDirectory(prefix="kernel-conformance-")
KERNEL = "under-test" if os.sep in WANTED else WANTED


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


def enter():
    """Set the environment and return what it was, for leave."""
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
    kc = km.client()
    kc.start_channels()
    kc.wait_for_ready(timeout=30)
    return km, kc


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
