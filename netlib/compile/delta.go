package compile

import (
	"github.com/fabricbook/fabricbook/netlib"
)

// delta is what an edit touches, by what has to be made anew for it.
type delta struct {
	before, after netlib.Fabric
	topology      bool            // segments, routers or gateways
	groups        map[string]bool // edited or deleted
	segments      map[string]bool // edited or deleted
	gateways      map[string]bool // edited or deleted
	moved         map[string]bool // nodes whose tunnel address changed, that came or went

	names     map[string]bool          // of all ports that changed
	bySegment map[string][]netlib.Port // ports that changed and are now in the segment
	byNode    map[string][]netlib.Port // the same by node
	hitSeg    map[string]bool          // segments that lose, gain or keep a changed port
	hitNode   map[string]bool          // nodes likewise
}

func newDelta(before, after netlib.Fabric, e netlib.Edit) *delta {
	d := &delta{
		before: before, after: after,
		groups: map[string]bool{}, segments: map[string]bool{}, gateways: map[string]bool{}, moved: map[string]bool{},
		names: map[string]bool{}, bySegment: map[string][]netlib.Port{}, byNode: map[string][]netlib.Port{},
		hitSeg: map[string]bool{}, hitNode: map[string]bool{},
	}
	for _, n := range e.Nodes {
		d.node(n.Name)
	}
	for _, g := range e.Groups {
		d.groups[g.Name] = true
	}
	for _, s := range e.Segments {
		d.topology, d.segments[s.Name] = true, true
	}
	if len(e.Routers) > 0 {
		d.topology = true
	}
	for _, g := range e.Gateways {
		d.topology, d.gateways[g.Name] = true, true
	}
	for _, p := range e.Ports {
		d.port(p.Name)
	}
	for _, ref := range e.Delete {
		d.deleted(ref)
	}
	return d
}

func (d *delta) deleted(ref netlib.Ref) {
	switch ref.Kind {
	case netlib.KindNode:
		d.node(ref.Name)
	case netlib.KindGroup:
		d.groups[ref.Name] = true
	case netlib.KindSegment:
		d.topology, d.segments[ref.Name] = true, true
	case netlib.KindRouter:
		d.topology = true
	case netlib.KindPort:
		d.port(ref.Name)
	case netlib.KindGateway:
		d.topology, d.gateways[ref.Name] = true, true
	}
}

func (d *delta) node(name string) {
	was, _ := d.before.Node(name)
	is, _ := d.after.Node(name)
	if was != is {
		d.moved[name], d.hitNode[name] = true, true
	}
}

func (d *delta) port(name string) {
	if d.names[name] {
		return
	}
	d.names[name] = true
	if p, ok := d.before.Port(name); ok {
		d.hitSeg[p.Segment], d.hitNode[p.Node] = true, true
	}
	if p, ok := d.after.Port(name); ok {
		d.hitSeg[p.Segment], d.hitNode[p.Node] = true, true
		d.bySegment[p.Segment] = append(d.bySegment[p.Segment], p)
		d.byNode[p.Node] = append(d.byNode[p.Node], p)
	}
}
