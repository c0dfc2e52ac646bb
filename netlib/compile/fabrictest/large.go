package fabrictest

import (
	"fmt"
	"net/netip"

	"github.com/fabricbook/fabricbook/netlib"
)

// Large creates a fabric of that many ports in 100 segments on 20 nodes (fewer of
// both for few ports). Routers join ten segments each; a group for each router
// allows its own members and one more group.
func Large(ports int) netlib.Edit {
	segments := min(100, max(10, ports/10))
	var e netlib.Edit
	for i := range 20 {
		e.Nodes = append(e.Nodes, netlib.Node{Name: fmt.Sprintf("node-%02d", i), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)})})
	}
	for i := range segments {
		e.Segments = append(e.Segments, netlib.Segment{
			Name: fmt.Sprintf("segment-%03d", i), Subnets: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16)},
		})
		if i%10 == 0 {
			e.Routers = append(e.Routers, netlib.Router{Name: fmt.Sprintf("router-%02d", i/10)})
			e.Groups = append(e.Groups, netlib.SecurityGroup{Name: fmt.Sprintf("group-%02d", i/10), Rules: []netlib.Rule{
				{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 22, Group: fmt.Sprintf("group-%02d", i/10)},
				{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 443, Group: "group-00"},
			}})
		}
		r := &e.Routers[len(e.Routers)-1]
		r.Segments = append(r.Segments, e.Segments[i].Name)
	}
	for i := range ports {
		s := i % segments
		e.Ports = append(e.Ports, netlib.Port{
			Name: fmt.Sprintf("port-%05d", i), Segment: e.Segments[s].Name, Node: e.Nodes[(i/segments+s)%20].Name, Groups: []string{fmt.Sprintf("group-%02d", s/10)},
		})
	}
	return e
}

// OnePort places one more port beside the i-th of a fabric.
func OnePort(f netlib.Fabric, i int) netlib.Edit {
	like := f.Ports[i%len(f.Ports)]
	return netlib.Edit{Ports: []netlib.Port{{Name: fmt.Sprintf("new-%d", i), Segment: like.Segment, Node: like.Node, Groups: like.Groups}}}
}
