package worker

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Debug asks the child.
func (p *process) Debug(ctx context.Context, command string, arguments json.RawMessage) (json.RawMessage, error) {
	a, err := p.question(ctx, message{Op: opDebug, Command: command, Body: arguments})
	return a.Body, err
}

// debug lets the engine serve a debugger.
func (c *child) debug(m message) (body json.RawMessage, err error) {
	e, ok := c.engine.(engine.Debuggable)
	if !ok {
		return nil, errors.New("this engine has no debugger")
	}
	return e.Debug(context.Background(), m.Command, m.Body)
}
