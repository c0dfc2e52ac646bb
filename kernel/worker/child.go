package worker

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Command is the first argument with which a program is started as a worker. It
// must then call Main before it does anything else.
const Command = "kernel-worker"

// closeTime is how long an engine may take to close before the process ends.
const closeTime = 300 * time.Millisecond

// Main runs the engine for the parent process and returns the exit status. It
// ends when the parent closes its pipe or dies.
func Main(factory engine.Factory) int {
	for _, fd := range []int{fdRequests, fdEvents, fdAnswers} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			fmt.Fprintf(os.Stderr, "%s is started by the kernel, not by hand\n", Command)
			return 2
		}
		syscall.CloseOnExec(fd)
	}
	volunteer()
	c := &child{
		requests: bufio.NewReaderSize(os.NewFile(fdRequests, "requests"), 64<<10),
		events:   &sender{w: os.NewFile(fdEvents, "events")},
		answers:  &sender{w: os.NewFile(fdAnswers, "answers")},
		cancels:  map[uint64]context.CancelFunc{},
		typed:    map[uint64]chan message{},
	}
	if err := c.run(factory); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// volunteer makes this process the first to go where memory runs out, before
// the kernel that can report it.
func volunteer() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) // Linux only, and only a wish
}

// pieceBytes is the size of the pieces in which long text is sent, so that the
// kernel passes on the first while the next is on its way.
const pieceBytes = 256 << 10

type child struct {
	requests        *bufio.Reader
	events, answers *sender
	marker          *marker
	flood           *flood // guarded by the marker's lock
	engine          engine.Engine

	cells roster

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc // of running cells, by request
	typed   map[uint64]chan message       // open questions to the person
	asked   uint64
}

func (c *child) run(factory engine.Factory) error {
	hello, err := receive(c.requests)
	if err != nil || hello.Op != opHello {
		return errors.Join(errors.New("no greeting from the kernel"), err)
	}
	if c.marker, err = newMarker(hello.Secret); err != nil {
		return err
	}
	c.flood = newFlood(c.flush)
	display.SetPublisher(c.show)
	display.SetAsker(c.askCurrent)
	display.SetLink(func(m display.CommMessage) { c.Emit(engine.Event{Cell: c.cells.current(), Comm: &m}) })
	display.SetKeeper(func(secret string) { c.Emit(engine.Event{Cell: c.cells.current(), Secret: secret}) })
	if c.engine, err = factory(context.Background(), c); err != nil {
		return c.answers.send(message{Op: opReady, Err: err.Error()})
	}
	if err := c.answers.send(message{Op: opReady}); err != nil {
		return err
	}
	c.serveAll()
	return nil
}

// serveAll serves requests until the parent is gone or wants us gone.
func (c *child) serveAll() {
	defer c.close()
	for {
		m, err := receive(c.requests)
		if err != nil {
			return
		}
		c.serve(m)
	}
}

// show passes on what is shown by display, unless the engine installs a publisher
// that knows better which cell it belongs to.
func (c *child) show(p display.Publication) {
	e := engine.Event{Cell: c.cells.current()}
	if p.Clear {
		e.Clear = &engine.Clear{Wait: p.Wait}
	} else {
		e.Display = &engine.Display{Bundle: p.Bundle, ID: p.ID, Update: p.Update}
	}
	c.Emit(e)
}

// askCurrent asks on behalf of the running cell, likewise.
func (c *child) askCurrent(prompt string, password bool) (string, error) {
	return c.Ask(context.Background(), c.cells.current(), prompt, password)
}

func (c *child) close() {
	done := make(chan struct{})
	go func() { c.engine.Close(); close(done) }()
	t := time.NewTimer(closeTime)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

func (c *child) serve(m message) {
	switch m.Op {
	case opExecute:
		ctx, cancel := context.WithCancel(context.Background())
		c.mu.Lock()
		c.cancels[m.ID] = cancel
		c.mu.Unlock()
		go c.execute(ctx, cancel, m)
	case opCancel:
		c.mu.Lock()
		defer c.mu.Unlock()
		if cancel := c.cancels[m.ID]; cancel != nil {
			cancel()
		}
	case opTyped:
		c.mu.Lock()
		defer c.mu.Unlock()
		if answer := c.typed[m.ID]; answer != nil {
			answer <- m
		}
		delete(c.typed, m.ID)
	case opComm:
		go display.Deliver(*m.Comm)
	default:
		go c.question(m)
	}
}

func (c *child) execute(ctx context.Context, cancel func(), m message) {
	number := m.Cell.Number
	c.cells.begin(number)
	outcome := c.engine.Execute(ctx, *m.Cell)
	c.cells.end(number)
	cancel()
	c.mu.Lock()
	delete(c.cancels, m.ID)
	c.mu.Unlock()
	if err := c.ordered(message{Op: opOutcome, ID: m.ID, Number: number, Outcome: &outcome}); err != nil {
		failure := &engine.Failure{Kind: engine.Panic, Message: "the result cannot be shown: " + err.Error()}
		_ = c.ordered(message{Op: opOutcome, ID: m.ID, Number: number, Outcome: &engine.Outcome{Failure: failure}}) // a closed pipe ends run
	}
}

// question answers what may be asked while a cell runs.
func (c *child) question(m message) {
	a := message{Op: m.Op, ID: m.ID}
	switch m.Op {
	case opComplete:
		found, err := c.engine.Complete(context.Background(), m.Code, m.Cursor)
		a.Completions = &found
		if err != nil {
			a.Err = err.Error()
		}
	case opInspect:
		bundle, ok := c.engine.Inspect(context.Background(), m.Code, m.Cursor, m.Detail)
		a.Bundle, a.Found = &bundle, ok
	case opIsComplete:
		completeness := c.engine.IsComplete(m.Code)
		a.Completeness = &completeness
	case opDebug:
		body, err := c.debug(m)
		a.Body = body
		if err != nil {
			a.Err = err.Error()
		}
	}
	if err := c.answers.send(a); err != nil {
		_ = c.answers.send(message{Op: m.Op, ID: m.ID, Err: err.Error()}) // a closed pipe ends run
	}
}

// Emit sends an event of a cell to the parent.
func (c *child) Emit(e engine.Event) {
	c.marker.mu.Lock()
	defer c.marker.mu.Unlock()
	if e.Stream != nil && c.flood.gather(e) {
		return
	}
	c.flushLocked()
	for e.Stream != nil && len(e.Stream.Text) > pieceBytes {
		at := pieceBytes
		for at > pieceBytes-utf8.UTFMax && !utf8.RuneStart(e.Stream.Text[at]) {
			at--
		}
		piece := engine.Stream{Name: e.Stream.Name, Text: e.Stream.Text[:at]}
		_ = c.sendLocked(message{Op: opEvent, Event: &engine.Event{Cell: e.Cell, Stream: &piece}}) // a closed pipe ends run
		e.Stream = &engine.Stream{Name: e.Stream.Name, Text: e.Stream.Text[at:]}
	}
	if err := c.sendLocked(message{Op: opEvent, Event: &e}); err != nil {
		text := "output cannot be shown: " + err.Error() + "\n"
		_ = c.sendLocked(message{Op: opEvent, Event: &engine.Event{Cell: e.Cell, Stream: &engine.Stream{Name: "stderr", Text: text}}}) // a closed pipe ends run
	}
}

// flush sends what was gathered in a flood.
func (c *child) flush() {
	c.marker.mu.Lock()
	defer c.marker.mu.Unlock()
	c.flushLocked()
}

func (c *child) flushLocked() {
	if e, ok := c.flood.take(); ok {
		_ = c.sendLocked(message{Op: opEvent, Event: &e}) // a closed pipe ends run
	}
}

// Ask passes a question to the person on.
func (c *child) Ask(ctx context.Context, cell int, prompt string, password bool) (string, error) {
	answer := make(chan message, 1)
	c.mu.Lock()
	c.asked++
	id := c.asked
	c.typed[id] = answer
	c.mu.Unlock()
	if err := c.ordered(message{Op: opAsk, ID: id, Number: cell, Text: prompt, Password: password}); err != nil {
		return "", err
	}
	select {
	case m := <-answer:
		if m.Err != "" {
			return "", errors.New(m.Err)
		}
		return m.Text, nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.typed, id)
		return "", ctx.Err()
	}
}

// ordered sends a message behind all that was printed before it.
func (c *child) ordered(m message) error {
	c.marker.mu.Lock()
	defer c.marker.mu.Unlock()
	c.flushLocked()
	return c.sendLocked(m)
}

func (c *child) sendLocked(m message) error {
	m.Marks = c.marker.mark()
	return c.events.send(m)
}

// marker writes marks into standard output and error where the parent has not
// read them empty. Its lock makes marks and their messages one step.
type marker struct {
	mu     sync.Mutex
	secret []byte
	next   uint64
	files  [2]int // own copies of descriptors 1 and 2: a cell may close those
}

func newMarker(secret []byte) (*marker, error) {
	if len(secret) != secretLen {
		return nil, fmt.Errorf("greeting with a secret of %d bytes", len(secret))
	}
	m := &marker{secret: secret}
	for i := range m.files {
		fd, err := unix.FcntlInt(uintptr(i+1), unix.F_DUPFD_CLOEXEC, 10)
		if err != nil {
			return nil, fmt.Errorf("duplicate descriptor %d: %w", i+1, err)
		}
		m.files[i] = fd
	}
	return m, nil
}

func (m *marker) mark() (marks [2]uint64) {
	for i, fd := range m.files {
		if unread, err := unix.IoctlGetInt(fd, unreadBytes); err != nil || unread == 0 {
			continue
		}
		m.next++
		mark := binary.BigEndian.AppendUint64(append([]byte(nil), m.secret...), m.next)
		if writeAll(fd, mark) == nil {
			marks[i] = m.next
		}
	}
	return marks
}

// writeAll writes less than PIPE_BUF bytes, which a pipe takes whole.
func writeAll(fd int, p []byte) error {
	for {
		_, err := unix.Write(fd, p)
		if err != unix.EINTR && err != unix.EAGAIN {
			return err
		}
		if err == unix.EAGAIN { // a cell made the pipe non-blocking
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 100)
		}
	}
}
