"""Compare the kernel with ipykernel in one run, both driven in the same way.

The kernels take turns, cell by cell, so that what else the machine does weighs on
both alike. Prints medians and their ratio, of the time that passed and of the time
that the kernel's processes ran ("processor"), which other work on the machine does
not change as much. FABRICBOOK_KERNEL names the kernel as for the tests; `bench.py
--cells N` sets the number of cells of the long session. GONB, the path of gonb's
program, makes that a peer too.
"""

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import time

import zmq
from jupyter_client.manager import KernelManager
from starting import KERNEL, STATE, enter, write_spec

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

    def processes(self):
        """Return the process ids of the kernel and of what runs below it."""
        found, todo = [], [self.manager.provisioner.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                    todo += [int(c) for c in f.read().split()]
        return found

    def memory(self):
        """Resident bytes of the kernel and the processes below it."""
        total = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:")) * 1024
        return total

    def processor(self):
        """Seconds for which the kernel's living processes have run."""
        total = 0
        for pid in self.processes():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        return total / 1e9

    def measured(self, code):
        """Run a cell; return the milliseconds that it took and that the kernel ran."""
        before = self.processor()
        took = self.cell(code)
        return 1000 * took, 1000 * (self.processor() - before)

    def close(self):
        self.shell.close()
        self.iopub.close()
        below = []
        with contextlib.suppress(OSError):  # it has died already
            below = self.processes()[1:]
        self.manager.shutdown_kernel(now=True)
        for pid in below:  # gonb leaves some behind
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Table:
    """Figures by name and peer, in the order in which they were first taken."""

    def __init__(self):
        self.taken = {}

    def add(self, name, peer, value):
        self.taken.setdefault(name, {}).setdefault(peer, []).append(value)

    def print(self, peers):
        """Print medians and, beside them, how much of the last peer's the first one's are."""
        print(f"{'median':46}" + "".join(f"{p:>12}" for p in peers) + f"{'share':>8}")
        for name, found in self.taken.items():
            middle = [statistics.median(found[p]) for p in peers]
            print(f"{name:46}" + "".join(f"{m:12.2f}" for m in middle) + f"{middle[0] / middle[-1]:8.2f}")


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


BULK = {"10 MiB of output": 1, "100 MiB of output": 10}  # times PROGRAMS' bulk


def sessions(table, rounds):
    """Run the same cells in one session of each kernel, by turns."""
    clients = {}
    try:
        for peer, program in PROGRAMS.items():
            clients[peer] = Client(program["kernel"])
            clients[peer].cell(program["warm"])

        def turn(name, codes, number):
            for _ in range(number):
                for peer, client in clients.items():
                    took, ran = client.measured(codes[peer])
                    table.add(name + ", ms", peer, took)
                    table.add("  processor, ms (" + name + ")", peer, ran)

        turn("round trip of 1+1", dict.fromkeys(clients, "1 + 1"), 5 * rounds)
        turn("1,000 printed lines", {p: PROGRAMS[p]["lines"] for p in clients}, rounds)
        for name, times in BULK.items():
            codes = {p: PROGRAMS[p]["bulk"].replace("655360", str(655360 * times)) for p in clients}
            turn(name, codes, max(2, rounds // 3 // times))
        for _ in range(rounds):
            for peer, client in clients.items():
                text = PROGRAMS[peer]["complete"]
                began = time.perf_counter()
                client.ask("complete_request", {"code": text, "cursor_pos": len(text)})
                table.add("completion, ms", peer, 1000 * (time.perf_counter() - began))
        turn("20 MB cell", dict.fromkeys(clients, 'len("' + "x" * 20_000_000 + '")'), 3)
    finally:
        for client in clients.values():
            client.close()


# Cells of a long session by what they do, for each peer; i is the cell's number.
KINDS = {
    "1 + 1": {"Fabricbook": lambda i: "1 + 1", "ipykernel": lambda i: "1 + 1"},
    "declare a variable": {"Fabricbook": lambda i: f"v{i} := {i}\nv{i}", "ipykernel": lambda i: f"v{i} = {i}\nv{i}"},
    "declare the variable again": {"Fabricbook": lambda i: f"x := {i}\nx + 1", "ipykernel": lambda i: f"x = {i}\nx + 1"},
    "declare a function": {
        "Fabricbook": lambda i: f"func f{i}(n int) int {{\n\treturn n + {i}\n}}\nf{i}(1)",
        "ipykernel": lambda i: f"def f{i}(n):\n    return n + {i}\nf{i}(1)",
    },
    "declare the function again": {
        "Fabricbook": lambda i: f"func g(n int) int {{\n\treturn n + {i}\n}}\ng(1)",
        "ipykernel": lambda i: f"def g(n):\n    return n + {i}\ng(1)",
    },
    "declare a type with a method": {
        "Fabricbook": lambda i: f"type T{i} struct{{ n int }}\nfunc (t T{i}) Add(n int) int {{\n\treturn t.n + n\n}}\nT{i}{{1}}.Add(2)",
        "ipykernel": lambda i: f"class T{i}:\n    def __init__(self, n):\n        self.n = n\n    def add(self, n):\n        return self.n + n\nT{i}(1).add(2)",
    },
    "declare the type again": {
        "Fabricbook": lambda i: f"type U struct{{ n int }}\nfunc (u U) Add(n int) int {{\n\treturn u.n + n + {i}\n}}\nU{{1}}.Add(2)",
        "ipykernel": lambda i: f"class U:\n    def __init__(self, n):\n        self.n = n\n    def add(self, n):\n        return self.n + n + {i}\nU(1).add(2)",
    },
}
WARM, EDGE = 5, 50  # cells of each kind that do not count, and that do, at either end


def growth(cells):
    """Run a long session of all kinds of cells, and compare its end with its beginning."""
    clients = {peer: Client(program["kernel"]) for peer, program in PROGRAMS.items()}
    rounds = max(2 * EDGE, cells // len(KINDS)) + WARM
    taken = {(k, p): [] for k in KINDS for p in clients}
    memory = {}
    try:
        for i in range(rounds):
            for kind, codes in KINDS.items():
                for peer, client in clients.items():
                    taken[kind, peer].append(client.measured(codes[peer](i)))
            if i == WARM:
                memory = {p: c.memory() for p, c in clients.items()}
        total = rounds * len(KINDS)
        title = f"long session of {total} cells: last {EDGE} of a kind against its first {EDGE}, medians"
        print(f"\n{title}\n{'':30}" + "".join(f"{p + ', ms':>18}{'ratio':>7}{'processor':>11}" for p in clients))
        for kind in KINDS:
            line = f"{kind:30}"
            for peer in clients:
                rows = taken[kind, peer][WARM:]
                (first, ran_first), (last, ran_last) = (
                    tuple(map(statistics.median, zip(*rows[part]))) for part in (slice(0, EDGE), slice(-EDGE, None)))
                line += f"{f'{first:.2f} to {last:.2f}':>18}{last / first:7.2f}{ran_last / ran_first:11.2f}"
            print(line)
        for peer, client in clients.items():
            grown = (client.memory() - memory[peer]) / (total - (WARM + 1) * len(KINDS))
            print(f"memory of {peer}: {client.memory() / 2**20:.0f} MiB at the end, {grown / 1024:.1f} KiB for each cell")
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
    """Compare with gonb, which compiles each cell, where GONB names its program.

    It needs the Go tool chain, and goimports in PATH.
    """
    program = os.environ.get("GONB")
    if not program:
        print("\ngonb is left out: set GONB to the path of its program")
        return
    os.environ["JUPYTER_PATH"] = os.path.join(STATE.name, "share")
    write_spec("gonb", argv=[os.path.abspath(program), "--kernel", "{connection_file}", "--logtostderr"], display_name="gonb", language="go")
    table, ours = Table(), PROGRAMS["Fabricbook"]
    peers = {"Fabricbook": (ours["kernel"], ""), "gonb": ("gonb", "%%\n")}
    cells = {"print 1+1, ms": "fmt.Println(1 + 1)", "1,000 printed lines, ms": ours["lines"], "10 MiB of output, ms": ours["bulk"]}
    clients = {}
    try:
        for peer, (kernel, _) in peers.items():
            clients[peer] = Client(kernel)
            table.add("start to first reply, ms", peer, 1000 * clients[peer].started)
            table.add("its first import, ms", peer, 1000 * clients[peer].cell(ours["warm"]))
        for _ in range(rounds):
            for name, code in cells.items():
                for peer, (_, head) in peers.items():
                    table.add(name, peer, 1000 * clients[peer].cell(head + code))
    finally:
        for client in clients.values():
            client.close()
    print("\nbeside gonb, which compiles a program for each cell")
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
    sessions(table, args.rounds)
    table.print(list(PROGRAMS))
    growth(args.cells)
    beside_gonb(5)


if __name__ == "__main__":
    main()
