package verify_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/compile/fabrictest"
	. "github.com/fabricbook/fabricbook/netlib/verify"
)

func drawFlows(flows []api.FlowChange) string {
	var b strings.Builder
	for _, f := range flows {
		fmt.Fprintf(&b, "%s %s -> %s %s\n", map[bool]string{true: "+", false: "-"}[f.After], f.From, f.To, f.Proto)
	}
	return b.String()
}

func step(t testing.TB, c *compile.Compiled, e netlib.Edit) *compile.Compiled {
	t.Helper()
	f, done, err := e.Apply(c.Fabric())
	if err != nil {
		t.Fatal(err)
	}
	next, _ := c.Next(f, done)
	return next
}

func TestFlowsS1(t *testing.T) {
	f, c := s1(t)
	group, _ := f.Group("dc-db-sg")
	icmp, _ := netlib.ParseRule("allow in icmp from group dc-web-sg")
	wider := netlib.Edit{Groups: []netlib.SecurityGroup{{Name: "dc-db-sg", Rules: append(slices.Clone(group.Rules), icmp)}}}
	web2 := netlib.Edit{Ports: []netlib.Port{{Name: "web-2", Segment: "dc-web-network", Node: "node-2", Groups: []string{"dc-web-sg"}}}}
	router, _ := f.Router("dc-router")
	router.Segments = []string{"dc-web-network", "dc-db-network", "mgmt-network"}
	for _, test := range []struct {
		name string
		edit netlib.Edit
		want string
	}{
		{"a rule more", wider, "+ web-1 -> db-1 icmp\n"},
		{"a port more", web2, `
+ check-host -> web-2 nothing
+ mgmt-1 -> web-2 tcp/22
+ web-2 -> check-host icmp
+ web-2 -> check-host tcp/22
+ web-2 -> db-1 tcp/22
+ web-2 -> office-1 icmp
+ web-2 -> office-1 tcp/22
`},
		{"a segment leaves the router", netlib.Edit{Routers: []netlib.Router{router}}, `
- check-host -> office-1 icmp
- check-host -> office-1 tcp/22
- db-1 -> office-1 icmp
- db-1 -> office-1 tcp/22
- mgmt-1 -> office-1 icmp
- mgmt-1 -> office-1 tcp/22
- office-1 -> check-host icmp
- office-1 -> check-host tcp/22
- web-1 -> office-1 icmp
- web-1 -> office-1 tcp/22
`},
	} {
		want := strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "+ check-host -> web-2 nothing\n", "")
		flows, cut := Flows(c, step(t, c, test.edit), 1000)
		if got := drawFlows(flows); got != want || cut != 0 {
			t.Errorf("%s: %d cut,\n%s\nwant\n%s", test.name, cut, got, want)
		}
	}
}

// TestFlowsAgreesWithTraces compares Flows with a trace of every pair before and
// after, over random edits, and a low limit with the whole.
func TestFlowsAgreesWithTraces(t *testing.T) {
	compared, found := 0, 0
	for seed := range uint64(10) {
		d := fabrictest.NewDice(1000 + seed)
		c := compile.Full(netlib.Fabric{}, nil)
		if seed%5 > 0 {
			c = step(t, c, fabrictest.Small())
		}
		for range 40 {
			f, done, err := d.Edit().Apply(c.Fabric())
			if err != nil || done.Empty() {
				continue
			}
			next, _ := c.Next(f, done)
			got, cut := Flows(c, next, 1<<20)
			want := byTraces(t, c, next)
			if drawFlows(got) != drawFlows(want) || cut != 0 {
				t.Fatalf("seed %d: after %+v:\n%swant\n%s", seed, done, drawFlows(got), drawFlows(want))
			}
			if few, cut := Flows(c, next, 3); len(few)+cut != len(want) || len(few) > 3 {
				t.Fatalf("seed %d: limit 3 gives %d and %d cut of %d", seed, len(few), cut, len(want))
			}
			compared++
			found += len(want)
			c = next
		}
	}
	t.Logf("%d edits, %d changes", compared, found)
	if compared < 100 || found < 1000 {
		t.Errorf("only %d edits with %d changes were compared: the dice are loaded", compared, found)
	}
}

// byTraces compares whole matrices.
func byTraces(t *testing.T, before, after *compile.Compiled) []api.FlowChange {
	t.Helper()
	protos := []string{"icmp"}
	for _, p := range []string{"tcp/22", "udp/5000"} {
		if names(before.Fabric(), p) || names(after.Fabric(), p) {
			protos = append(protos, p)
		}
	}
	type key struct{ from, to, proto string }
	verdicts := [2]map[key]bool{{}, {}}
	for i, c := range []*compile.Compiled{before, after} {
		m, err := Matrix(c, api.MatrixRequest{Protos: protos})
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range m.Cells {
			verdicts[i][key{cell.From, cell.To, cell.Proto}] = cell.Allowed
		}
	}
	var out []api.FlowChange
	for i, all := range verdicts {
		for k := range all {
			_, both := verdicts[1-i][k]
			b, a := verdicts[0][k], verdicts[1][k]
			if a != b && k.from != k.to && (i == 0 || !both) {
				out = append(out, api.FlowChange{From: k.from, To: k.to, Proto: k.proto, Before: b, After: a})
			}
		}
	}
	slices.SortFunc(out, func(a, b api.FlowChange) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Proto, b.Proto))
	})
	return out
}

// names reports whether a rule names the protocol.
func names(f netlib.Fabric, proto string) bool {
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if strings.HasPrefix(proto, string(r.Protocol)+"/") {
				return true
			}
		}
	}
	return false
}

// BenchmarkFlows is what one more port among 10,000 costs a plan.
func BenchmarkFlows(b *testing.B) {
	f, _, err := fabrictest.Large(10_000).Apply(netlib.Fabric{})
	if err != nil {
		b.Fatal(err)
	}
	c := compile.Full(f, nil)
	next := step(b, c, fabrictest.OnePort(f, 0))
	for b.Loop() {
		if flows, _ := Flows(c, next, 1000); len(flows) == 0 {
			b.Fatal("no flows")
		}
	}
}
