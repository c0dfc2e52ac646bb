package kernel

import (
	"context"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// backlog is how many bytes may wait for a reading client before cells that
// make more output are held up.
const backlog = 16 << 20

// sink is what the engine writes to.
type sink struct{ k *Kernel }

// Emit passes output and messages of widgets on. It holds the writer up where
// clients cannot follow, and lets it go as soon as its cell is interrupted.
func (s sink) Emit(e engine.Event) {
	if e.Secret != "" {
		s.k.keep(e.Cell, e.Secret)
		return
	}
	if e.Debug != nil {
		s.k.debugger.session.Relay(e.Debug.Event, e.Debug.Body)
		return
	}
	ctx := s.k.cellContext(e.Cell)
	if s.k.out.pace != nil && !(e.Stream != nil && s.k.out.isLong(e.Cell)) {
		s.k.out.pace.wait(ctx, e)
	}
	s.k.iopub.Wait(ctx, backlog)
	if e.Comm != nil {
		s.k.comms.fromEngine(e.Cell, *e.Comm)
		return
	}
	s.k.out.emit(e)
}

// Ask asks the person in front of the notebook.
func (s sink) Ask(ctx context.Context, cell int, prompt string, password bool) (string, error) {
	return s.k.ask(ctx, cell, prompt, password)
}
