"""What the end-to-end tests share: the product started the way a user starts it.

Each test session runs `make run` on a data folder of its own, reads the URL from the
screen, and ends it with Ctrl-C (SIGINT). Nothing is reached but loopback addresses.
"""

import contextlib
import json
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
ARTIFACTS = pathlib.Path(os.environ.get("ARTIFACTS", ROOT / "artifacts"))
VENV = pathlib.Path(os.environ.get("VENV", ROOT / ".venv"))
BINARY = ROOT / "bin" / "fabricbook"
TIMEOUT = 240  # seconds until a test gives up waiting, however busy the machine
URL = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*token=\S+")


def free_port() -> int:
    """A free port below those that outgoing connections take, as they may one that the system gives."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", random.SystemRandom().randrange(10_000, 30_000)))
            return s.getsockname()[1]


class Run:
    """A running `make run`."""

    def __init__(self, data: pathlib.Path):
        self.data = data
        self.started = time.monotonic()
        self.lines: list[str] = []
        self._queue: queue.Queue = queue.Queue()
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "run", f"DATA={data}", f"VENV={VENV}", f"PORT={free_port()}",
             "RUNFLAGS=--listen 127.0.0.1:0 --alerts 127.0.0.1:0"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            self._queue.put(line)
        self._queue.put(None)

    def url(self, timeout: float = 2 * TIMEOUT) -> str:
        """The URL with token that is printed; fails with all that was printed instead."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self._queue.get(timeout=max(0.1, end - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, "no URL was printed:\n" + "".join(self.lines)
            if found := URL.search(line):
                self.ready = time.monotonic() - self.started
                return found.group(0)

    def stop(self) -> int:
        """Ctrl-C: SIGINT to the whole foreground process group, as a terminal does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=TIMEOUT)

    def env(self) -> dict:
        return {**os.environ, "FABRICBOOK_DATA": str(self.data), "JUPYTER_PATH": str(VENV / "share" / "jupyter")}

    def cli(self, *args: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run([str(BINARY), *args], cwd=ROOT, env=self.env(), capture_output=True, text=True, timeout=TIMEOUT)
        if check:
            assert done.returncode == 0, f"fabricbook {' '.join(args)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str):
        return json.loads(self.cli(*args, "--output", "json").stdout)


@contextlib.contextmanager
def running(data: pathlib.Path):
    run = Run(data)
    try:
        run.address = run.url()
        yield run
    finally:
        with contextlib.suppress(Exception):
            run.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)


@pytest.fixture
def fabric(tmp_path):
    with running(tmp_path / "data") as run:
        yield run


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=path, args=[
            "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"])
        yield b
        b.close()


def new_context(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(1000 * TIMEOUT)
    return context


def eventually(read, wanted):
    """Waits until what is read is as wanted."""
    end = time.monotonic() + TIMEOUT
    while (found := read()) != wanted:
        assert time.monotonic() < end, f"{found!r} and not {wanted!r}"
        time.sleep(0.05)


def drawn(page):
    """Waits until the page has drawn what it knows: JupyterLab puts some of its drawing off to the next frames."""
    page.evaluate("() => new Promise(done => { let n = 5; const next = () => n-- ? requestAnimationFrame(next) : done(); next(); })")


@pytest.fixture
def page(browser):
    context = new_context(browser)
    page = context.new_page()
    yield page
    context.close()


def shot(target, name: str):
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    target.screenshot(path=str(ARTIFACTS / name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keeps the screen that a failed test has left."""
    report = yield
    if report.when == "call" and report.failed:
        for arg in item.funcargs.values():
            if hasattr(page := getattr(arg, "page", arg), "screenshot"):
                with contextlib.suppress(Exception):
                    shot(page, f"failed-{item.name}.png")
    return report
