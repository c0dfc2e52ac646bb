package dataplane

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestDiffApplyReproduces(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		before, after := randomState(r), randomState(r)
		for _, s := range []State{before, after} {
			if err := s.Validate(); err != nil {
				t.Fatalf("seed %d makes an invalid state:\n%v", seed, err)
			}
		}
		c := Diff(before, after)
		if err := c.Validate(after); err != nil {
			t.Fatalf("seed %d: changes:\n%v", seed, err)
		}
		got := c.Apply(before)
		if left := Diff(got, after); !left.Empty() {
			t.Fatalf("seed %d: after the changes there is left:\n%v", seed, left.Lines())
		}
		if got.Text() != after.Text() {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got.Text(), after.Text())
		}
		if adds, dels := c.Count(); adds+dels != len(c.Lines()) {
			t.Fatalf("seed %d: %d adds and %d dels in %d lines", seed, adds, dels, len(c.Lines()))
		}
		if !Diff(after, after).Empty() || !Diff(before, before).Empty() {
			t.Fatalf("seed %d: a state differs from itself", seed)
		}
	}
}

// Lines say the same as the difference of two texts.
func TestLinesAreTheDifferenceOfTexts(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		before, after := randomState(r), randomState(r)
		left := make(map[string]int) // how often each line stands more often after than before
		for _, l := range lines(after.Text()) {
			left[l]++
		}
		for _, l := range lines(before.Text()) {
			left[l]--
		}
		for _, l := range Diff(before, after).Lines() {
			if strings.HasPrefix(l, "+ ") {
				left[l[2:]]--
			} else {
				left[l[2:]]++
			}
		}
		for l, n := range left {
			if n != 0 {
				t.Errorf("seed %d: %q is left over %d times", seed, l, n)
			}
		}
	}
}

func TestLines(t *testing.T) {
	a, p := netip.MustParseAddr, netip.MustParsePrefix
	before := State{
		Node: "node-a", Tunnel: a("192.0.2.1"), MTU: 1472,
		VRFs: []VRF{{
			Name: "dc-web", ID: 1,
			Subnets: []Subnet{{p("10.0.11.0/24"), a("10.0.11.1"), a("10.0.11.2")}},
			Routes: []Route{
				{p("10.0.11.3/32"), []NextHop{{Port: "web-1"}}},
				{p("10.0.12.3/32"), []NextHop{{Tunnel: a("192.0.2.2"), Label: 40}}},
			},
			Sets: []Set{{Name: "mgmt-sg", Members: []netip.Prefix{p("10.0.14.3/32")}}},
		}},
		Ports:   []Port{{Name: "web-1", VRF: "dc-web", Interface: "tap-web-1", Addresses: []netip.Addr{a("10.0.11.3")}, Filters: []string{"web-sg"}}},
		Labels:  []Label{{Value: 30, VRF: "dc-web", Port: "web-1"}},
		Filters: []Filter{{Name: "web-sg", Rules: []Rule{{Direction: Ingress, Protocol: TCP, PortFrom: 22, PortTo: 22, Set: "mgmt-sg"}}}},
	}
	after := before
	after.VRFs = []VRF{{
		Name: "dc-web", ID: 1, Subnets: before.VRFs[0].Subnets,
		Routes: []Route{
			{Prefix: p("10.0.0.0/8")},
			{p("10.0.11.3/32"), []NextHop{{Port: "web-1"}}},
			{p("10.0.12.3/32"), []NextHop{{Tunnel: a("192.0.2.2"), Label: 40}, {Tunnel: a("192.0.2.3"), Label: 41}}},
		},
		Sets: []Set{{Name: "mgmt-sg", Members: []netip.Prefix{p("10.0.14.4/32")}}},
	}}
	after.Labels = []Label{{Value: 31, VRF: "dc-web", Port: "web-1"}}
	after.Filters = []Filter{{Name: "web-sg", Rules: []Rule{before.Filters[0].Rules[0], {Direction: Egress, Protocol: Any}}}}
	compareLines(t, Diff(before, after).Lines(), []string{
		"+ vrf dc-web 10.0.0.0/8 unreachable",
		"+ vrf dc-web 10.0.12.3/32 via 192.0.2.3 label 41",
		"- vrf dc-web set mgmt-sg 10.0.14.3/32",
		"+ vrf dc-web set mgmt-sg 10.0.14.4/32",
		"- label 30 vrf dc-web port web-1",
		"+ label 31 vrf dc-web port web-1",
		"+ filter web-sg allow out any to any",
	})
	compareLines(t, lines(before.Text()), []string{
		"node node-a tunnel 192.0.2.1",
		"node node-a mtu 1472",
		"vrf dc-web id 1",
		"vrf dc-web subnet 10.0.11.0/24 gateway 10.0.11.1 service 10.0.11.2",
		"vrf dc-web 10.0.11.3/32 port web-1",
		"vrf dc-web 10.0.12.3/32 via 192.0.2.2 label 40",
		"vrf dc-web set mgmt-sg 10.0.14.3/32",
		"port web-1 vrf dc-web dev tap-web-1 address 10.0.11.3 filter web-sg",
		"label 30 vrf dc-web port web-1",
		"filter web-sg allow in tcp 22 from set mgmt-sg",
	})
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, g, w)
		}
	}
}

// A list that both States share is not read: poison in it stays unseen.
func TestDiffDoesNotReadSharedLists(t *testing.T) {
	s := bigState(1000, 100)
	next := withOneMore(s)
	next.VRFs[3].Routes[5] = Route{} // in both States, being shared
	c := Diff(s, next)
	if len(c.VRFs) != 1 || len(c.VRFs[0].Routes) != 1 || len(c.Ports) != 1 || len(c.Labels) != 1 {
		t.Errorf("one more port changes %q", c.Lines())
	}
	if err := c.Validate(next); err != nil {
		t.Errorf("validation of the changes looked at more than them: %v", err)
	}
	got := c.Apply(s)
	for i := range s.VRFs[:9] {
		if !shared(got.VRFs[i].Routes, s.VRFs[i].Routes) {
			t.Errorf("applying the changes copied the routes of %s", s.VRFs[i].Name)
		}
	}
}

// Cost follows the change: nothing is allocated for what is shared.
func TestDiffAllocatesByTheChange(t *testing.T) {
	if testing.Short() {
		t.Skip("builds large states")
	}
	cost := func(vrfs int) float64 {
		s := bigState(vrfs*10, 10)
		next := withOneMore(s)
		return testing.AllocsPerRun(10, func() { Diff(s, next) })
	}
	if small, large := cost(2), cost(1000); large > small {
		t.Errorf("one more port costs %v allocations among 20 ports and %v among 10,000", small, large)
	}
}

func BenchmarkDiffOneMore(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for _, per := range slices.Compact([]int{100, n}) {
			s := bigState(n, per)
			next := withOneMore(s)
			b.Run(fmt.Sprintf("ports=%d/perVRF=%d", n, per), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if Diff(s, next).Empty() {
						b.Fatal("no difference")
					}
				}
			})
		}
	}
}
