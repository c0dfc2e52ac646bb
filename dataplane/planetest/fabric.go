package planetest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
)

// mtu is that of every fabric here.
const mtu = 1472

// fabric says in few words what a test's nodes forward; state spells it out.
type fabric struct {
	ports   []workload
	joined  [][]string // VRFs that know each other's routes
	filters []dataplane.Filter
	spare   []string // nodes without workloads
	extra   map[string][]dataplane.Route
	rev     uint64
}

// workload is a port.
type workload struct {
	name, node, vrf, addr string
	filters               []string
}

// Nodes are named by a letter, whose place in the alphabet ends the tunnel address.
func tunnel(node string) netip.Addr {
	return netip.AddrFrom4([4]byte{192, 0, 2, node[0] - 'a' + 1})
}

func (f fabric) nodes() []string {
	n := slices.Clone(f.spare)
	for _, p := range f.ports {
		n = append(n, p.node)
	}
	slices.Sort(n)
	return slices.Compact(n)
}

// label is given out in the order of the ports.
func (f fabric) label(port string) uint32 {
	return 40 + uint32(slices.IndexFunc(f.ports, func(p workload) bool { return p.name == port }))
}

// without returns f less one port.
func (f fabric) without(port string) fabric {
	f.spare = f.nodes()
	f.ports = slices.DeleteFunc(slices.Clone(f.ports), func(p workload) bool { return p.name == port })
	f.rev++
	return f
}

func (f fabric) vrfs() []string {
	var v []string
	for _, p := range f.ports {
		v = append(v, p.vrf)
	}
	slices.Sort(v)
	return slices.Compact(v)
}

// sees reports whether VRF v has the routes of w.
func (f fabric) sees(v, w string) bool {
	return v == w || slices.ContainsFunc(f.joined, func(j []string) bool { return slices.Contains(j, v) && slices.Contains(j, w) })
}

func (f fabric) state(node string) dataplane.State {
	s := dataplane.State{Node: node, Revision: f.rev, Tunnel: tunnel(node), MTU: mtu, Filters: slices.Clone(f.filters)}
	slices.SortFunc(s.Filters, func(a, b dataplane.Filter) int { return strings.Compare(a.Name, b.Name) })
	for i, v := range f.vrfs() {
		s.VRFs = append(s.VRFs, f.vrf(v, uint32(i+1), node))
	}
	for _, p := range f.ports {
		if p.node != node {
			continue
		}
		s.Ports = append(s.Ports, dataplane.Port{
			Name: p.name, VRF: p.vrf, Interface: "tap-" + p.name, Addresses: []netip.Addr{address(p.addr)}, Filters: p.filters,
		})
		s.Labels = append(s.Labels, dataplane.Label{Value: f.label(p.name), VRF: p.vrf, Port: p.name})
	}
	slices.SortFunc(s.Ports, func(a, b dataplane.Port) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (f fabric) vrf(name string, id uint32, node string) dataplane.VRF {
	v := dataplane.VRF{Name: name, ID: id}
	hops := make(map[netip.Prefix][]dataplane.NextHop)
	sets := make(map[string][]netip.Prefix)
	for _, p := range f.ports {
		host := netip.PrefixFrom(address(p.addr), 32)
		if p.vrf == name {
			v.Subnets = append(v.Subnets, subnet(p.addr))
		}
		if !f.sees(name, p.vrf) {
			continue
		}
		hop := dataplane.NextHop{Port: p.name}
		if p.node != node {
			hop = dataplane.NextHop{Tunnel: tunnel(p.node), Label: f.label(p.name)}
		}
		hops[host] = append(hops[host], hop)
		for _, g := range p.filters {
			sets[g] = append(sets[g], host)
		}
	}
	v.Routes = append(v.Routes, f.extra[name]...)
	for p, h := range hops {
		slices.SortFunc(h, dataplane.NextHop.Compare)
		v.Routes = append(v.Routes, dataplane.Route{Prefix: p, NextHops: h})
	}
	for g, m := range sets {
		slices.SortFunc(m, netip.Prefix.Compare)
		v.Sets = append(v.Sets, dataplane.Set{Name: g, Members: slices.Compact(m)})
	}
	slices.SortFunc(v.Subnets, func(a, b dataplane.Subnet) int { return a.Prefix.Compare(b.Prefix) })
	v.Subnets = slices.Compact(v.Subnets)
	slices.SortFunc(v.Routes, func(a, b dataplane.Route) int { return a.Prefix.Compare(b.Prefix) })
	slices.SortFunc(v.Sets, func(a, b dataplane.Set) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// subnet is the /24 of an address with gateway .1 and service .2.
func subnet(addr string) dataplane.Subnet {
	p, _ := address(addr).Prefix(24)
	gateway := p.Addr().Next()
	return dataplane.Subnet{Prefix: p, Gateway: gateway, Service: gateway.Next()}
}

// allow makes a filter of rules.
func allow(name string, rules ...dataplane.Rule) dataplane.Filter {
	return dataplane.Filter{Name: name, Rules: rules}
}

// outAll lets a workload begin any flow.
var outAll = dataplane.Rule{Direction: dataplane.Egress, Protocol: dataplane.Any}
