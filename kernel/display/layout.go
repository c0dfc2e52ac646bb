package display

import (
	"strings"
	"unicode/utf8"
)

// lineWidth is the columns of a line of text beyond which a value is broken into
// lines.
const lineWidth = 100

// node is a value's text: text alone, or with its parts between open and shut.
type node struct {
	text       string
	open, shut string
	sep        string // between items on one line
	items      []node
	fill       bool // items without parts stay on one line, which the reader's window breaks
}

func (n *node) add(item node) { n.items = append(n.items, item) }

// flat is n on one line.
func (n node) flat() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n node) write(b *strings.Builder) {
	b.WriteString(n.text)
	b.WriteString(n.open)
	for i, item := range n.items {
		if i > 0 {
			b.WriteString(n.sep)
		}
		item.write(b)
	}
	b.WriteString(n.shut)
}

// layout writes n, which starts indent columns to the right, on one line if it
// fits.
func (n node) layout(b *strings.Builder, indent int) {
	if !n.breaks() || n.fits(lineWidth-indent) {
		n.write(b)
		return
	}
	b.WriteString(n.text)
	b.WriteString(n.open)
	for _, item := range n.items {
		b.WriteString("\n" + strings.Repeat(" ", indent+2))
		item.layout(b, indent+2)
	}
	b.WriteString("\n" + strings.Repeat(" ", indent) + n.shut)
}

// breaks tells whether n has parts that may stand on lines of their own.
func (n node) breaks() bool {
	if !n.fill {
		return len(n.items) > 0
	}
	for _, item := range n.items {
		if len(item.items) > 0 {
			return true
		}
	}
	return false
}

// fits tells whether n on one line has at most room columns.
func (n node) fits(room int) bool { return n.rest(room) >= 0 }

// rest is what is left of room behind n, negative as soon as n is too long.
func (n node) rest(room int) int {
	room -= utf8.RuneCountInString(n.text) + len(n.open) + len(n.shut)
	for i, item := range n.items {
		if room < 0 {
			return room
		}
		if i > 0 {
			room -= len(n.sep)
		}
		room = item.rest(room)
	}
	return room
}
