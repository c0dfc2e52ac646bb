package planetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
)

func testIdempotent(_ *testing.T, l *lab) {
	f := guarded([]dataplane.Rule{in(dataplane.Any, "")}, []dataplane.Rule{outAll})
	l.apply(f)
	l.ping("web-1", "10.0.12.4").passes()
	before := l.counters("b").Ports["db-2"]
	l.apply(f)
	if after := l.counters("b").Ports["db-2"]; after != before {
		l.Errorf("node b: applying the same again changed port db-2's counters from %+v to %+v", before, after)
	}
	l.same("b", "read", l.read("b"), f.state("b"))
	l.ping("web-1", "10.0.12.4").passes()
}

func testReadBack(_ *testing.T, l *lab) {
	f := guarded([]dataplane.Rule{in(dataplane.ICMP, "10.0.11.0/24"), in(dataplane.TCP, "")}, []dataplane.Rule{outAll})
	f.extra = map[string][]dataplane.Route{"db": twoHops()}
	steps := []fabric{f, f.without("web-2"), f.without("db-1").without("web-1"), twoSegments(false), f}
	for i, step := range steps {
		step.rev = uint64(i + 1)
		l.apply(step)
		for _, node := range step.nodes() {
			l.same(node, "read", l.read(node), step.state(node))
		}
	}
}

// twoHops is a route that two other nodes share.
func twoHops() []dataplane.Route {
	r := dataplane.Route{Prefix: subnet("172.31.9.34").Prefix}
	for i, n := range []string{"x", "y"} {
		r.NextHops = append(r.NextHops, dataplane.NextHop{Tunnel: tunnel(n), Label: uint32(700 + i)})
	}
	return []dataplane.Route{r}
}

func testRemoval(_ *testing.T, l *lab) {
	f := twoSegments(true)
	l.apply(f)
	l.ping("web-1", "10.0.12.4").passes()
	l.apply(f.without("db-2"))
	l.ping("web-1", "10.0.12.4").fails("unreachable")
	l.ping("web-1", "10.0.12.3").passes()
	empty := dataplane.State{Node: "a", Revision: 9, Tunnel: tunnel("a"), MTU: mtu}
	l.applyTo("a", empty)
	l.same("a", "read", l.read("a"), empty)
	l.apply(f)
	l.ping("web-1", "10.0.12.4").passes()
}

func testInvalid(_ *testing.T, l *lab) {
	f := twoSegments(true)
	l.apply(f)
	bad := f.without("web-3").state("a")
	bad.Ports = append([]dataplane.Port(nil), bad.Ports...)
	bad.Ports[0].VRF = "nowhere"
	_, err := l.planes["a"].Apply(l.Context(), bad)
	var invalid *dataplane.InvalidError
	if !errors.As(err, &invalid) {
		l.Fatalf("node a: apply of a port in an unknown VRF: %v; want an InvalidError", err)
	}
	l.same("a", "read", l.read("a"), f.state("a"))
	l.ping("web-1", "10.0.11.5").passes()
}

func testConcurrent(t *testing.T, l *lab) {
	f := guarded([]dataplane.Rule{in(dataplane.Any, "")}, []dataplane.Rule{outAll})
	l.apply(f)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	for _, from := range []struct{ node, port, to string }{{"a", "web-1", "10.0.12.4"}, {"b", "web-2", "10.0.11.3"}, {"b", "db-2", "10.0.11.3"}} {
		prober := l.planes[from.node].(dataplane.Prober)
		wg.Go(func() {
			for ctx.Err() == nil {
				p := dataplane.Probe{Port: from.port, To: address(from.to), Protocol: dataplane.TCP, DstPort: 22, Count: 1, Timeout: l.h.Timeout}
				if _, err := prober.Probe(ctx, p); err != nil && ctx.Err() == nil {
					t.Errorf("%s@%s: tcp %s: %v", from.port, from.node, from.to, err)
					return
				}
			}
		})
	}
	for i := range 20 {
		step := f
		if i%2 == 0 {
			step = f.without("web-3")
		}
		step.rev = uint64(i + 2)
		l.apply(step)
		l.ping("web-1", "10.0.12.4").passes()
	}
	stop()
	wg.Wait()
}

func testClose(_ *testing.T, l *lab) {
	l.apply(twoSegments(true))
	for range 2 {
		if err := l.planes["b"].Close(); err != nil {
			l.Errorf("node b: close: %v", err)
		}
	}
	if _, err := l.planes["b"].Apply(l.Context(), l.states["b"]); err == nil {
		l.Error("node b: apply after close succeeded")
	}
	if _, err := l.planes["b"].Read(l.Context()); err == nil {
		l.Error("node b: read after close succeeded")
	}
	l.ping("web-1", "10.0.12.3").passes()
}
