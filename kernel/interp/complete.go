package interp

import (
	"context"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Complete proposes what can stand at cursor.
func (e *Engine) Complete(ctx context.Context, code string, cursor int) (engine.Completions, error) {
	return engine.Completions{Start: cursor, End: cursor}, nil
}

// Inspect describes the name at cursor.
func (e *Engine) Inspect(ctx context.Context, code string, cursor, detail int) (display.Bundle, bool) {
	return display.Bundle{}, false
}
