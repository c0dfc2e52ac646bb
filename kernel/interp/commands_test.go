package interp_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestInterruptCommand checks that an interrupt ends the whole process group of
// a command, also what ignores the signal.
func TestInterruptCommand(t *testing.T) {
	for name, line := range map[string]string{
		"sleep":    `$ sleep 1000 & echo $! > PIDS; echo ready; wait`,
		"stubborn": `$ trap '' INT TERM; sleep 1000 & echo $! > PIDS; echo ready; while :; do :; done`,
	} {
		t.Run(name, func(t *testing.T) {
			prompt(t, 100*time.Millisecond*slowness, func() time.Duration { return interruptCommand(t, line) })
		})
	}
}

// interruptCommand interrupts a cell with a command whose processes write their
// numbers into the file PIDS, and returns how long that took. The processes must
// have ended then, and the session must go on.
func interruptCommand(t *testing.T, line string) time.Duration {
	t.Helper()
	pids := filepath.Join(t.TempDir(), "pids")
	s := newSession(t)
	s.ok("kept := 1")
	out, took := s.interruptWhenReady(strings.ReplaceAll(line, "PIDS", pids))
	if out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("outcome %+v, want an interrupt", out.Failure)
	}
	waitEnded(t, pids)
	if got := s.ok("kept"); got != "1" {
		t.Errorf("kept is %s", got)
	}
	return took
}

// waitEnded waits until the process named in a file is gone.
func waitEnded(t *testing.T, file string) {
	t.Helper()
	pid := pidIn(t, file)
	deadline := time.Now().Add(patience)
	for running(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", pid)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// pidIn reads the number of a process from a file.
func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running tells whether a process runs; one that ended and waits for its parent
// does not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// TestCommandStreams checks that output comes while a command runs, whole
// characters at a time.
func TestCommandStreams(t *testing.T) {
	s := newSession(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan engine.Outcome, 1)
	fifo := filepath.Join(t.TempDir(), "go-on")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- s.runContext(ctx, `$ printf 'first \303'; read x < `+fifo+`; printf '\244\n'`) }()
	for !strings.Contains(s.sink.text(1, "stdout"), "first") {
		select {
		case <-s.sink.woken:
		case out := <-ended:
			t.Fatalf("ended early: %+v", out.Failure)
		}
	}
	if err := os.WriteFile(fifo, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := <-ended; out.Failure != nil {
		t.Fatalf("%+v", out.Failure)
	}
	if got := s.sink.text(1, "stdout"); got != "first ä\n" {
		t.Errorf("printed %q", got)
	}
	for _, e := range s.sink.all() {
		if e.Stream != nil && strings.Contains(e.Stream.Text, "\xc3") && !strings.Contains(e.Stream.Text, "ä") {
			t.Errorf("half a character in %q", e.Stream.Text)
		}
	}
}

// TestCommandToSlowSink checks that nothing is lost where output is taken slowly.
func TestCommandToSlowSink(t *testing.T) {
	s := newSession(t)
	s.sink.slow = 300 * time.Millisecond
	s.ok(`$ head -c 60000 /dev/zero | tr '\0' o; head -c 60000 /dev/zero | tr '\0' e >&2`)
	if out, err := s.sink.text(1, "stdout"), s.sink.text(1, "stderr"); out != strings.Repeat("o", 60000) || err != strings.Repeat("e", 60000) {
		t.Errorf("printed %d and %d bytes, want 60000 each", len(out), len(err))
	}
}

// TestCommandBackground checks that a command that leaves a process behind does
// not hold up its cell.
func TestCommandBackground(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	s := newSession(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if out := s.runContext(ctx, `$ sleep 1000 & echo $! > `+pids); out.Failure != nil {
		t.Errorf("%+v", out.Failure)
	}
	pid := pidIn(t, pids)
	if !running(pid) {
		t.Error("the cell ended after the process that it left behind")
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestLookAtCommands(t *testing.T) {
	s := newSession(t)
	s.ok(`import "strings"`)
	for code, want := range map[string]string{
		"$ ls": "complete", "%help": "complete", "x := 1\n$ echo `pwd`\n": "complete", "for {\n$ ls": "incomplete", "$ ls \\": "incomplete",
	} {
		if got := s.engine.IsComplete(code).Status; got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
	if got, _ := s.complete("$ echo \"it's\n%cd /\nstrings.Repea|"); len(got) != 1 {
		t.Errorf("completions behind commands: %q", got)
	}
	if _, ok := s.engine.Inspect(context.Background(), "$ echo '\nstrings.Repeat", 18, 0); !ok {
		t.Error("nothing known behind a command")
	}
}
