package show

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tone is the state that a colour stands for.
type Tone uint8

// Tones. Each but Plain and Faint comes with a symbol.
const (
	Plain   Tone = iota
	Good         // in force, reached
	Pending      // on its way
	Bad          // wrong
	Faint        // of little weight
)

// Symbol is the sign that stands beside the colour.
func (t Tone) Symbol() string {
	switch t {
	case Good:
		return "✓"
	case Pending:
		return "…"
	case Bad:
		return "✗"
	}
	return ""
}

// Span is a piece of text.
type Span struct {
	Text  string
	Tone  Tone
	Style Style
	Hint  string // shown while the pointer rests on it; HTML only
	Term  string // stands for Text in a terminal, where set
}

// Style is how a span is set.
type Style uint8

// Styles.
const (
	Normal Style = iota
	Code         // monospaced: addresses, labels, commands
	Strong       // bold
	Pill         // a badge in its tone's colour, with its symbol
	Tint         // its whole table cell in its tone's colour
)

// Line is a sentence made of spans; spaces between them are the caller's.
type Line []Span

// Words makes a plain span.
func Words(s string) Span { return Span{Text: s} }

// Mono makes a monospaced span.
func Mono(s string) Span { return Span{Text: s, Style: Code} }

// Bold makes a bold span.
func Bold(s string) Span { return Span{Text: s, Style: Strong} }

// Quiet makes a faint span.
func Quiet(s string) Span { return Span{Text: s, Tone: Faint} }

// Badge makes a pill.
func Badge(t Tone, s string) Span { return Span{Text: s, Tone: t, Style: Pill} }

// Block is a part of a card: Line, Heading, Table, Fold, Lines or Picture.
type Block interface {
	html(*page)
	text(*sheet)
}

// Card is one display.
type Card struct {
	Tone   Tone
	Title  string
	Badge  Span
	Note   string
	Blocks []Block
}

// Table is rows under a head. Columns named in Right are set flush right.
type Table struct {
	Title string
	Head  []string
	Right []int
	Rows  [][]Span
	Limit int  // rows shown but in WholeText; 0: all
	More  Span // how to see the others
	Grid  bool // cells in boxes, centred but for the first column
	Wrap  bool // cells of the last column break into lines
}

// Fold hides blocks behind a summary in HTML; text shows them indented.
type Fold struct {
	Summary Line
	Open    bool
	Blocks  []Block
}

// Heading is the title of the blocks after it.
type Heading string

// Lines is literal lines in monospace, such as commands. A line that starts with
// + or - has the tone of an addition or removal. Only WholeText shows more than
// MaxLines of them.
type Lines []string

// MaxLines is how many of its lines a Lines block shows.
const MaxLines = 2000

// Picture is an SVG with the sentence that stands for it in text.
type Picture struct {
	SVG  string
	Alt  string
	Text string // the whole in words, for terminals; Alt where empty
}

// Clean makes text from outside safe for terminals: control characters, line
// ends, invalid UTF-8 and characters that reorder text become U+FFFD.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) && utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unsafeRune(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func unsafeRune(r rune) bool {
	if r == utf8.RuneError || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
		return true
	}
	return unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// Shorten cuts s to at most n runes, the last one an ellipsis.
func Shorten(s string, n int) string {
	if n < 1 || utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}
