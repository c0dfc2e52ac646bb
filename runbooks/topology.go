package runbooks

import (
	"fmt"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/picture"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Topology is the fabric as a picture: segments, routers, nodes with their
// ports, external routers, tunnels.
type Topology struct {
	Fabric netlib.Fabric    `json:"fabric"`
	Nodes  []api.NodeStatus `json:"nodes"` // as their agents report
	now    uint64
}

// Topology draws the fabric as it is.
func (f *Fabric) Topology() *Topology {
	intent := f.intent("topology")
	s := f.Status()
	return &Topology{intent, s.Nodes, s.Revision}
}

// SVG is the picture.
func (t *Topology) SVG() string { return picture.Topology(t.Fabric, t.Nodes, t.now) }

// HTML is the picture as an image, which untrusted notebooks show too.
func (t *Topology) HTML() string { return show.Image(t.SVG(), picture.Caption(t.Fabric)) }

// String is the fabric as a tree.
func (t *Topology) String() string { return t.card().Text() }

func (t *Topology) card() show.Card {
	var lines show.Lines
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, r := range t.Fabric.Routers {
		line("router %s  joins %s%s", r.Name, strings.Join(r.Segments, ", "), bracketed(joined(r.Targets)))
	}
	for _, s := range t.Fabric.Segments {
		line("segment %s  %s%s", s.Name, prefixes(s.Subnets), bracketed(targetWords(s.Targets)))
	}
	t.nodeLines(line)
	for _, g := range t.Fabric.Gateways {
		line("gateway %s  %s", g.Name, g.Tunnel)
		for _, r := range g.Static {
			line("  host %s  %s  label %d%s", hostName(g, r), r.Prefix, r.Label, bracketed(joined(r.Targets)))
		}
	}
	return show.Card{Title: picture.Caption(t.Fabric), Blocks: []show.Block{lines}}
}

func (t *Topology) nodeLines(line func(format string, args ...any)) {
	states := map[string]api.NodeStatus{}
	for _, n := range t.Nodes {
		states[n.Name] = n
	}
	ports := map[string][]netlib.Port{}
	for _, p := range t.Fabric.Ports {
		ports[p.Node] = append(ports[p.Node], p)
	}
	for _, n := range t.Fabric.Nodes {
		state := nodeState(states[n.Name], t.now)
		line("node %s  %s  %s %s", n.Name, n.Tunnel, state.Tone.Symbol(), state.Text)
		for _, p := range ports[n.Name] {
			line("  port %s  %s  %s  label %d%s", p.Name, p.Segment, address(p.Address), p.Label, bracketed(strings.Join(p.Groups, ", ")))
		}
	}
}

func bracketed(s string) string {
	if s == "" {
		return ""
	}
	return "  [" + s + "]"
}
