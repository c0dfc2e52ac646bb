package controller

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// status is the fabric at a glance.
func (c *Controller) status() api.Status {
	f := c.current.Load().Fabric()
	s := api.Status{
		Version: c.cfg.Version, Revision: f.Revision, InForce: c.board.inForce(),
		Started: c.started, Store: c.cfg.Store.String(),
		Nodes: make([]api.NodeStatus, 0, len(f.Nodes)),
		Counts: api.Counts{
			Nodes: len(f.Nodes), Segments: len(f.Segments), Routers: len(f.Routers),
			SecurityGroups: len(f.Groups), Ports: len(f.Ports), Gateways: len(f.Gateways),
		},
	}
	for _, n := range f.Nodes {
		row := c.board.status(n, c.cfg.Plane)
		s.Nodes = append(s.Nodes, row)
		switch {
		case row.Error != "":
			s.Problems = append(s.Problems, fmt.Sprintf("node %s: %s; it keeps trying", n.Name, row.Error))
		case !row.Up && time.Since(c.started) > 5*time.Second:
			s.Problems = append(s.Problems, fmt.Sprintf("node %s: not heard of; start its agent or delete the node", n.Name))
		}
	}
	return s
}

// ports is every port with what is known of it at run time.
func (c *Controller) ports() []api.PortRow {
	f := c.current.Load().Fabric()
	rows := make([]api.PortRow, 0, len(f.Ports))
	for _, p := range f.Ports {
		row := api.PortRow{Port: p, Interface: netlib.InterfaceName(p.Name)}
		row.Up, row.Counters = c.board.port(p.Node, p.Name)
		rows = append(rows, row)
	}
	return rows
}

// routeTable is a segment's VRF, seen from the controller.
func routeTable(c *compile.Compiled, segment string) (api.RouteTable, error) {
	t, ok := c.Table(segment)
	if !ok {
		return api.RouteTable{}, missingSegment(c.Fabric(), segment)
	}
	names := tunnels(c.Fabric())
	out := api.RouteTable{
		Segment: segment, Revision: c.Fabric().Revision,
		Import: orEmpty(t.Import), Export: orEmpty(t.Export), Routes: []api.RouteRow{},
	}
	for r, best := range t.All() {
		out.Routes = append(out.Routes, routeRow(r, best, names))
	}
	return out, nil
}

func routeRow(r l3vpn.Route, best bool, names map[netip.Addr]string) api.RouteRow {
	row := api.RouteRow{
		Prefix: r.Prefix, Node: names[r.NextHop], NextHop: r.NextHop, Label: r.Label,
		Port: r.Port, Segment: r.Segment, LocalPref: r.LocalPref, MED: r.MED,
		Targets: orEmpty(r.Targets), Best: best, Origin: "static",
	}
	if r.Port != "" {
		row.Origin, row.Interface = "port", netlib.InterfaceName(r.Port)
	}
	return row
}

// orEmpty makes an absent list an empty one, which JSON shows as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// tunnels is which node or gateway ends the tunnels to an address.
func tunnels(f netlib.Fabric) map[netip.Addr]string {
	names := make(map[netip.Addr]string, len(f.Nodes)+len(f.Gateways))
	for _, g := range f.Gateways {
		names[g.Tunnel] = g.Name
	}
	for _, n := range f.Nodes {
		names[n.Tunnel] = n.Name
	}
	return names
}

// resolve follows a prefix in a segment's VRF from one node down to the interface,
// along each path that shares the load.
func resolve(c *compile.Compiled, segment, from string, prefix netip.Prefix) (api.Resolution, error) {
	f := c.Fabric()
	if _, ok := f.Segment(segment); !ok {
		return api.Resolution{}, missingSegment(f, segment)
	}
	s, ok := c.State(from)
	if !ok {
		return api.Resolution{}, missingNode(f, from)
	}
	i := slices.IndexFunc(s.VRFs, func(v dataplane.VRF) bool { return v.Name == segment })
	if i < 0 {
		return api.Resolution{}, &inputError{netlib.Problem{
			Field: "from", Detail: fmt.Sprintf("node %s has no port in segment %s, so it has no VRF of it", from, segment),
			Fix: "choose one that has: " + orNone(nodesWith(f, segment)),
		}}
	}
	r := api.Resolution{Segment: segment, From: from, Prefix: prefix, Steps: []api.ResolutionStep{}}
	route, ok := longest(s.VRFs[i].Routes, prefix)
	if !ok {
		r.Steps = append(r.Steps, api.ResolutionStep{Node: from, What: "vrf", Text: fmt.Sprintf("vrf %s: no route to %s", segment, prefix)})
		return r, nil
	}
	if len(route.NextHops) == 0 {
		r.Steps = append(r.Steps, api.ResolutionStep{Node: from, What: "vrf", Text: fmt.Sprintf("vrf %s: %s unreachable", segment, route.Prefix)})
	}
	names := tunnels(f)
	for _, h := range route.NextHops {
		r.Steps = append(r.Steps, api.ResolutionStep{Node: from, What: "vrf", Text: fmt.Sprintf("vrf %s: %s %s", segment, route.Prefix, h)})
		r.Steps = append(r.Steps, follow(c, s, h, names)...)
	}
	return r, nil
}

// longest is the route that forwards prefix: the longest one that holds all of it.
func longest(routes []dataplane.Route, prefix netip.Prefix) (best dataplane.Route, found bool) {
	for _, r := range routes {
		if r.Prefix.Bits() <= prefix.Bits() && r.Prefix.Contains(prefix.Addr()) && (!found || r.Prefix.Bits() > best.Prefix.Bits()) {
			best, found = r, true
		}
	}
	return best, found
}

// follow is the steps after the VRF for one next hop of the node with State s.
func follow(c *compile.Compiled, s dataplane.State, h dataplane.NextHop, names map[netip.Addr]string) []api.ResolutionStep {
	if h.Port != "" {
		return []api.ResolutionStep{interfaceStep(s, h.Port)}
	}
	far := names[h.Tunnel]
	steps := []api.ResolutionStep{{Node: s.Node, What: "tunnel", Text: fmt.Sprintf("GRE %s -> %s (%s), label %d", s.Tunnel, h.Tunnel, orNone([]string{far}), h.Label)}}
	t, ok := c.State(far)
	if !ok {
		return steps
	}
	i, ok := slices.BinarySearchFunc(t.Labels, h.Label, func(l dataplane.Label, v uint32) int { return int(l.Value) - int(v) })
	if !ok {
		return append(steps, api.ResolutionStep{Node: far, What: "label", Text: fmt.Sprintf("label %d: not known at %s", h.Label, far)})
	}
	l := t.Labels[i]
	steps = append(steps, api.ResolutionStep{Node: far, What: "label", Text: fmt.Sprintf("label %d -> vrf %s, port %s", l.Value, l.VRF, l.Port)})
	return append(steps, interfaceStep(t, l.Port))
}

func interfaceStep(s dataplane.State, port string) api.ResolutionStep {
	text := "port " + port
	if i, ok := slices.BinarySearchFunc(s.Ports, port, func(p dataplane.Port, n string) int { return strings.Compare(p.Name, n) }); ok {
		text += ", interface " + s.Ports[i].Interface
		if len(s.Ports[i].Addresses) > 0 {
			text += ", address " + s.Ports[i].Addresses[0].String()
		}
	}
	return api.ResolutionStep{Node: s.Node, What: "interface", Text: text}
}

func nodesWith(f netlib.Fabric, segment string) []string {
	var nodes []string
	for _, p := range f.Ports {
		if p.Segment == segment {
			nodes = append(nodes, p.Node)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

func missingSegment(f netlib.Fabric, name string) error {
	return &notFoundError{what: "segment", name: name, have: known(f, netlib.KindSegment, name)}
}

func missingNode(f netlib.Fabric, name string) error {
	return &notFoundError{what: "node", name: name, have: known(f, netlib.KindNode, name)}
}

// known says what there is, for an error about a name that is not there.
func known(f netlib.Fabric, kind netlib.Kind, name string) string {
	const most = 8
	if guess := netlib.Nearest(name, f.Names(kind)); guess != "" {
		return fmt.Sprintf("did you mean %q?", guess)
	}
	var names []string
	count := 0
	for n := range f.Names(kind) {
		if count++; count <= most {
			names = append(names, n)
		}
	}
	switch {
	case count == 0:
		return "there are none"
	case count > most:
		return fmt.Sprintf("there are %s and %d more", strings.Join(names, ", "), count-most)
	}
	return "there are " + strings.Join(names, ", ")
}

func orNone(names []string) string {
	if s := strings.Join(names, ", "); s != "" {
		return s
	}
	return "none"
}
