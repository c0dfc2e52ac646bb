package dataplane

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// randomState makes a valid State; the same r makes the same.
func randomState(r *rand.Rand) State {
	s := State{Node: "a", Revision: r.Uint64N(9), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + r.IntN(2))}), MTU: 1400 + r.IntN(2)}
	for i := range 4 {
		if r.IntN(4) > 0 {
			s.VRFs = append(s.VRFs, VRF{Name: fmt.Sprintf("vrf-%d", i), ID: uint32(10*i + 1 + r.IntN(2))})
		}
	}
	for i := range 3 {
		if r.IntN(3) > 0 {
			s.Filters = append(s.Filters, randomFilter(r, i))
		}
	}
	for i := range 6 {
		if len(s.VRFs) > 0 && r.IntN(3) > 0 {
			s.Ports = append(s.Ports, randomPort(r, i, s))
		}
	}
	for i := range s.VRFs {
		randomVRF(r, &s.VRFs[i], s.Ports)
	}
	for i, p := range s.Ports {
		if r.IntN(3) > 0 {
			s.Labels = append(s.Labels, Label{Value: uint32(16 + 10*i + r.IntN(9)), VRF: p.VRF, Port: p.Name})
		}
	}
	return s
}

func randomFilter(r *rand.Rand, i int) Filter {
	f := Filter{Name: fmt.Sprintf("sg-%d", i)}
	for range r.IntN(3) {
		rule := Rule{Direction: Ingress, Protocol: []Protocol{Any, ICMP, TCP}[r.IntN(3)]}
		if r.IntN(2) == 0 {
			rule.Direction = Egress
		}
		switch r.IntN(3) {
		case 0:
			rule.Set = "sg-1"
		case 1:
			rule.Prefix = randomPrefix(r)
		}
		if rule.Protocol == TCP {
			rule.PortFrom, rule.PortTo = 22, uint16(22+r.IntN(2))
		}
		f.Rules = append(f.Rules, rule)
	}
	return f
}

func randomPort(r *rand.Rand, i int, s State) Port {
	p := Port{
		Name: fmt.Sprintf("port-%d", i), VRF: s.VRFs[r.IntN(len(s.VRFs))].Name, Interface: fmt.Sprintf("tap%d", i),
		Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(2)), byte(3 + i)})},
	}
	if r.IntN(4) == 0 {
		p.MAC = "02:00:0a:00:00:01"
	}
	if r.IntN(4) == 0 {
		p.Prefixes = []netip.Prefix{randomPrefix(r)}
	}
	for _, f := range s.Filters {
		if r.IntN(2) == 0 {
			p.Filters = append(p.Filters, f.Name)
		}
	}
	return p
}

func randomVRF(r *rand.Rand, v *VRF, ports []Port) {
	routes, members := map[netip.Prefix]Route{}, map[netip.Prefix]bool{}
	for range r.IntN(6) {
		e := Route{Prefix: randomPrefix(r)}
		for n := range r.IntN(3) {
			e.NextHops = append(e.NextHops, NextHop{Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + n)}), Label: uint32(40 + r.IntN(3))})
		}
		if len(ports) > 0 && r.IntN(2) == 0 {
			e.NextHops = append(e.NextHops, NextHop{Port: ports[r.IntN(len(ports))].Name})
		}
		routes[e.Prefix] = e
		members[randomPrefix(r)] = true
	}
	for _, e := range routes {
		v.Routes = append(v.Routes, e)
	}
	slices.SortFunc(v.Routes, func(a, b Route) int { return a.Prefix.Compare(b.Prefix) })
	for i := range 3 {
		if r.IntN(2) == 0 {
			v.Sets = append(v.Sets, Set{Name: fmt.Sprintf("sg-%d", i), Members: sortedPrefixes(members)})
		}
	}
	if r.IntN(2) == 0 {
		p := netip.MustParsePrefix("10.0.11.0/24")
		v.Subnets = []Subnet{{p, p.Addr().Next(), netip.AddrFrom4([4]byte{10, 0, 11, byte(2 + r.IntN(2))})}}
	}
}

func sortedPrefixes(m map[netip.Prefix]bool) (list []netip.Prefix) {
	for p := range m {
		list = append(list, p)
	}
	slices.SortFunc(list, netip.Prefix.Compare)
	return list
}

func randomPrefix(r *rand.Rand) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(4)), byte(r.IntN(8))}), 24+r.IntN(9)).Masked()
}

// bigState has n ports in VRFs of at most perVRF, each with routes to all of its own.
func bigState(n, perVRF int) State {
	s := State{Node: "a", Revision: 1, Tunnel: netip.MustParseAddr("192.0.2.1"), MTU: 1472, Filters: []Filter{{Name: "sg", Rules: []Rule{{Direction: Egress, Protocol: Any}}}}}
	for i := range n {
		vrf := fmt.Sprintf("vrf-%05d", i/perVRF)
		if i%perVRF == 0 {
			s.VRFs = append(s.VRFs, VRF{Name: vrf, ID: uint32(i/perVRF + 1)})
		}
		addPort(&s, i, vrf)
	}
	return s
}

func addPort(s *State, i int, vrf string) {
	a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	p := Port{Name: fmt.Sprintf("port-%06d", i), VRF: vrf, Interface: fmt.Sprintf("tap%d", i), Addresses: []netip.Addr{a}, Filters: []string{"sg"}}
	s.Ports = append(s.Ports, p)
	s.Labels = append(s.Labels, Label{Value: uint32(100 + i), VRF: vrf, Port: p.Name})
	v := &s.VRFs[len(s.VRFs)-1]
	v.Routes = append(v.Routes, Route{netip.PrefixFrom(a, 32), []NextHop{{Port: p.Name}}})
}

// withOneMore adds a port to the last VRF, as a compiler would: the lists that
// change are new, all others shared.
func withOneMore(s State) State {
	s.VRFs, s.Ports, s.Labels = slices.Clone(s.VRFs), slices.Clone(s.Ports), slices.Clone(s.Labels)
	v := &s.VRFs[len(s.VRFs)-1]
	v.Routes = slices.Clone(v.Routes)
	s.Revision++
	addPort(&s, len(s.Ports), v.Name)
	return s
}

func lines(text string) []string {
	return strings.Split(strings.TrimSpace(text), "\n")
}
