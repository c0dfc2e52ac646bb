package interp

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	// politeTime is how long an interrupted command may take to end by itself.
	politeTime = 80 * time.Millisecond
	// drainTime is how long output of what a command left behind is waited for.
	drainTime = 200 * time.Millisecond
)

var (
	// ownFolder matches a line that only goes elsewhere: as a command of its own it
	// would change nothing.
	ownFolder = regexp.MustCompile(`^cd(?:\s+([^\s;|&$*?'"\x60\\-][^\s;|&$*?'"\x60\\]*))?$`)
	// forgotten matches a line that only sets variables.
	forgotten = regexp.MustCompile(`^(?:export\s+)?\w+=[^\s;|&]*$`)
)

// shell runs a command line in a process group of its own, its output going to
// the cell as it comes. A stopped cell ends the whole group: first by SIGINT, as
// a terminal does, then by SIGKILL; it does not wait for that.
func (ts *tasks) shell(t *task, line string) error {
	if line == "" {
		return nil
	}
	if m := ownFolder.FindStringSubmatch(line); m != nil {
		return changeDirectory(nil, t, m[1])
	}
	if forgotten.MatchString(line) {
		ts.out.write(t.cell, "stderr", "a command's variables end with its line; %env NAME=value keeps one\n")
	}
	ts.out.sync()
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = drainTime
	stdout, stderr := &textWriter{out: ts.out, cell: t.cell, name: "stdout"}, &textWriter{out: ts.out, cell: t.cell, name: "stderr"}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("$ %s: %w", line, err)
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		stdout.flush()
		stderr.flush()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			return fmt.Errorf("$ %s: %w", line, err)
		}
		return nil
	case <-t.stopped:
		go endGroup(cmd.Process.Pid, ended)
		panic(halted{})
	}
}

// endGroup ends a process group; ended tells when its leader has.
func endGroup(group int, ended <-chan error) {
	_ = syscall.Kill(-group, syscall.SIGINT) // it may have ended
	timer := time.NewTimer(politeTime)
	defer timer.Stop()
	select {
	case <-ended: //nolint:errcheck // how it ended is told to whoever waits for it
	case <-timer.C:
	}
	_ = syscall.Kill(-group, syscall.SIGKILL) // whatever ignored it
}

// textWriter writes to a cell's stream, whole characters at a time.
type textWriter struct {
	out  *output
	cell int
	name string
	held []byte // the beginning of a character
}

func (w *textWriter) Write(p []byte) (int, error) {
	text := append(w.held, p...)
	cut := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if c := text[len(text)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-back:]) {
				cut = len(text) - back
			}
			break
		}
	}
	w.held = append([]byte(nil), text[cut:]...)
	w.out.write(w.cell, w.name, string(text[:cut]))
	return len(p), nil
}

func (w *textWriter) flush() {
	w.out.write(w.cell, w.name, string(w.held))
	w.held = nil
}
