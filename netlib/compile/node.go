package compile

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
)

// node is one node or gateway.
type node struct {
	name    string
	tunnel  netip.Addr
	gateway bool
	ports   []netlib.Port // sorted by name; none for a gateway
	vrfs    []localVRF    // sorted by name

	seen   []*view // of each VRF
	routes map[*fib][]dataplane.Route
	state  dataplane.State
}

// localVRF is a VRF that the node has, with what does not depend on routes.
type localVRF struct {
	key    string // in topology
	index  int    // in the topology that the node was compiled with
	vrf    dataplane.VRF
	remote []string // groups that the filters of its ports name, sorted
}

// compileFilters turns the security groups into filters.
func (c *Compiled) compileFilters(prev *Compiled, d *delta) {
	if len(d.groups) == 0 && prev.filters != nil {
		c.filters, c.remote = prev.filters, prev.remote
		return
	}
	c.filters = make(map[string]dataplane.Filter, len(c.fabric.Groups))
	c.remote = map[string]bool{}
	for _, g := range c.fabric.Groups {
		f, ok := prev.filters[g.Name]
		if !ok || d.groups[g.Name] {
			f = filterOf(g)
		}
		c.filters[g.Name] = f
		for _, r := range f.Rules {
			if r.Set != "" {
				c.remote[r.Set] = true
			}
		}
	}
}

func filterOf(g netlib.SecurityGroup) dataplane.Filter {
	f := dataplane.Filter{Name: g.Name}
	for _, r := range g.Rules {
		f.Rules = append(f.Rules, dataplane.Rule{
			Direction: dataplane.Direction(r.Direction), Protocol: dataplane.Protocol(r.Protocol),
			PortFrom: r.PortFrom, PortTo: r.PortTo, Prefix: r.Prefix, Set: r.Group,
		})
	}
	return f
}

// compileNodes makes the States and names those that differ from before.
func (c *Compiled) compileNodes(prev *Compiled, d *delta, changes map[*fib]change) (changed []string) {
	c.nodes = make(map[string]*node, len(c.fabric.Nodes)+len(c.fabric.Gateways))
	for _, n := range c.fabric.Nodes {
		c.nodes[n.Name] = c.compileNode(prev, d, changes, &node{name: n.Name, tunnel: n.Tunnel})
	}
	for _, g := range c.fabric.Gateways {
		c.nodes[g.Name] = c.compileNode(prev, d, changes, &node{name: g.Name, tunnel: g.Tunnel, gateway: true})
	}
	for name, n := range c.nodes {
		if old := prev.nodes[name]; old == nil || old != n && !equalStates(old.state, n.state) {
			changed = append(changed, name)
		}
	}
	for name := range prev.nodes {
		if c.nodes[name] == nil {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// compileNode completes n, or returns the node before where nothing touches it.
func (c *Compiled) compileNode(prev *Compiled, d *delta, changes map[*fib]change, n *node) *node {
	old := prev.nodes[n.name]
	if old != nil && old.gateway != n.gateway {
		old = nil
	}
	if old == nil || old.tunnel != n.tunnel || old.touched(d) {
		if n.gateway {
			c.gatewayLocals(n)
		} else {
			c.nodeLocals(n, old, d)
		}
	} else {
		n.ports, n.vrfs = old.ports, old.vrfs
		n.state = old.state
		if c.topology != prev.topology {
			n.vrfs = c.reindexed(n.vrfs)
		}
	}
	n.seen = make([]*view, len(n.vrfs))
	for i, v := range n.vrfs {
		n.seen[i] = c.views[c.topology.class[v.index]]
	}
	if old != nil && slices.Equal(old.seen, n.seen) && sameSlice(old.state.Ports, n.state.Ports) && sameSlice(old.state.Filters, n.state.Filters) && old.tunnel == n.tunnel {
		if c.topology != prev.topology {
			n.routes, n.state = old.routes, old.state
			return n
		}
		return old
	}
	n.look(old, changes)
	return n
}

// touched reports whether the edit changes what the node has itself.
func (n *node) touched(d *delta) bool {
	if d.hitNode[n.name] || n.gateway && d.gateways[n.name] {
		return true
	}
	if !n.gateway && len(d.segments) > 0 {
		for _, v := range n.vrfs {
			if d.segments[v.vrf.Name] {
				return true
			}
		}
	}
	if len(d.groups) > 0 {
		for _, f := range n.state.Filters {
			if d.groups[f.Name] {
				return true
			}
		}
	}
	return false
}

func (c *Compiled) reindexed(vrfs []localVRF) []localVRF {
	vrfs = slices.Clone(vrfs)
	for i := range vrfs {
		vrfs[i].index = c.topology.index[vrfs[i].key]
	}
	return vrfs
}

// nodeLocals fills in a node's own ports and what follows from them.
func (c *Compiled) nodeLocals(n, old *node, d *delta) {
	if old != nil {
		n.ports = slices.Grow(n.ports, len(old.ports)+len(d.byNode[n.name]))
		for _, p := range old.ports {
			if !d.names[p.Name] {
				n.ports = append(n.ports, p)
			}
		}
	}
	n.ports = append(n.ports, d.byNode[n.name]...)
	slices.SortFunc(n.ports, func(a, b netlib.Port) int { return strings.Compare(a.Name, b.Name) })

	if len(n.ports) > 0 {
		n.state.Ports = make([]dataplane.Port, 0, len(n.ports))
		n.state.Labels = make([]dataplane.Label, 0, len(n.ports))
	}
	filters := map[string]bool{}
	remote := map[string]map[string]bool{} // by segment
	for _, p := range n.ports {
		if remote[p.Segment] == nil {
			remote[p.Segment] = map[string]bool{}
		}
		n.state.Ports = append(n.state.Ports, old.reusePort(p, d))
		n.state.Labels = append(n.state.Labels, dataplane.Label{Value: p.Label, VRF: p.Segment, Port: p.Name})
		for _, g := range p.Groups {
			filters[g] = true
			for _, r := range c.filters[g].Rules {
				if r.Set != "" {
					remote[p.Segment][r.Set] = true
				}
			}
		}
	}
	slices.SortFunc(n.state.Labels, func(a, b dataplane.Label) int { return cmp.Compare(a.Value, b.Value) })
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		n.state.Filters = append(n.state.Filters, c.filters[name])
	}
	for _, name := range slices.Sorted(maps.Keys(remote)) {
		i := c.topology.index[segmentKey(name)]
		n.vrfs = append(n.vrfs, localVRF{
			key: segmentKey(name), index: i, vrf: segmentVRF(c.topology.vrfs[i].segment),
			remote: slices.Sorted(maps.Keys(remote[name])),
		})
	}
}

// reusePort is p in the form of a State, taken over where it did not change.
func (n *node) reusePort(p netlib.Port, d *delta) dataplane.Port {
	if n != nil && !d.names[p.Name] {
		i, ok := slices.BinarySearchFunc(n.state.Ports, p.Name, func(q dataplane.Port, name string) int {
			return strings.Compare(q.Name, name)
		})
		if ok {
			return n.state.Ports[i]
		}
	}
	return dataplane.Port{
		Name: p.Name, VRF: p.Segment, Interface: netlib.InterfaceName(p.Name), MAC: hardwareAddr(p.Name),
		Addresses: []netip.Addr{p.Address}, Filters: p.Groups,
	}
}

func segmentVRF(s netlib.Segment) dataplane.VRF {
	v := dataplane.VRF{Name: s.Name, ID: s.ID}
	for _, p := range s.Subnets {
		v.Subnets = append(v.Subnets, dataplane.Subnet{
			Prefix: p, Gateway: netlib.GatewayAddress(p), Service: netlib.ServiceAddress(p),
		})
	}
	slices.SortFunc(v.Subnets, func(a, b dataplane.Subnet) int { return a.Prefix.Compare(b.Prefix) })
	return v
}

// gatewayLocals fills in an external router's VRFs with its static routes as ports.
func (c *Compiled) gatewayLocals(n *node) {
	g, _ := c.fabric.Gateway(n.name)
	labelled := map[uint32]bool{}
	for i := range c.topology.vrfs {
		v := &c.topology.vrfs[i]
		if v.gateway != n.name {
			continue
		}
		n.vrfs = append(n.vrfs, localVRF{key: v.key, index: i, vrf: dataplane.VRF{Name: v.name, ID: v.number}})
		for _, s := range v.static {
			host := g.Host(s)
			port := dataplane.Port{
				Name: host, VRF: v.name, Interface: netlib.InterfaceName(host), MAC: hardwareAddr(host), Addresses: HostAddresses(s.Prefix),
			}
			if !s.Prefix.IsSingleIP() { // a network: every address of it may send
				port.Prefixes = []netip.Prefix{s.Prefix}
			}
			n.state.Ports = append(n.state.Ports, port)
			if !labelled[s.Label] {
				labelled[s.Label] = true
				n.state.Labels = append(n.state.Labels, dataplane.Label{Value: s.Label, VRF: v.name, Port: host})
			}
		}
	}
	slices.SortFunc(n.vrfs, func(a, b localVRF) int { return strings.Compare(a.vrf.Name, b.vrf.Name) })
	slices.SortFunc(n.state.Ports, func(a, b dataplane.Port) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(n.state.Labels, func(a, b dataplane.Label) int { return cmp.Compare(a.Value, b.Value) })
}

// HostAddresses is the address of the host that stands for what lies behind a
// static route: its own for a host route, the first of a wider prefix. A prefix
// that begins at 0.0.0.0, such as a default route, has none.
func HostAddresses(p netip.Prefix) []netip.Addr {
	switch {
	case p.IsSingleIP():
		return []netip.Addr{p.Addr()}
	case p.Masked().Addr().IsUnspecified():
		return nil
	}
	return []netip.Addr{p.Masked().Addr().Next()}
}

// look fills in what the node sees of others: routes and members of groups.
func (n *node) look(old *node, changes map[*fib]change) {
	n.routes = make(map[*fib][]dataplane.Route, len(n.vrfs))
	s := &n.state
	s.Node, s.Tunnel, s.MTU = n.name, n.tunnel, MTU
	s.VRFs = make([]dataplane.VRF, 0, len(n.vrfs))
	for i, v := range n.vrfs {
		seen := n.seen[i]
		routes, ok := n.routes[seen.fib]
		if !ok {
			routes = n.routesOf(seen.fib, old, changes)
		}
		n.routes[seen.fib] = routes
		out := v.vrf
		out.Routes = routes
		for _, g := range v.remote {
			out.Sets = append(out.Sets, dataplane.Set{Name: g, Members: seen.sets[g]})
		}
		s.VRFs = append(s.VRFs, out)
	}
	if len(s.VRFs) == 0 {
		s.VRFs = nil
	}
}

// routesOf takes over the routes of the node before, changes them, or makes them.
func (n *node) routesOf(f *fib, old *node, changes map[*fib]change) []dataplane.Route {
	if old != nil {
		if routes, ok := old.routes[f]; ok {
			return routes
		}
		if ch, ok := changes[f]; ok {
			if routes, ok := old.routes[ch.base]; ok {
				return f.patched(routes, ch.prefixes, n.name, !n.gateway)
			}
		}
	}
	return f.routes(n.name, !n.gateway)
}

// hardwareAddr is a locally administered unicast address made from the name.
func hardwareAddr(name string) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", h[0], h[1], h[2], h[3], h[4])
}
