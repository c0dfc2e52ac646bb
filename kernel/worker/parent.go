package worker

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Times that a child is given.
const (
	startTime = 30 * time.Second       // until its engine is ready
	stopTime  = 3 * time.Second        // to end an interrupted cell
	endTime   = 600 * time.Millisecond // to end itself
	drainTime = 200 * time.Millisecond // for output of processes that it left behind
)

// crashLines bounds the lines of a dead child's last words that are shown.
const crashLines = 40

// Options say how the child is started.
type Options struct {
	Path string   // program; empty: this one
	Args []string // arguments; empty: Command
	Env  []string // environment; nil: this process's
	Dir  string   // working directory; empty: this process's
}

// Factory returns a factory of engines that each run in a child process.
func Factory(o Options) engine.Factory {
	return func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
		p, err := start(ctx, o, sink)
		if err != nil {
			return nil, err // not a nil *process
		}
		return p, nil
	}
}

// process is an engine in a child process.
type process struct {
	sink     engine.Sink
	cmd      *exec.Cmd
	requests *sender
	capture  *capture
	died     chan struct{} // closed when the child has ended and all its output is passed on
	exited   chan struct{} // closed when the child has ended
	ready    chan error
	cells    roster

	mu      sync.Mutex
	next    uint64
	pending map[uint64]chan message // answers that are awaited
	cause   *engine.Failure
	stuck   bool // killed because a cell did not end
	closing bool
}

func start(ctx context.Context, o Options, sink engine.Sink) (*process, error) {
	if o.Path == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("worker: %w", err)
		}
		o.Path = exe
	}
	if o.Args == nil {
		o.Args = []string{Command}
	}
	p := &process{
		sink: sink, died: make(chan struct{}), exited: make(chan struct{}),
		ready: make(chan error, 1), pending: map[uint64]chan message{},
	}
	if err := p.launch(o); err != nil {
		return nil, fmt.Errorf("worker: start %s %s: %w", o.Path, strings.Join(o.Args, " "), err)
	}
	if err := p.awaitReady(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) awaitReady(ctx context.Context) error {
	t := time.NewTimer(startTime)
	defer t.Stop()
	var err error
	select {
	case err = <-p.ready:
	case <-p.died:
		err = errors.New(p.Cause().Message)
	case <-t.C:
		err = fmt.Errorf("not ready after %v", startTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.Close()
		return fmt.Errorf("worker: %w", err)
	}
	return nil
}

// pipes are the ends of the five pipes between parent and child.
type pipes struct {
	child  []*os.File // stdout, stderr, requests, events, answers
	parent []*os.File
}

func makePipes() (ps pipes, err error) {
	for i := range 5 {
		r, w, err := os.Pipe()
		if err != nil {
			ps.close()
			return pipes{}, err
		}
		if i == 2 { // requests go the other way
			r, w = w, r
		}
		ps.parent, ps.child = append(ps.parent, r), append(ps.child, w)
	}
	return ps, nil
}

func (ps pipes) close() {
	for _, f := range append(ps.parent, ps.child...) {
		f.Close()
	}
}

func (p *process) launch(o Options) error {
	ps, err := makePipes()
	if err != nil {
		return err
	}
	p.cmd = exec.Command(o.Path, o.Args...)
	p.cmd.Env, p.cmd.Dir = o.Env, o.Dir
	p.cmd.Stdout, p.cmd.Stderr = ps.child[0], ps.child[1]
	p.cmd.ExtraFiles = ps.child[2:]
	p.cmd.SysProcAttr = attributes()
	started := make(chan error)
	go p.own(started)
	if err := <-started; err != nil {
		ps.close()
		return err
	}
	for _, f := range ps.child {
		f.Close()
	}
	p.attend(ps)
	return p.requests.send(message{Op: opHello, Secret: p.capture.secret})
}

// own starts the child and waits for its end on one thread, because on Linux the
// child dies with the thread that started it.
func (p *process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // ProcessState says more than the error
	close(p.exited)
}

// attend starts the goroutines that serve the parent's ends.
func (p *process) attend(ps pipes) {
	secret := make([]byte, secretLen)
	_, _ = rand.Read(secret) // never fails
	secret[0] = 0xFF         // stands in no text, so that no text is held back as the beginning of a mark
	widen(ps.parent[3])
	p.requests = &sender{w: ps.parent[2]}
	p.capture = newCapture(secret, pending(ps.parent[3]), p.print)
	var streams, all sync.WaitGroup
	for i := range 2 {
		streams.Go(func() { p.capture.read(i, ps.parent[i]) })
	}
	all.Go(func() { p.readEvents(ps.parent[3]) })
	all.Go(func() { p.readAnswers(bufio.NewReader(ps.parent[4])) })
	go func() {
		<-p.exited
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // what it left behind
		all.Wait()
		p.capture.finish()
		for i := range 2 {
			_ = ps.parent[i].SetReadDeadline(time.Now().Add(drainTime))
		}
		streams.Wait()
		for _, f := range ps.parent {
			f.Close()
		}
		p.bury()
	}()
}

// pending returns a function that tells whether bytes wait in f.
func pending(f *os.File) func() bool {
	raw, err := f.SyscallConn()
	return func() (waiting bool) {
		if err == nil {
			_ = raw.Control(func(fd uintptr) { // fails where f is closed: nothing waits then
				waiting = unread(fd) > 0
			})
		}
		return waiting
	}
}

// print makes text from the child's standard output or error an event of the
// cell that began last of those that run, or ran last.
func (p *process) print(name, text string) {
	p.sink.Emit(engine.Event{Cell: p.cells.current(), Stream: &engine.Stream{Name: name, Text: text}})
}

// readEvents passes messages on in the order in which the child sent them.
func (p *process) readEvents(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	r := bufio.NewReaderSize(f, 64<<10)
	for {
		if r.Buffered() == 0 && p.capture.awaitMessage(raw) != nil {
			return
		}
		m, err := receive(r)
		if err != nil {
			return
		}
		p.capture.message(m.Marks, func() {
			switch m.Op {
			case opEvent:
				p.sink.Emit(*m.Event)
			case opAsk:
				go p.ask(m)
			case opOutcome:
				p.capture.releaseLocked()
				p.cells.end(m.Number)
				p.answer(m)
			}
		}, r.Buffered() > 0)
	}
}

func (p *process) readAnswers(r *bufio.Reader) {
	for {
		m, err := receive(r)
		if err != nil {
			return
		}
		if m.Op == opReady {
			if m.Err != "" {
				p.ready <- errors.New(m.Err)
			} else {
				p.ready <- nil
			}
			continue
		}
		p.answer(m)
	}
}

func (p *process) answer(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting := p.pending[m.ID]; waiting != nil {
		waiting <- m
		delete(p.pending, m.ID)
	}
}

func (p *process) ask(m message) {
	text, err := p.sink.Ask(context.Background(), m.Number, m.Text, m.Password)
	reply := message{Op: opTyped, ID: m.ID, Text: text}
	if err != nil {
		reply.Err = err.Error()
	}
	_ = p.requests.send(reply) // a dead child needs no answer
}

// request sends m and returns where its answer comes.
func (p *process) request(m message) (id uint64, answer chan message, err error) {
	answer = make(chan message, 1)
	p.mu.Lock()
	p.next++
	m.ID = p.next
	p.pending[m.ID] = answer
	p.mu.Unlock()
	return m.ID, answer, p.requests.send(m)
}

func (p *process) forget(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, id)
}

// Execute runs a cell in the child. A child that dies of it, or that does not
// end the cell in time when interrupted, makes the outcome Lost.
func (p *process) Execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	p.cells.begin(cell.Number)
	id, answer, err := p.request(message{Op: opExecute, Cell: &cell})
	if err != nil {
		<-p.killed()
		return engine.Outcome{Failure: p.lost(cell.Number)}
	}
	select {
	case m := <-answer:
		return *m.Outcome
	case <-p.died:
		return p.last(answer, cell.Number)
	case <-ctx.Done():
	}
	_ = p.requests.send(message{Op: opCancel, ID: id}) // a dead child is seen below
	t := time.NewTimer(stopTime)
	defer t.Stop()
	select {
	case m := <-answer:
		return *m.Outcome
	case <-p.died:
	case <-t.C:
		p.mu.Lock()
		p.stuck = true
		p.mu.Unlock()
		<-p.killed()
	}
	return p.last(answer, cell.Number)
}

// last returns an outcome that came just before the child died, else Lost.
func (p *process) last(answer chan message, cell int) engine.Outcome {
	select {
	case m := <-answer:
		return *m.Outcome
	default:
		return engine.Outcome{Failure: p.lost(cell)}
	}
}

// killed ends the child and returns what is closed when it is gone.
func (p *process) killed() <-chan struct{} {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Process.Kill()
	return p.died
}

// lost is the failure of a cell whose process died.
func (p *process) lost(cell int) *engine.Failure {
	f := *p.Cause()
	f.Traceback = append([]string{
		fmt.Sprintf("%s: %s", f.Kind, f.Message),
		p.cells.blame(cell) + " ended the process that runs Go code. A fresh session starts; variables, functions and imports are gone: run their cells again.",
	}, f.Traceback...)
	return &f
}

// bury makes the death known: its cause, and to all that wait.
func (p *process) bury() {
	words := p.capture.report(p.crashed())
	cause := &engine.Failure{Kind: engine.Lost, Message: p.reason(words)}
	if len(words) > crashLines {
		words = append(words[:crashLines:crashLines], fmt.Sprintf("... %d more lines", len(words)-crashLines))
	}
	cause.Traceback = words
	p.mu.Lock()
	p.cause = cause
	p.mu.Unlock()
	close(p.died)
}

// crashed tells whether the child ended as a Go program does by a fatal error: with
// status 2, or by SIGABRT where GOTRACEBACK=crash.
func (p *process) crashed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && (status.Exited() && status.ExitStatus() == 2 || status.Signaled() && status.Signal() == syscall.SIGABRT)
}

// reason names the cause of death in one line.
func (p *process) reason(words []string) string {
	p.mu.Lock()
	stuck, closing := p.stuck, p.closing
	p.mu.Unlock()
	switch {
	case stuck:
		return fmt.Sprintf("the cell did not stop within %v of the interrupt, its process was ended", stopTime)
	case closing:
		return "the session was closed"
	}
	for _, line := range words {
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return line
		}
	}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		if status.Signal() == syscall.SIGKILL {
			return "its process was killed (is the machine's memory used up?)"
		}
		return "its process ended by signal " + status.Signal().String()
	}
	return fmt.Sprintf("its process ended with status %d", p.cmd.ProcessState.ExitCode())
}

// Died is closed when the child has died.
func (p *process) Died() <-chan struct{} { return p.died }

// Cause tells why the child died, nil while it lives.
func (p *process) Cause() *engine.Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause
}

// Pid is the child's process id.
func (p *process) Pid() int { return p.cmd.Process.Pid }

// errLost answers questions to a dead child.
var errLost = errors.New("the Go session has died")

func (p *process) question(ctx context.Context, m message) (message, error) {
	id, answer, err := p.request(m)
	defer p.forget(id)
	if err != nil {
		return message{}, errLost
	}
	select {
	case a := <-answer:
		if a.Err != "" {
			return a, errors.New(a.Err)
		}
		return a, nil
	case <-p.died:
		return message{}, errLost
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// Complete asks the child.
func (p *process) Complete(ctx context.Context, code string, cursor int) (engine.Completions, error) {
	a, err := p.question(ctx, message{Op: opComplete, Code: code, Cursor: cursor})
	if err != nil || a.Completions == nil {
		return engine.Completions{Start: cursor, End: cursor}, err
	}
	return *a.Completions, nil
}

// Inspect asks the child.
func (p *process) Inspect(ctx context.Context, code string, cursor, detail int) (display.Bundle, bool) {
	a, err := p.question(ctx, message{Op: opInspect, Code: code, Cursor: cursor, Detail: detail})
	if err != nil || a.Bundle == nil {
		return display.Bundle{}, false
	}
	return *a.Bundle, a.Found
}

// IsComplete asks the child.
func (p *process) IsComplete(code string) engine.Completeness {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	a, err := p.question(ctx, message{Op: opIsComplete, Code: code})
	if err != nil || a.Completeness == nil {
		return engine.Completeness{Status: "unknown"}
	}
	return *a.Completeness
}

// Comm gives the child a message for a widget.
func (p *process) Comm(m display.CommMessage) {
	_ = p.requests.send(message{Op: opComm, Comm: &m}) // a dead child has no widgets
}

// Close lets the child end its engine, then ends the child.
func (p *process) Close() error {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.requests.w.Close()
	t := time.NewTimer(endTime)
	defer t.Stop()
	select {
	case <-p.died:
	case <-t.C:
		<-p.killed()
	}
	return nil
}
