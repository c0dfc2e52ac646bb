package compile

import (
	"net/netip"
	"slices"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// source is what one VRF, or the learned routes of one set of targets, brings
// into the VRFs that import it.
type source struct {
	version uint64 // different for different contents
	exports []netlib.RouteTarget
	number  uint32
	subnets []netip.Prefix
	paths   []*path // in a table's order
}

// path is a route with the next hops that it becomes in a State.
type path struct {
	route  l3vpn.Route
	node   string              // node or gateway behind which it lies; empty for learned routes
	local  []dataplane.NextHop // on that node
	remote []dataplane.NextHop // on all others
}

func comparePaths(a, b *path) int {
	if c := a.route.Prefix.Compare(b.route.Prefix); c != 0 {
		return c
	}
	return l3vpn.Compare(&a.route, &b.route)
}

func newPath(r l3vpn.Route, node, port string) *path {
	p := &path{route: r, node: node, remote: []dataplane.NextHop{{Tunnel: r.NextHop, Label: r.Label}}}
	if port != "" {
		p.local = []dataplane.NextHop{{Port: port}}
	}
	return p
}

func (c *Compiled) compileSources(prev *Compiled, d *delta) {
	relocated := d.relocated(prev)
	if c.topology == prev.topology && len(d.hitSeg) == 0 && len(relocated) == 0 {
		c.sources = prev.sources
		return
	}
	c.sources = make([]*source, len(c.topology.vrfs))
	for i := range c.topology.vrfs {
		v := &c.topology.vrfs[i]
		var old *source
		if j, ok := prev.topology.index[v.key]; ok {
			old = prev.sources[j]
		}
		if old != nil && c.keeps(v, old, d, relocated) {
			c.sources[i] = old
			continue
		}
		c.version++
		s := &source{version: c.version, exports: v.exports, number: v.number, subnets: v.segment.Subnets}
		switch {
		case v.segment.Name != "":
			s.paths = c.segmentPaths(v, old, d, relocated)
		case v.gateway != "":
			s.paths = c.gatewayPaths(v)
		default:
			for _, r := range v.learned {
				s.paths = append(s.paths, newPath(r, "", ""))
			}
			slices.SortFunc(s.paths, comparePaths)
		}
		c.sources[i] = s
	}
}

// relocated are the segments with a port on a node whose tunnel address changed.
func (d *delta) relocated(prev *Compiled) map[string]bool {
	out := map[string]bool{}
	for name := range d.moved {
		if n := prev.nodes[name]; n != nil {
			for _, p := range n.ports {
				out[p.Segment] = true
			}
		}
	}
	return out
}

// keeps reports whether the source originates what it did.
func (c *Compiled) keeps(v *vrf, old *source, d *delta, relocated map[string]bool) bool {
	if !slices.Equal(v.exports, old.exports) || v.number != old.number {
		return false
	}
	switch {
	case v.segment.Name != "":
		name := v.segment.Name
		return !d.hitSeg[name] && !relocated[name] && slices.Equal(old.subnets, v.segment.Subnets)
	case v.gateway != "":
		return !d.gateways[v.gateway]
	}
	return true
}

// segmentPaths takes over the paths of ports that did not change and makes those
// of the others.
func (c *Compiled) segmentPaths(v *vrf, old *source, d *delta, relocated map[string]bool) []*path {
	paths := make([]*path, 0, len(d.bySegment[v.segment.Name])+1)
	if old != nil {
		paths = slices.Grow(paths, len(old.paths))
		same := !relocated[v.segment.Name] && slices.Equal(old.exports, v.exports) && old.number == v.number
		for _, p := range old.paths {
			switch {
			case d.names[p.route.Port]:
			case same:
				paths = append(paths, p)
			default:
				if port, ok := c.fabric.Port(p.route.Port); ok {
					paths = append(paths, c.portPath(v, port))
				}
			}
		}
	}
	for _, port := range d.bySegment[v.segment.Name] {
		paths = append(paths, c.portPath(v, port))
	}
	slices.SortFunc(paths, comparePaths)
	return paths
}

func (c *Compiled) portPath(v *vrf, port netlib.Port) *path {
	n, _ := c.fabric.Node(port.Node)
	return newPath(l3vpn.FromPort(port, v.segment, n, v.exports), port.Node, port.Name)
}

func (c *Compiled) gatewayPaths(v *vrf) []*path {
	g, _ := c.fabric.Gateway(v.gateway)
	var paths []*path
	for _, s := range v.static {
		paths = append(paths, newPath(l3vpn.FromStatic(g, s, uint16(v.number)), g.Name, g.Host(s)))
	}
	slices.SortFunc(paths, comparePaths)
	return paths
}
