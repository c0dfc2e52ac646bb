package interp

import (
	"errors"
	"fmt"
	"io"
	"os"
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
	// pipeSize is how many bytes a pipe holds.
	pipeSize = 64 << 10
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
	finish, err := ts.start(cmd, t)
	if err != nil {
		return fmt.Errorf("$ %s: %w", line, err)
	}
	ts.leftovers.begin(cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		ts.leftovers.end(cmd.Process.Pid)
		finish()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("$ %s: %w", line, err)
		}
		return nil
	case <-t.stopped:
		go endGroup(cmd.Process.Pid, ended)
		panic(halted{})
	}
}

// start starts a command whose output goes to the cell. When the command has ended,
// finish waits until all that it wrote has been emitted.
func (ts *tasks) start(cmd *exec.Cmd, t *task) (finish func(), err error) {
	stdout, write, err := newTap(&textWriter{out: ts.out, cell: t.cell, name: "stdout"})
	if err != nil {
		return nil, err
	}
	defer write.Close()
	cmd.Stdout = write
	stderr, write, err := newTap(&textWriter{out: ts.out, cell: t.cell, name: "stderr"})
	if err != nil {
		stdout.read.Close()
		return nil, err
	}
	defer write.Close()
	cmd.Stderr = write
	if err := cmd.Start(); err != nil {
		stdout.read.Close()
		stderr.read.Close()
		return nil, err
	}
	go stdout.copy()
	go stderr.copy()
	return func() {
		late := time.Now().Add(drainTime)
		stdout.finish(late)
		stderr.finish(late)
	}, nil
}

// tap takes what a command writes on one of its streams.
type tap struct {
	read *os.File
	to   *textWriter
	done chan struct{} // closed when nothing copies any more
}

func newTap(to *textWriter) (t *tap, write *os.File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe for %s: %w", to.name, err)
	}
	return &tap{read: read, to: to, done: make(chan struct{})}, write, nil
}

// copy emits what comes until all that could write have ended, or finish says so.
func (t *tap) copy() {
	defer close(t.done)
	_, _ = io.Copy(t.to, t.read) // fails when the time is over
}

// finish emits what the command wrote before it ended, however late that is read, and
// for some time what comes from processes that it left behind.
func (t *tap) finish(late time.Time) {
	defer t.read.Close()
	_ = t.read.SetReadDeadline(late) // a pipe takes it
	<-t.done
	if raw, err := t.read.SyscallConn(); err == nil {
		_ = raw.Control(t.rest) // nobody closed it
	}
	t.to.flush()
}

// rest emits what lies in the pipe.
func (t *tap) rest(fd uintptr) {
	buf := make([]byte, pipeSize)
	for left := pipeSize; left > 0; {
		n, err := syscall.Read(int(fd), buf[:left])
		switch {
		case n > 0:
			_, _ = t.to.Write(buf[:n]) // takes all
			left -= n
		case !errors.Is(err, syscall.EINTR):
			return
		}
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
