"""jupyter console, driven as a person does: by the keys of a terminal."""

import os
import sys

import pytest

pytest.importorskip("jupyter_console", reason="jupyter_console is not installed")
pexpect = pytest.importorskip("pexpect", reason="there is no terminal to drive here")

from .driving import TIMEOUT  # noqa: E402
from .starting import KERNEL  # noqa: E402

ENTER, TAB, CTRL_C = "\r", "\t", "\x03"


@pytest.fixture
def console(surroundings):
    """A console at its first prompt."""
    env = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat"}
    patient = [f"--{name}={TIMEOUT}" for name in (
        "ZMQTerminalInteractiveShell.kernel_timeout", "ZMQTerminalInteractiveShell.kernel_is_complete_timeout", "ZMQCompleter.timeout")]
    c = pexpect.spawn(sys.executable, ["-m", "jupyter_console", "--kernel", KERNEL, *patient], env=env, encoding="utf-8", dimensions=(40, 120), timeout=TIMEOUT)
    c.expect(r"In \[")
    yield c
    c.close(force=True)


def line(console, text, wanted):
    """Type a line and wait for what it shows and for the next prompt."""
    console.send(text + ENTER)
    console.expect_exact(wanted)
    console.expect(r"In \[")


def test_a_session_in_a_terminal(console):
    line(console, 'import "fmt"', "")
    line(console, 'fmt.Sprint(6*7, "-fold")', "42-fold")
    console.send("fmt.Sprintl" + TAB)
    while console.expect([r"l(\x1b\[[?\d;]*[A-Za-z])*n", pexpect.TIMEOUT], timeout=10):
        console.send(TAB)  # the console takes the first reply that comes, be it to another question, for that to its own
    line(console, '("by", "tab")', "by tab")

    console.send("for i := range 2 {" + ENTER)  # incomplete: the console asks on
    console.expect_exact("...: ")
    console.send('fmt.Println("turn", i)' + ENTER + "}" + ENTER + ENTER)
    console.expect_exact("turn 1")
    console.expect(r"In \[")

    console.send('name, err := display.Input("wh" + "o? ")' + ENTER)  # what is typed is shown too
    console.expect_exact("who? ")
    console.send("leaf-1" + ENTER)
    console.expect(r"In \[")
    line(console, 'fmt.Println("hello", name)', "hello leaf-1")
    line(console, "nmae", "undefined: nmae (did you mean name?)")
    line(console, "fmt.Sprint?", "func Sprint(")

    console.send('fmt.Println("it " + "runs"); for {}' + ENTER)
    console.expect_exact("it runs")
    console.send(CTRL_C)
    while console.expect_exact(["was interrupted", pexpect.TIMEOUT], timeout=30):
        console.send(CTRL_C)  # the console asks the kernel within its signal handler, which can fail it
    console.expect(r"In \[")
    line(console, 'fmt.Sprint("kept ", len(name), " letters")', "kept 6 letters")

    console.send("exit" + ENTER)
    console.expect(pexpect.EOF)
    console.wait()
    assert console.exitstatus == 0
