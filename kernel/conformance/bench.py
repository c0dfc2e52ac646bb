"""Compare the kernel with ipykernel in one run, both driven in the same way.

Prints medians. FABRICBOOK_KERNEL names the kernel as for the tests;
`bench.py --cells N` sets the number of cells of the long session.
"""

import argparse
import os
import statistics
import time

import zmq
from jupyter_client.manager import KernelManager
from starting import KERNEL, enter

TIMEOUT = 60_000
PROGRAMS = {
    "Fabricbook": {
        "kernel": KERNEL,
        "warm": 'import ("fmt"; "strings")',
        "lines": "for i := range 1000 {\n\tfmt.Println(i)\n}",
        "bulk": 'fmt.Print(strings.Repeat("0123456789abcde\\n", 655360))',
        "complete": "fmt.Pri",
    },
    "ipykernel": {
        "kernel": "python3",
        "warm": "import sys",
        "lines": "for i in range(1000):\n    print(i)",
        "bulk": 'sys.stdout.write("0123456789abcde\\n" * 655360)',
        "complete": "sys.std",
    },
}


class Client:
    """A client on bare sockets, so that little of what is measured is its own."""

    def __init__(self, name):
        self.manager = KernelManager(kernel_name=name)
        began = time.perf_counter()
        self.manager.start_kernel()
        info = self.manager.get_connection_info()
        self.session = self.manager.session
        context = zmq.Context.instance()
        self.shell = context.socket(zmq.DEALER)
        self.iopub = context.socket(zmq.SUB)
        self.iopub.subscribe(b"")
        self.iopub.rcvhwm = 0
        for sock, port in ((self.shell, "shell_port"), (self.iopub, "iopub_port")):
            sock.linger = 0
            sock.connect(f"tcp://{info['ip']}:{info[port]}")
        self.ask("kernel_info_request", {})
        self.started = time.perf_counter() - began
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # until the subscription stands
            self.ask("kernel_info_request", {})
            if self.iopub.poll(50):
                break
        while self.iopub.poll(100):
            self.iopub.recv_multipart()

    def send(self, msg_type, content):
        msg = self.session.msg(msg_type, content)
        self.shell.send_multipart(self.session.serialize(msg))
        return msg["header"]["msg_id"].encode()

    def receive(self, sock, parent, wanted=b""):
        """Read until a message of that parent holds the wanted bytes in its content."""
        while True:
            if not sock.poll(TIMEOUT):
                raise TimeoutError("the kernel does not answer")
            frames = sock.recv_multipart()
            at = frames.index(b"<IDS|MSG>")
            if parent in frames[at + 3] and wanted in frames[at + 5]:
                return frames

    def ask(self, msg_type, content):
        parent = self.send(msg_type, content)
        return self.receive(self.shell, parent)

    def cell(self, code):
        """Run a cell to reply and idle; return the seconds that it took."""
        began = time.perf_counter()
        parent = self.send("execute_request", {"code": code, "silent": False, "store_history": True,
                                               "user_expressions": {}, "allow_stdin": False, "stop_on_error": True})
        reply = self.receive(self.shell, parent)
        self.receive(self.iopub, parent, b'"idle"')
        took = time.perf_counter() - began
        if b'"ok"' not in reply[reply.index(b"<IDS|MSG>") + 5]:
            raise RuntimeError(f"cell failed: {code!r}: {reply[-1]!r}")
        return took

    def memory(self):
        """Resident bytes of the kernel and the processes below it."""
        total, todo = 0, [self.manager.provisioner.pid]
        while todo:
            pid = todo.pop()
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:")) * 1024
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                children = set(f.read().split())
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                    children |= set(f.read().split())
            todo += [int(c) for c in children]
        return total

    def close(self):
        self.shell.close()
        self.iopub.close()
        self.manager.shutdown_kernel(now=True)


def median_ms(seconds):
    return 1000 * statistics.median(seconds)


def measure(program, starts, cells):
    """Return the figures of one kernel by name, in the order of the table."""
    figures = {}
    took = []
    for _ in range(starts):
        client = Client(program["kernel"])
        took.append(client.started)
        client.close()
    figures["start to first reply, ms"] = median_ms(took)
    client = Client(program["kernel"])
    try:
        client.cell(program["warm"])
        figures["memory at start, MiB"] = client.memory() / 2**20
        took = [client.cell("1 + 1") for _ in range(cells)]
        figures["round trip of 1+1, ms"] = median_ms(took)
        figures[f"cells 1 to 50 of {cells}, ms"] = median_ms(took[:50])
        figures[f"the last 50 of {cells}, ms"] = median_ms(took[-50:])
        figures["1,000 printed lines, ms"] = median_ms([client.cell(program["lines"]) for _ in range(15)])
        figures["10 MiB of output, ms"] = median_ms([client.cell(program["bulk"]) for _ in range(5)])
        took = []
        for _ in range(50):
            began = time.perf_counter()
            client.ask("complete_request", {"code": program["complete"], "cursor_pos": len(program["complete"])})
            took.append(time.perf_counter() - began)
        figures["completion, ms"] = median_ms(took)
        figures["memory at the end, MiB"] = client.memory() / 2**20
    finally:
        client.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--cells", type=int, default=1000)
    args = parser.parse_args()
    enter()
    table = {name: measure(program, args.starts, args.cells) for name, program in PROGRAMS.items()}
    ours, theirs = table.values()
    print(f"{'median':32}{'Fabricbook':>12}{'ipykernel':>12}{'share':>8}")
    for row in ours:
        print(f"{row:32}{ours[row]:12.2f}{theirs[row]:12.2f}{ours[row] / theirs[row]:8.2f}")


if __name__ == "__main__":
    main()
