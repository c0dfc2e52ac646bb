package compile_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// fabricOf is a fabric of that many ports in 100 segments on 20 nodes (fewer of
// both for few ports). Routers join ten segments each; a group for each router
// allows its own members and one more group.
func fabricOf(t testing.TB, ports int) netlib.Fabric {
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
	f, _ := apply(t, netlib.Fabric{}, e)
	return f
}

func onePort(f netlib.Fabric, i int) netlib.Edit {
	like := f.Ports[i%len(f.Ports)]
	return netlib.Edit{Ports: []netlib.Port{{Name: fmt.Sprintf("new-%d", i), Segment: like.Segment, Node: like.Node, Groups: like.Groups}}}
}

// BenchmarkOnePort is what one more port costs, from the edit to the States.
func BenchmarkOnePort(b *testing.B) {
	for _, ports := range []int{100, 10_000} {
		f := fabricOf(b, ports)
		c := compile.Full(f, nil)
		b.Run(fmt.Sprintf("apply/%d", ports), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, _, err := onePort(f, i).Apply(f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("next/%d", ports), func(b *testing.B) {
			g, e := apply(b, f, onePort(f, 0))
			b.ReportAllocs()
			for b.Loop() {
				if _, changed := c.Next(g, e); len(changed) == 0 {
					b.Fatal("nothing changed")
				}
			}
		})
		b.Run(fmt.Sprintf("full/%d", ports), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compile.Full(f, nil)
			}
		})
	}
}
