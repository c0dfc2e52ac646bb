package display

import (
	"fmt"
	"html"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Bounds of a table. Of more rows, the first and the last are shown.
const (
	maxRows    = 500
	lastRows   = 50
	maxColumns = 100
	maxCell    = 500 // characters
	boxedRows  = 40  // more rows stand in a box that scrolls
	wrapped    = 60  // columns of a cell's text beyond which it is broken into lines
)

// grid is a table as it is shown.
type grid struct {
	head     []string // empty for none
	rows     [][]string
	right    []bool // columns of numbers
	gap      int    // row before which others are left out
	cut      int    // how many are left out
	narrowed int    // columns left out
}

// newGrid makes a grid of n rows, of which row is asked only for those shown.
func newGrid(head []string, n int, row func(i int) []string) *grid {
	g := &grid{gap: n}
	if n > maxRows {
		g.gap, g.cut = maxRows-lastRows, n-maxRows
	}
	g.head = g.trim(head)
	for i := 0; i < n; i++ {
		if i == g.gap {
			i += g.cut
		}
		g.rows = append(g.rows, g.trim(row(i)))
	}
	return g
}

// trim bounds the cells of a row and takes out of them what would break a line
// or reorder the text around.
func (g *grid) trim(cells []string) []string {
	if over := len(cells) - maxColumns; over > 0 {
		g.narrowed = max(g.narrowed, over)
		cells = cells[:maxColumns]
	}
	out := make([]string, len(cells))
	for i, c := range cells {
		if len(c) > maxCell {
			if r := []rune(c); len(r) > maxCell {
				c = string(r[:maxCell]) + "…"
			}
		}
		out[i] = strings.Map(harmless, c)
	}
	return out
}

func harmless(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return unicode.ReplacementChar
	}
	return r
}

func (g *grid) bundle() Bundle {
	return Bundle{Data: MIMEMap{MIMEHTML: g.html(), MIMEText: g.text()}}
}

// notes says what is left out, one line each.
func (g *grid) notes() (rows, columns string) {
	if g.cut > 0 {
		rows = fmt.Sprintf("... %d more rows", g.cut)
	}
	if g.narrowed > 0 {
		columns = fmt.Sprintf("... %d more columns", g.narrowed)
	}
	return rows, columns
}

func (g *grid) html() string {
	var b strings.Builder
	rows, columns := g.notes()
	if len(g.rows) > boxedRows {
		b.WriteString(`<div style="max-height:480px;overflow:auto">` + "\n")
	}
	b.WriteString("<table>\n")
	if len(g.head) > 0 {
		b.WriteString("<thead>")
		g.line(&b, "th", g.head)
		b.WriteString("</thead>\n")
	}
	b.WriteString("<tbody>\n")
	for i, r := range g.rows {
		if i == g.gap {
			fmt.Fprintf(&b, `<tr><td colspan="%d" style="text-align:left;opacity:0.7">%s</td></tr>`+"\n", max(1, len(r)), rows)
		}
		g.line(&b, "td", r)
	}
	b.WriteString("</tbody>\n</table>")
	if len(g.rows) > boxedRows {
		fmt.Fprintf(&b, "\n</div>\n"+`<div style="opacity:0.7">%d rows</div>`, len(g.rows)+g.cut)
	}
	if columns != "" {
		b.WriteString("\n" + `<div style="opacity:0.7">` + columns + `</div>`)
	}
	return b.String()
}

func (g *grid) line(b *strings.Builder, tag string, cells []string) {
	b.WriteString("<tr>")
	for i, c := range cells {
		style := "text-align:left"
		if i < len(g.right) && g.right[i] {
			style = "text-align:right"
		}
		if columnsOf(c) <= wrapped {
			style += ";white-space:nowrap"
		}
		fmt.Fprintf(b, `<%s style="%s">%s</%s>`, tag, style, html.EscapeString(c), tag)
	}
	b.WriteString("</tr>\n")
}

func (g *grid) text() string {
	all := g.rows
	if len(g.head) > 0 {
		all = append([][]string{g.head}, g.rows...)
	}
	var widths []int
	for _, row := range all {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columnsOf(c))
		}
	}
	var lines []string
	rows, columns := g.notes()
	for n, row := range all {
		if rows != "" && n == g.gap+len(all)-len(g.rows) {
			lines = append(lines, rows)
		}
		var b strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-columnsOf(c))
			if i < len(g.right) && g.right[i] {
				b.WriteString(pad + c + "  ")
			} else {
				b.WriteString(c + pad + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	if columns != "" {
		lines = append(lines, columns)
	}
	return strings.Join(lines, "\n")
}

// columnsOf is the columns that s takes on a terminal.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
