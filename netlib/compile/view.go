package compile

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// view is what the VRFs of one class see.
type view struct {
	key  string // versions of the sources
	fib  *fib
	sets map[string][]netip.Prefix // members of each group that any rule names
}

// fib is the part of a view that becomes routes.
type fib struct {
	paths   []*path        // in a table's order
	subnets []netip.Prefix // of the segments seen, sorted
}

func (c *Compiled) compileViews(prev *Compiled) {
	c.views = make([]*view, len(c.topology.members))
	c.byKey = make(map[string]*view, len(c.views))
	sameGroups := maps.Equal(c.remote, prev.remote)
	for i, members := range c.topology.members {
		key := c.viewKey(members)
		old := prev.byKey[key]
		switch {
		case old != nil && sameGroups:
			c.views[i] = old
		case old != nil:
			c.views[i] = &view{key: key, fib: old.fib, sets: c.setsOf(old.fib.paths, nil)}
		default:
			var was *view
			if c.topology == prev.topology {
				was = prev.views[i]
			}
			c.views[i] = c.newView(key, members, was, prev)
		}
		c.byKey[key] = c.views[i]
	}
}

func (c *Compiled) viewKey(members []int) string {
	key := make([]byte, 0, 4*len(members))
	for _, m := range members {
		key = binary.AppendUvarint(key, c.sources[m].version)
	}
	return string(key)
}

// newView makes a view, from the one before where that imported the same sources.
func (c *Compiled) newView(key string, members []int, was *view, prev *Compiled) *view {
	v := &view{key: key, fib: &fib{}}
	if was == nil {
		for _, m := range members {
			v.fib.paths = append(v.fib.paths, c.sources[m].paths...)
			v.fib.subnets = append(v.fib.subnets, c.sources[m].subnets...)
		}
		slices.SortFunc(v.fib.paths, comparePaths)
		slices.SortFunc(v.fib.subnets, netip.Prefix.Compare)
		v.fib.subnets = slices.Compact(v.fib.subnets)
		v.sets = c.setsOf(v.fib.paths, nil)
		return v
	}
	renewed := map[string]bool{}
	var fresh []*path
	for _, m := range members {
		if c.sources[m] != prev.sources[m] {
			renewed[c.topology.vrfs[m].key] = true
			fresh = append(fresh, c.sources[m].paths...)
		}
	}
	slices.SortFunc(fresh, comparePaths)
	v.fib.paths = mergePaths(was.fib.paths, renewed, fresh)
	v.fib.subnets = was.fib.subnets
	v.sets = c.setsOf(v.fib.paths, was.sets)
	return v
}

// mergePaths is old without the paths of renewed sources, with fresh put in.
func mergePaths(old []*path, renewed map[string]bool, fresh []*path) []*path {
	out := make([]*path, 0, len(old)+len(fresh))
	for _, p := range old {
		if renewed[p.source] {
			continue
		}
		for len(fresh) > 0 && comparePaths(fresh[0], p) < 0 {
			out = append(out, fresh[0])
			fresh = fresh[1:]
		}
		out = append(out, p)
	}
	return append(out, fresh...)
}

// setsOf collects the members of groups that rules name. A set that is as it was
// keeps its slice.
func (c *Compiled) setsOf(paths []*path, was map[string][]netip.Prefix) map[string][]netip.Prefix {
	sets := make(map[string][]netip.Prefix, len(c.remote))
	for _, p := range paths {
		for _, g := range p.route.Groups {
			if c.remote[g] {
				if m := sets[g]; len(m) == 0 || m[len(m)-1] != p.route.Prefix {
					sets[g] = append(m, p.route.Prefix)
				}
			}
		}
	}
	for g, members := range was {
		if slices.Equal(members, sets[g]) {
			sets[g] = members
		}
	}
	return sets
}

// routes are a view's routes as one node forwards them. Blocked adds the subnets
// as unreachable.
func (f *fib) routes(node string, blocked bool) []dataplane.Route {
	var subnets []netip.Prefix
	if blocked {
		subnets = f.subnets
	}
	out := make([]dataplane.Route, 0, len(f.paths)+len(subnets))
	for paths := f.paths; len(paths) > 0; {
		n, prefix := 1, paths[0].route.Prefix
		for n < len(paths) && paths[n].route.Prefix == prefix {
			n++
		}
		for len(subnets) > 0 && subnets[0].Compare(prefix) < 0 {
			out, subnets = append(out, dataplane.Route{Prefix: subnets[0]}), subnets[1:]
		}
		if hops := nextHops(paths[:n], node); len(hops) > 0 {
			out = append(out, dataplane.Route{Prefix: prefix, NextHops: hops})
			if len(subnets) > 0 && subnets[0] == prefix {
				subnets = subnets[1:]
			}
		}
		paths = paths[n:]
	}
	for _, s := range subnets {
		out = append(out, dataplane.Route{Prefix: s})
	}
	return out
}

// nextHops of one prefix's paths, seen from a node; none where no path is feasible.
func nextHops(paths []*path, node string) []dataplane.NextHop {
	if len(paths) == 1 && !paths[0].route.Infeasible {
		return paths[0].hops(node)
	}
	routes := make([]*l3vpn.Route, len(paths))
	for i, p := range paths {
		routes[i] = &p.route
	}
	var hops []dataplane.NextHop
	for _, p := range paths[:len(l3vpn.InUse(routes))] {
		hops = append(hops, p.hops(node)...)
	}
	slices.SortFunc(hops, compareHops)
	return slices.Compact(hops)
}

func (p *path) hops(node string) []dataplane.NextHop {
	if p.local != nil && p.node == node {
		return p.local
	}
	return p.remote
}
