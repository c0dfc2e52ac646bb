package netlib

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// checkOverlaps reports subnets of different segments that overlap where one VRF
// would hold both. Segments between which no route passes may reuse addresses.
func (d *draft) checkOverlaps() {
	if len(d.edit.Segments) == 0 && len(d.edit.Routers) == 0 {
		return
	}
	targets := d.next.VRFTargets()
	imports, exports := make([][]RouteTarget, len(targets)), make([][]RouteTarget, len(targets))
	for i, t := range targets {
		imports[i], exports[i] = t.Imports(), t.Exports()
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
		d.overlapsAmong(sees, d.next.Segments[i].Name, told)
	}
}

// subnetOf is a subnet on the way through overlapsAmong.
type subnetOf struct {
	prefix  netip.Prefix
	segment string
	index   int
}

// overlapsAmong sweeps over the subnets of the segments that one VRF sees. Two
// prefixes overlap only where one holds the other, so the open ones form a stack.
func (d *draft) overlapsAmong(segments []int, vrf string, told map[[2]string]bool) {
	var all []subnetOf
	for _, i := range segments {
		for j, p := range d.next.Segments[i].Subnets {
			if p.IsValid() {
				all = append(all, subnetOf{p.Masked(), d.next.Segments[i].Name, j})
			}
		}
	}
	slices.SortFunc(all, func(a, b subnetOf) int { return a.prefix.Compare(b.prefix) })
	var open []subnetOf
	for _, s := range all {
		for len(open) > 0 && !open[len(open)-1].prefix.Overlaps(s.prefix) {
			open = open[:len(open)-1]
		}
		for _, o := range open {
			pair := [2]string{min(o.segment, s.segment), max(o.segment, s.segment)}
			if o.segment != s.segment && !told[pair] {
				told[pair] = true
				d.tellOverlap(o, s, vrf)
			}
		}
		open = append(open, s)
	}
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
