package netlib_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	. "github.com/fabricbook/fabricbook/netlib"
)

func ports(segment, node string, names ...string) Edit {
	var e Edit
	for _, n := range names {
		e.Ports = append(e.Ports, Port{Name: n, Segment: segment, Node: node})
	}
	return e
}

func deleted(kind Kind, names ...string) Edit {
	var e Edit
	for _, n := range names {
		e.Delete = append(e.Delete, Ref{kind, n})
	}
	return e
}

func TestAddressesAreTheLowestFree(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	f, _ = mustApply(t, f, ports("dc-web-network", "node-2", "web-2", "web-3", "web-4"))
	f, _ = mustApply(t, f, deleted(KindPort, "web-2"))
	_, done := mustApply(t, f, Edit{Ports: []Port{
		{Name: "a", Segment: "dc-web-network", Node: "node-1"},
		{Name: "b", Segment: "dc-web-network", Node: "node-1", Address: netip.MustParseAddr("10.0.11.7")},
		{Name: "c", Segment: "dc-web-network", Node: "node-1"},
	}})
	want := "a 10.0.11.4, b 10.0.11.7, c 10.0.11.8"
	var got []string
	for _, p := range done.Ports {
		got = append(got, p.Name+" "+p.Address.String())
	}
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestAddressesEndWithTheSubnets(t *testing.T) {
	e := Edit{
		Nodes:    []Node{{"n", netip.MustParseAddr("192.0.2.1")}},
		Segments: []Segment{{Name: "s", Subnets: prefixes("10.9.0.0/29", "10.1.0.0/29")}},
	}
	f, _ := mustApply(t, Fabric{}, e)
	f, done := mustApply(t, f, ports("s", "n", "a", "b", "c", "d", "e", "f", "g", "h"))
	for i, want := range []string{"10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"} {
		if got := done.Ports[i].Address.String(); got != want {
			t.Errorf("%s has %s, want %s", done.Ports[i].Name, got, want)
		}
	}
	_, _, err := ports("s", "n", "i").Apply(f)
	if want := `ports[i].address: segment "s" has no free address; give the segment a further subnet`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestLabelsGoRound checks that a label that was given back does not come again
// before the others.
func TestLabelsGoRound(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	seen := map[uint32]bool{}
	for i := range 50 {
		var done Edit
		f, done = mustApply(t, f, ports("dc-web-network", "node-1", "x"))
		if l := done.Ports[0].Label; seen[l] {
			t.Fatalf("round %d: label %d again", i, l)
		}
		seen[done.Ports[0].Label] = true
		f, _ = mustApply(t, f, deleted(KindPort, "x"))
	}
	f.Next.Label = LastLabel
	f, done := mustApply(t, f, ports("dc-web-network", "node-1", "x", "y"))
	if a, b := done.Ports[0].Label, done.Ports[1].Label; a != LastLabel || b < FirstLabel || b > 100 {
		t.Errorf("at the end of the range: %d, %d", a, b)
	}
	used := map[string]string{}
	for _, p := range f.Ports {
		k := fmt.Sprintf("%s/%d", p.Node, p.Label)
		if other := used[k]; other != "" {
			t.Errorf("%s and %s share label %d on %s", other, p.Name, p.Label, p.Node)
		}
		used[k] = p.Name
	}
}

func TestIdentifiersGoRound(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	seen := map[uint32]bool{}
	for range 20 {
		var done Edit
		f, done = mustApply(t, f, Edit{Segments: []Segment{{Name: "x", Subnets: prefixes("10.9.0.0/24")}}})
		if id := done.Segments[0].ID; seen[id] || id == 0 {
			t.Fatalf("identifier %d again", id)
		}
		seen[done.Segments[0].ID] = true
		f, _ = mustApply(t, f, deleted(KindSegment, "x"))
	}
}

// TestReplaceKeeps checks what an object that is given anew keeps.
func TestReplaceKeeps(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	was, _ := f.Port("web-1")
	regroup := Edit{Ports: []Port{{Name: "web-1", Segment: "dc-web-network", Node: "node-1", Groups: []string{"office-sg", "dc-web-sg", "office-sg"}}}}
	g, _ := mustApply(t, f, regroup)
	if is, _ := g.Port("web-1"); is.Address != was.Address || is.Label != was.Label || strings.Join(is.Groups, " ") != "dc-web-sg office-sg" {
		t.Errorf("other groups: %+v", is)
	}
	g, _ = mustApply(t, f, ports("dc-web-network", "node-2", "web-1"))
	if is, _ := g.Port("web-1"); is.Address != was.Address || is.Label == was.Label {
		t.Errorf("moved to another node: %+v, was %+v", is, was)
	}
	g, _ = mustApply(t, f, ports("dc-db-network", "node-1", "web-1"))
	if is, _ := g.Port("web-1"); is.Address.String() != "10.0.12.4" || is.Label == was.Label {
		t.Errorf("moved to another segment: %+v, was %+v", is, was)
	}
	renumber := ports("dc-web-network", "node-1", "web-1")
	renumber.Segments = []Segment{{Name: "dc-web-network", Subnets: prefixes("10.0.21.0/24")}}
	g, _ = mustApply(t, f, renumber)
	if is, _ := g.Port("web-1"); is.Address.String() != "10.0.21.3" || is.Label != was.Label {
		t.Errorf("renumbered: %+v, was %+v", is, was)
	}
	if old, _ := f.Segment("dc-web-network"); old.Subnets[0].String() != "10.0.11.0/24" {
		t.Errorf("Apply changed the fabric that it was given: %v", old)
	}
}

// TestOverlapWithoutARoute: tenants may use the same addresses; joining them is
// what is refused.
func TestOverlapWithoutARoute(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	f, _ = mustApply(t, f, Edit{Segments: []Segment{{Name: "lab", Subnets: prefixes("10.0.0.0/16")}}})
	join := s1().Routers[0]
	join.Segments = append(join.Segments, "lab")
	_, _, err := Edit{Routers: []Router{join}}.Apply(f)
	const want = `routers[dc-router].segments: segment "dc-web-network" (10.0.11.0/24) overlaps segment "lab" (10.0.0.0/16); the router would join the two; leave one of the two out, or change its subnet`
	if err == nil || !strings.HasPrefix(err.Error(), want+"\n") {
		t.Errorf("got  %v\nwant %s and three more", err, want)
	}
}

func TestDefaultRules(t *testing.T) {
	_, done := mustApply(t, Fabric{}, Edit{Groups: []SecurityGroup{
		{Name: "none"},
		{Name: "inward", Rules: []Rule{rule(t, "allow in tcp/22 from any")}},
		{Name: "outward", Rules: []Rule{rule(t, "allow out udp/53 to 10.0.0.2")}},
	}})
	for i, want := range []string{
		"inward: allow in tcp/22 from any, allow out any to any",
		"none: allow in any from group none, allow out any to any",
		"outward: allow out udp/53 to 10.0.0.2",
	} {
		var rules []string
		for _, r := range done.Groups[i].Rules {
			rules = append(rules, r.String())
		}
		if got := done.Groups[i].Name + ": " + strings.Join(rules, ", "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestDeleteTheAbsent(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	g, done := mustApply(t, f, deleted(KindPort, "nobody"))
	if !done.Empty() || g.Revision != f.Revision {
		t.Errorf("deleting what is not there changes %+v", done)
	}
	all := Edit{}
	for kind, names := range map[Kind][]string{
		KindPort: {"web-1", "db-1", "office-1", "mgmt-1"}, KindRouter: {"dc-router"}, KindNode: {"node-1", "node-2"}, KindGateway: {"outside-router"},
		KindSegment: {"dc-web-network", "dc-db-network", "office-network", "mgmt-network"}, KindGroup: {"dc-web-sg", "dc-db-sg", "office-sg", "mgmt-sg"},
	} {
		all.Delete = append(all.Delete, deleted(kind, names...).Delete...)
	}
	g, done = mustApply(t, f, all)
	if len(done.Delete) != 16 || len(g.Ports)+len(g.Segments)+len(g.Routers)+len(g.Groups)+len(g.Nodes)+len(g.Gateways) != 0 {
		t.Errorf("left after deleting all: %+v", g)
	}
}

func TestInterfaceName(t *testing.T) {
	for port, want := range map[string]string{
		"web-1":      "tap-web-1",
		"0123456789": "tap-0123456789",
	} {
		if got := InterfaceName(port); got != want {
			t.Errorf("%s: %s, want %s", port, got, want)
		}
	}
	seen := map[string]string{}
	for i := range 20000 {
		for _, port := range []string{fmt.Sprintf("a-rather-long-name-%d", i), fmt.Sprintf("gw/10.0.%d.0/24", i), fmt.Sprintf("p%d", i)} {
			name := InterfaceName(port)
			if len(name) > 15 || strings.ContainsAny(name, "/ .:") || seen[name] != "" {
				t.Fatalf("%s: interface %q, also of %q", port, name, seen[name])
			}
			seen[name] = port
		}
	}
}

func TestAutomaticTargets(t *testing.T) {
	for _, test := range []struct {
		asn, id uint32
		want    string
	}{{64512, 1, "64512:8000001"}, {4200000000, 7, "4200000000:8007"}} {
		got := AutomaticTarget(test.asn, test.id).String()
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if _, err := ParseRouteTarget(got); err != nil {
			t.Error(err)
		}
	}
}
