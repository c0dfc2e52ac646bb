package picture

import (
	"fmt"

	"github.com/fabricbook/fabricbook/netlib"
)

// Squares of the summary, px.
const (
	square     = 13
	squareStep = 17
	perRow     = 48
)

// tally is how many ports of one segment a node has.
type tally struct {
	segment string
	ports   int
}

func (d *drawing) tallies(node string) (out []tally) {
	for _, p := range d.ports[node] { // sorted by segment
		if n := len(out); n > 0 && out[n-1].segment == p.Segment {
			out[n-1].ports++
			continue
		}
		out = append(out, tally{p.Segment, 1})
	}
	return out
}

// named tells whether a node's ports are listed by name in the grid.
func (d *drawing) named(node string) bool {
	return len(d.fabric.Nodes) <= 12 && len(d.ports[node]) <= listedPorts
}

// bodyHeight is the height of a node's content in the grid.
func (d *drawing) bodyHeight(node string) int {
	if d.named(node) {
		return len(d.ports[node]) * (slim + 3)
	}
	return (min(len(d.tallies(node)), 12) + 2) / 3 * (slim + 3)
}

// columns is how many nodes stand side by side: all up to the limit, and no
// row with a gap that fewer columns would close.
func (d *drawing) columns() int {
	n := max(1, len(d.fabric.Nodes))
	rows := (n + gridColumns - 1) / gridColumns
	return (n + rows - 1) / rows
}

// beside is where nodes begin when no lane leads up from them: beside the
// gateways, below the routers.
func (d *drawing) beside() int {
	if len(d.fabric.Gateways) > 0 {
		return margin + tagWidth + 16
	}
	return margin + 6
}

// rowHeight is the height of the i-th row of the grid.
func (d *drawing) rowHeight(i int) int {
	h := 0
	columns := d.columns()
	for _, n := range d.fabric.Nodes[i*columns : min((i+1)*columns, len(d.fabric.Nodes))] {
		h = max(h, d.bodyHeight(n.Name))
	}
	return header + h + 8
}

func (d *drawing) rows() int { return (len(d.fabric.Nodes) + d.columns() - 1) / d.columns() }

func (d *drawing) measureGrid() {
	d.nodesX = d.beside()
	d.w = max(d.nodesX+d.columns()*(nodeBox+gap)-gap+14+margin, d.right+200)
	d.bottom = d.below + 14
	for i := range d.rows() {
		d.bottom += d.rowHeight(i) + 12
	}
}

// nodesInGrid draws nodes in rows within a frame that stands for the underlay.
func (d *drawing) nodesInGrid() {
	d.put(`<rect x="%d" y="%d" width="%d" height="%d" rx="10" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="5 4"/>`,
		d.nodesX-6, d.below, d.columns()*(nodeBox+gap)-gap+26, d.bottom-d.below, underlay)
	d.text(d.nodesX, d.bottom+18, face{size: 11, fill: faint}, 0, "underlay: MPLS over GRE tunnels, each node to each")
	y := d.below + 14
	for i := range d.rows() {
		h := d.rowHeight(i)
		for j := range d.columns() {
			k := i*d.columns() + j
			if k == len(d.fabric.Nodes) {
				break
			}
			d.nodeInGrid(d.fabric.Nodes[k], d.nodesX+8+j*(nodeBox+gap), y, h)
		}
		y += h + 12
	}
}

func (d *drawing) nodeInGrid(n netlib.Node, x, y, h int) {
	d.nodeFrame(n, x, y, nodeBox, h)
	if d.named(n.Name) {
		for i, p := range d.ports[n.Name] {
			d.slimChip(p.Segment, x+8, y+header+i*(slim+3), nodeBox-16, p.Name, p.Address.String())
		}
		return
	}
	const w = (nodeBox - 16 - 8) / 3
	all := d.tallies(n.Name)
	for i, t := range all {
		cx, cy := x+8+i%3*(w+4), y+header+i/3*(slim+3)
		if i == 11 && len(all) > 12 {
			d.text(cx+4, cy+15, face{size: 11, fill: faint}, w, fmt.Sprintf("+%d more", len(all)-i))
			return
		}
		d.slimChip(t.segment, cx, cy, w, fmt.Sprintf("× %d", t.ports), "")
	}
}

// slimChip is one line: the segment's number, a name, and where there is room an
// address.
func (d *drawing) slimChip(segment string, x, y, w int, name, addr string) {
	hue := d.hueOf(segment)
	d.box(x, y, w, slim, 4, ground, hue)
	d.badge(x+12, y+slim/2, hue, d.number[segment])
	title, detail := face{size: 11, bold: true, fill: ink}, face{size: 10, mono: true, anchor: "end", fill: faint}
	if title.width(name)+detail.width(addr) < w-36 {
		d.text(x+w-6, y+15, detail, 0, addr)
	}
	d.text(x+25, y+15, title, w-30, name)
}

func (d *drawing) measureSquares() {
	d.nodesX = d.beside()
	d.w = max(d.nodesX+perRow*squareStep, d.right+200) + margin
	rows := (min(len(d.fabric.Nodes), squares) + perRow - 1) / perRow
	d.bottom = d.below + 58 + rows*squareStep
}

// nodesAsSquares draws each node as a square in the colour of its state; those
// that are not well have their sign in it, and the first of them are named.
func (d *drawing) nodesAsSquares() {
	counts := map[string]int{}
	var unwell []string
	x, y := d.nodesX, d.below+50
	for i, n := range d.fabric.Nodes {
		word, colour := d.stateOf(n.Name)
		counts[colour]++
		if colour != good && len(unwell) < 5 {
			unwell = append(unwell, n.Name+" "+word)
		}
		if i >= squares {
			continue
		}
		sx, sy := x+i%perRow*squareStep, y+i/perRow*squareStep
		d.box(sx, sy, square, square, 2, colour, colour)
		if colour != good {
			sign := []rune(word)[:1]
			d.text(sx+square/2, sy+square-3, face{size: 10, bold: true, anchor: "middle", fill: paper}, 0, string(sign))
		}
	}
	d.text(x, d.below+16, face{size: 13, bold: true, fill: ink}, 0, fmt.Sprintf("%d nodes: ✓ %d in force, … %d pending, ✗ %d down", len(d.fabric.Nodes), counts[good], counts[pending], counts[bad]))
	line := fmt.Sprintf("%d ports on them; one square is one node, in the order of names", len(d.fabric.Ports))
	if len(unwell) > 0 {
		line = "not well: " + joinWords(unwell)
	}
	d.text(x, d.below+36, face{size: 11, fill: faint}, d.w-margin-x, line)
	d.text(x, d.bottom+14, face{size: 11, fill: faint}, 0, "underlay: MPLS over GRE tunnels, each node to each")
}

func joinWords(words []string) string {
	s := ""
	for i, w := range words {
		if i > 0 {
			s += ", "
		}
		s += w
	}
	return s
}
