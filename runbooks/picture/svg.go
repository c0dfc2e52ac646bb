package picture

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Colours of everything but segments.
const (
	ground    = "#fbfcfd"
	frame     = "#d0d7de"
	ink       = "#1f2328"
	faint     = "#59636e"
	paper     = "#ffffff"
	underlay  = "#8c959f"
	routerInk = "#32383f"
	good      = "#1a7f37"
	pending   = "#9a6700"
	bad       = "#cf222e"
)

// hues tell segments apart, beside their numbers; none looks like a state.
var hues = []string{"#2f6fbb", "#b35c00", "#7a4fb5", "#0f7b8a", "#a83a72", "#6b6a12", "#7d4b2e", "#4b5a78", "#4f46b8", "#00706a"}

// canvas is an SVG under construction; lengths are in px.
type canvas struct {
	strings.Builder
	w, h int
}

func (c *canvas) put(format string, args ...any) { fmt.Fprintf(&c.Builder, format+"\n", args...) }

// document wraps what was drawn.
func (c *canvas) document(title string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif" role="img">
<title>%s</title>
<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>
%s</svg>
`, c.w, c.h, c.w, c.h, escape(title), c.w-1, c.h-1, ground, frame, c.String())
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(show.Clean(s))) // a Builder does not fail
	return b.String()
}

// face is how text is set.
type face struct {
	size   int
	bold   bool
	mono   bool
	anchor string // "start" where empty
	fill   string
}

// text draws s, cut to width px (0: not cut).
func (c *canvas) text(x, y int, f face, width int, s string) {
	if width > 0 {
		s = show.Shorten(show.Clean(s), max(1, width*100/f.advance()))
	}
	attrs := ""
	if f.bold {
		attrs += ` font-weight="600"`
	}
	if f.mono {
		attrs += ` font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"`
	}
	if f.anchor != "" {
		attrs += ` text-anchor="` + f.anchor + `"`
	}
	c.put(`<text x="%d" y="%d" font-size="%d" fill="%s"%s>%s</text>`, x, y, f.size, f.fill, attrs, escape(s))
}

// advance is about how wide a character is, in hundredths of a px.
func (f face) advance() int {
	switch {
	case f.mono:
		return f.size * 61
	case f.bold:
		return f.size * 59
	}
	return f.size * 55
}

// width is about how wide s is, in px.
func (f face) width(s string) int { return utf8.RuneCountInString(s) * f.advance() / 100 }

func (c *canvas) box(x, y, w, h, radius int, fill, stroke string) {
	c.put(`<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="%s" stroke="%s"/>`, x, y, w, h, radius, fill, stroke)
}

func (c *canvas) line(x1, y1, x2, y2 int, stroke string, width float64, dashed bool) {
	dash := ""
	if dashed {
		dash = ` stroke-dasharray="5 4"`
	}
	c.put(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="%g"%s/>`, x1, y1, x2, y2, stroke, width, dash)
}

func (c *canvas) dot(x, y, r int, fill, stroke string) {
	c.put(`<circle cx="%d" cy="%d" r="%d" fill="%s" stroke="%s" stroke-width="1.5"/>`, x, y, r, fill, stroke)
}

// badge is a segment's number in its hue.
func (c *canvas) badge(x, y int, hue string, n int) {
	c.put(`<circle cx="%d" cy="%d" r="8" fill="%s"/>`, x, y, hue)
	c.text(x, y+4, face{size: 10, bold: true, anchor: "middle", fill: paper}, 0, fmt.Sprint(n))
}
