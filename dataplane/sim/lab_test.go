package sim

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// pair is two nodes, each with one workload of VRF web, whose filters are given.
type pair struct {
	*testing.T
	fabric *Fabric
	a, b   *node
	rules  []dataplane.Rule
}

var (
	clientAddr = netip.MustParseAddr("10.0.11.3")
	serverAddr = netip.MustParseAddr("10.0.11.4")
)

// newPair guards the server on node b by rules (none: not at all).
func newPair(t *testing.T, rules ...dataplane.Rule) *pair {
	p := &pair{T: t, fabric: New(), rules: rules}
	p.a, p.b = p.start("a"), p.start("b")
	p.apply(p.a, p.state("a"))
	p.apply(p.b, p.state("b"))
	return p
}

func tunnelOf(name string) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, name[0] - 'a' + 1}) }

func (p *pair) start(name string) *node {
	p.Helper()
	plane, err := p.fabric.Start(context.Background(), name, tunnelOf(name))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = plane.Close() })
	return plane.(*node)
}

func (p *pair) apply(n *node, s dataplane.State) {
	p.Helper()
	if _, err := n.Apply(context.Background(), s); err != nil {
		p.Fatalf("node %s: %v", n.name, err)
	}
}

func (p *pair) state(name string) dataplane.State {
	client := dataplane.NextHop{Port: "client"}
	server := dataplane.NextHop{Tunnel: tunnelOf("b"), Label: 41}
	port := dataplane.Port{Name: "client", VRF: "web", Interface: "tap-c", Addresses: []netip.Addr{clientAddr}}
	label := dataplane.Label{Value: 40, VRF: "web", Port: "client"}
	s := dataplane.State{Node: name, Revision: 1, Tunnel: tunnelOf(name), MTU: 1472}
	if name == "b" {
		client = dataplane.NextHop{Tunnel: tunnelOf("a"), Label: 40}
		server = dataplane.NextHop{Port: "server"}
		port = dataplane.Port{Name: "server", VRF: "web", Interface: "tap-s", Addresses: []netip.Addr{serverAddr}}
		label = dataplane.Label{Value: 41, VRF: "web", Port: "server"}
		if p.rules != nil {
			port.Filters = []string{"sg"}
			s.Filters = []dataplane.Filter{{Name: "sg", Rules: p.rules}}
		}
	}
	s.Ports, s.Labels = []dataplane.Port{port}, []dataplane.Label{label}
	s.VRFs = []dataplane.VRF{{
		Name: "web", ID: 1,
		Subnets: []dataplane.Subnet{{Prefix: netip.MustParsePrefix("10.0.11.0/24"), Gateway: netip.MustParseAddr("10.0.11.1"), Service: netip.MustParseAddr("10.0.11.2")}},
		Routes: []dataplane.Route{
			{Prefix: netip.PrefixFrom(clientAddr, 32), NextHops: []dataplane.NextHop{client}},
			{Prefix: netip.PrefixFrom(serverAddr, 32), NextHops: []dataplane.NextHop{server}},
		},
	}}
	return s
}

// from sends a packet as the client's or the server's workload and returns what
// the other one is given, a line for each packet. The other one does not answer.
func (p *pair) from(n *node, pkt packet) []string {
	p.Helper()
	sender, receiver := p.a.ports["client"], p.b.ports["server"]
	if n == p.b {
		sender, receiver = receiver, sender
	}
	var seen []string
	r := run{fabric: p.fabric, now: time.Now(), watch: receiver, got: func(pkt packet, h ipv4) ([]packet, bool) {
		seen = append(seen, describe(pkt.bytes(), h))
		return nil, true
	}}
	r.send(n, sender, pkt)
	r.drain()
	return seen
}

// reach tells whether a packet from one workload is delivered to the other.
func (p *pair) reach(n *node, pkt packet) bool {
	p.Helper()
	return len(p.from(n, pkt)) > 0
}

func describe(b []byte, h ipv4) string {
	s := fmt.Sprintf("%s > %s ttl %d len %d", toAddr(h.src), toAddr(h.dst), h.ttl, h.length)
	if h.proto == protoICMP {
		s += fmt.Sprintf(" icmp %d/%d", b[h.header], b[h.header+1])
	}
	return s
}

func (p *pair) drops(n *node) map[string]uint64 {
	p.Helper()
	c, err := n.Counters(context.Background())
	if err != nil {
		p.Fatal(err)
	}
	return c.Drops
}

// manyPorts is a State of n ports in VRFs of perVRF with routes to each other and
// to as many on another node.
func manyPorts(n, perVRF int) dataplane.State {
	s := dataplane.State{Node: "a", Revision: 1, Tunnel: tunnelOf("a"), MTU: 1472,
		Filters: []dataplane.Filter{{Name: "sg", Rules: []dataplane.Rule{{Direction: dataplane.Egress, Protocol: dataplane.Any}, {Direction: dataplane.Ingress, Protocol: dataplane.Any, Set: "sg"}}}}}
	for i := range n {
		if i%perVRF == 0 {
			s.VRFs = append(s.VRFs, dataplane.VRF{Name: fmt.Sprintf("vrf-%05d", i/perVRF), ID: uint32(i/perVRF + 1), Sets: []dataplane.Set{{Name: "sg"}}})
		}
		addOne(&s, i)
	}
	return s
}

func addOne(s *dataplane.State, i int) {
	a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	v := &s.VRFs[len(s.VRFs)-1]
	name := fmt.Sprintf("port-%06d", i)
	s.Ports = append(s.Ports, dataplane.Port{Name: name, VRF: v.Name, Interface: fmt.Sprintf("tap%d", i), Addresses: []netip.Addr{a}, Filters: []string{"sg"}})
	s.Labels = append(s.Labels, dataplane.Label{Value: uint32(100 + i), VRF: v.Name, Port: name})
	v.Routes = append(v.Routes, dataplane.Route{Prefix: netip.PrefixFrom(a, 32), NextHops: []dataplane.NextHop{{Port: name}}})
	v.Sets[0].Members = append(v.Sets[0].Members, netip.PrefixFrom(a, 32))
}

// oneMore adds a port to the last VRF; lists that do not change are shared.
func oneMore(s dataplane.State) dataplane.State {
	s.VRFs, s.Ports, s.Labels = slices.Clone(s.VRFs), slices.Clone(s.Ports), slices.Clone(s.Labels)
	v := &s.VRFs[len(s.VRFs)-1]
	v.Routes, v.Sets = slices.Clone(v.Routes), slices.Clone(v.Sets)
	v.Sets[0].Members = slices.Clone(v.Sets[0].Members)
	s.Revision++
	addOne(&s, len(s.Ports))
	return s
}
