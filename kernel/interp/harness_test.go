package interp_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// patience is how long a test waits for what must come before it gives up: longer
// than any machine is late.
const patience = 2 * time.Minute

// recorder is a Sink that keeps what cells put out.
type recorder struct {
	mu     sync.Mutex
	events []engine.Event
	answer string
	slow   time.Duration // how long each event is taken for
	woken  chan struct{} // gets a value, if room, at each event
}

func (r *recorder) Emit(e engine.Event) {
	time.Sleep(r.slow)
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *recorder) Ask(context.Context, int, string, bool) (string, error) { return r.answer, nil }

// text is what cell printed on the named stream; cell 0 stands for all cells.
func (r *recorder) text(cell int, stream string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, e := range r.events {
		if e.Stream != nil && (cell == 0 || e.Cell == cell) && e.Stream.Name == stream {
			b.WriteString(e.Stream.Text)
		}
	}
	return b.String()
}

// all are the events so far.
func (r *recorder) all() []engine.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// session runs cells one after the other, as a notebook does.
type session struct {
	testing.TB
	engine *interp.Engine
	sink   *recorder
	number int
	last   engine.Outcome
}

func newSession(t testing.TB, symbols ...*interp.Package) *session {
	t.Helper()
	r := &recorder{woken: make(chan struct{}, 1)}
	e, err := interp.New(r, symbols...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &session{TB: t, engine: e, sink: r}
}

func (s *session) run(source string) engine.Outcome {
	return s.runContext(context.Background(), source)
}

func (s *session) runContext(ctx context.Context, source string) engine.Outcome {
	s.number++
	s.last = s.engine.Execute(ctx, engine.Cell{Number: s.number, Source: source})
	return s.last
}

// ok runs a cell that must end well and returns the text of its result.
func (s *session) ok(source string) string {
	s.Helper()
	out := s.run(source)
	if out.Failure != nil {
		s.Fatalf("cell %d failed:\n%s\n--- source\n%s", s.number, strings.Join(out.Failure.Traceback, "\n"), source)
	}
	if out.Result == nil {
		return ""
	}
	return out.Result.Text()
}

// eventually waits until done holds; false if it gave up.
func (s *session) eventually(done func() bool) bool {
	s.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-s.sink.woken:
		case <-tick.C:
		case <-deadline:
			return done()
		}
	}
	return true
}

// until waits until done holds, which it must.
func (s *session) until(done func() bool) {
	s.Helper()
	if !s.eventually(done) {
		s.Fatal("what was waited for did not come")
	}
}

// prompt runs try until what it measures took no longer than limit. A busy machine may
// be late, so it may be as much longer as this process was late just then, and there
// are many tries.
func prompt(t *testing.T, limit time.Duration, try func() time.Duration) {
	t.Helper()
	var took, late time.Duration
	for range 20 {
		if took = try(); took <= limit {
			return
		}
		if late = lateness(); took <= limit+late {
			t.Logf("took %v where a timer was %v late", took, late)
			return
		}
	}
	t.Errorf("took %v, want at most %v; a timer was %v late", took, limit, late)
}

// lateness is how late a goroutine tells of a timer that it began when it was told to.
func lateness() time.Duration {
	const wait = 60 * time.Millisecond
	begin, end := make(chan bool), make(chan bool)
	go func() {
		<-begin
		<-time.After(wait)
		end <- true
	}()
	began := time.Now()
	begin <- true
	<-end
	return time.Since(began) - wait
}
