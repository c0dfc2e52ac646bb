package agent

import (
	"context"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Order is what the node is asked to do: exactly one of State and Probe is set.
type Order struct {
	State *dataplane.State
	Probe *ProbeOrder
}

// ProbeOrder asks for one probe; the answer carries the same ID.
type ProbeOrder struct {
	ID    uint64
	Probe dataplane.Probe
}

// ProbeAnswer is how a probe ended, or why it could not be made.
type ProbeAnswer struct {
	ID     uint64
	Result dataplane.ProbeResult
	Error  string
}

// Report tells how the node is. One follows every Apply, every probe (Probe is
// then set) and every heartbeat.
type Report struct {
	Node     string
	Revision uint64        // of the State that is in force, 0 before the first
	Took     time.Duration // of the Apply that the report follows, 0 otherwise
	Error    string        // of the last Apply, empty when all of the State is in force

	VRFs   int // installed
	Ports  int
	Routes int

	Counters *dataplane.Counters // with heartbeats, and soon after probes
	Probe    *ProbeAnswer
}

// Link joins an agent with whoever computes its States. Next blocks until there
// is an order and is called by one goroutine; Report may be called by several.
// After an error of either, other than of its context, the link is of no more use.
type Link interface {
	Next(ctx context.Context) (Order, error)
	Report(ctx context.Context, r Report) error
}
