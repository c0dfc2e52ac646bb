package picture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// How much is drawn. Up to lanesNodes nodes, each port is joined by a line of its
// own to its segment; up to gridNodes, ports are marked by their segment's number
// and hue; beyond, each node is a square.
const (
	lanesNodes  = 4
	lanesPorts  = 7 // on one node
	gridNodes   = 30
	gridColumns = 5
	listedPorts = 5 // on one node of the grid, by name
	drawnLines  = 12
	drawnRouter = 4
	drawnGates  = 4
	squares     = 1200
)

// Lengths in px.
const (
	margin   = 22
	tagWidth = 250
	lineStep = 40
	rail     = 118 // column of one router
	nodeBox  = 206
	laneStep = 11
	gap      = 18
	chip     = 36
	slim     = 22 // chip of one line
	header   = 46
)

// Topology draws the fabric f with the state of its nodes.
func Topology(f netlib.Fabric, nodes []api.NodeStatus, revision uint64) string {
	d := newDrawing(f, nodes, revision)
	d.measure()
	d.segments()
	switch d.mode {
	case modeLanes:
		d.nodesWithLanes()
	case modeGrid:
		d.nodesInGrid()
	default:
		d.nodesAsSquares()
	}
	d.routers()
	d.gateways()
	return d.document(Caption(f))
}

// Caption is the drawing in one sentence.
func Caption(f netlib.Fabric) string {
	return fmt.Sprintf("Topology at revision %d: nodes %d, segments %d, routers %d, ports %d, gateways %d",
		f.Revision, len(f.Nodes), len(f.Segments), len(f.Routers), len(f.Ports), len(f.Gateways))
}

type mode int

const (
	modeLanes mode = iota
	modeGrid
	modeSquares
)

// drawing is a fabric on its way to an SVG.
type drawing struct {
	canvas
	fabric   netlib.Fabric
	state    map[string]api.NodeStatus
	revision uint64
	mode     mode

	ports  map[string][]netlib.Port // by node, by segment's number, then name
	number map[string]int           // of segments, from 1
	hue    map[string]string
	drawn  []netlib.Segment // that have a line

	left   int // where routers begin
	right  int // where nodes begin
	top    int // y of the first line
	below  int // y where nodes begin
	bottom int // y where nodes end
	bus    int // y of the underlay's line, where it is one
	nodesX int // where nodes in a grid or as squares begin
}

func newDrawing(f netlib.Fabric, nodes []api.NodeStatus, revision uint64) *drawing {
	d := &drawing{fabric: f, revision: revision, state: map[string]api.NodeStatus{}, ports: map[string][]netlib.Port{}, number: map[string]int{}, hue: map[string]string{}}
	for _, n := range nodes {
		d.state[n.Name] = n
	}
	d.paint()
	busiest := 0
	for _, p := range f.Ports {
		d.ports[p.Node] = append(d.ports[p.Node], p)
		busiest = max(busiest, len(d.ports[p.Node]))
	}
	for _, ports := range d.ports {
		slices.SortStableFunc(ports, func(a, b netlib.Port) int { return d.number[a.Segment] - d.number[b.Segment] })
	}
	d.drawn = f.Segments[:min(len(f.Segments), drawnLines)]
	switch n := len(f.Nodes); {
	case n <= lanesNodes && busiest <= lanesPorts && len(d.drawn) == len(f.Segments):
		d.mode = modeLanes
	case n <= gridNodes:
		d.mode = modeGrid
	default:
		d.mode = modeSquares
	}
	return d
}

// paint numbers the segments in their order and gives hues in the order of their
// identifiers, so that a new segment leaves the hues of the others as they are.
func (d *drawing) paint() {
	for i, s := range d.fabric.Segments {
		d.number[s.Name] = i + 1
	}
	byID := slices.SortedStableFunc(slices.Values(d.fabric.Segments), func(a, b netlib.Segment) int { return int(a.ID) - int(b.ID) })
	for i, s := range byID {
		d.hue[s.Name] = hues[i%len(hues)]
	}
}

// measure decides the size of everything.
func (d *drawing) measure() {
	d.left = margin + tagWidth
	d.right = d.left + rail*min(len(d.fabric.Routers), drawnRouter) + 16
	d.top = margin - 2
	if len(d.fabric.Routers) > 0 {
		d.top += 30
	}
	d.below = d.top + lineStep*len(d.drawn) + 10
	if len(d.fabric.Segments) > len(d.drawn) || len(d.drawn) == 0 {
		d.below += 20
	}
	switch d.mode {
	case modeLanes:
		d.measureLanes()
	case modeGrid:
		d.measureGrid()
	default:
		d.measureSquares()
	}
	d.h = max(d.h, d.bottom+34, d.below+d.gatewaysHeight()+margin)
}

func (d *drawing) laneWidth(n netlib.Node) int { return 14 + laneStep*len(d.ports[n.Name]) }

func (d *drawing) measureLanes() {
	d.w, d.bottom = d.right, d.below
	for _, n := range d.fabric.Nodes {
		d.w += d.laneWidth(n) + nodeBox + gap
		d.bottom = max(d.bottom, d.below+header+len(d.ports[n.Name])*(chip+6)+8)
	}
	d.w = max(d.w, d.right+nodeBox+gap) + margin - gap
	d.bus = max(d.bottom, d.below+d.gatewaysHeight()-8) + 26
	if len(d.fabric.Nodes) > 0 {
		d.h = d.bus + 40
	}
}

// segments draws the tags and the lines.
func (d *drawing) segments() {
	for i, s := range d.drawn {
		y, hue := d.lineY(i), d.hue[s.Name]
		d.line(margin+tagWidth-8, y, d.w-margin, y, hue, 4, false)
		d.box(margin, y-17, tagWidth-6, 34, 6, paper, hue)
		d.badge(margin+16, y, hue, i+1)
		d.text(margin+32, y-2, face{size: 12, bold: true, fill: ink}, tagWidth-44, s.Name)
		d.text(margin+32, y+12, face{size: 10, mono: true, fill: faint}, tagWidth-44, joined(s.Subnets))
	}
	y := d.lineY(len(d.drawn))
	if more := len(d.fabric.Segments) - len(d.drawn); more > 0 {
		d.text(margin, y-8, face{size: 12, fill: faint}, 0, fmt.Sprintf("and %d more segments", more))
	}
	if len(d.drawn) == 0 {
		d.text(margin, y-4, face{size: 12, fill: faint}, 0, "no segment yet")
	}
}

func (d *drawing) lineY(i int) int { return d.top + lineStep*i + lineStep/2 }

// routers draws each as a bar over the lines that it joins, a white dot on each.
func (d *drawing) routers() {
	for i, r := range d.fabric.Routers {
		x := d.left + rail*i + rail/2
		if i == drawnRouter-1 && len(d.fabric.Routers) > drawnRouter {
			d.text(x, d.top-14, face{size: 12, anchor: "middle", fill: faint}, rail-6, fmt.Sprintf("+ %d routers", len(d.fabric.Routers)-i))
			return
		}
		first, last := -1, -1
		for j, s := range d.drawn {
			if slices.Contains(r.Segments, s.Name) {
				if first < 0 {
					first = j
				}
				last = j
			}
		}
		d.text(x, d.top-14, face{size: 12, bold: true, anchor: "middle", fill: ink}, rail-4, r.Name)
		d.text(x, d.top, face{size: 10, mono: true, anchor: "middle", fill: faint}, rail-4, joined(r.Targets))
		if first < 0 {
			d.text(x, d.top+14, face{size: 11, anchor: "middle", fill: faint}, rail-4, "joins nothing")
			continue
		}
		d.routerBar(r, x, first, last)
	}
}

func (d *drawing) routerBar(r netlib.Router, x, first, last int) {
	d.box(x-11, d.lineY(first)-16, 22, d.lineY(last)-d.lineY(first)+32, 11, routerInk, routerInk)
	for j := first; j <= last; j++ {
		s := d.drawn[j]
		if slices.Contains(r.Segments, s.Name) {
			d.dot(x, d.lineY(j), 6, paper, d.hue[s.Name])
			continue
		}
		// A line that the router does not join passes over it.
		d.line(x-14, d.lineY(j), x+14, d.lineY(j), ground, 9, false)
		d.line(x-14, d.lineY(j), x+14, d.lineY(j), d.hue[s.Name], 4, false)
	}
}

// nodesWithLanes draws nodes side by side, each port joined to its line.
func (d *drawing) nodesWithLanes() {
	x := d.right
	for _, n := range d.fabric.Nodes {
		ports := d.ports[n.Name]
		left := x + d.laneWidth(n)
		for i, p := range ports {
			y := d.below + header + i*(chip+6) + chip/2
			lane, to := left-10-laneStep*i, d.lineY(d.number[p.Segment]-1)
			d.put(`<path d="M%d %dH%dV%d" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"/>`, left+8, y, lane, to, d.hue[p.Segment])
			d.dot(lane, to, 5, d.hue[p.Segment], ground)
		}
		d.nodeFrame(n, left, d.below, nodeBox, d.bottom-d.below)
		for i, p := range ports {
			d.portChip(p, left+8, d.below+header+i*(chip+6), nodeBox-16)
		}
		d.tunnelDrop(left+nodeBox/2, d.bottom, d.bus)
		x = left + nodeBox + gap
	}
	if len(d.fabric.Nodes) == 0 {
		d.text(d.right, d.below+24, face{size: 12, fill: faint}, 0, "no node yet")
		return
	}
	d.underlay(d.bus)
}

// underlay is a line from the first gateway or node to the last node.
func (d *drawing) underlay(y int) {
	from := d.right
	if len(d.fabric.Gateways) > 0 {
		from = margin
	}
	d.line(from, y, d.w-margin, y, underlay, 3, true)
	d.text(d.w-margin, y+18, face{size: 11, anchor: "end", fill: faint}, 0, "underlay: MPLS over GRE tunnels, each node to each")
}

func (d *drawing) tunnelDrop(x, from, to int) {
	d.line(x, from, x, to, underlay, 2, true)
	d.dot(x, to, 4, underlay, ground)
}

// nodeFrame is the box of a node with name, state and tunnel address.
func (d *drawing) nodeFrame(n netlib.Node, x, y, w, h int) {
	word, colour := d.stateOf(n.Name)
	stroke := "#9aa4ae"
	if colour != good {
		stroke = colour
	}
	d.box(x, y, w, h, 6, paper, stroke)
	d.text(x+10, y+19, face{size: 13, bold: true, fill: ink}, w-96, n.Name)
	d.text(x+w-10, y+19, face{size: 11, bold: true, anchor: "end", fill: colour}, 84, word)
	d.text(x+10, y+35, face{size: 10, mono: true, fill: faint}, w-20, n.Tunnel.String())
}

// stateOf is a node's state in words with its sign, and its colour.
func (d *drawing) stateOf(node string) (word, colour string) {
	s, ok := d.state[node]
	switch {
	case !ok:
		return "… unknown", pending
	case !s.Up:
		return "✗ down", bad
	case s.Error != "":
		return "✗ error", bad
	case s.Revision != d.revision:
		return "… pending", pending
	}
	return "✓ in force", good
}

// portChip is a port with address and label.
func (d *drawing) portChip(p netlib.Port, x, y, w int) {
	hue := d.hueOf(p.Segment)
	d.box(x, y, w, chip, 4, ground, hue)
	d.put(`<rect x="%d" y="%d" width="5" height="%d" rx="2" fill="%s"/>`, x, y, chip, hue)
	d.badge(x+18, y+chip/2, hue, d.number[p.Segment])
	d.text(x+32, y+15, face{size: 12, bold: true, fill: ink}, w-38, p.Name)
	detail := p.Address.String()
	if p.Label != 0 {
		detail += fmt.Sprintf(" label %d", p.Label)
	}
	d.text(x+32, y+29, face{size: 10, mono: true, fill: faint}, w-36, detail)
}

func (d *drawing) hueOf(segment string) string {
	if h, ok := d.hue[segment]; ok {
		return h
	}
	return faint
}

func gatewayHeight(g netlib.Gateway) int { return header + min(len(g.Static), 4)*(chip+4) + 6 }

// gatewaysHeight is that of all drawn gateways with the gaps between them.
func (d *drawing) gatewaysHeight() int {
	h := 0
	for i, g := range d.fabric.Gateways {
		if i == drawnGates {
			return h + 20
		}
		h += gatewayHeight(g) + 14
	}
	return h
}

// gateways draws the external routers at the left, on the underlay.
func (d *drawing) gateways() {
	y, w := d.below, tagWidth-24
	for i, g := range d.fabric.Gateways {
		if i == drawnGates {
			d.text(margin, y+12, face{size: 12, fill: faint}, 0, fmt.Sprintf("and %d more gateways", len(d.fabric.Gateways)-i))
			break
		}
		shown := g.Static[:min(len(g.Static), 4)]
		h := gatewayHeight(g)
		d.put(`<rect x="%d" y="%d" width="%d" height="%d" rx="14" fill="%s" stroke="%s" stroke-width="1.5"/>`, margin, y, w, h, paper, routerInk)
		d.text(margin+14, y+19, face{size: 13, bold: true, fill: ink}, w-110, g.Name)
		d.text(margin+w-14, y+19, face{size: 11, anchor: "end", fill: faint}, 0, "external router")
		d.text(margin+14, y+35, face{size: 10, mono: true, fill: faint}, w-24, g.Tunnel.String())
		for j, r := range shown {
			d.hostChip(r, margin+8, y+header+j*(chip+4), w-16)
		}
		d.gatewayTunnel(y+h, y+header/2, w)
		y += h + 14
	}
	if d.mode == modeLanes && len(d.fabric.Nodes) > 0 && len(d.fabric.Gateways) > 1 {
		d.tunnelDrop(d.right-6, d.below+header/2, d.bus)
	}
}

// gatewayTunnel joins a gateway to the underlay: down to its line, where there
// are several beside each other, or across to the frame of the grid.
func (d *drawing) gatewayTunnel(bottom, middle, w int) {
	switch {
	case d.mode != modeLanes:
		d.line(margin+w, middle, d.nodesX-6, middle, underlay, 2, true)
		d.dot(d.nodesX-6, middle, 4, underlay, ground)
	case len(d.fabric.Nodes) == 0:
	case len(d.fabric.Gateways) > 1:
		d.line(margin+w, middle, d.right-6, middle, underlay, 2, true)
		d.dot(d.right-6, middle, 4, underlay, ground)
	default:
		d.tunnelDrop(margin+w/2, bottom, d.bus)
	}
}

// hostChip is a static route of a gateway.
func (d *drawing) hostChip(r netlib.StaticRoute, x, y, w int) {
	d.box(x, y, w, chip, 4, ground, "#9aa4ae")
	name := r.Name
	if name == "" {
		name = r.Prefix.String()
	}
	d.text(x+10, y+15, face{size: 12, bold: true, fill: ink}, w-90, name)
	d.text(x+w-8, y+15, face{size: 10, mono: true, anchor: "end", fill: faint}, 84, joined(r.Targets))
	d.text(x+10, y+29, face{size: 10, mono: true, fill: faint}, w-18, fmt.Sprintf("%s label %d", r.Prefix, r.Label))
}

func joined[T fmt.Stringer](all []T) string {
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}
