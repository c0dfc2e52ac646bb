package change_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/change"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

var (
	prefix = netip.MustParsePrefix
	addr   = netip.MustParseAddr
)

// small is two segments behind a router, a workload in each on its own node.
func small() netlib.Edit {
	ssh := netlib.Rule{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 22, PortTo: 22, Group: "web-sg"}
	return netlib.Edit{
		Nodes:    []netlib.Node{{Name: "node-1", Tunnel: addr("192.0.2.1")}, {Name: "node-2", Tunnel: addr("192.0.2.2")}},
		Segments: []netlib.Segment{{Name: "web", Subnets: []netip.Prefix{prefix("10.0.11.0/24")}}, {Name: "db", Subnets: []netip.Prefix{prefix("10.0.12.0/24")}}},
		Routers:  []netlib.Router{{Name: "r", Segments: []string{"web", "db"}, Targets: []netlib.RouteTarget{{ASN: 64512, Number: 201}}}},
		Groups:   []netlib.SecurityGroup{{Name: "web-sg", Rules: []netlib.Rule{ssh}}, {Name: "db-sg", Rules: []netlib.Rule{ssh}}},
		Ports: []netlib.Port{
			{Name: "web-1", Segment: "web", Node: "node-1", Groups: []string{"web-sg"}},
			{Name: "db-1", Segment: "db", Node: "node-2", Groups: []string{"db-sg"}},
		},
	}
}

func compiled(t *testing.T, e netlib.Edit) *compile.Compiled {
	t.Helper()
	f, _, err := e.Apply(netlib.Fabric{})
	if err != nil {
		t.Fatal(err)
	}
	return compile.Full(f, nil)
}

func plan(t *testing.T, c *compile.Compiled, e netlib.Edit) api.Plan {
	t.Helper()
	p, err := change.Plan(c, api.PlanRequest{Title: "test", Edit: e})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// objects is a plan's object changes, one a line.
func objects(p api.Plan) string {
	var b strings.Builder
	for _, o := range p.Objects {
		fmt.Fprintf(&b, "%s %s %s: %s\n", o.Action, o.Ref.Kind, o.Ref.Name, o.Summary)
	}
	return b.String()
}

func TestPlanOfNewObjects(t *testing.T) {
	p := plan(t, compile.Full(netlib.Fabric{}, nil), small())
	want := `create node node-1: tunnel 192.0.2.1
create node node-2: tunnel 192.0.2.2
create securityGroup db-sg: allow in tcp/22 from group web-sg, out any to any
create securityGroup web-sg: allow in tcp/22 from group web-sg, out any to any
create segment db: 10.0.12.0/24
create segment web: 10.0.11.0/24
create router r: db, web; targets 64512:201
create port db-1: 10.0.12.3; in db; on node-2; groups db-sg; label 16
create port web-1: 10.0.11.3; in web; on node-1; groups web-sg; label 17
`
	if got := objects(p); got != want {
		t.Errorf("objects:\n%s\nwant:\n%s", got, want)
	}
	if p.Base != 0 || p.Title != "test" || p.Empty() || len(p.Nodes) != 2 {
		t.Errorf("plan = %+v", p)
	}
}

func TestPlanOfReplacements(t *testing.T) {
	c := compiled(t, small())
	e := netlib.Edit{
		Segments: []netlib.Segment{{Name: "web", Subnets: []netip.Prefix{prefix("10.0.11.0/24"), prefix("10.0.21.0/24")}}},
		Ports: []netlib.Port{
			{Name: "web-1", Segment: "web", Node: "node-1"},
			{Name: "db-2", Segment: "db", Node: "node-1", Groups: []string{"db-sg"}},
		},
		Gateways: []netlib.Gateway{{Name: "gw", Tunnel: addr("192.0.2.254"), Static: []netlib.StaticRoute{
			{Name: "host", Prefix: prefix("172.31.9.34/32"), Targets: []netlib.RouteTarget{{ASN: 64512, Number: 201}}},
		}}},
	}
	p := plan(t, c, e)
	want := `replace segment web: 10.0.11.0/24 -> 10.0.11.0/24, 10.0.21.0/24
create port db-2: 10.0.12.4; in db; on node-1; groups db-sg; label 18
replace port web-1: groups web-sg -> none
create gateway gw: tunnel 192.0.2.254; routes host 172.31.9.34/32 label 16 targets 64512:201
`
	if got := objects(p); got != want {
		t.Errorf("objects:\n%s\nwant:\n%s", got, want)
	}
	lines := map[string]bool{}
	for _, n := range p.Nodes {
		if n.Adds+n.Dels != len(n.Lines)+n.Cut {
			t.Errorf("node %s: %d adds and %d dels with %d lines and %d cut", n.Node, n.Adds, n.Dels, len(n.Lines), n.Cut)
		}
		for _, l := range n.Lines {
			lines[n.Node+" "+l] = true
		}
	}
	for _, l := range []string{
		"node-1 + vrf web 10.0.12.4/32 port db-2",
		"node-2 + vrf db 10.0.12.4/32 via 192.0.2.1 label 18",
		"node-2 + vrf db 172.31.9.34/32 via 192.0.2.254 label 16",
	} {
		if !lines[l] {
			t.Errorf("no line %q in %v", l, lines)
		}
	}
	// Without its group, web-1 can be reached by all and is no longer a member of
	// what may reach db-1 by ssh.
	flow := func(from, to, proto string) (before, after, found bool) {
		for _, f := range p.Flows {
			if f.From == from && f.To == to && f.Proto == proto {
				return f.Before, f.After, true
			}
		}
		return false, false, false
	}
	if before, after, ok := flow("db-1", "web-1", "icmp"); !ok || before || !after {
		t.Errorf("icmp from db-1 to web-1: %v -> %v (told: %v); want a gain\n%+v", before, after, ok, p.Flows)
	}
	if before, after, ok := flow("web-1", "db-1", "tcp/22"); !ok || !before || after {
		t.Errorf("tcp/22 from web-1 to db-1: %v -> %v (told: %v); want a loss\n%+v", before, after, ok, p.Flows)
	}
}

func TestPlanOfDeletions(t *testing.T) {
	p := plan(t, compiled(t, small()), netlib.Edit{Delete: []netlib.Ref{{Kind: netlib.KindPort, Name: "db-1"}, {Kind: netlib.KindNode, Name: "node-2"}}})
	want := "delete node node-2: tunnel 192.0.2.2\ndelete port db-1: 10.0.12.3; in db; on node-2; groups db-sg; label 16\n"
	if got := objects(p); got != want {
		t.Errorf("objects:\n%s\nwant:\n%s", got, want)
	}
	for _, n := range p.Nodes {
		if n.Node == "node-2" && (n.Adds != 0 || n.Dels == 0) {
			t.Errorf("node-2 goes, but its plan adds %d and deletes %d", n.Adds, n.Dels)
		}
	}
}

func TestPlanOfNothing(t *testing.T) {
	c := compiled(t, small())
	p := plan(t, c, small())
	if !p.Empty() || len(p.Nodes) != 0 || len(p.Flows) != 0 || p.Hash == "" || p.Base != 1 {
		t.Errorf("plan of what is there already = %+v", p)
	}
	if f, e, err := change.Check(c, p); err != nil || !e.Empty() || f.Revision != 1 {
		t.Errorf("Check = revision %d, %+v, %v; want nothing to do", f.Revision, e, err)
	}
}

func TestPlanRefusesABadEdit(t *testing.T) {
	_, err := change.Plan(compiled(t, small()), api.PlanRequest{Edit: netlib.Edit{Ports: []netlib.Port{{Name: "p", Segment: "nowhere", Node: "node-1"}}}})
	var e *netlib.Error
	if !errors.As(err, &e) || e.Problems[0].Field != "ports[p].segment" {
		t.Errorf("Plan = %v; want a problem with ports[p].segment", err)
	}
}

func TestCheck(t *testing.T) {
	c := compiled(t, small())
	e := netlib.Edit{Ports: []netlib.Port{{Name: "web-2", Segment: "web", Node: "node-2"}}}
	p := plan(t, c, e)
	f, done, err := change.Check(c, p)
	if err != nil || f.Revision != 2 || !reflect.DeepEqual(done, p.Edit) {
		t.Fatalf("Check = revision %d, %+v, %v; want 2 with the plan's edit", f.Revision, done, err)
	}
	next, _ := c.Next(f, done)
	var stale *change.StaleError
	if _, _, err := change.Check(next, p); !errors.As(err, &stale) || stale.Base != 1 || stale.Present != 2 {
		t.Errorf("Check after the plan was applied = %v; want stale", err)
	}
	for name, alter := range map[string]func(*api.Plan){
		"edit": func(p *api.Plan) { p.Edit.Ports = []netlib.Port{{Name: "web-3", Segment: "web", Node: "node-2"}} },
		"base": func(p *api.Plan) { p.Base = 2 },
		"hash": func(p *api.Plan) { p.Hash = "" },
	} {
		q := p
		alter(&q)
		var tampered *change.TamperedError
		if _, _, err := change.Check(next, q); !errors.As(err, &tampered) {
			t.Errorf("Check with another %s = %v; want tampered", name, err)
		}
	}
}

func TestLinesAreCut(t *testing.T) {
	e := small()
	for i := range 200 {
		e.Ports = append(e.Ports, netlib.Port{Name: fmt.Sprintf("web-%03d", i+100), Segment: "web", Node: "node-1"})
	}
	for _, n := range plan(t, compile.Full(netlib.Fabric{}, nil), e).Nodes {
		if len(n.Lines) == 0 || n.Cut == 0 || n.Adds != len(n.Lines)+n.Cut {
			t.Errorf("node %s: %d adds, %d lines, %d cut", n.Node, n.Adds, len(n.Lines), n.Cut)
		}
	}
}
