package agent

import (
	"context"
	"errors"
	"log/slog"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Agent runs one node.
type Agent struct{}

// New makes the agent of one node. It starts nothing.
func New(node string, plane dataplane.Plane, link Link, log *slog.Logger) *Agent { return &Agent{} }

// Run works until ctx ends (then it returns nil) or the link fails.
func (a *Agent) Run(ctx context.Context) error { return errors.New("agent: under construction") }
