package agent_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/dataplane/agent"
	"github.com/fabricbook/fabricbook/dataplane/sim"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// link is a Link in memory.
type link struct {
	orders  chan agent.Order
	reports chan agent.Report
	broken  chan error
}

func newLink() *link {
	return &link{make(chan agent.Order, 100), make(chan agent.Report, 100), make(chan error, 1)}
}

func (l *link) Next(ctx context.Context) (agent.Order, error) {
	select {
	case o := <-l.orders:
		return o, nil
	case err := <-l.broken:
		return agent.Order{}, err
	case <-ctx.Done():
		return agent.Order{}, ctx.Err()
	}
}

func (l *link) Report(ctx context.Context, r agent.Report) error {
	select {
	case l.reports <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *link) state(revision uint64) {
	l.orders <- agent.Order{State: &dataplane.State{Node: "a", Revision: revision, VRFs: []dataplane.VRF{{Routes: make([]dataplane.Route, 3)}}, Ports: make([]dataplane.Port, 2)}}
}

// plane is a Plane whose calls the test decides.
type plane struct {
	apply func(dataplane.State) error
	probe func(context.Context) error
}

func (p *plane) Read(context.Context) (dataplane.State, error) {
	return dataplane.State{Node: "a", Revision: 7, Ports: make([]dataplane.Port, 1)}, nil
}

func (p *plane) Apply(_ context.Context, s dataplane.State) (dataplane.State, error) {
	return s, p.apply(s)
}

func (p *plane) Probe(ctx context.Context, _ dataplane.Probe) (dataplane.ProbeResult, error) {
	return dataplane.ProbeResult{Sent: 1, Received: 1}, p.probe(ctx)
}

func (p *plane) Counters(context.Context) (dataplane.Counters, error) {
	return dataplane.Counters{Drops: map[string]uint64{"ttl": 3}}, nil
}

func (p *plane) Close() error { return nil }

// start runs an agent in a bubble of virtual time and stops it at the end.
func start(t *testing.T, p dataplane.Plane) *link {
	l := newLink()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- agent.New("a", p, l, quiet).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v; want nil after cancel", err)
		}
	})
	first := <-l.reports
	if first.Revision != 7 || first.Ports != 1 || first.Node != "a" || first.Error != "" {
		t.Errorf("first report %+v, want what the plane held before", first)
	}
	return l
}

func TestReportAfterEachApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &plane{apply: func(dataplane.State) error { time.Sleep(20 * time.Millisecond); return nil }})
		for revision := uint64(1); revision <= 3; revision++ {
			l.state(revision)
			r := <-l.reports
			if r.Revision != revision || r.Took != 20*time.Millisecond || r.VRFs != 1 || r.Ports != 2 || r.Routes != 3 || r.Error != "" {
				t.Errorf("report %+v after revision %d", r, revision)
			}
		}
	})
}

func TestNewestStateWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, go1 := make(chan uint64, 9), make(chan struct{})
		l := start(t, &plane{apply: func(s dataplane.State) error {
			begun <- s.Revision
			<-go1
			return nil
		}})
		l.state(1)
		if r := <-begun; r != 1 {
			t.Fatalf("revision %d applied first", r)
		}
		for revision := uint64(2); revision <= 5; revision++ {
			l.state(revision)
		}
		synctest.Wait()
		close(go1)
		if r := <-begun; r != 5 {
			t.Errorf("revision %d applied after 1, with 2 to 5 waiting; want 5", r)
		}
		if r := <-l.reports; r.Revision != 1 {
			t.Errorf("report of revision %d, want 1", r.Revision)
		}
		if r := <-l.reports; r.Revision != 5 {
			t.Errorf("report of revision %d, want 5", r.Revision)
		}
		synctest.Wait()
		if len(begun) != 0 {
			t.Errorf("revision %d was applied too", <-begun)
		}
	})
}

func TestFailedStateIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried []uint64
		fail := errors.New("no room")
		l := start(t, &plane{apply: func(s dataplane.State) error {
			tried = append(tried, s.Revision)
			if s.Revision == 1 {
				return fail
			}
			return nil
		}})
		began := time.Now()
		l.state(1)
		for _, at := range []time.Duration{0, time.Second, 3 * time.Second} {
			r := <-l.reports
			if r.Error != "no room" || r.Revision != 7 || time.Since(began) != at {
				t.Errorf("after %s: report %+v; want the error after %s, with the revision in force", time.Since(began), r, at)
			}
		}
		l.state(2)
		if r := <-l.reports; r.Error != "" || r.Revision != 2 {
			t.Errorf("report %+v, want revision 2 without error", r)
		}
		time.Sleep(time.Minute)
		if len(tried) != 4 {
			t.Errorf("tried %v: the failed state was tried after a newer one had come", tried)
		}
	})
}

func TestProbesDoNotBlockApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plane{apply: func(dataplane.State) error { return nil }, probe: func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		l := start(t, p)
		for id := range uint64(20) {
			l.orders <- agent.Order{Probe: &agent.ProbeOrder{ID: id}}
		}
		synctest.Wait()
		l.state(1)
		if r := <-l.reports; r.Revision != 1 || r.Probe != nil {
			t.Errorf("first report %+v, want that of revision 1: probes are under way", r)
		}
		seen := make(map[uint64]bool)
		for len(seen) < 20 {
			r := <-l.reports
			if r.Probe == nil {
				continue
			}
			if r.Probe.Error != "" || r.Probe.Result.Received != 1 || r.Revision != 1 || seen[r.Probe.ID] {
				t.Errorf("report %+v of probe %+v", r, r.Probe)
			}
			seen[r.Probe.ID] = true
		}
	})
}

func TestCountersWithHeartbeatAndAfterProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &plane{probe: func(context.Context) error { return errors.New("no such port") }})
		began := time.Now()
		l.orders <- agent.Order{Probe: &agent.ProbeOrder{ID: 9}}
		if r := <-l.reports; r.Probe == nil || r.Probe.ID != 9 || r.Probe.Error != "no such port" {
			t.Errorf("report %+v, want the answer of probe 9", r)
		}
		if r := <-l.reports; r.Counters == nil || r.Counters.Drops["ttl"] != 3 || time.Since(began) >= time.Second {
			t.Errorf("after %s: report %+v, want counters soon after a probe", time.Since(began), r)
		}
		if r := <-l.reports; r.Counters == nil || time.Since(began) != agent.DefaultHeartbeat || r.Revision != 7 {
			t.Errorf("after %s: report %+v, want a heartbeat after %s", time.Since(began), r, agent.DefaultHeartbeat)
		}
	})
}

func TestBrokenLinkEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		done := make(chan error)
		probing := make(chan struct{})
		p := &plane{probe: func(ctx context.Context) error { close(probing); <-ctx.Done(); return ctx.Err() }}
		go func() { done <- agent.New("a", p, l, quiet).Run(t.Context()) }()
		l.orders <- agent.Order{Probe: &agent.ProbeOrder{ID: 1}}
		<-probing
		l.broken <- io.ErrUnexpectedEOF
		if err := <-done; !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("Run: %v, want the link's error with the node's name", err)
		}
	})
}

func TestAgentOfASimulatedNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tunnel, addr := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.11.3")
		p, err := sim.New().Start(t.Context(), "a", tunnel)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		l := newLink()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- agent.New("a", p, l, quiet).Run(ctx) }()
		if r := <-l.reports; r.Revision != 0 || r.Error != "" {
			t.Errorf("report %+v of a fresh node", r)
		}
		net := netip.PrefixFrom(addr, 24).Masked()
		s := dataplane.State{Node: "a", Revision: 3, Tunnel: tunnel, MTU: 1472,
			VRFs:  []dataplane.VRF{{Name: "web", ID: 1, Subnets: []dataplane.Subnet{{Prefix: net, Gateway: net.Addr().Next(), Service: net.Addr().Next().Next()}}}},
			Ports: []dataplane.Port{{Name: "web-1", VRF: "web", Interface: "tap-web-1", Addresses: []netip.Addr{addr}}}}
		l.orders <- agent.Order{State: &s}
		if r := <-l.reports; r.Revision != 3 || r.Ports != 1 || r.Error != "" {
			t.Errorf("report %+v after revision 3", r)
		}
		l.orders <- agent.Order{Probe: &agent.ProbeOrder{ID: 4, Probe: dataplane.Probe{Port: "web-1", To: net.Addr().Next(), Protocol: dataplane.ICMP, Count: 2}}}
		if r := <-l.reports; r.Probe == nil || r.Probe.Result.Received != 2 || r.Revision != 3 {
			t.Errorf("report %+v, want two answers of the gateway", r)
		}
		if r := <-l.reports; r.Counters == nil || r.Counters.Ports["web-1"].In.Packets != 2 {
			t.Errorf("report %+v, want the counters of the ping", r)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
