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

// change is how a fib differs from one of the result before.
type change struct {
	base     *fib
	prefixes []netip.Prefix // whose paths differ, sorted
}

// compileViews returns how the fibs that it made from others differ from these;
// nothing of the result itself holds on to the result before.
func (c *Compiled) compileViews(prev *Compiled) map[*fib]change {
	changes := map[*fib]change{}
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
			if c.topology == prev.topology {
				c.views[i] = c.nextView(key, members, prev.views[i], prev, changes)
			} else {
				c.views[i] = c.newView(key, members)
			}
		}
		c.byKey[key] = c.views[i]
	}
	return changes
}

func (c *Compiled) viewKey(members []int) string {
	key := make([]byte, 0, 4*len(members))
	for _, m := range members {
		key = binary.AppendUvarint(key, c.sources[m].version)
	}
	return string(key)
}

func (c *Compiled) newView(key string, members []int) *view {
	f := &fib{}
	for _, m := range members {
		f.paths = append(f.paths, c.sources[m].paths...)
		f.subnets = append(f.subnets, c.sources[m].subnets...)
	}
	slices.SortFunc(f.paths, comparePaths)
	slices.SortFunc(f.subnets, netip.Prefix.Compare)
	f.subnets = slices.Compact(f.subnets)
	return &view{key: key, fib: f, sets: c.setsOf(f.paths, nil)}
}

// nextView makes a view from the one before, which imported the same sources.
func (c *Compiled) nextView(key string, members []int, was *view, prev *Compiled, changes map[*fib]change) *view {
	var gone, fresh []*path
	for _, m := range members {
		if old, now := prev.sources[m], c.sources[m]; old != now {
			gone = append(gone, without(old.paths, now.paths)...)
			fresh = append(fresh, without(now.paths, old.paths)...)
		}
	}
	slices.SortFunc(gone, comparePaths)
	slices.SortFunc(fresh, comparePaths)
	f := &fib{paths: mergePaths(was.fib.paths, gone, fresh), subnets: was.fib.subnets}
	ch := change{base: was.fib}
	for _, p := range slices.Concat(gone, fresh) {
		ch.prefixes = append(ch.prefixes, p.route.Prefix)
	}
	slices.SortFunc(ch.prefixes, netip.Prefix.Compare)
	ch.prefixes = slices.Compact(ch.prefixes)
	changes[f] = ch
	v := &view{key: key, fib: f, sets: was.sets}
	if !maps.Equal(c.remote, prev.remote) || c.namesGroupOf(gone) || c.namesGroupOf(fresh) {
		v.sets = c.setsOf(f.paths, was.sets)
	}
	return v
}

// without are the elements of a that are not in b.
func without(a, b []*path) (out []*path) {
	in := make(map[*path]bool, len(b))
	for _, p := range b {
		in[p] = true
	}
	for _, p := range a {
		if !in[p] {
			out = append(out, p)
		}
	}
	return out
}

// namesGroupOf reports whether a rule names a group of one of the paths.
func (c *Compiled) namesGroupOf(paths []*path) bool {
	return slices.ContainsFunc(paths, func(p *path) bool {
		return slices.ContainsFunc(p.route.Groups, func(g string) bool { return c.remote[g] })
	})
}

// mergePaths is old without gone, with fresh put in; all are in a table's order.
// Runs of paths that stay are copied as a whole.
func mergePaths(old, gone, fresh []*path) []*path {
	out := make([]*path, 0, len(old)+len(fresh)-len(gone))
	for len(gone) > 0 || len(fresh) > 0 {
		if len(gone) > 0 && (len(fresh) == 0 || comparePaths(gone[0], fresh[0]) <= 0) {
			i, _ := slices.BinarySearchFunc(old, gone[0], comparePaths)
			for old[i] != gone[0] { // equal in all that is compared
				i++
			}
			out = append(out, old[:i]...)
			old, gone = old[i+1:], gone[1:]
			continue
		}
		i, _ := slices.BinarySearchFunc(old, fresh[0], comparePaths)
		out = append(append(out, old[:i]...), fresh[0])
		old, fresh = old[i:], fresh[1:]
	}
	return append(out, old...)
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

// patched is routes, made from those of the fib before.
func (f *fib) patched(old []dataplane.Route, prefixes []netip.Prefix, node string, blocked bool) []dataplane.Route {
	out := make([]dataplane.Route, 0, len(old)+len(prefixes))
	for _, prefix := range prefixes {
		i, found := slices.BinarySearchFunc(old, prefix, func(r dataplane.Route, p netip.Prefix) int { return r.Prefix.Compare(p) })
		out = append(out, old[:i]...)
		if found {
			i++
		}
		old = old[i:]
		hops := nextHops(f.at(prefix), node)
		_, subnet := slices.BinarySearchFunc(f.subnets, prefix, netip.Prefix.Compare)
		if len(hops) > 0 || blocked && subnet {
			out = append(out, dataplane.Route{Prefix: prefix, NextHops: hops})
		}
	}
	return append(out, old...)
}

// at are the paths of one prefix.
func (f *fib) at(prefix netip.Prefix) []*path {
	i, _ := slices.BinarySearchFunc(f.paths, prefix, func(p *path, q netip.Prefix) int { return p.route.Prefix.Compare(q) })
	j := i
	for j < len(f.paths) && f.paths[j].route.Prefix == prefix {
		j++
	}
	return f.paths[i:j]
}

// nextHops of one prefix's paths, seen from a node; none where no path is feasible.
func nextHops(paths []*path, node string) []dataplane.NextHop {
	if len(paths) == 0 {
		return nil
	}
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
