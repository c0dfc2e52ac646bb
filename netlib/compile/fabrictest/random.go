package fabrictest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/fabricbook/fabricbook/netlib"
)

// Dice makes random edits over a small world of names, so that they often hit
// what is there. Many are refused by Apply; that is no matter.
type Dice struct{ *rand.Rand }

// NewDice returns dice that always fall alike for one seed.
func NewDice(seed uint64) Dice { return Dice{rand.New(rand.NewPCG(seed, 1))} }

func (d Dice) one(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, d.IntN(n)) }

func (d Dice) some(kind string, n int) []string {
	var out []string
	for i := range n {
		if d.IntN(3) == 0 {
			out = append(out, fmt.Sprintf("%s-%d", kind, i))
		}
	}
	return out
}

func (d Dice) targets() []netlib.RouteTarget {
	out := []netlib.RouteTarget{{ASN: 64512, Number: uint32(1 + d.IntN(4))}}
	if d.IntN(4) == 0 {
		out = append(out, netlib.RouteTarget{ASN: 64512, Number: uint32(1 + d.IntN(4))})
	}
	return out
}

func (d Dice) maybe() []netlib.RouteTarget {
	if d.IntN(3) > 0 {
		return nil
	}
	return d.targets()
}

func (d Dice) prefix() netip.Prefix {
	return netip.MustParsePrefix([]string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.3/32", "172.31.0.1/32"}[d.IntN(5)])
}

func (d Dice) rule() netlib.Rule {
	r := netlib.Rule{Direction: netlib.Ingress, Protocol: netlib.Any}
	if d.IntN(4) == 0 {
		r.Direction = netlib.Egress
	}
	switch d.IntN(4) {
	case 0:
		r.Protocol = netlib.ICMP
	case 1:
		r.Protocol, r.PortFrom, r.PortTo = netlib.TCP, 22, 22
	case 2:
		r.Protocol, r.PortFrom, r.PortTo = netlib.UDP, 5000, 5010
	}
	if d.IntN(2) == 0 {
		r.Prefix = d.prefix()
	} else {
		r.Group = d.one("group", 4)
	}
	return r
}

// Edit is one random edit, of one to three objects.
func (d Dice) Edit() netlib.Edit {
	var e netlib.Edit
	for range 1 + d.IntN(3) {
		d.step(&e)
	}
	return e
}

func (d Dice) step(e *netlib.Edit) {
	switch d.IntN(16) {
	case 0:
		i := d.IntN(4)
		e.Nodes = append(e.Nodes, netlib.Node{Name: fmt.Sprintf("node-%d", i), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i + 10*d.IntN(3))})})
	case 1, 2:
		i := d.IntN(6)
		s := netlib.Segment{Name: fmt.Sprintf("segment-%d", i), Subnets: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/24", 1+i%5))}}
		if d.IntN(4) == 0 {
			s.Subnets = append(s.Subnets, netip.MustParsePrefix(fmt.Sprintf("10.%d.7.0/29", 1+i)))
		}
		s.Targets = netlib.Targets{Both: d.maybe(), Import: d.maybe(), Export: d.maybe()}
		e.Segments = append(e.Segments, s)
	case 3:
		e.Routers = append(e.Routers, netlib.Router{Name: d.one("router", 2), Segments: d.some("segment", 6), Targets: d.maybe()})
	case 4, 5:
		g := netlib.SecurityGroup{Name: d.one("group", 4)}
		for range d.IntN(3) {
			g.Rules = append(g.Rules, d.rule())
		}
		e.Groups = append(e.Groups, g)
	case 6:
		g := netlib.Gateway{Name: d.one("gateway", 2), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(200 + d.IntN(3))})}
		for range d.IntN(3) {
			g.Static = append(g.Static, netlib.StaticRoute{Prefix: d.prefix(), Targets: d.targets()})
		}
		e.Gateways = append(e.Gateways, g)
	case 7:
		kinds := []netlib.Kind{netlib.KindNode, netlib.KindSegment, netlib.KindRouter, netlib.KindGroup, netlib.KindGateway}
		names := []string{"node", "segment", "router", "group", "gateway"}
		i := d.IntN(len(kinds))
		e.Delete = append(e.Delete, netlib.Ref{Kind: kinds[i], Name: d.one(names[i], 4)})
	case 8, 9:
		e.Delete = append(e.Delete, netlib.Ref{Kind: netlib.KindPort, Name: d.one("port", 20)})
	default:
		e.Ports = append(e.Ports, netlib.Port{Name: d.one("port", 20), Segment: d.one("segment", 6), Node: d.one("node", 4), Groups: slices.Clip(d.some("group", 4))})
	}
}
