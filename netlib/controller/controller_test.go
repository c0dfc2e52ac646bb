package controller_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/dataplane/sim"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/netlib/controller"
	"github.com/fabricbook/fabricbook/netlib/store"
)

const token = "a token only for these tests"

// testTime is how long something may take before a test gives it up.
const testTime = 2 * time.Minute

// packetTime is how long a packet of a probe may take, the most that a probe may ask
// for: the simulated fabric knows at once which are lost.
const packetTime = 10 * time.Second

// running is a controller with its store and simulated fabric.
type running struct {
	*client.Client
	ctl   *controller.Controller
	store *store.Store
	end   func() // stops the controller and waits for it
}

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// start runs a controller on s, with planes from embedded or of a new simulated
// fabric.
func start(t testing.TB, s *store.Store, embedded func(context.Context, string, netip.Addr) (dataplane.Plane, error)) *running {
	t.Helper()
	if embedded == nil {
		embedded = sim.New().Start
	}
	ctl, err := controller.New(controller.Config{Token: token, Store: s, Embedded: embedded, Plane: "sim", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }()
	select {
	case <-ctl.Ready():
	case err := <-ended:
		t.Fatalf("Run: %v", err)
	}
	c, err := client.New(ctl.URL(), token)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Client: c, ctl: ctl, store: s}
	stopped := false
	r.end = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v; want nil after cancel", err)
		}
		c.Close()
	}
	t.Cleanup(r.end)
	return r
}

// fresh is a controller on an empty store.
func fresh(t testing.TB) *running {
	t.Helper()
	return start(t, openStore(t, t.TempDir()), nil)
}

// do plans and applies an edit and waits until it is in force.
func (r *running) do(t testing.TB, title string, e netlib.Edit) api.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	defer cancel()
	p, err := r.Plan(ctx, api.PlanRequest{Title: title, Edit: e})
	if err != nil {
		t.Fatal(err)
	}
	ch, err := r.Apply(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if ch, err = r.Wait(ctx, ch.Revision, nil); err != nil {
		t.Fatal(err)
	}
	return ch
}

// s1 is scenario S1.
func s1() netlib.Edit {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	target := []netlib.RouteTarget{{ASN: 64512, Number: 201}}
	in := func(p netlib.Protocol, port uint16, group string, from netip.Prefix) netlib.Rule {
		return netlib.Rule{Direction: netlib.Ingress, Protocol: p, PortFrom: port, PortTo: port, Group: group, Prefix: from}
	}
	segment := func(name, subnet string) netlib.Segment {
		return netlib.Segment{Name: name, Subnets: []netip.Prefix{prefix(subnet)}}
	}
	none := netip.Prefix{}
	return netlib.Edit{
		Nodes: []netlib.Node{{Name: "node-1", Tunnel: addr("192.0.2.1")}, {Name: "node-2", Tunnel: addr("192.0.2.2")}},
		Segments: []netlib.Segment{
			segment("dc-web-network", "10.0.11.0/24"), segment("dc-db-network", "10.0.12.0/24"),
			segment("office-network", "10.0.13.0/24"), segment("mgmt-network", "10.0.14.0/24"),
		},
		Routers: []netlib.Router{{
			Name: "dc-router", Targets: target,
			Segments: []string{"dc-web-network", "dc-db-network", "office-network", "mgmt-network"},
		}},
		Groups: []netlib.SecurityGroup{
			{Name: "dc-web-sg", Rules: []netlib.Rule{in(netlib.TCP, 22, "mgmt-sg", none)}},
			{Name: "dc-db-sg", Rules: []netlib.Rule{in(netlib.TCP, 22, "dc-web-sg", none), in(netlib.TCP, 22, "mgmt-sg", none)}},
			{Name: "office-sg", Rules: []netlib.Rule{in(netlib.Any, 0, "", prefix("0.0.0.0/0"))}},
			{Name: "mgmt-sg", Rules: []netlib.Rule{in(netlib.Any, 0, "", prefix("172.31.9.34/32"))}},
		},
		Ports: []netlib.Port{
			{Name: "dc-web-1", Segment: "dc-web-network", Node: "node-1", Groups: []string{"dc-web-sg"}},
			{Name: "dc-db-1", Segment: "dc-db-network", Node: "node-2", Groups: []string{"dc-db-sg"}},
			{Name: "office-1", Segment: "office-network", Node: "node-1", Groups: []string{"office-sg"}},
			{Name: "mgmt-1", Segment: "mgmt-network", Node: "node-2", Groups: []string{"mgmt-sg"}},
		},
		Gateways: []netlib.Gateway{{
			Name: "outside-router", Tunnel: addr("192.0.2.254"),
			Static: []netlib.StaticRoute{{Name: "check-host", Prefix: prefix("172.31.9.34/32"), Targets: target}},
		}},
	}
}

// s1TCP22 is who reaches whom on tcp/22 in S1, by the table of the scenario.
func s1TCP22(from, to string) bool {
	switch to {
	case "dc-web-1":
		return from == "mgmt-1"
	case "dc-db-1":
		return from == "dc-web-1" || from == "mgmt-1"
	case "office-1", "check-host":
		return true
	case "mgmt-1":
		return from == "check-host"
	}
	return false
}

func TestS1(t *testing.T) {
	r := fresh(t)
	ctx := t.Context()
	p, err := r.Plan(ctx, api.PlanRequest{Title: "S1", Edit: s1()})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Objects) != 16 || len(p.Nodes) != 3 || p.Base != 0 {
		t.Errorf("plan of %d objects on %d nodes and gateways at revision %d; want 16, 3, 0", len(p.Objects), len(p.Nodes), p.Base)
	}
	if s, err := r.Status(ctx); err != nil || s.Revision != 0 || s.Counts != (api.Counts{}) {
		t.Errorf("planning changed the intent: %+v, %v", s, err)
	}
	ch, err := r.Apply(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	var progress []int
	ch, err = r.Wait(ctx, ch.Revision, func(c api.Change) { progress = append(progress, len(c.Nodes)) })
	if err != nil || !ch.InForce() || ch.Took <= 0 || ch.Title != "S1" || len(ch.Nodes) != 3 || len(progress) == 0 {
		t.Fatalf("Wait = %+v, %v after %v", ch, err, progress)
	}
	s, err := r.Status(ctx)
	want := api.Counts{Nodes: 2, Segments: 4, Routers: 1, SecurityGroups: 4, Ports: 4, Gateways: 1}
	if err != nil || s.Revision != 1 || s.InForce != 1 || s.Counts != want || len(s.Problems) > 0 {
		t.Errorf("Status = %+v, %v", s, err)
	}
	for _, n := range s.Nodes {
		if !n.Up || n.Revision != 1 || n.Ports != 2 || n.Dataplane != "sim" || n.Error != "" {
			t.Errorf("node %+v; want up with 2 ports at revision 1", n)
		}
	}
	t.Run("packets", func(t *testing.T) { checkS1Packets(t, r) })
	t.Run("routes", func(t *testing.T) { checkS1Routes(t, r) })
	t.Run("again", func(t *testing.T) {
		if ch := r.do(t, "S1 again", s1()); ch.Revision != 1 {
			t.Errorf("applying the same again made revision %d", ch.Revision)
		}
	})
}

// checkS1Packets proves by real packets who reaches whom.
func checkS1Packets(t *testing.T, r *running) {
	names := []string{"dc-db-1", "dc-web-1", "mgmt-1", "office-1", "check-host"}
	for _, from := range names {
		for _, to := range names {
			if from == to {
				continue
			}
			p, err := r.Probe(t.Context(), api.ProbeRequest{From: from, To: to, Proto: dataplane.TCP, Port: 22, Timeout: packetTime})
			if err != nil {
				t.Errorf("%s to %s: %v", from, to, err)
				continue
			}
			if p.OK() != s1TCP22(from, to) {
				t.Errorf("tcp/22 from %s to %s: answered %v, want %v (%s)", from, to, p.OK(), s1TCP22(from, to), p.Result.Reason)
			}
		}
	}
	p, err := r.Probe(t.Context(), api.ProbeRequest{From: "mgmt-1", To: "10.0.13.3"})
	for range 10 { // a packet has a second where none is said, which a busy machine can take
		if err != nil || !strings.HasPrefix(p.Result.Reason, "timeout (answered after ") {
			break
		}
		p, err = r.Probe(t.Context(), api.ProbeRequest{From: "mgmt-1", To: "10.0.13.3"})
	}
	if err != nil || p.Result.Sent != 3 || p.Result.Received != 3 || p.Proto != dataplane.ICMP || p.FromAddr != netip.MustParseAddr("10.0.14.3") {
		t.Errorf("ping by address = %+v, %v", p, err)
	}
}

func checkS1Routes(t *testing.T, r *running) {
	table, err := r.Routes(t.Context(), "dc-web-network")
	if err != nil || len(table.Routes) != 5 {
		t.Fatalf("Routes = %+v, %v; want 5", table, err)
	}
	label := uint32(0)
	for _, row := range table.Routes {
		if row.Port == "dc-db-1" {
			label = row.Label
			if row.Node != "node-2" || row.NextHop != netip.MustParseAddr("192.0.2.2") || row.Interface != netlib.InterfaceName("dc-db-1") || !row.Best {
				t.Errorf("route to dc-db-1 = %+v", row)
			}
		}
	}
	res, err := r.Resolve(t.Context(), "dc-web-network", "node-1", netip.MustParsePrefix("10.0.12.3/32"))
	if err != nil {
		t.Fatal(err)
	}
	want := []api.ResolutionStep{
		{Node: "node-1", What: "vrf", Text: fmt.Sprintf("vrf dc-web-network: 10.0.12.3/32 via 192.0.2.2 label %d", label)},
		{Node: "node-1", What: "tunnel", Text: fmt.Sprintf("GRE 192.0.2.1 -> 192.0.2.2 (node-2), label %d", label)},
		{Node: "node-2", What: "label", Text: fmt.Sprintf("label %d -> vrf dc-db-network, port dc-db-1", label)},
		{Node: "node-2", What: "interface", Text: "port dc-db-1, interface " + netlib.InterfaceName("dc-db-1") + ", address 10.0.12.3"},
	}
	if !reflect.DeepEqual(res.Steps, want) {
		t.Errorf("Resolve:\n got %+v\nwant %+v", res.Steps, want)
	}
}

func TestNodesComeAndGo(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	ch := r.do(t, "a node and a workload on it", netlib.Edit{
		Nodes: []netlib.Node{{Name: "node-3", Tunnel: netip.MustParseAddr("192.0.2.3")}},
		Ports: []netlib.Port{{Name: "office-2", Segment: "office-network", Node: "node-3", Groups: []string{"office-sg"}}},
	})
	if !ch.InForce() {
		t.Errorf("change = %+v", ch)
	}
	ping(t, r, "mgmt-1", "office-2", true)
	r.do(t, "away again", netlib.Edit{Delete: []netlib.Ref{{Kind: netlib.KindPort, Name: "office-2"}, {Kind: netlib.KindNode, Name: "node-3"}}})
	s, err := r.Status(t.Context())
	if err != nil || len(s.Nodes) != 2 || s.InForce != s.Revision {
		t.Errorf("Status = %+v, %v; want two nodes, all in force", s, err)
	}
	ping(t, r, "mgmt-1", "10.0.13.4", false)
	r.do(t, "and back under another address", netlib.Edit{
		Nodes: []netlib.Node{{Name: "node-3", Tunnel: netip.MustParseAddr("192.0.2.4")}},
		Ports: []netlib.Port{{Name: "office-2", Segment: "office-network", Node: "node-3", Groups: []string{"office-sg"}}},
	})
	ping(t, r, "mgmt-1", "office-2", true)
	r.do(t, "another tunnel", netlib.Edit{Nodes: []netlib.Node{{Name: "node-3", Tunnel: netip.MustParseAddr("192.0.2.5")}}})
	ping(t, r, "mgmt-1", "office-2", true)
}

func ping(t *testing.T, r *running, from, to string, want bool) {
	t.Helper()
	p, err := r.Probe(t.Context(), api.ProbeRequest{From: from, To: to, Count: 1, Timeout: packetTime})
	if err != nil || p.OK() != want {
		t.Errorf("ping from %s to %s = %+v, %v; want an answer: %v", from, to, p.Result, err, want)
	}
}

func TestRestartFindsEverythingAgain(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := start(t, s, nil)
	r.do(t, "S1", s1())
	before, err := r.Fabric(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.end()
	r = start(t, s, nil)
	after, err := r.Fabric(t.Context())
	if err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("fabric after a restart:\n got %+v, %v\nwant %+v", after, err, before)
	}
	settled(t, r, 1)
	ping(t, r, "mgmt-1", "office-1", true)
	ch, err := r.Change(t.Context(), 1)
	if err != nil || ch.Title != "S1" || ch.Applied.IsZero() {
		t.Errorf("change from before the restart = %+v, %v", ch, err)
	}
	all, err := r.Changes(t.Context(), 10)
	if err != nil || len(all) != 1 || all[0].Title != "S1" {
		t.Errorf("Changes = %+v, %v", all, err)
	}
}

// settled waits until a revision is in force on every node.
func settled(t testing.TB, r *running, rev uint64) {
	t.Helper()
	deadline := time.Now().Add(testTime)
	for {
		s, err := r.Status(t.Context())
		if err == nil && s.InForce >= rev {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("revision %d is not in force: %+v, %v", rev, s, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestControllersOnOneStoreComputeTheSame(t *testing.T) {
	s := openStore(t, t.TempDir())
	a, b := start(t, s, nil), start(t, s, nil)
	a.do(t, "S1", s1())
	settled(t, b, 1)
	b.do(t, "one more", netlib.Edit{Ports: []netlib.Port{{Name: "office-2", Segment: "office-network", Node: "node-2"}}})
	settled(t, a, 2)
	fa, erra := a.Fabric(t.Context())
	fb, errb := b.Fabric(t.Context())
	if err := errors.Join(erra, errb); err != nil || !reflect.DeepEqual(fa, fb) {
		t.Errorf("fabrics differ: %v\n%+v\n%+v", err, fa, fb)
	}
	for _, n := range []string{"node-1", "node-2", "outside-router"} {
		sa, erra := a.State(t.Context(), n)
		sb, errb := b.State(t.Context(), n)
		if err := errors.Join(erra, errb); err != nil || !reflect.DeepEqual(sa, sb) {
			t.Errorf("states of %s differ: %v\n%s\n%s", n, err, sa.Text(), sb.Text())
		}
	}
	ping(t, a, "mgmt-1", "office-2", true)
}

func TestStalePlanIsRefused(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	ctx := t.Context()
	port := func(name string) api.PlanRequest {
		return api.PlanRequest{Edit: netlib.Edit{Ports: []netlib.Port{{Name: name, Segment: "office-network", Node: "node-1"}}}}
	}
	first, err1 := r.Plan(ctx, port("office-2"))
	second, err2 := r.Plan(ctx, port("office-3"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(ctx, first); err != nil {
		t.Fatal(err)
	}
	_, err := r.Apply(ctx, second)
	if !client.IsStale(err) || !strings.Contains(err.Error(), "plan the same edit again") || !strings.Contains(err.Error(), "revision 2") {
		t.Errorf("Apply of a stale plan = %v", err)
	}
	altered, err := r.Plan(ctx, port("office-3"))
	if err != nil {
		t.Fatal(err)
	}
	altered.Edit.Ports[0].Node = "node-2"
	if _, err = r.Apply(ctx, altered); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("Apply of an altered plan = %v", err)
	}
	if f, err := r.Fabric(ctx); err != nil || f.Revision != 2 || len(f.Ports) != 5 {
		t.Errorf("after the refusals: revision %d with %d ports, %v; want 2 with 5", f.Revision, len(f.Ports), err)
	}
}

// brokenPlane refuses every State.
type brokenPlane struct{ dataplane.Plane }

func (brokenPlane) Apply(context.Context, dataplane.State) (dataplane.State, error) {
	return dataplane.State{}, errors.New("out of labels")
}

func TestFailingNodeIsTold(t *testing.T) {
	fabric := sim.New()
	r := start(t, openStore(t, t.TempDir()), func(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error) {
		p, err := fabric.Start(ctx, name, tunnel)
		switch {
		case err == nil && name == "node-2":
			return brokenPlane{p}, nil
		case err == nil && name == "outside-router":
			return nil, errors.Join(errors.New("no memory"), p.Close())
		}
		return p, err
	})
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	defer cancel()
	p, err := r.Plan(ctx, api.PlanRequest{Edit: s1()})
	if err != nil {
		t.Fatal(err)
	}
	ch, err := r.Apply(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	ch, err = r.Wait(ctx, ch.Revision, nil)
	if err == nil || !strings.Contains(err.Error(), "node-2: out of labels") || !strings.Contains(err.Error(), "outside-router: no memory") || ch.InForce() {
		t.Errorf("Wait = %+v, %v; want both failures", ch, err)
	}
	s, err := r.Status(ctx)
	if err != nil || s.InForce != 0 || !strings.Contains(strings.Join(s.Problems, "\n"), "node-2: out of labels") {
		t.Errorf("Status = %+v, %v", s, err)
	}
}

func TestRunEndsCleanly(t *testing.T) {
	s := openStore(t, t.TempDir())
	before := runtime.NumGoroutine()
	r := start(t, s, nil)
	r.do(t, "S1", s1())
	r.end()
	deadline := time.Now().Add(testTime)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := r.Status(t.Context()); err == nil || !strings.Contains(err.Error(), `start one with "fabricbook up"`) {
		t.Errorf("Status of an ended controller = %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	s := openStore(t, t.TempDir())
	for want, cfg := range map[string]controller.Config{
		"no store":  {Token: token},
		"token":     {Store: s, Token: "short"},
		"loopback":  {Store: s, Token: token, Listen: "0.0.0.0:0"},
		"127.0.0.1": {Store: s, Token: token, Listen: "8080"},
	} {
		if _, err := controller.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) = %v; want an error about %s", cfg, err, want)
		}
	}
}

func TestRunEndsWhenItsStoreIsClosed(t *testing.T) {
	s := openStore(t, t.TempDir())
	ctl, err := controller.New(controller.Config{Token: token, Store: s, Embedded: sim.New().Start})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(t.Context()) }()
	<-ctl.Ready()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "store was closed") {
			t.Errorf("Run = %v; want that the store was closed", err)
		}
	case <-time.After(testTime):
		t.Error("Run goes on without a store")
	}
}
