"""Compare the kernel with ipykernel in one run, both driven in the same way.

The kernels take turns, cell by cell, so that what else the machine does weighs on
both alike. Prints medians and their ratio. FABRICBOOK_KERNEL names the kernel as
for the tests; `bench.py --cells N` sets the number of cells of the long session.
"""

import argparse
import os
import statistics
import subprocess
import time

import zmq
from jupyter_client.kernelspec import KernelSpecManager
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
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        info = self.manager.get_connection_info()
        self.session = self.manager.session
        context = zmq.Context.instance()
        self.shell = context.socket(zmq.DEALER)
        self.iopub = context.socket(zmq.SUB)
        self.iopub.subscribe(b"")
        self.iopub.rcvhwm = 0
        for sock, port in ((self.shell, "shell_port"), (self.iopub, "iopub_port")):
            sock.linger = 0
            sock.reconnect_ivl = 1  # libzmq's own 100 ms would be all that is measured
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


class Table:
    """Figures by name and peer, in the order in which they were first taken."""

    def __init__(self):
        self.taken = {}

    def add(self, name, peer, value):
        self.taken.setdefault(name, {}).setdefault(peer, []).append(value)

    def print(self, peers):
        """Print medians and, beside them, how much of the last peer's the first one's are."""
        print(f"{'median':36}" + "".join(f"{p:>12}" for p in peers) + f"{'share':>8}")
        for name, found in self.taken.items():
            middle = [statistics.median(found[p]) for p in peers]
            print(f"{name:36}" + "".join(f"{m:12.2f}" for m in middle) + f"{middle[0] / middle[-1]:8.2f}")


def starts(table, rounds):
    """Start and end each kernel in turn."""
    for _ in range(rounds):
        for peer, program in PROGRAMS.items():
            client = Client(program["kernel"])
            table.add("start to first reply, ms", peer, 1000 * client.started)
            began = time.perf_counter()
            client.cell("1 + 1")
            table.add("its first cell, ms", peer, 1000 * (time.perf_counter() - began))
            client.close()


def sessions(table, cells, rounds):
    """Run the same cells in one session of each kernel, by turns."""
    clients = {}
    try:
        for peer, program in PROGRAMS.items():
            clients[peer] = Client(program["kernel"])
            clients[peer].cell(program["warm"])
        for name, code, number in (("1+1", None, cells), ("lines", "lines", rounds), ("bulk", "bulk", rounds // 3)):
            for i in range(number):
                for peer, client in clients.items():
                    took = 1000 * client.cell(PROGRAMS[peer][code] if code else "1 + 1")
                    if code is None:
                        table.add("round trip of 1+1, ms", peer, took)
                        if i < 50:
                            table.add("  the first 50, ms", peer, took)
                        if i >= cells - 50:
                            table.add(f"  the last 50 of {cells}, ms", peer, took)
                    else:
                        table.add({"lines": "1,000 printed lines, ms", "bulk": "10 MiB of output, ms"}[name], peer, took)
        for _ in range(rounds):
            for peer, client in clients.items():
                text = PROGRAMS[peer]["complete"]
                began = time.perf_counter()
                client.ask("complete_request", {"code": text, "cursor_pos": len(text)})
                table.add("completion, ms", peer, 1000 * (time.perf_counter() - began))
        for _ in range(3):
            for peer, client in clients.items():
                table.add("20 MB cell, ms", peer, 1000 * client.cell('len("' + "x" * 20_000_000 + '")'))
        for peer, client in clients.items():
            table.add("memory at the end, MiB", peer, client.memory() / 2**20)
    finally:
        for client in clients.values():
            client.close()


def memory(table):
    """Weigh each kernel after one cell, alone."""
    for peer, program in PROGRAMS.items():
        client = Client(program["kernel"])
        client.cell(program["warm"])
        table.add("memory after one cell, MiB", peer, client.memory() / 2**20)
        client.close()


def beside_gonb(rounds):
    """Compare with gonb, which compiles each cell, where its kernelspec is installed."""
    if "gonb" not in KernelSpecManager().find_kernel_specs():
        print("gonb is not installed here; `gonb --install` makes it a peer")
        return
    table, ours = Table(), PROGRAMS["Fabricbook"]
    peers = {"Fabricbook": (ours["kernel"], "fmt.Println(1 + 1)", ours["lines"], ours["bulk"]),
             "gonb": ("gonb", "%%\nfmt.Println(1 + 1)", "%%\n" + ours["lines"], "%%\n" + ours["bulk"])}
    clients = {}
    try:
        for peer, (kernel, *_) in peers.items():
            clients[peer] = Client(kernel)
            table.add("start to first reply, ms", peer, 1000 * clients[peer].started)
            clients[peer].cell(ours["warm"])
        for _ in range(rounds):
            for peer, (_, one, lines, bulk) in peers.items():
                table.add("print 1+1, ms", peer, 1000 * clients[peer].cell(one))
                table.add("1,000 printed lines, ms", peer, 1000 * clients[peer].cell(lines))
                table.add("10 MiB of output, ms", peer, 1000 * clients[peer].cell(bulk))
    finally:
        for client in clients.values():
            client.close()
    table.print(list(peers))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    enter()
    table = Table()
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    starts(table, args.starts)
    memory(table)
    sessions(table, args.cells, args.rounds)
    table.print(list(PROGRAMS))
    beside_gonb(5)


if __name__ == "__main__":
    main()
