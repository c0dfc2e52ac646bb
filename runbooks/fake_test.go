package runbooks

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// fake answers with prepared values; it is for displays and for what the
// controller does rarely. What the fabric does is tested against a real one.
type fake struct {
	intent   netlib.Fabric
	status   api.Status
	plan     func(api.PlanRequest) (api.Plan, error)
	apply    func(api.Plan) (api.Change, error)
	progress []api.Change
	waitErr  error
	routes   api.RouteTable
	resolve  api.Resolution
	ports    []api.PortRow
	probe    api.Probe
	trace    api.Trace
	matrix   func(api.MatrixRequest) api.Matrix
	err      error // of every call, where set
	calls    []string
}

func (f *fake) call(name string) error {
	f.calls = append(f.calls, name)
	return f.err
}

func (f *fake) URL() string { return "http://127.0.0.1:40123" }

func (f *fake) Status(context.Context) (api.Status, error) { return f.status, f.call("status") }

func (f *fake) Fabric(context.Context) (netlib.Fabric, error) { return f.intent, f.call("fabric") }

func (f *fake) Plan(_ context.Context, r api.PlanRequest) (api.Plan, error) {
	if err := f.call("plan"); err != nil {
		return api.Plan{}, err
	}
	return f.plan(r)
}

func (f *fake) Apply(_ context.Context, p api.Plan) (api.Change, error) {
	if err := f.call("apply"); err != nil {
		return api.Change{}, err
	}
	return f.apply(p)
}

func (f *fake) Wait(_ context.Context, _ uint64, progress func(api.Change)) (api.Change, error) {
	err := f.call("wait")
	if err == nil {
		err = f.waitErr
	}
	var last api.Change
	for _, c := range f.progress {
		progress(c)
		last = c
	}
	return last, err
}

func (f *fake) Routes(context.Context, string) (api.RouteTable, error) {
	return f.routes, f.call("routes")
}

func (f *fake) Resolve(_ context.Context, segment, from string, p netip.Prefix) (api.Resolution, error) {
	err := f.call(fmt.Sprintf("resolve %s %s %s", segment, from, p))
	return f.resolve, err
}

func (f *fake) Ports(context.Context) ([]api.PortRow, error) { return f.ports, f.call("ports") }

func (f *fake) Probe(_ context.Context, r api.ProbeRequest) (api.Probe, error) {
	err := f.call(fmt.Sprintf("probe %s %s %s/%d", r.From, r.To, r.Proto, r.Port))
	return f.probe, err
}

func (f *fake) Trace(context.Context, api.ProbeRequest) (api.Trace, error) {
	return f.trace, f.call("trace")
}

func (f *fake) Matrix(_ context.Context, r api.MatrixRequest) (api.Matrix, error) {
	return f.matrix(r), f.call("matrix")
}

// fabric connects verbs to the fake.
func (f *fake) fabric() *Fabric { return &Fabric{service: f, ctx: context.Background()} }

// dataCentre is the plan of scenario S1.
func dataCentre(fab *Fabric) *Plan {
	return fab.Plan("data centre").
		Node("node-1", "192.0.2.1").
		Node("node-2", "192.0.2.2").
		Node("node-3", "192.0.2.3").
		Segment("dc-web-network", "10.0.11.0/24").
		Segment("dc-db-network", "10.0.12.0/24").
		Segment("office-network", "10.0.13.0/24").
		Segment("mgmt-network", "10.0.14.0/24").
		SecurityGroup("dc-web-sg", Allow(TCP(22), FromGroup("mgmt-sg"))).
		SecurityGroup("dc-db-sg", Allow(TCP(22), FromGroup("dc-web-sg", "mgmt-sg"))).
		SecurityGroup("office-sg", Allow(AnyProtocol(), FromAnywhere())).
		SecurityGroup("mgmt-sg", Allow(AnyProtocol(), FromPrefix("172.31.9.34/32"))).
		Router("dc-router", "dc-web-network", "dc-db-network", "office-network", "mgmt-network").Target("64512:201").
		Port("web-1", "dc-web-network", "node-1", "dc-web-sg").
		Port("db-1", "dc-db-network", "node-2", "dc-db-sg").
		Port("office-1", "office-network", "node-3", "office-sg").
		Port("mgmt-1", "mgmt-network", "node-1", "mgmt-sg").
		Gateway("outside-router", "192.0.2.254").Route("check-host", "172.31.9.34/32", 299776, "64512:201")
}

var epoch = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// scenario is a fake whose intent is S1, in force.
func scenario(t testing.TB) *fake {
	t.Helper()
	f := &fake{}
	intent, _, err := dataCentre(f.fabric()).Edit().Apply(netlib.Fabric{})
	if err != nil {
		t.Fatal(err)
	}
	f.take(intent)
	return f
}

// take makes intent the fake's, in force on every node.
func (f *fake) take(intent netlib.Fabric) {
	f.intent = intent
	f.status = api.Status{
		Version: "1.0.0", Revision: intent.Revision, InForce: intent.Revision, Started: epoch, Store: "embedded",
		Counts: api.Counts{Nodes: len(intent.Nodes), Segments: len(intent.Segments), Routers: len(intent.Routers), SecurityGroups: len(intent.Groups), Ports: len(intent.Ports), Gateways: len(intent.Gateways)},
	}
	for _, n := range intent.Nodes {
		s := api.NodeStatus{Name: n.Name, Tunnel: n.Tunnel, Up: true, Dataplane: "sim", Revision: intent.Revision, Seen: epoch, VRFs: 4, Routes: 9}
		for _, p := range intent.Ports {
			if p.Node == n.Name {
				s.Ports++
			}
		}
		f.status.Nodes = append(f.status.Nodes, s)
	}
	f.ports = nil
	for i, p := range intent.Ports {
		f.ports = append(f.ports, api.PortRow{Port: p, Interface: netlib.InterfaceName(p.Name), Up: i != 1,
			Counters: dataplane.PortCounters{In: dataplane.Count{Packets: 1234 * uint64(i), Bytes: 99}, Out: dataplane.Count{Packets: 7, Bytes: 99}}})
	}
}

// effect is a prepared plan of S1.
func effect(f *fake, title string) api.Plan {
	p := api.Plan{Title: title, Base: f.intent.Revision, Hash: strings.Repeat("ab", 32)}
	p.Objects = []api.ObjectChange{
		{Action: api.Create, Ref: netlib.Ref{Kind: netlib.KindSegment, Name: "dc-web-network"}, Summary: "10.0.11.0/24"},
		{Action: api.Replace, Ref: netlib.Ref{Kind: netlib.KindGroup, Name: "dc-db-sg"}, Summary: "in tcp/22 from group mgmt-sg -> in tcp/22 from groups dc-web-sg, mgmt-sg"},
		{Action: api.Delete, Ref: netlib.Ref{Kind: netlib.KindPort, Name: "old-1"}, Summary: "10.0.12.9 in dc-db-network on node-2"},
	}
	p.Nodes = []api.NodeChange{
		{Node: "node-1", Adds: 3, Dels: 0, Lines: []string{"+ vrf dc-web-network", "+ vrf dc-web-network 10.0.12.3/32 via 192.0.2.2 label 16", "+ label 16 vrf dc-web-network port web-1"}},
		{Node: "node-2", Adds: 30, Dels: 1, Lines: []string{"+ vrf dc-db-network 10.0.11.3/32 via 192.0.2.1 label 16", "- label 19 vrf dc-db-network port old-1"}, Cut: 29},
	}
	p.Flows = []api.FlowChange{
		{From: "mgmt-1", To: "web-1", Proto: "tcp/22", After: true},
		{From: "web-1", To: "office-1", Proto: "icmp", After: true},
		{From: "web-1", To: "office-1", Proto: "tcp/22", After: true},
		{From: "old-1", To: "office-1", Proto: "icmp", Before: true},
	}
	p.FlowsCut = 12
	return p
}
