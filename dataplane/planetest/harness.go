package planetest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Underlay carries frames between the tunnel addresses of its nodes.
type Underlay interface {
	// Start attaches a node. The suite closes the Plane.
	Start(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error)
}

// Harness makes what a suite needs. The planes that it starts must also be
// dataplane.Prober and dataplane.Counting. Behind every port there must be a
// workload with the port's addresses that answers ICMP echo, accepts TCP on port
// 22, and refuses it on 9999. Reasons of lost probes and of drops are those that
// package dataplane names; a label's time to live is the packet's (RFC 3443
// section 3.1, uniform model).
type Harness struct {
	// New makes an underlay of its own for one test; clean up by t.Cleanup.
	New func(t *testing.T) Underlay

	// Prepare, where not nil, is called before each Apply, so that a harness can
	// put workloads behind new ports.
	Prepare func(t *testing.T, node string, s dataplane.State)

	// Timeout is how long an answer may take; default 2 s.
	Timeout time.Duration
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	if h.Timeout == 0 {
		h.Timeout = 2 * time.Second
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, *lab)
	}{
		{"segment", testSegment},
		{"own addresses", testOwnAddresses},
		{"routes between segments", testRouted},
		{"labels", testLabels},
		{"filter by prefix", testFilterPrefix},
		{"filter by set", testFilterSet},
		{"filter by port", testFilterPort},
		{"stateful", testStateful},
		{"revoked", testRevoked},
		{"spoofed source", testSpoofed},
		{"equal-cost paths", testECMP},
		{"unreachable", testUnreachable},
		{"time exceeded", testTTL},
		{"too big", testMTU},
		{"equal addresses", testEqualAddresses},
		{"data centre", testDataCentre},
		{"idempotent", testIdempotent},
		{"read back", testReadBack},
		{"removal", testRemoval},
		{"invalid", testInvalid},
		{"probes beside applies", testConcurrent},
		{"close", testClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newLab(t, h)) })
	}
}

// lab is the nodes of one test.
type lab struct {
	*testing.T
	h      Harness
	under  Underlay
	planes map[string]dataplane.Plane
	states map[string]dataplane.State // as last applied
}

func newLab(t *testing.T, h Harness) *lab {
	return &lab{t, h, h.New(t), make(map[string]dataplane.Plane), make(map[string]dataplane.State)}
}

// apply starts the nodes of f that are not there yet and gives each its State.
func (l *lab) apply(f fabric) {
	l.Helper()
	for _, node := range f.nodes() {
		l.start(node)
		l.applyTo(node, f.state(node))
	}
}

func (l *lab) start(node string) {
	l.Helper()
	if l.planes[node] != nil {
		return
	}
	p, err := l.under.Start(l.Context(), node, tunnel(node))
	if err != nil {
		l.Fatalf("start node %s: %v", node, err)
	}
	l.planes[node] = p
	l.Cleanup(func() {
		if err := p.Close(); err != nil {
			l.Errorf("close node %s: %v", node, err)
		}
	})
}

func (l *lab) applyTo(node string, s dataplane.State) {
	l.Helper()
	if l.h.Prepare != nil {
		l.h.Prepare(l.T, node, s)
	}
	is, err := l.planes[node].Apply(l.Context(), s)
	if err != nil {
		l.Fatalf("node %s: apply: %v", node, err)
	}
	l.same(node, "apply returned", is, s)
	l.states[node] = s
}

// same fails where got does not forward as want does.
func (l *lab) same(node, what string, got, want dataplane.State) {
	l.Helper()
	for _, line := range dataplane.Diff(want, got).Lines() {
		l.Errorf("node %s: %s differs from what was applied:\n%s", node, what, line)
	}
	if !dataplane.Diff(want, got).Empty() || got.Revision != want.Revision {
		l.Errorf("node %s: %s revision %d, want %d and no difference", node, what, got.Revision, want.Revision)
	}
}

func (l *lab) read(node string) dataplane.State {
	l.Helper()
	s, err := l.planes[node].Read(l.Context())
	if err != nil {
		l.Fatalf("node %s: read: %v", node, err)
	}
	return s
}

func (l *lab) counters(node string) dataplane.Counters {
	l.Helper()
	c, ok := l.planes[node].(dataplane.Counting)
	if !ok {
		l.Fatalf("node %s: %T does not count", node, l.planes[node])
	}
	n, err := c.Counters(l.Context())
	if err != nil {
		l.Fatalf("node %s: counters: %v", node, err)
	}
	return n
}
