package show

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// full uses every kind of block and span with text s in every place.
func full(s string) Card {
	spans := []Span{Words(s), Mono(s), Bold(s), Quiet(s), Badge(Good, s), Badge(Pending, s), Badge(Bad, s), {Text: s, Tone: Bad, Hint: s}, {Text: s, Style: Tint, Tone: Good, Hint: s}}
	return Card{Tone: Bad, Title: s, Badge: Badge(Pending, s), Note: s, Blocks: []Block{
		Line(spans),
		Table{Title: s, Head: []string{s, s}, Right: []int{1}, Rows: [][]Span{{Words(s), Mono(s)}, spans}, Limit: 1, More: Mono(s)},
		Table{Head: []string{s, s}, Rows: [][]Span{{Words(s), {Text: s, Style: Tint, Tone: Bad, Hint: s}}}, Grid: true},
		Table{Rows: [][]Span{{Words(s)}}, Wrap: true},
		Heading(s),
		Fold{Summary: Line{Words(s)}, Open: true, Blocks: []Block{Lines{"vrf " + s, "+ " + s, "- " + s}}},
		Picture{SVG: `<svg xmlns="http://www.w3.org/2000/svg"/>`, Alt: s, Text: s + "\n" + s},
	}}
}

// What JupyterLab's sanitiser keeps in a notebook that is not trusted, as far as
// this package needs it; each property with the form of its values.
var (
	keptElements   = map[string]bool{"div": true, "span": true, "table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true, "details": true, "summary": true, "img": true}
	keptAttributes = map[string]bool{"style": true, "title": true, "open": true, "alt": true, "src": true}
	length         = `(0|[0-9]+(px|%|em))`
	colour         = `(#[0-9a-f]{6}|rgba\([0-9]{1,3},[0-9]{1,3},[0-9]{1,3},(0\.[0-9]+|1)\)|transparent)`
	keptStyles     = map[string]string{
		"border": length + ` solid ` + colour, "border-left": length + ` solid ` + colour, "border-bottom": length + ` solid ` + colour,
		"border-radius": length, "border-collapse": "collapse", "padding": length + `( ` + length + `){0,3}`, "margin": length + `( ` + length + `){0,3}`,
		"line-height": `[0-9.]+`, "overflow-x": "auto", "font-weight": "600", "font-size": length, "font-family": "monospace", "opacity": `0\.[0-9]+`,
		"background-color": colour, "color": colour, "white-space": "nowrap|pre-wrap", "vertical-align": "top", "text-align": "left|right|center",
		"display": "inline-block", "cursor": "pointer", "max-width": length, "height": "auto",
	}
)

// TestHTMLSurvivesSanitising parses a card and holds each element, attribute and
// style against what an untrusted notebook keeps.
func TestHTMLSurvivesSanitising(t *testing.T) {
	elements(t, full("web-1").HTML(), func(e xml.StartElement) {
		if !keptElements[e.Name.Local] {
			t.Errorf("element %s would be removed", e.Name.Local)
		}
		for _, a := range e.Attr {
			if !keptAttributes[a.Name.Local] {
				t.Errorf("attribute %s of %s would be removed", a.Name.Local, e.Name.Local)
			}
			if a.Name.Local != "style" {
				continue
			}
			for decl := range strings.SplitSeq(a.Value, ";") {
				property, value, _ := strings.Cut(decl, ":")
				form, ok := keptStyles[property]
				if !ok || !regexp.MustCompile(`^(`+form+`)$`).MatchString(value) {
					t.Errorf("style %q would be removed", decl)
				}
			}
		}
	})
}

// hostile is text that tries to leave its place in HTML, SVG or a terminal.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `&lt;b&gt;`, `</div></td></table>`,
	"\x1b[31mred\x1b[0m", "two\nlines\r\tand tab", "\x00\xff\xfe", "\u202egnp.exe", "]]>", "--><!--", "${7*7}", "\u2028next",
}

func TestHTMLEscapesText(t *testing.T) {
	plain := shape(t, full("name").HTML())
	for _, s := range hostile {
		got := full(s).HTML()
		if shape(t, got) != plain {
			t.Errorf("%q changes the elements and attributes of the card", s)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q: control character %U in HTML", s, r)
				break
			}
		}
	}
}

func TestTextHoldsNoControlCharacters(t *testing.T) {
	lines := strings.Count(full("name").Text(), "\n")
	for _, s := range hostile {
		got := full(s).Text()
		for _, r := range got {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("%q: control character %U in text", s, r)
				break
			}
		}
		// A picture's text has lines of its own; nothing else may break lines.
		if want := lines + 2*strings.Count(s, "\n"); strings.Count(got, "\n") != want {
			t.Errorf("%q: %d line ends in text, want %d", s, strings.Count(got, "\n"), want)
		}
	}
}

func FuzzCard(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	plain := shape(f, full("name").HTML())
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // an empty badge is left out
		}
		c := full(s)
		if got := shape(t, c.HTML()); got != plain {
			t.Errorf("%q changes the elements of the card", s)
		}
		if strings.ContainsAny(c.Text(), "\x1b\r\x00\u202e") {
			t.Errorf("%q gets control characters into text", s)
		}
	})
}

func TestTones(t *testing.T) {
	for tone, want := range map[Tone]string{Good: "✓ x", Pending: "… x", Bad: "✗ x", Plain: "x", Faint: "x"} {
		text, html := Card{Badge: Badge(tone, "x")}.Text(), Card{Badge: Badge(tone, "x")}.HTML()
		if strings.TrimSpace(text) != want || !strings.Contains(html, ">"+want+"<") {
			t.Errorf("tone %d: text %q, HTML %s; want the sign beside the colour: %q", tone, text, html, want)
		}
	}
}

func TestTableText(t *testing.T) {
	card := Card{Title: "T", Blocks: []Block{Table{Head: []string{"name", "n"}, Right: []int{1}, Rows: [][]Span{{Words("long-name"), Words("1")}, {Words("ä"), Words("1,000")}, {Words("b"), Words("2")}}, Limit: 2, More: Span{Text: "x", Term: "-o json"}}}}
	want := "T\nNAME           N\nlong-name      1\nä          1,000\n… 1 more: -o json"
	if got := card.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := card.WholeText(); strings.Contains(got, "more") || !strings.HasSuffix(got, "b              2") {
		t.Errorf("whole:\n%s", got)
	}
	if html := card.HTML(); !strings.Contains(html, "1 more") || strings.Contains(html, ">b<") {
		t.Errorf("HTML is not cut: %s", html)
	}
}

func TestLinesAreCut(t *testing.T) {
	card := Card{Blocks: []Block{make(Lines, MaxLines+5)}}
	if text := card.Text(); !strings.HasSuffix(text, "… 5 more lines") || strings.Contains(card.WholeText(), "more") {
		t.Errorf("ends %q", text[len(text)-30:])
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"abc", 1, "…"}, {"abc", 0, "abc"}} {
		if got := Shorten(c.in, c.n); got != c.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// shape is a card's elements, attribute names and styles without its text.
func shape(t testing.TB, html string) string {
	t.Helper()
	var b strings.Builder
	elements(t, html, func(e xml.StartElement) {
		b.WriteString(e.Name.Local)
		for _, a := range e.Attr {
			b.WriteString(" " + a.Name.Local)
			if a.Name.Local == "style" || a.Name.Local == "src" {
				b.WriteString("=" + a.Value)
			}
		}
		b.WriteByte('\n')
	})
	return b.String()
}

func elements(t testing.TB, html string, f func(xml.StartElement)) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(html))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%s", err, html)
		}
		if e, ok := tok.(xml.StartElement); ok {
			f(e)
		}
	}
}
