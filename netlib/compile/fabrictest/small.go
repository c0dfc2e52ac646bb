package fabrictest

import (
	"fmt"
	"net/netip"

	"github.com/fabricbook/fabricbook/netlib"
)

// Small creates a fabric of the names that Dice uses: four nodes, five segments
// of which two routers join three and two, four groups, ten ports and a gateway.
func Small() netlib.Edit {
	var e netlib.Edit
	target := []netlib.RouteTarget{{ASN: 64512, Number: 1}}
	for i := range 4 {
		e.Nodes = append(e.Nodes, netlib.Node{Name: fmt.Sprintf("node-%d", i), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)})})
		e.Groups = append(e.Groups, netlib.SecurityGroup{Name: fmt.Sprintf("group-%d", i), Rules: []netlib.Rule{
			{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 22, Group: fmt.Sprintf("group-%d", (i+1)%4)},
		}})
	}
	for i := range 5 {
		e.Segments = append(e.Segments, netlib.Segment{
			Name: fmt.Sprintf("segment-%d", i), Subnets: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(1 + i), 0, 0}), 24)},
		})
	}
	e.Routers = []netlib.Router{
		{Name: "router-0", Segments: []string{"segment-0", "segment-1", "segment-2"}, Targets: target},
		{Name: "router-1", Segments: []string{"segment-3", "segment-4"}},
	}
	for i := range 10 {
		p := netlib.Port{Name: fmt.Sprintf("port-%d", i), Segment: fmt.Sprintf("segment-%d", i%5), Node: fmt.Sprintf("node-%d", i%4)}
		if i > 2 {
			p.Groups = []string{fmt.Sprintf("group-%d", i%4)}
		}
		e.Ports = append(e.Ports, p)
	}
	e.Gateways = []netlib.Gateway{{Name: "gateway-0", Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, 200}), Static: []netlib.StaticRoute{
		{Prefix: netip.MustParsePrefix("172.31.0.1/32"), Targets: target},
		{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Targets: target},
	}}}
	return e
}
