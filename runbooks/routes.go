package runbooks

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Segment is one virtual network.
type Segment struct {
	netlib.Segment
	fabric *Fabric
}

// RouteTable is a segment's VRF: every path to every prefix, best first.
type RouteTable struct{ api.RouteTable }

// Resolution follows a prefix of a segment from one node down to the interface.
type Resolution struct{ api.Resolution }

// Segment finds a segment by name and fails where there is none.
func (f *Fabric) Segment(name string) *Segment {
	verb := fmt.Sprintf("segment %q", name)
	intent := f.intent(verb)
	names := make([]string, len(intent.Segments))
	for i, s := range intent.Segments {
		if s.Name == name {
			return &Segment{s, f}
		}
		names[i] = s.Name
	}
	panic(unknown(verb, "segment", name, names))
}

// Routes is the segment's route table.
func (s *Segment) Routes() *RouteTable { return s.fabric.Routes(s.Name) }

// NextHop is Fabric.NextHop in this segment.
func (s *Segment) NextHop(prefix, fromNode string) *Resolution {
	return s.fabric.NextHop(s.Name, prefix, fromNode)
}

// Routes is the route table of a segment: prefix, next hop node, label,
// interface, preference, origin.
func (f *Fabric) Routes(segment string) *RouteTable {
	f.Segment(segment)
	t := &RouteTable{}
	f.do("routes of "+segment, func(ctx context.Context) (err error) {
		t.RouteTable, err = f.service.Routes(ctx, segment)
		return err
	})
	return t
}

// NextHop resolves where a node sends packets of a segment: the route of the
// VRF, the tunnel, the label, the interface behind it. prefix may be a prefix, an
// address or a workload's name.
func (f *Fabric) NextHop(segment, prefix, fromNode string) *Resolution {
	verb := fmt.Sprintf("next hop of %s in %s from %s", prefix, segment, fromNode)
	intent := f.intent(verb)
	var segments, nodes []string
	for _, s := range intent.Segments {
		segments = append(segments, s.Name)
	}
	for _, n := range intent.Nodes {
		nodes = append(nodes, n.Name)
	}
	if !contains(segments, segment) {
		panic(unknown(verb, "segment", segment, segments))
	}
	if !contains(nodes, fromNode) {
		panic(unknown(verb, "node", fromNode, nodes))
	}
	destination, err := destinationPrefix(intent, prefix)
	must(verb, err)
	r := &Resolution{}
	f.do(verb, func(ctx context.Context) (err error) {
		r.Resolution, err = f.service.Resolve(ctx, segment, fromNode, destination)
		return err
	})
	return r
}

// destinationPrefix reads a prefix, an address, or the name of a workload or of a
// host behind a gateway.
func destinationPrefix(intent netlib.Fabric, s string) (netip.Prefix, error) {
	for _, p := range intent.Ports {
		if p.Name == s && p.Address.IsValid() {
			return netip.PrefixFrom(p.Address, p.Address.BitLen()), nil
		}
	}
	for _, g := range intent.Gateways {
		for _, r := range g.Static {
			if r.Name == s {
				return r.Prefix, nil
			}
		}
	}
	return parsePrefix(s)
}

func (s *Segment) card() show.Card {
	return show.Card{Title: "Segment " + s.Name, Note: fmt.Sprintf("VRF %d", s.ID), Blocks: []show.Block{
		show.Line{show.Words("subnets "), show.Mono(prefixes(s.Subnets))},
		show.Line{show.Quiet("its routes: "), hint(fmt.Sprintf("fab.Segment(%q).Routes()", s.Name), "fabricbook routes "+s.Name)},
	}}
}

func (t *RouteTable) card() show.Card {
	c := show.Card{Title: "Routes of " + t.Segment, Note: fmt.Sprintf("%s at revision %d", count(len(t.Routes), "path"), t.Revision), Blocks: []show.Block{
		show.Line{show.Quiet("imports "), show.Mono(joined(t.Import)), show.Quiet("  exports "), show.Mono(joined(t.Export))},
	}}
	if len(t.Routes) == 0 {
		c.Blocks = append(c.Blocks, show.Line{show.Quiet("no route: the segment has no port, and no target that it imports leads anywhere")})
		return c
	}
	var rows [][]show.Span
	for _, r := range t.Routes {
		best := show.Span{}
		if r.Best {
			best = show.Span{Text: ">", Style: show.Strong, Hint: "best path"}
		}
		behind := show.Words(r.Port)
		if r.Port == "" {
			behind = show.Quiet("outside")
		}
		rows = append(rows, []show.Span{
			best, show.Mono(r.Prefix.String()), show.Bold(r.Node), show.Mono(address(r.NextHop)), show.Mono(label(r.Label)), behind, show.Mono(r.Interface),
			show.Words(r.Segment), show.Words(strconv.Itoa(int(r.LocalPref))), show.Words(strconv.Itoa(int(r.MED))), show.Words(r.Origin),
		})
	}
	c.Blocks = append(c.Blocks, table(maxRows, `.Under("10.0.12.0/24")`,
		[]string{"", "prefix", "next hop", "tunnel", "label", "leads to", "interface", "segment", "LP", "MED", "origin"}, []int{4, 8, 9}, rows))
	return c
}

// Under is the part of the table whose prefixes lie within prefix.
func (t *RouteTable) Under(prefix string) *RouteTable {
	within, err := parsePrefix(prefix)
	must("routes under "+prefix, err)
	part := *t
	part.Routes = nil
	for _, r := range t.Routes {
		if within.Bits() <= r.Prefix.Bits() && within.Contains(r.Prefix.Addr()) {
			part.Routes = append(part.Routes, r)
		}
	}
	return &part
}

func (r *Resolution) card() show.Card {
	c := show.Card{Title: fmt.Sprintf("%s in %s, from %s", r.Prefix, r.Segment, r.From)}
	if len(r.Steps) == 0 {
		c.Tone, c.Badge = show.Bad, show.Badge(show.Bad, "no route")
		return c
	}
	var rows [][]show.Span
	for i, s := range r.Steps {
		rows = append(rows, []show.Span{show.Quiet(strconv.Itoa(i + 1)), show.Bold(s.Node), show.Words(s.What), show.Mono(s.Text)})
	}
	c.Blocks = []show.Block{show.Table{Head: []string{"", "at", "step", ""}, Rows: rows}}
	return c
}

// HTML is the segment as a card.
func (s *Segment) HTML() string { return s.card().HTML() }

// String is the segment as text.
func (s *Segment) String() string { return s.card().Text() }

// HTML is the route table.
func (t *RouteTable) HTML() string { return t.card().HTML() }

// String is the route table as text.
func (t *RouteTable) String() string { return t.card().Text() }

// HTML is the resolution, step by step.
func (r *Resolution) HTML() string { return r.card().HTML() }

// String is the resolution as text.
func (r *Resolution) String() string { return r.card().Text() }
