package compile_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/compile/fabrictest"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

var compare = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

var learned = []l3vpn.Route{
	{RD: l3vpn.Distinguisher{Address: netip.MustParseAddr("192.0.2.250"), Number: 1}, Prefix: netip.MustParsePrefix("10.1.0.3/32"),
		NextHop: netip.MustParseAddr("192.0.2.250"), Label: 99, Targets: []netlib.RouteTarget{{ASN: 64512, Number: 1}}, LocalPref: 200, MED: 100,
		Origin: l3vpn.Incomplete, RouterID: netip.MustParseAddr("192.0.2.250")},
	{RD: l3vpn.Distinguisher{Address: netip.MustParseAddr("192.0.2.250"), Number: 2}, Prefix: netip.MustParsePrefix("0.0.0.0/0"),
		NextHop: netip.MustParseAddr("192.0.2.250"), Label: 98, Targets: []netlib.RouteTarget{{ASN: 64512, Number: 2}}, LocalPref: 100},
	{RD: l3vpn.Distinguisher{Address: netip.MustParseAddr("192.0.2.251"), Number: 2}, Prefix: netip.MustParsePrefix("0.0.0.0/0"),
		NextHop: netip.MustParseAddr("192.0.2.251"), Label: 97, Targets: []netlib.RouteTarget{{ASN: 64512, Number: 2}}, LocalPref: 100, Infeasible: true},
}

// TestNextEqualsFull walks random sequences of edits: what Next makes of each is
// what Full makes of the result, the tables are those of a naive import, Changed
// names exactly the nodes whose State differs, and older results stay as they were.
func TestNextEqualsFull(t *testing.T) {
	var applied, refused int
	for seed := range uint64(20) {
		d := fabrictest.NewDice(seed)
		f := netlib.Fabric{}
		if seed%2 > 0 {
			f, _ = apply(t, f, fabrictest.Small())
		}
		c := compile.Full(f, learned)
		for step := range 40 {
			next, done, err := d.Edit().Apply(f)
			if err != nil || done.Empty() {
				refused++
				continue
			}
			applied++
			if again, _, err := done.Apply(f); err != nil || !reflect.DeepEqual(again, next) {
				t.Fatalf("seed %d, step %d: the completed edit %+v gives another fabric: %v\n%s", seed, step, done, err, cmp.Diff(next, again, compare))
			}
			before := snapshot(c)
			n, changed := c.Next(next, done)
			full := compile.Full(next, learned)
			if diff := difference(n, full); diff != "" {
				t.Fatalf("seed %d, step %d: Next differs from Full after %+v:\n%s", seed, step, done, diff)
			}
			if diff := diffOf(before, snapshot(c)); diff != "" {
				t.Fatalf("seed %d, step %d: Next changed the result before:\n%s", seed, step, diff)
			}
			if want := differing(c, n); !slices.Equal(changed, want) {
				t.Fatalf("seed %d, step %d: changed = %v, want %v after %+v", seed, step, changed, want, done)
			}
			checkTables(t, n)
			f, c = next, n
		}
	}
	t.Logf("%d edits applied, %d refused or without effect", applied, refused)
	if applied < 250 {
		t.Errorf("only %d edits were applied: the dice are loaded", applied)
	}
}

// diffOf is cmp.Diff for the rare case that there is something to show.
func diffOf(a, b any) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	return cmp.Diff(a, b, compare)
}

func names(c *compile.Compiled) []string { return slices.Concat(c.Nodes(), c.Gateways()) }

func snapshot(c *compile.Compiled) map[string]dataplane.State {
	out := map[string]dataplane.State{}
	for _, n := range names(c) {
		s, _ := c.State(n)
		s.VRFs = slices.Clone(s.VRFs)
		for i := range s.VRFs {
			s.VRFs[i].Routes = slices.Clone(s.VRFs[i].Routes)
		}
		out[n] = s
	}
	return out
}

func difference(a, b *compile.Compiled) string {
	if diff := diffOf(snapshot(b), snapshot(a)); diff != "" {
		return diff
	}
	if diff := diffOf(b.Routes(), a.Routes()); diff != "" {
		return diff
	}
	for _, s := range a.Fabric().Segments {
		x, _ := a.Table(s.Name)
		y, _ := b.Table(s.Name)
		if diff := diffOf(y, x); diff != "" {
			return diff
		}
	}
	return ""
}

func differing(a, b *compile.Compiled) []string {
	var out []string
	for _, n := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(names(a), names(b))))) {
		s, ok := a.State(n)
		r, also := b.State(n)
		s.Revision, r.Revision = 0, 0
		if ok != also || !reflect.DeepEqual(s, r) {
			out = append(out, n)
		}
	}
	return out
}

// checkTables compares each table with an import of every route of the fabric,
// one by one.
func checkTables(t *testing.T, c *compile.Compiled) {
	t.Helper()
	f := c.Fabric()
	targets := f.VRFTargets()
	routes := c.Routes()
	all := make([]*l3vpn.Route, len(routes))
	for i := range routes {
		all[i] = &routes[i]
	}
	if want := len(f.Ports) + len(learned) + statics(f); len(all) != want {
		t.Fatalf("%d routes, want %d", len(all), want)
	}
	for i, s := range f.Segments {
		want := l3vpn.NewTable(s.Name, targets[i], all)
		got, ok := c.Table(s.Name)
		if !ok || !reflect.DeepEqual(got.Import, want.Import) || len(got.Paths) != len(want.Paths) {
			t.Fatalf("table of %s:\n%s\nwant\n%s", s.Name, lines(got), lines(want))
		}
		if lines(got) != lines(want) {
			t.Fatalf("table of %s:\n%s\nwant\n%s", s.Name, lines(got), lines(want))
		}
	}
}

func statics(f netlib.Fabric) (n int) {
	for _, g := range f.Gateways {
		n += len(g.Static)
	}
	return n
}

func lines(t l3vpn.Table) (s string) {
	for r, used := range t.All() {
		s += fmt.Sprintf("%v %s %s via %s label %d\n", used, r.RD, r.Prefix, r.NextHop, r.Label)
	}
	return s
}
