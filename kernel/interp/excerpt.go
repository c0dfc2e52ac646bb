package interp

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// excerptWidth is how many columns of a source line are shown around its error.
const excerptWidth = 120

// excerpt is the source line at pos with a caret below its column.
func (s *sources) excerpt(pos token.Position) []string {
	line, ok := s.line(pos.Filename, pos.Line)
	if !ok {
		return nil
	}
	line, at := window(line, min(max(pos.Column-1, 0), len(line)))
	return []string{"    " + line, "    " + below(line[:at]) + "^"}
}

// window is the part of a long line around an offset, and where that lies in it.
func window(line string, at int) (string, int) {
	if len(line) <= 2*excerptWidth {
		return line, at
	}
	from, to := max(0, at-excerptWidth/2), min(len(line), at+excerptWidth/2)
	for from > 0 && !utf8.RuneStart(line[from]) {
		from--
	}
	for to < len(line) && !utf8.RuneStart(line[to]) {
		to++
	}
	part, at := line[from:to], at-from
	if from > 0 {
		part, at = "..."+part, at+len("...")
	}
	if to < len(line) {
		part += "..."
	}
	return part, at
}

// below is the empty space that is as wide as text is on a screen.
func below(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteRune(r)
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // joins the character before, or is not seen
		case isWide(r):
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// isWide tells characters that take two columns.
func isWide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}
