package interp_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// recorder is a Sink that keeps what cells put out.
type recorder struct {
	mu     sync.Mutex
	events []engine.Event
	answer string
	woken  chan struct{} // gets a value, if room, at each event
}

func (r *recorder) Emit(e engine.Event) {
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
