package kernel

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Mortal is an engine that can die between two cells, as one in a process of
// its own does.
type Mortal interface {
	// Died is closed when the engine has died; Cause tells then why.
	Died() <-chan struct{}
	Cause() *engine.Failure
}

// errNoEngine is why a question has no answer while the engine starts or after
// the kernel's end.
var errNoEngine = errors.New("the Go session is starting")

// engineSlot holds the engine in use and replaces one that died.
type engineSlot struct {
	factory engine.Factory
	sink    engine.Sink
	died    func(*engine.Failure) // told of a death between two cells

	gate chan struct{} // held by whoever executes

	mu      sync.Mutex
	current engine.Engine
	failed  error         // why there is no current one
	ready   chan struct{} // closed when current or failed is set
	busy    bool          // a cell runs
	closed  bool
	ctx     context.Context // of the engines
	cancel  context.CancelFunc
}

func newEngineSlot(factory engine.Factory, sink engine.Sink, died func(*engine.Failure)) *engineSlot {
	s := &engineSlot{factory: factory, sink: sink, died: died, gate: make(chan struct{}, 1), ready: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// run starts the first engine, so that it is warm when the first cell comes.
func (s *engineSlot) run(context.Context) { s.start() }

// start makes an engine and lets those in that wait for it.
func (s *engineSlot) start() {
	e, err := s.factory(s.ctx, s.sink)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		if err == nil {
			go e.Close()
		}
		err = errors.New("the kernel is ending")
	}
	if err != nil {
		e = nil
	}
	s.current, s.failed = e, err
	close(s.ready)
	if m, ok := e.(Mortal); ok {
		go s.watch(e, m)
	}
}

// watch replaces an engine that dies while no cell runs; execute does it
// otherwise.
func (s *engineSlot) watch(e engine.Engine, m Mortal) {
	select {
	case <-s.ctx.Done():
		return
	case <-m.Died():
	}
	s.mu.Lock()
	idle := s.current == e && !s.busy && !s.closed
	s.mu.Unlock()
	if idle && s.replace(e) {
		s.died(m.Cause())
	}
}

// replace starts a fresh engine in the place of dead; false where another did.
func (s *engineSlot) replace(dead engine.Engine) bool {
	s.mu.Lock()
	if s.current != dead || s.closed {
		s.mu.Unlock()
		return false
	}
	s.current, s.failed, s.ready = nil, nil, make(chan struct{})
	s.mu.Unlock()
	go func() {
		if dead != nil {
			dead.Close()
		}
		s.start()
	}()
	return true
}

// wait returns the engine when it is ready.
func (s *engineSlot) wait(ctx context.Context) (engine.Engine, error) {
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	select {
	case <-ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.failed
}

// now returns the engine if it is ready.
func (s *engineSlot) now() (engine.Engine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, errors.Join(errNoEngine, s.failed)
	}
	return s.current, nil
}

// execute runs one cell when no other runs. An engine that is lost with the
// cell is replaced.
func (s *engineSlot) execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-ctx.Done():
		return interrupted("before it started")
	}
	e, err := s.acquire(ctx)
	if ctx.Err() != nil {
		return interrupted("before it started")
	}
	if err != nil {
		s.replace(nil)
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Lost, Message: "the Go session cannot start: " + err.Error()}}
	}
	outcome := e.Execute(ctx, cell)
	s.setBusy(false)
	if outcome.Failure != nil && outcome.Failure.Kind == engine.Lost {
		s.replace(e)
	}
	return outcome
}

// acquire waits for a living engine and marks it busy.
func (s *engineSlot) acquire(ctx context.Context) (engine.Engine, error) {
	for {
		e, err := s.wait(ctx)
		if err != nil {
			return nil, err
		}
		if s.claim(e) {
			return e, nil
		}
	}
}

// claim marks e busy if it is still in use and alive; one that died meanwhile is
// replaced, so that no cell is blamed for the death.
func (s *engineSlot) claim(e engine.Engine) bool {
	if m, ok := e.(Mortal); ok {
		select {
		case <-m.Died():
			if s.replace(e) {
				s.died(m.Cause())
			}
			return false
		default:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != e {
		return false
	}
	s.busy = true
	return true
}

func (s *engineSlot) setBusy(busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = busy
}

func interrupted(when string) engine.Outcome {
	return engine.Outcome{Failure: &engine.Failure{Kind: engine.Interrupted, Message: "interrupted " + when}}
}

// close ends the engine and starts no other.
func (s *engineSlot) close() {
	s.mu.Lock()
	s.closed = true
	e := s.current
	s.mu.Unlock()
	s.cancel()
	if e != nil {
		e.Close()
	}
}

// engineDied tells the notebook of a session that died while no cell ran.
func (k *Kernel) engineDied(cause *engine.Failure) {
	k.comms.engineLost()
	text := "The Go session died after its last cell had ended; a fresh one starts. Variables and functions are gone: run their cells again.\n"
	if cause != nil {
		text = fmt.Sprintf("%s%s\n", text, cause.Message)
	}
	k.out.emit(engine.Event{Stream: &engine.Stream{Name: "stderr", Text: text}})
}

// isComplete asks the engine in use; where there is none, nobody knows.
func (s *engineSlot) isComplete(code string) engine.Completeness {
	e, err := s.now()
	if err != nil {
		return engine.Completeness{Status: "unknown"}
	}
	return e.IsComplete(code)
}

// inspect asks the engine in use.
func (s *engineSlot) inspect(ctx context.Context, code string, cursor, detail int) (display.Bundle, bool) {
	e, err := s.now()
	if err != nil {
		return display.Bundle{}, false
	}
	return e.Inspect(ctx, code, cursor, detail)
}
