package netlib

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Apply validates e against f as a whole, assigns what the operator left open
// (addresses, labels, identifiers) and returns the new fabric with the next
// Revision, together with the edit completed with what was assigned. Objects
// that are as they were, and deletions of what does not exist, are dropped from
// the completed edit; when nothing is left, f itself comes back. An object that
// is given again keeps what was assigned to it. f is not changed. The error is
// an *Error with every problem found.
//
// The result depends on nothing but f and e, and the completed edit applied to f
// gives the same fabric.
func (e Edit) Apply(f Fabric) (Fabric, Edit, error) {
	if f.ASN == 0 {
		f.ASN = DefaultASN
	}
	d := &draft{old: f, raw: e, gone: map[Ref]int{}}
	d.findGone()
	d.checkAll()
	d.merge()
	d.checkLeftBehind()
	d.assignIDs()
	d.assignStaticLabels()
	d.checkSubnetChanges()
	d.assignPorts()
	d.checkOverlaps()
	if len(d.problems) > 0 {
		return f, Edit{}, &Error{Problems: d.problems}
	}
	done := d.completed()
	if done.Empty() {
		return f, done, nil
	}
	d.next.Revision = f.Revision + 1
	return d.next, done, nil
}

// Empty reports whether the edit changes nothing.
func (e Edit) Empty() bool {
	return len(e.Nodes)+len(e.Segments)+len(e.Routers)+len(e.Groups)+len(e.Ports)+len(e.Gateways)+len(e.Delete) == 0
}

// draft is an edit on its way into a fabric. The slices of edit are normalised,
// sorted by name and unique; raw is as the operator wrote it, for the paths and
// indexes in problems.
type draft struct {
	old      Fabric
	raw      Edit
	gone     map[Ref]int // what raw.Delete names, with its index there
	edit     Edit
	next     Fabric
	problems []Problem
	guesses  int // suggestions made so far, see suggest

	created  map[Ref]bool         // see creates
	byTunnel map[netip.Addr][]Ref // see tunnels
}

func (d *draft) problem(field, detail, fix string) {
	d.problems = append(d.problems, Problem{Field: field, Detail: detail, Fix: fix})
}

// findGone reads raw.Delete. Deleting what does not exist is no problem, so that
// a deletion can be repeated; a kind that does not exist is one.
func (d *draft) findGone() {
	for i, ref := range d.raw.Delete {
		if !slices.Contains(kinds, ref.Kind) {
			d.problem(fmt.Sprintf("delete[%d].kind", i), fmt.Sprintf("there is no kind %q", ref.Kind),
				"use one of "+kindList())
			continue
		}
		d.gone[ref] = i
	}
}

var kinds = []Kind{KindNode, KindGroup, KindSegment, KindRouter, KindPort, KindGateway}

func kindList() string {
	s := make([]string, len(kinds))
	for i, k := range kinds {
		s[i] = string(k)
	}
	return strings.Join(s, ", ")
}

// merge lays the edit over the old fabric. Identifiers and labels that were
// assigned before are carried over to objects that leave them open.
func (d *draft) merge() {
	d.next = d.old
	d.edit.Nodes, d.next.Nodes = overlay(d, KindNode, d.raw.Nodes, d.old.Nodes, nil)
	d.edit.Groups, d.next.Groups = overlay(d, KindGroup, d.raw.Groups, d.old.Groups, nil)
	d.edit.Segments, d.next.Segments = overlay(d, KindSegment, d.raw.Segments, d.old.Segments, func(s *Segment, old Segment) {
		if s.ID == 0 {
			s.ID = old.ID
		}
	})
	d.edit.Routers, d.next.Routers = overlay(d, KindRouter, d.raw.Routers, d.old.Routers, func(r *Router, old Router) {
		if r.ID == 0 {
			r.ID = old.ID
		}
	})
	d.edit.Gateways, d.next.Gateways = overlay(d, KindGateway, d.raw.Gateways, d.old.Gateways, keepStaticLabels)
	d.edit.Ports, d.next.Ports = overlay(d, KindPort, d.raw.Ports, d.old.Ports, d.keepPort)
}

// keepPort carries over a port's address while its segment still has it, and its
// label while it stays in its VRF: a label never changes its meaning.
func (d *draft) keepPort(p *Port, old Port) {
	if p.Segment != old.Segment {
		return
	}
	if p.Label == 0 && p.Node == old.Node {
		p.Label = old.Label
	}
	if seg, ok := d.next.Segment(p.Segment); ok && !p.Address.IsValid() && addressProblem(seg, old.Address) == "" {
		p.Address = old.Address
	}
}

func keepStaticLabels(g *Gateway, old Gateway) {
	for i, s := range g.Static {
		for _, was := range old.Static {
			if s.Label == 0 && s.Prefix == was.Prefix && slices.Equal(s.Targets, was.Targets) {
				g.Static[i].Label = was.Label
			}
		}
	}
}

// overlay normalises and sorts the edit's objects of one kind, drops those that
// change nothing, and merges the rest with the old ones less those deleted. The
// old slice itself comes back where nothing changes.
func overlay[T object[T]](d *draft, kind Kind, raw, old []T, keep func(*T, T)) (changed, next []T) {
	seen := make(map[string]bool, len(raw))
	for _, o := range raw {
		if seen[o.key()] {
			continue // reported by checkNames
		}
		seen[o.key()] = true
		o = o.normal()
		was, ok := find(old, o.key())
		if ok && keep != nil {
			keep(&o, was)
		}
		if !ok || !o.equal(was) {
			changed = append(changed, o)
		}
	}
	slices.SortFunc(changed, func(a, b T) int { return strings.Compare(a.key(), b.key()) })
	var gone []string
	for ref := range d.gone {
		if _, ok := find(old, ref.Name); ok && ref.Kind == kind {
			gone = append(gone, ref.Name)
		}
	}
	slices.Sort(gone)
	return changed, merged(old, changed, gone)
}

// merged is a copy of old with changed put in and gone left out; all are sorted
// by name. Runs of untouched objects are copied as a whole.
func merged[T object[T]](old, changed []T, gone []string) []T {
	if len(changed) == 0 && len(gone) == 0 {
		return old
	}
	out := make([]T, 0, len(old)+len(changed))
	for len(changed) > 0 || len(gone) > 0 {
		var name string
		put := len(gone) == 0 || len(changed) > 0 && changed[0].key() <= gone[0]
		if put {
			name = changed[0].key()
		} else {
			name, gone = gone[0], gone[1:]
		}
		i, found := search(old, name)
		out = append(out, old[:i]...)
		if put {
			out, changed = append(out, changed[0]), changed[1:]
		}
		if found {
			i++
		}
		old = old[i:]
	}
	return append(out, old...)
}

// completed is the edit with all that was assigned, and only the deletions of
// what was there.
func (d *draft) completed() Edit {
	done := d.edit
	for ref := range d.gone {
		if d.old.has(ref) {
			done.Delete = append(done.Delete, ref)
		}
	}
	slices.SortFunc(done.Delete, func(a, b Ref) int {
		if c := slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return done
}

// has reports whether the object exists.
func (f Fabric) has(ref Ref) bool {
	var ok bool
	switch ref.Kind {
	case KindNode:
		_, ok = f.Node(ref.Name)
	case KindGroup:
		_, ok = f.Group(ref.Name)
	case KindSegment:
		_, ok = f.Segment(ref.Name)
	case KindRouter:
		_, ok = f.Router(ref.Name)
	case KindPort:
		_, ok = f.Port(ref.Name)
	case KindGateway:
		_, ok = f.Gateway(ref.Name)
	}
	return ok
}
