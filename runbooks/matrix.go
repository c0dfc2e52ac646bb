package runbooks

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Limits of a matrix: up to maxLive names it is measured, up to maxMatrix it is
// computed, and beyond wideMatrix its columns have numbers for names.
const (
	maxLive    = 32
	maxMatrix  = 120
	wideMatrix = 6
)

// Matrix is who reaches whom: one verdict for each ordered pair and traffic,
// computed from what is installed and, where Live, measured with packets. Where
// both differ something is wrong, and the cell is red.
type Matrix struct{ api.Matrix }

// Matrix tells who reaches whom, between all workloads and hosts behind
// gateways; with no traffic given, ICMP(). Up to 32 names it is computed and
// measured, beyond only computed, beyond 120 refused: name the interesting ones
// with MatrixOf.
func (f *Fabric) Matrix(traffic ...Traffic) *Matrix {
	return f.MatrixOf(endpoints(f.intent("matrix")), traffic...)
}

// MatrixOf is Matrix between the given names.
func (f *Fabric) MatrixOf(names []string, traffic ...Traffic) *Matrix {
	const verb = "matrix"
	known := endpoints(f.intent(verb))
	for _, name := range names {
		if !contains(known, name) {
			panic(unknown(verb, "workload or outside host", name, known))
		}
	}
	if len(names) > maxMatrix {
		panic(&Error{Verb: verb, Detail: fmt.Sprintf("%d names make a table of %s cells that nobody reads", len(names), number(len(names)*len(names))),
			Fix: fmt.Sprintf("name up to %d: fab.MatrixOf([]string{%q, ...}, TCP(22))", maxMatrix, names[0])})
	}
	if len(traffic) == 0 {
		traffic = []Traffic{ICMP()}
	}
	req := api.MatrixRequest{Names: names, Live: len(names) <= maxLive}
	for _, t := range traffic {
		must(verb, t.single())
		req.Protos = append(req.Protos, t.String())
	}
	m := &Matrix{}
	if len(names) == 0 {
		m.Protos = req.Protos
		return m
	}
	f.do(verb, func(ctx context.Context) (err error) {
		m.Matrix, err = f.service.Matrix(ctx, req)
		return err
	})
	return m
}

// Passes reports whether traffic from one name passes to another: as measured
// where the matrix is live, else as computed.
func (m *Matrix) Passes(from, to string, t Traffic) bool {
	c, ok := m.find(from, to, t.String())
	if !ok {
		panic(&Error{Verb: "matrix", Detail: fmt.Sprintf("it has no cell from %q to %q for %s", from, to, t), Fix: "it holds " + listed(m.Names, 12) + " and " + strings.Join(m.Protos, ", ")})
	}
	return m.passes(c)
}

// Reason tells why traffic passes or not.
func (m *Matrix) Reason(from, to string, t Traffic) string {
	c, _ := m.find(from, to, t.String())
	return c.Reason
}

// Disagreements are the cells where packets fared otherwise than computed.
func (m *Matrix) Disagreements() (cells []api.Cell) {
	for _, c := range m.Cells {
		if m.differs(c) {
			cells = append(cells, c)
		}
	}
	return cells
}

// Expect fails unless exactly the given pairs pass for traffic t, each written as
// "web-1 -> db-1", with * for every name. Each name must reach itself, whether or
// not that is written. It returns the matrix, so that a cell can check and show it.
func (m *Matrix) Expect(t Traffic, pairs ...string) *Matrix {
	verb := "matrix expects " + t.String()
	if !contains(m.Protos, t.String()) {
		panic(&Error{Verb: verb, Detail: "the matrix was not asked for it", Fix: "it holds " + strings.Join(m.Protos, ", ")})
	}
	wanted := map[[2]string]bool{}
	for _, pair := range pairs {
		must(verb, m.expand(pair, wanted))
	}
	for _, name := range m.Names {
		wanted[[2]string{name, name}] = true
	}
	e := &Error{Verb: verb, Detail: "otherwise than expected"}
	for _, c := range m.Cells {
		want := wanted[[2]string{c.From, c.To}]
		if c.Proto != t.String() || m.passes(c) == want {
			continue
		}
		p := problem(c.From+" -> "+c.To, "it passes and should not", c.Reason)
		if want {
			p = problem(c.From+" -> "+c.To, "it should pass and does not", c.Reason)
		}
		e.Problems = append(e.Problems, p)
	}
	if len(e.Problems) > 0 {
		panic(e)
	}
	return m
}

// expand adds the pairs that a text such as "a -> *" means.
func (m *Matrix) expand(pair string, wanted map[[2]string]bool) error {
	from, to, ok := strings.Cut(pair, "->")
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if !ok {
		return fmt.Errorf("%q is not a pair; write \"web-1 -> db-1\"", pair)
	}
	for _, name := range []string{from, to} {
		if name != "*" && !contains(m.Names, name) {
			return unknown("matrix", "name in the matrix", name, m.Names)
		}
	}
	for _, a := range m.Names {
		for _, b := range m.Names {
			if (from == "*" || from == a) && (to == "*" || to == b) {
				wanted[[2]string{a, b}] = true
			}
		}
	}
	return nil
}

func (m *Matrix) passes(c api.Cell) bool {
	if m.Live {
		return c.Reached
	}
	return c.Allowed
}

func (m *Matrix) differs(c api.Cell) bool { return m.Live && c.Allowed != c.Reached }

// find uses the order that api.Matrix promises and searches where it is broken.
func (m *Matrix) find(from, to, proto string) (api.Cell, bool) {
	i, j, k := slices.Index(m.Names, from), slices.Index(m.Names, to), slices.Index(m.Protos, proto)
	if i < 0 || j < 0 || k < 0 {
		return api.Cell{}, false
	}
	at := (i*len(m.Names)+j)*len(m.Protos) + k
	if at < len(m.Cells) {
		if c := m.Cells[at]; c.From == from && c.To == to && c.Proto == proto {
			return c, true
		}
	}
	n := slices.IndexFunc(m.Cells, func(c api.Cell) bool { return c.From == from && c.To == to && c.Proto == proto })
	if n < 0 {
		return api.Cell{}, false
	}
	return m.Cells[n], true
}

func (m *Matrix) card() show.Card {
	c := show.Card{Tone: show.Good, Title: "Who reaches whom", Note: "computed; not measured"}
	wrong := m.Disagreements()
	switch {
	case len(m.Names) == 0:
		c.Tone = show.Plain
		c.Note = "nobody: there is no workload yet"
		return c
	case len(wrong) > 0:
		c.Tone, c.Badge = show.Bad, show.Badge(show.Bad, count(len(wrong), "disagreement"))
		c.Note = "packets fared otherwise than computed"
	case m.Live:
		c.Badge = show.Badge(show.Good, "as computed")
		c.Note = "measured with packets in " + duration(m.Took) + " and computed: both agree"
	default:
		c.Tone = show.Plain
	}
	legend := "rows send, columns receive:  ✓ passes   – blocked   ✗ otherwise than computed"
	if slices.ContainsFunc(m.Cells, func(c api.Cell) bool { return c.Refused }) {
		legend += "   refused: it arrives, and nothing listens on that port"
	}
	c.Blocks = append(c.Blocks, show.Line{show.Quiet(legend)})
	for _, proto := range m.Protos {
		c.Blocks = append(c.Blocks, m.table(proto))
	}
	if len(wrong) > 0 {
		c.Blocks = append(c.Blocks, m.wrongTable(wrong))
	}
	return c
}

func (m *Matrix) table(proto string) show.Table {
	t := show.Table{Title: proto, Head: []string{""}, Grid: true}
	wide := len(m.Names) > wideMatrix
	for i, name := range m.Names {
		if wide {
			name = strconv.Itoa(i + 1)
		}
		t.Head = append(t.Head, name)
	}
	for i, from := range m.Names {
		name := from
		if wide {
			name = fmt.Sprintf("%d %s", i+1, from)
		}
		row := []show.Span{show.Bold(name)}
		for _, to := range m.Names {
			row = append(row, m.cell(from, to, proto))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (m *Matrix) cell(from, to, proto string) show.Span {
	c, ok := m.find(from, to, proto)
	if !ok {
		return show.Span{Text: " ", Style: show.Tint, Tone: show.Faint, Hint: from}
	}
	hint := fmt.Sprintf("%s → %s %s: %s", from, to, proto, c.Reason)
	switch {
	case m.differs(c) && c.Reached:
		return show.Span{Text: "✗ passes", Style: show.Tint, Tone: show.Bad, Hint: hint}
	case m.differs(c):
		return show.Span{Text: "✗ lost", Style: show.Tint, Tone: show.Bad, Hint: hint}
	case c.Refused && from != to:
		return show.Span{Text: "✓ refused", Style: show.Tint, Tone: show.Good, Hint: hint + "; nothing listens there"}
	case c.Allowed && from == to:
		return show.Span{Text: "✓", Style: show.Tint, Tone: show.Faint, Hint: hint}
	case c.Allowed:
		return show.Span{Text: "✓", Style: show.Tint, Tone: show.Good, Hint: hint}
	}
	return show.Span{Text: "–", Tone: show.Faint, Hint: hint}
}

func (m *Matrix) wrongTable(cells []api.Cell) show.Table {
	var rows [][]show.Span
	for _, c := range cells {
		what := "packets pass, though they should be dropped"
		if c.Allowed {
			what = "packets are lost, though they should pass"
		}
		rows = append(rows, []show.Span{show.Bold(c.From + " → " + c.To), show.Words(c.Proto), {Text: what, Tone: show.Bad}, show.Words(c.Reason)})
	}
	t := table(maxRows, ".Disagreements()", []string{"pair", "traffic", "", "computed because"}, nil, rows)
	t.Title = "Otherwise than computed"
	return t
}

// HTML is the matrix, one table for each traffic.
func (m *Matrix) HTML() string { return m.card().HTML() }

// String is the matrix as text.
func (m *Matrix) String() string { return m.card().Text() }
