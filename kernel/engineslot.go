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

	mu      sync.Mutex
	current engine.Engine
	failed  error         // why there is no current one
	ready   chan struct{} // closed when current or failed is set
	cells   int           // that run in current
	closed  bool
	ctx     context.Context // of the engines
	cancel  context.CancelFunc
}

func newEngineSlot(factory engine.Factory, sink engine.Sink, died func(*engine.Failure)) *engineSlot {
	s := &engineSlot{factory: factory, sink: sink, died: died, ready: make(chan struct{})}
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
	if s.idle(e) && s.replace(e) {
		s.died(m.Cause())
	}
}

// idle tells whether e is in use and no cell runs in it.
func (s *engineSlot) idle(e engine.Engine) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current == e && s.cells == 0
}

// replace starts a fresh engine in the place of dead, or of one that could not
// start where dead is nil; false where another did.
func (s *engineSlot) replace(dead engine.Engine) bool {
	s.mu.Lock()
	starting := s.current == nil && s.failed == nil
	if s.current != dead || s.closed || starting {
		s.mu.Unlock()
		return false
	}
	s.current, s.failed, s.ready, s.cells = nil, nil, make(chan struct{}), 0
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
	for {
		s.mu.Lock()
		e, err, ready := s.current, s.failed, s.ready
		s.mu.Unlock()
		if e != nil || err != nil {
			return e, err
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
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

// execute runs one cell. An engine that is lost with the cell is replaced.
func (s *engineSlot) execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	e, err := s.acquire(ctx)
	if ctx.Err() != nil {
		return interrupted("before it started")
	}
	if err != nil {
		s.replace(nil)
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Lost, Message: "the Go session cannot start: " + err.Error()}}
	}
	outcome := e.Execute(ctx, cell)
	s.release(e)
	if outcome.Failure != nil && outcome.Failure.Kind == engine.Lost {
		s.replace(e)
	}
	return outcome
}

// acquire waits for a living engine and counts the cell as running in it.
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

// claim counts a cell as running in e if that is still in use and alive; one that
// died meanwhile is replaced, so that no cell is blamed for the death.
func (s *engineSlot) claim(e engine.Engine) bool {
	if m, ok := e.(Mortal); ok {
		select {
		case <-m.Died():
			idle := s.idle(e) // else the cells in it tell of the death
			if s.replace(e) && idle {
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
	s.cells++
	return true
}

// release tells that a cell of e has ended. One of an engine that was replaced
// meanwhile counts no more.
func (s *engineSlot) release(e engine.Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == e {
		s.cells--
	}
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
