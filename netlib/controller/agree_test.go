package controller_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/netlib/compile/fabrictest"
	"github.com/fabricbook/fabricbook/netlib/manifest"
)

// TestComputedIsMeasured grows a fabric by random edits and holds what verify
// computes against what packets meet, for every ordered pair: on a port where
// workloads listen, on one where they refuse, and for ICMP.
func TestComputedIsMeasured(t *testing.T) {
	r := fresh(t)
	dice := fabrictest.NewDice(11)
	r.do(t, "small", hosts(fabrictest.Small()))
	passed, blocked := 0, 0
	for step := range 60 {
		e := hosts(dice.Edit())
		p, err := r.Plan(t.Context(), api.PlanRequest{Edit: e})
		var refused *client.Error
		if errors.As(err, &refused) {
			continue // the dice do not know what is allowed
		} else if err != nil {
			t.Fatal(err)
		}
		ch, err := r.Apply(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.Wait(t.Context(), ch.Revision, nil); err != nil {
			t.Fatal(err)
		}
		m, err := r.Matrix(t.Context(), api.MatrixRequest{Protos: []string{"icmp", "tcp/22", "tcp/9999"}, Live: true})
		if err != nil {
			t.Fatal(err)
		}
		shared := r.shared(t)
		for _, c := range m.Cells {
			if shared[c.From] || shared[c.To] {
				continue
			}
			if c.Reached {
				passed++
			} else {
				blocked++
			}
			if c.Reached != c.Allowed || c.Refused != (c.Reached && c.Proto == "tcp/9999") {
				t.Fatalf("step %d: %s -> %s %s: computed %t, measured %t (refused %t): %s\n%s", step, c.From, c.To, c.Proto, c.Allowed, c.Reached, c.Refused, c.Reason, r.told(t))
			}
		}
	}
	if passed < 1000 || blocked < 1000 {
		t.Errorf("%d cells passed and %d were blocked: the dice try too little", passed, blocked)
	}
}

// shared are the names whose address is reached over several next hops: flows of
// one pair then take different ways, of which a computed verdict knows the first.
func (r *running) shared(t *testing.T) map[string]bool {
	t.Helper()
	f, err := r.Fabric(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := slices.AppendSeq(slices.Collect(f.Names(netlib.KindNode)), f.Names(netlib.KindGateway))
	var several []netip.Prefix
	for _, node := range names {
		s, err := r.State(t.Context(), node)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range s.VRFs {
			for _, route := range v.Routes {
				if len(route.NextHops) > 1 {
					several = append(several, route.Prefix)
				}
			}
		}
	}
	shared := func(a netip.Addr) bool {
		return slices.ContainsFunc(several, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	out := map[string]bool{}
	for _, p := range f.Ports {
		out[p.Name] = shared(p.Address)
	}
	for _, g := range f.Gateways {
		for _, s := range g.Static {
			out[g.Host(s)] = shared(s.Prefix.Addr())
		}
	}
	return out
}

// hosts turns most of the gateways' routes of random edits into hosts and networks
// outside; what remains covers the segments.
func hosts(e netlib.Edit) netlib.Edit {
	for i := range e.Gateways {
		for j := range e.Gateways[i].Static {
			s := &e.Gateways[i].Static[j]
			if s.Prefix.Bits() <= 8 {
				continue
			}
			bits := []int{32, 24, 16}[(i+j)%3]
			s.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(16 + i + 8*int(e.Gateways[i].Name[len(e.Gateways[i].Name)-1]%2)), byte(j), 1}), bits).Masked()
		}
	}
	return e
}

// told is the intent as a fabric file and each node's State.
func (r *running) told(t *testing.T) string {
	t.Helper()
	f, err := r.Fabric(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := manifest.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(text)
	for _, n := range f.Nodes {
		s, err := r.State(t.Context(), n.Name)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(s.Text())
	}
	return b.String()
}

// TestANetworkBehindAGateway reaches any address of a static route wider than a
// host, not its first alone.
func TestANetworkBehindAGateway(t *testing.T) {
	r := fresh(t)
	e := s1()
	e.Gateways[0].Static = append(e.Gateways[0].Static, netlib.StaticRoute{
		Name: "branch", Prefix: netip.MustParsePrefix("172.31.64.0/18"), Targets: []netlib.RouteTarget{{ASN: 64512, Number: 201}},
	}, netlib.StaticRoute{
		Name: "internet", Prefix: netip.MustParsePrefix("0.0.0.0/0"), Targets: []netlib.RouteTarget{{ASN: 64512, Number: 201}},
	})
	r.do(t, "S1 with a branch", e)
	for i := range 8 {
		to := fmt.Sprintf("172.31.%d.%d", 64+rand.IntN(64), 1+rand.IntN(250))
		if i == 0 {
			to = "198.51.100.7" // by the default route
		}
		for _, proto := range []dataplane.Protocol{dataplane.ICMP, dataplane.TCP} {
			req := api.ProbeRequest{From: "office-1", To: to, Proto: proto}
			if proto == dataplane.TCP {
				req.Port = 443
			}
			p, err := r.Probe(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			trace, err := r.Trace(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if !p.OK() || !trace.Allowed {
				t.Errorf("office-1 -> %s %s: %d of %d answered (%s); traced as %t: %s", to, proto, p.Result.Received, p.Result.Sent, p.Result.Reason, trace.Allowed, trace.Reason)
			}
		}
	}
}
