package netlib

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// checkOverlaps reports subnets of different segments that overlap where one VRF
// would hold both, and static routes into a subnet that such a VRF holds: the
// addresses of a subnet are the fabric's. Segments between which no route passes
// may reuse addresses. A static route wider than a subnet is no problem.
func (d *draft) checkOverlaps() {
	if len(d.edit.Segments) == 0 && len(d.edit.Routers) == 0 && len(d.edit.Gateways) == 0 {
		return
	}
	sources, exports := d.overlapSources()
	imports := make([][]RouteTarget, len(d.next.Segments))
	for i, t := range d.next.VRFTargets() {
		imports[i] = t.Imports()
	}
	told, seen := map[[2]string]bool{}, map[string]bool{}
	var key []byte
	for i, sees := range Reach(imports, exports) {
		key = key[:0]
		for _, s := range sees {
			key = binary.AppendUvarint(key, uint64(s))
		}
		if len(sees) < 2 || seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		var all []subnetOf
		for _, s := range sees {
			all = append(all, sources[s]...)
		}
		d.overlapsAmong(all, d.next.Segments[i].Name, told)
	}
}

// subnetOf is a subnet of a segment, or the prefix of a gateway's static route.
type subnetOf struct {
	prefix  netip.Prefix
	segment string
	gateway string
	index   int // in the segment's list
}

// overlapSources are the prefixes that each segment, and each static route,
// brings into the VRFs that import its targets.
func (d *draft) overlapSources() (sources [][]subnetOf, exports [][]RouteTarget) {
	for i, t := range d.next.VRFTargets() {
		var own []subnetOf
		for j, p := range d.next.Segments[i].Subnets {
			if p.IsValid() {
				own = append(own, subnetOf{prefix: p.Masked(), segment: d.next.Segments[i].Name, index: j})
			}
		}
		sources, exports = append(sources, own), append(exports, t.Exports())
	}
	for _, g := range d.next.Gateways {
		for _, s := range g.Static {
			if s.Prefix.IsValid() {
				sources = append(sources, []subnetOf{{prefix: s.Prefix.Masked(), gateway: g.Name}})
				exports = append(exports, s.Targets)
			}
		}
	}
	return sources, exports
}

// overlapsAmong sweeps over the prefixes that one VRF sees. Two overlap only
// where one holds the other, so the open ones form a stack.
func (d *draft) overlapsAmong(all []subnetOf, vrf string, told map[[2]string]bool) {
	slices.SortStableFunc(all, func(a, b subnetOf) int { return a.prefix.Compare(b.prefix) })
	var open []subnetOf
	for _, s := range all {
		for len(open) > 0 && !open[len(open)-1].prefix.Overlaps(s.prefix) {
			open = open[:len(open)-1]
		}
		for _, o := range open {
			pair := [2]string{o.String(), s.String()}
			if pair[0] > pair[1] {
				pair[0], pair[1] = pair[1], pair[0]
			}
			if pair[0] == pair[1] || told[pair] {
				continue
			}
			switch {
			case o.gateway == "" && s.gateway == "":
				told[pair] = true
				d.tellOverlap(o, s, vrf)
			case o.gateway == "": // segments come first among equals
				told[pair] = true
				d.tellStatic(o, s)
			}
		}
		open = append(open, s)
	}
}

// String tells pairs apart.
func (s subnetOf) String() string {
	if s.gateway != "" {
		return s.gateway + " " + s.prefix.String()
	}
	return s.segment
}

// tellStatic puts the problem at the gateway where the edit holds it, or else at
// the segment, whose subnet or targets then are what the edit changes.
func (d *draft) tellStatic(subnet, static subnetOf) {
	detail := fmt.Sprintf("the static route %s of gateway %q leads into segment %q (%s), which imports it", static.prefix, static.gateway, subnet.segment, subnet.prefix)
	i := slices.IndexFunc(d.raw.Gateways, func(g Gateway) bool { return g.Name == static.gateway })
	if i < 0 {
		d.problem(fmt.Sprintf("segments[%s].subnets[%d]", subnet.segment, subnet.index), detail, "choose another prefix or change the route's targets")
		return
	}
	j := slices.IndexFunc(d.raw.Gateways[i].Static, func(s StaticRoute) bool { return s.Prefix == static.prefix })
	d.problem(fmt.Sprintf("gateways[%s].static[%d].prefix", static.gateway, j), detail, "choose a prefix outside the fabric's subnets or other targets")
}

// tellOverlap puts the problem where the edit caused it: at the segment that it
// creates or changes, or else at the router that it lets join the two.
func (d *draft) tellOverlap(a, b subnetOf, vrf string) {
	if d.rank(a.segment) > d.rank(b.segment) {
		a, b = b, a
	}
	router, edited := d.joining(a.segment, b.segment)
	link, part := fmt.Sprintf("segment %q gets the routes of both", vrf), "change the targets"
	if router != "" {
		link, part = fmt.Sprintf("router %q joins the two", router), fmt.Sprintf("take one out of router %q", router)
	}
	if d.rank(b.segment) >= 0 || !edited {
		d.problem(fmt.Sprintf("segments[%s].subnets[%d]", b.segment, b.index),
			fmt.Sprintf("%s overlaps segment %q (%s), and %s", b.prefix, a.segment, a.prefix, link),
			fmt.Sprintf("choose another prefix, %s or delete %q", part, a.segment))
		return
	}
	d.problem("routers["+router+"].segments",
		fmt.Sprintf("segment %q (%s) overlaps segment %q (%s); the router would join the two", b.segment, b.prefix, a.segment, a.prefix),
		"leave one of the two out, or change its subnet")
}

// rank is the segment's place in the edit as written, -1 where it is not in it
// or keeps its subnets.
func (d *draft) rank(segment string) int {
	i := slices.IndexFunc(d.raw.Segments, func(s Segment) bool { return s.Name == segment })
	if i < 0 {
		return -1
	}
	if was, ok := d.old.Segment(segment); ok && slices.Equal(was.Subnets, d.raw.Segments[i].Subnets) {
		return -1
	}
	return i
}

// joining is a router that joins both segments, one of the edit first.
func (d *draft) joining(a, b string) (name string, edited bool) {
	for _, routers := range [][]Router{d.edit.Routers, d.next.Routers} {
		for _, r := range routers {
			if slices.Contains(r.Segments, a) && slices.Contains(r.Segments, b) {
				return r.Name, d.creates(Ref{KindRouter, r.Name})
			}
		}
	}
	return "", false
}
