package show

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Text renders the card as text without a final line end, each table up to its
// limit.
func (c Card) Text() string { return c.render(&sheet{}) }

// WholeText is Text without limits, for terminals and pipes.
func (c Card) WholeText() string { return c.render(&sheet{whole: true}) }

func (c Card) render(s *sheet) string {
	head := Line{Words(c.Title)}
	if c.Badge.Text != "" {
		head = append(head, Words("  "), c.Badge)
	}
	if c.Note != "" {
		head = append(head, Words("  "+c.Note))
	}
	head.text(s)
	for _, b := range c.Blocks {
		b.text(s)
	}
	return strings.TrimRight(s.String(), "\n")
}

// sheet is text under construction.
type sheet struct {
	strings.Builder
	indent string
	whole  bool
}

func (s *sheet) line(text string) {
	s.WriteString(strings.TrimRight(s.indent+text, " "))
	s.WriteByte('\n')
}

// plain is the span as text. Tints carry their symbol in their own text.
func (s Span) plain() string {
	if s.Term != "" {
		s.Text = s.Term
	}
	return Clean(s.marked())
}

func (l Line) text(s *sheet) {
	var b strings.Builder
	for _, span := range l {
		b.WriteString(span.plain())
	}
	s.line(b.String())
}

func (h Heading) text(s *sheet) {
	s.line("")
	s.line(Clean(string(h)))
}

func (t Table) text(s *sheet) {
	if t.Title != "" {
		Heading(t.Title).text(s)
	}
	rows := make([][]string, 0, len(t.Rows)+1)
	if len(t.Head) > 0 {
		head := make([]string, len(t.Head))
		for i, h := range t.Head {
			head[i] = strings.ToUpper(Clean(h))
			if t.Grid {
				head[i] = Clean(h)
			}
		}
		rows = append(rows, head)
	}
	shown := t.shown(s.whole)
	for _, row := range shown {
		cells := make([]string, len(row))
		for i, span := range row {
			cells[i] = span.plain()
		}
		rows = append(rows, cells)
	}
	t.align(s, rows)
	if n := len(t.Rows) - len(shown); n > 0 {
		t.cutLine(n).text(s)
	}
}

func (t Table) align(s *sheet, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, c := range row {
			pad := widths[i] - utf8.RuneCountInString(c)
			left := 0
			switch {
			case slices.Contains(t.Right, i):
				left = pad
			case t.Grid && i > 0:
				left = pad / 2
			}
			b.WriteString(strings.Repeat(" ", left) + c + strings.Repeat(" ", pad-left+2))
		}
		s.line(b.String())
	}
}

func (f Fold) text(s *sheet) {
	f.Summary.text(s)
	was := s.indent
	s.indent += "  "
	for _, b := range f.Blocks {
		b.text(s)
	}
	s.indent = was
}

func (l Lines) text(s *sheet) {
	for _, line := range l.shown(s.whole) {
		s.line(Clean(line))
	}
}

func (pic Picture) text(s *sheet) {
	text := pic.Text
	if text == "" {
		text = pic.Alt
	}
	for line := range strings.SplitSeq(text, "\n") {
		s.line(Clean(line))
	}
}
