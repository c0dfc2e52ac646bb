package l3vpn_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	. "github.com/fabricbook/fabricbook/netlib/l3vpn"
)

func rt(numbers ...uint32) (out []netlib.RouteTarget) {
	for _, n := range numbers {
		out = append(out, netlib.RouteTarget{ASN: 64512, Number: n})
	}
	return out
}

func route(prefix string, label uint32, targets ...uint32) *Route {
	return &Route{
		RD: Distinguisher{netip.MustParseAddr("192.0.2.1"), 1}, Prefix: netip.MustParsePrefix(prefix), NextHop: netip.MustParseAddr("192.0.2.1"),
		Label: label, Targets: rt(targets...), LocalPref: 100, Origin: Incomplete,
	}
}

func prefixesOf(t Table) string {
	var s []string
	for r := range t.All() {
		s = append(s, r.Prefix.String())
	}
	return strings.Join(s, " ")
}

// TestTargets is the law of route targets: connecting two VRFs imports what is
// both ways, and an operator's export-only target never leaks.
func TestTargets(t *testing.T) {
	a := netlib.Targets{Both: rt(1), Import: rt(10), Export: rt(100)}
	b := netlib.Targets{Both: rt(2), Import: rt(20), Export: rt(200)}
	all := []*Route{
		route("10.0.1.3/32", 20, 1, 100),   // a's own
		route("10.0.2.3/32", 21, 2, 200),   // b's own
		route("172.16.0.0/12", 22, 10),     // what a imports only
		route("172.31.9.34/32", 23, 200),   // outside, with b's export-only target
		route("172.31.8.198/32", 24, 20),   // outside, with b's import-only target
		route("198.51.100.0/24", 25, 2, 7), // outside, with b's both-way target among others
	}
	for _, test := range []struct {
		name    string
		targets netlib.Targets
		want    string
	}{
		{"a alone", a, "10.0.1.3/32 172.16.0.0/12"},
		{"b alone", b, "10.0.2.3/32 172.31.8.198/32 198.51.100.0/24"},
		{"a connected to b", Connect(a, b), "10.0.1.3/32 10.0.2.3/32 172.16.0.0/12 198.51.100.0/24"},
		{"b connected to a", Connect(b, a), "10.0.1.3/32 10.0.2.3/32 172.31.8.198/32 198.51.100.0/24"},
		{"neither", netlib.Targets{Export: rt(1, 2)}, ""},
	} {
		if got := prefixesOf(NewTable("vrf", test.targets, all)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if c := Connect(a, b); fmt.Sprint(c.Exports()) != fmt.Sprint(a.Exports()) {
		t.Errorf("connecting changed what a exports: %v", c.Exports())
	}
}

// TestRouter: a router's targets reach each of its segments both ways; the
// segments' own export-only targets stay theirs.
func TestRouter(t *testing.T) {
	f := netlib.Fabric{
		ASN: 64512,
		Segments: []netlib.Segment{
			{Name: "a", ID: 1, Targets: netlib.Targets{Export: rt(300)}},
			{Name: "b", ID: 2, Targets: netlib.Targets{Import: rt(400)}},
			{Name: "c", ID: 4},
		},
		Routers: []netlib.Router{{Name: "r", ID: 3, Segments: []string{"a", "b"}, Targets: rt(201)}},
	}
	want := []string{
		"import [64512:201 64512:8000001 64512:8000003] export [64512:201 64512:300 64512:8000001 64512:8000003]",
		"import [64512:201 64512:400 64512:8000002 64512:8000003] export [64512:201 64512:8000002 64512:8000003]",
		"import [64512:8000004] export [64512:8000004]",
	}
	for i, v := range f.VRFTargets() {
		if got := fmt.Sprintf("import %v export %v", v.Imports(), v.Exports()); got != want[i] {
			t.Errorf("%s: %s, want %s", f.Segments[i].Name, got, want[i])
		}
	}
}

// TestBestPath changes one thing after the other in the order in which best path
// looks at them: each line must beat the next.
func TestBestPath(t *testing.T) {
	peer := netip.MustParseAddr("192.0.2.9")
	order := []struct {
		why    string
		shares bool // the load with the next line
		change func(*Route)
	}{
		{"lowest next hop", true, func(*Route) {}},
		{"higher distinguisher", true, func(r *Route) { r.RD.Number = 2 }},
		{"external from a peer", true, func(r *Route) { r.RouterID, r.External = peer, true }},
		{"internal from a peer", true, func(r *Route) { r.RouterID = peer }},
		{"longer cluster list", true, func(r *Route) { r.RouterID, r.ClusterList = peer, []netip.Addr{peer} }},
		{"higher router id", false, func(r *Route) { r.RouterID = netip.MustParseAddr("192.0.2.10") }},
		{"higher MED", false, func(r *Route) { r.MED = 1 }},
		{"and later origin", false, func(r *Route) { r.Origin, r.MED = Incomplete, 0 }},
		{"and longer AS path", false, func(r *Route) { r.ASPath, r.Origin = []uint32{1}, IGP }},
		{"and stale", false, func(r *Route) { r.Stale = true }},
		{"and lower sequence", false, func(r *Route) { r.Sequence = 4 }},
		{"and lower local preference", false, func(r *Route) { r.LocalPref, r.Sequence = 99, 9 }},
		{"and infeasible", false, func(r *Route) { r.Infeasible, r.LocalPref = true, 900 }},
	}
	var paths []*Route
	for _, o := range order {
		r := route("10.0.1.3/32", 20, 1)
		r.Origin, r.Sequence = IGP, 5
		o.change(r)
		paths = append(paths, r)
	}
	for i := range len(paths) - 1 {
		if Compare(paths[i], paths[i+1]) >= 0 || Compare(paths[i+1], paths[i]) <= 0 {
			t.Errorf("%q does not beat %q", order[i].why, order[i+1].why)
		}
		used := len(InUse(paths[i : i+2]))
		if shares := used == 2; shares != order[i].shares {
			t.Errorf("%q and %q: %d in use", order[i].why, order[i+1].why, used)
		}
	}
	if n := len(InUse(paths)); n != 6 {
		t.Errorf("%d paths share the load, want 6", n)
	}
	if n := len(InUse(paths[len(paths)-1:])); n != 0 {
		t.Errorf("an infeasible path is in use")
	}
	long, short := route("10.0.1.3/32", 20, 1), route("10.0.1.3/32", 21, 1)
	long.ASPath = []uint32{1, 2}
	if Compare(long, short) < 0 {
		t.Error("a longer AS path wins")
	}
	if long.Chain, short.Chain = true, true; len(InUse([]*Route{long, short})) != 2 {
		t.Error("AS paths of two chain paths were compared")
	}
}

// TestLookup compares with a search through all prefixes.
func TestLookup(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	addr := func() netip.Addr {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(256))})
	}
	for range 200 {
		var all []*Route
		for i := range r.IntN(40) {
			p, _ := addr().Prefix(r.IntN(33))
			path := route(p.String(), uint32(100+i), 1)
			path.Infeasible = r.IntN(6) == 0
			path.RD.Number = uint16(i)
			all = append(all, path)
		}
		table := NewTable("vrf", netlib.Targets{Both: rt(1)}, all)
		for range 50 {
			a := addr()
			longest := -1
			for _, p := range all {
				if p.Prefix.Contains(a) && !p.Infeasible {
					longest = max(longest, p.Prefix.Bits())
				}
			}
			got := table.Lookup(a)
			switch {
			case longest < 0 && len(got) > 0:
				t.Fatalf("%s: found %s, want nothing", a, got[0].Prefix)
			case longest >= 0 && (len(got) == 0 || got[0].Prefix.Bits() != longest || !got[0].Prefix.Contains(a)):
				t.Fatalf("%s: found %v, want length %d", a, got, longest)
			}
			for _, p := range got {
				if p.Infeasible || p.Prefix != got[0].Prefix {
					t.Fatalf("%s: %+v is in use", a, p)
				}
			}
		}
	}
}

func TestOrigination(t *testing.T) {
	node := netlib.Node{Name: "node-1", Tunnel: netip.MustParseAddr("192.0.2.1")}
	port := netlib.Port{Name: "web-1", Segment: "web", Node: "node-1", Address: netip.MustParseAddr("10.0.11.3"), Label: 40, Groups: []string{"web-sg"}}
	r := FromPort(port, netlib.Segment{Name: "web", ID: 7}, node, rt(201))
	if got, want := fmt.Sprintf("%s %s via %s label %d lp %d med %d %s %v %s %s %v", r.RD, r.Prefix, r.NextHop, r.Label, r.LocalPref, r.MED, r.Origin, r.Targets, r.Segment, r.Port, r.Groups),
		"192.0.2.1:7 10.0.11.3/32 via 192.0.2.1 label 40 lp 200 med 100 incomplete [64512:201] web web-1 [web-sg]"; got != want {
		t.Errorf("port:\n%s\nwant\n%s", got, want)
	}
	gw := netlib.Gateway{Name: "outside", Tunnel: netip.MustParseAddr("192.0.2.254")}
	r = FromStatic(gw, netlib.StaticRoute{Prefix: netip.MustParsePrefix("172.31.9.34/32"), Label: 16, Targets: rt(201)}, 1)
	if got, want := fmt.Sprintf("%s %s via %s label %d lp %d med %d %s %v [%s][%s]", r.RD, r.Prefix, r.NextHop, r.Label, r.LocalPref, r.MED, r.Origin, r.Targets, r.Segment, r.Port),
		"192.0.2.254:1 172.31.9.34/32 via 192.0.2.254 label 16 lp 100 med 0 incomplete [64512:201] [][]"; got != want {
		t.Errorf("static:\n%s\nwant\n%s", got, want)
	}
}

func TestDistinguisher(t *testing.T) {
	for _, bad := range []string{"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "2001:db8::1:5", "x:1", "192.0.2.1:-1"} {
		if d, err := ParseDistinguisher(bad); err == nil {
			t.Errorf("%q is read as %v", bad, d)
		}
	}
	all := []Distinguisher{}
	for _, s := range []string{"192.0.2.2:1", "192.0.2.1:65535", "192.0.2.1:2"} {
		d, err := ParseDistinguisher(s)
		if err != nil || d.String() != s {
			t.Errorf("%s: %v, %v", s, d, err)
		}
		all = append(all, d)
	}
	slices.SortFunc(all, Distinguisher.Compare)
	if got := fmt.Sprint(all); got != "[192.0.2.1:2 192.0.2.1:65535 192.0.2.2:1]" {
		t.Errorf("sorted: %s", got)
	}
}

// FuzzParseDistinguisher: what is read can be written and read again.
func FuzzParseDistinguisher(f *testing.F) {
	f.Add("192.0.2.1:3")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDistinguisher(s)
		if err != nil {
			return
		}
		if again, err := ParseDistinguisher(d.String()); err != nil || again != d {
			t.Errorf("%q: %v, read again %v, %v", s, d, again, err)
		}
	})
}
