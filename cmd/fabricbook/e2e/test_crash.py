"""SIGKILL to the whole at any moment of an apply: afterwards the intent is the old one or the new one, never a mixture."""

import json
import os
import random
import signal
import subprocess
import time

from conftest import BINARY, ROOT, TIMEOUT

SEGMENTS = 60


def generation(path, g: int):
    """A fabric file in which every object carries the generation g (1 to 255)."""
    fabric = {"segments": [{"name": f"s-{i}", "subnets": [f"10.{g}.{i}.0/24"]} for i in range(SEGMENTS)],
              "securityGroups": [{"name": "g", "rules": [f"allow in tcp/{g} from 0.0.0.0/0"]}]}
    path.write_text(json.dumps(fabric))
    return path


class Up:
    def __init__(self, data):
        self.env = {**os.environ, "FABRICBOOK_DATA": str(data)}
        self.process = subprocess.Popen([BINARY, "up", "--data", data, "--listen", "127.0.0.1:0", "--alerts", "127.0.0.1:0"],
                                        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("API"), line + self.process.stderr.read()

    def cli(self, *args):
        return subprocess.run([BINARY, *args], env=self.env, capture_output=True, text=True, timeout=TIMEOUT)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def seen(self) -> int:
        """The generation that the intent is of; fails where it is of several."""
        out = self.cli("segments", "--output", "json")
        assert out.returncode == 0, out.stderr
        segments = json.loads(out.stdout)
        found = {int(s["subnets"][0].split(".")[1]) for s in segments}
        assert len(found) <= 1, f"a mixture of generations {found}"
        assert len(segments) in (0, SEGMENTS)
        return found.pop() if found else 0


def test_kill_9_leaves_the_old_or_the_new_intent(tmp_path):
    chance = random.Random(20261122)
    data, file = tmp_path / "data", tmp_path / "f.yaml"
    up, moments = Up(data), {"old": 0, "new": 0}
    try:
        began = time.monotonic()
        assert up.cli("apply", "--yes", "-f", generation(file, 1)).returncode == 0
        whole, before = time.monotonic() - began, 1
        for g in range(2, 60):
            apply = subprocess.Popen([BINARY, "apply", "--yes", "-f", generation(file, g)], env=up.env,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(whole * chance.uniform(0.2, 1.4))
            up.kill()
            said, _ = apply.communicate(timeout=TIMEOUT)
            up = Up(data)
            now = up.seen()
            assert now in (before, g), f"generation {now} after {before} and {g}"
            if apply.returncode == 0:
                assert now == g, f"an apply that had ended well is gone:\n{said}"
            moments["new" if now == g else "old"] += 1
            whole *= 0.9 if now == g else 1.1  # the machine may have become faster or slower
            before = now
            if g > 12 and min(moments.values()) > 0:
                break
    finally:
        up.kill()
    assert min(moments.values()) > 0, f"the kills came always too early or too late to prove anything: {moments}"
