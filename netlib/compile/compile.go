package compile

import (
	"slices"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// MTU is the inner MTU of workload ports: an underlay of 1500 bytes less IP (20),
// GRE (4) and one label (4), RFC 4023.
const MTU = 1500 - 28

// Compiled is the result: immutable, safe for concurrent use, sharing structure
// with the result that it was made from.
type Compiled struct {
	fabric   netlib.Fabric
	learned  []l3vpn.Route // as given
	filters  map[string]dataplane.Filter
	remote   map[string]bool // groups that rules name as far end
	topology *topology
	sources  []*source        // by index in topology
	views    []*view          // by class
	byKey    map[string]*view // the same by their contents
	nodes    map[string]*node // gateways too
	version  uint64           // of the newest source
}

// Full compiles a fabric from nothing. Learned are routes from BGP.
func Full(f netlib.Fabric, learned []l3vpn.Route) *Compiled {
	empty := &Compiled{learned: learned, topology: &topology{}}
	c, _ := empty.Next(f, netlib.Edit{
		Nodes: f.Nodes, Segments: f.Segments, Routers: f.Routers, Groups: f.Groups, Ports: f.Ports, Gateways: f.Gateways,
	})
	return c
}

// Next compiles f, which is the result of e applied to c's fabric, at a cost
// that follows the edit. Changed names the nodes and gateways whose State
// differs, sorted; one that is gone is among them. c stays as it was.
func (c *Compiled) Next(f netlib.Fabric, e netlib.Edit) (next *Compiled, changed []string) {
	d := newDelta(c.fabric, f, e)
	next = &Compiled{fabric: f, learned: c.learned, version: c.version}
	next.compileFilters(c, d)
	next.compileTopology(c, d)
	next.compileSources(c, d)
	changes := next.compileViews(c)
	return next, next.compileNodes(c, d, changes)
}

// State is what one node forwards, or what an external router does. Its slices
// are shared: read only.
func (c *Compiled) State(node string) (dataplane.State, bool) {
	n, ok := c.nodes[node]
	if !ok {
		return dataplane.State{}, false
	}
	s := n.state
	s.Revision = c.fabric.Revision
	return s, true
}

// Nodes are the names of the nodes, sorted.
func (c *Compiled) Nodes() []string {
	out := make([]string, len(c.fabric.Nodes))
	for i, n := range c.fabric.Nodes {
		out[i] = n.Name
	}
	return out
}

// Gateways are the names of the gateways, sorted.
func (c *Compiled) Gateways() []string {
	out := make([]string, len(c.fabric.Gateways))
	for i, g := range c.fabric.Gateways {
		out[i] = g.Name
	}
	return out
}

// Fabric is the intent that was compiled.
func (c *Compiled) Fabric() netlib.Fabric { return c.fabric }

// Routes are all VPN routes, originated by ports and gateways or learned, sorted
// by prefix and distinguisher. The slice is the caller's.
func (c *Compiled) Routes() []l3vpn.Route {
	n := 0
	for _, s := range c.sources {
		n += len(s.paths)
	}
	out := make([]l3vpn.Route, 0, n)
	for _, s := range c.sources {
		for _, p := range s.paths {
			out = append(out, p.route)
		}
	}
	slices.SortFunc(out, func(a, b l3vpn.Route) int {
		if d := a.Prefix.Compare(b.Prefix); d != 0 {
			return d
		}
		return a.RD.Compare(b.RD)
	})
	return out
}

// Table is a segment's VRF as every node sees it.
func (c *Compiled) Table(segment string) (l3vpn.Table, bool) {
	i, ok := c.topology.index[segmentKey(segment)]
	if !ok {
		return l3vpn.Table{}, false
	}
	targets := c.topology.vrfs[i].targets
	t := l3vpn.Table{Name: segment, Import: targets.Imports(), Export: targets.Exports()}
	paths := c.views[c.topology.class[i]].fib.paths
	t.Paths = make([]*l3vpn.Route, len(paths))
	for j, p := range paths {
		t.Paths[j] = &p.route
	}
	return t, true
}
