package show

import (
	"encoding/base64"
	"fmt"
	"html"
	"slices"
	"strings"
)

// Colours are solid with white text on them, or translucent under inherited
// text, so that they read on any background.
var (
	solid = map[Tone]string{Plain: "#57606a", Good: "#1a7f37", Pending: "#9a6700", Bad: "#cf222e", Faint: "#6e7781"}
	tint  = map[Tone]string{Plain: "rgba(128,128,128,0.10)", Good: "rgba(46,160,67,0.24)", Pending: "rgba(212,153,20,0.26)", Bad: "rgba(229,59,68,0.34)", Faint: "rgba(128,128,128,0.10)"}
	edge  = map[Tone]string{Plain: "rgba(128,128,128,0.45)", Good: "#2da44e", Pending: "#bf8700", Bad: "#e5484d", Faint: "rgba(128,128,128,0.45)"}
)

// HTML renders the card.
func (c Card) HTML() string {
	p := &page{}
	p.raw(`<div style="border:1px solid rgba(128,128,128,0.30);border-left:4px solid ` + edge[c.Tone] +
		`;border-radius:6px;padding:8px 14px 10px 14px;margin:4px 0;line-height:1.45;overflow-x:auto">`)
	p.raw(`<div style="margin:0 0 4px 0"><span style="font-weight:600;font-size:115%">`)
	p.esc(c.Title)
	p.raw(`</span>`)
	if c.Badge.Text != "" {
		p.raw(` &#160;`)
		p.span(c.Badge)
	}
	if c.Note != "" {
		p.raw(` &#160;<span style="opacity:0.70">`)
		p.esc(c.Note)
		p.raw(`</span>`)
	}
	p.raw(`</div>`)
	for _, b := range c.Blocks {
		b.html(p)
	}
	p.raw(`</div>`)
	return p.String()
}

// fixed is Code that must not break into lines.
const fixed Style = 255

// page is HTML under construction. raw takes markup of this package only.
type page struct{ strings.Builder }

func (p *page) raw(s string) { p.WriteString(s) }
func (p *page) esc(s string) { p.WriteString(html.EscapeString(Clean(s))) }

func (p *page) span(s Span) {
	var style string
	switch s.Style {
	case Pill:
		style = "background-color:" + solid[s.Tone] + ";color:#ffffff;border-radius:9px;padding:1px 8px;font-size:85%;font-weight:600;white-space:nowrap"
	case Code:
		style = "font-family:monospace;white-space:pre-wrap"
	case fixed:
		style = "font-family:monospace"
	case Strong:
		style = "font-weight:600"
	}
	if s.Tone == Faint && s.Style != Pill {
		style = join(style, "opacity:0.65")
	}
	if s.Style != Pill && s.Style != Tint && s.Tone != Plain && s.Tone != Faint {
		style = join(style, "background-color:"+tint[s.Tone]+";border-radius:4px;padding:0 4px")
	}
	if style == "" && s.Hint == "" {
		p.esc(s.marked())
		return
	}
	p.raw(`<span`)
	if style != "" {
		p.raw(` style="` + style + `"`)
	}
	if s.Hint != "" {
		p.raw(` title="`)
		p.esc(s.Hint)
		p.raw(`"`)
	}
	p.raw(`>`)
	p.esc(s.marked())
	p.raw(`</span>`)
}

// marked is the text with its tone's symbol, where the tone has one.
func (s Span) marked() string {
	if mark := s.Tone.Symbol(); mark != "" && s.Style != Tint {
		return strings.TrimSpace(mark + " " + s.Text)
	}
	return s.Text
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ";" + b
}

func (l Line) html(p *page) {
	p.raw(`<div style="margin:2px 0;white-space:pre-wrap">`)
	for _, s := range l {
		p.span(s)
	}
	p.raw(`</div>`)
}

func (h Heading) html(p *page) {
	p.raw(`<div style="font-weight:600;margin:8px 0 2px 0">`)
	p.esc(string(h))
	p.raw(`</div>`)
}

func (t Table) html(p *page) {
	if t.Grid { // several stand side by side where there is room
		p.raw(`<div style="display:inline-block;vertical-align:top;margin:0 28px 4px 0">`)
		defer p.raw(`</div>`)
	}
	if t.Title != "" {
		Heading(t.Title).html(p)
	}
	p.raw(`<table style="border-collapse:collapse;margin:4px 0;font-size:92%">`)
	if len(t.Head) > 0 {
		p.raw(`<thead><tr>`)
		for i, h := range t.Head {
			p.raw(`<th style="` + t.cell(i, Span{}) + `;font-weight:600;border-bottom:1px solid rgba(128,128,128,0.45)">`)
			p.esc(h)
			p.raw(`</th>`)
		}
		p.raw(`</tr></thead>`)
	}
	p.raw(`<tbody>`)
	for _, row := range t.shown(false) {
		if t.Grid {
			p.raw(`<tr style="background-color:transparent">`)
		} else {
			p.raw(`<tr>`)
		}
		for i, s := range row {
			if s.Style == Code && !t.wraps(i) {
				s.Style = fixed
			}
			p.raw(`<td style="` + t.cell(i, s) + `">`)
			p.span(s)
			p.raw(`</td>`)
		}
		p.raw(`</tr>`)
	}
	p.raw(`</tbody></table>`)
	if n := len(t.Rows) - len(t.shown(false)); n > 0 {
		t.cutLine(n).html(p)
	}
}

// shown is the rows within the limit, or all of them.
func (t Table) shown(whole bool) [][]Span {
	if whole || t.Limit == 0 || len(t.Rows) <= t.Limit {
		return t.Rows
	}
	return t.Rows[:t.Limit]
}

// wraps reports whether cells of column i may break into lines: only the last
// column does, since the others are names and numbers that read best whole.
func (t Table) wraps(i int) bool {
	last := len(t.Head) - 1
	for _, r := range t.Rows {
		last = max(last, len(r)-1)
	}
	return t.Wrap && i == last
}

// cell is the style of a cell of column i.
func (t Table) cell(i int, s Span) string {
	style := "padding:3px 8px 3px 4px;vertical-align:top;text-align:left"
	if slices.Contains(t.Right, i) {
		style = "padding:3px 8px 3px 4px;vertical-align:top;text-align:right"
	}
	if !t.wraps(i) {
		style += ";white-space:nowrap"
	}
	if t.Grid && i > 0 {
		style = "padding:3px 10px;text-align:center;border:1px solid rgba(128,128,128,0.30)"
	}
	if s.Style == Tint {
		style += ";background-color:" + tint[s.Tone]
	}
	return style
}

func (t Table) cutLine(n int) Line {
	if t.More.Text == "" {
		return Line{Quiet(fmt.Sprintf("… %d more", n))}
	}
	return Line{Quiet(fmt.Sprintf("… %d more: ", n)), t.More}
}

func (f Fold) html(p *page) {
	p.raw(`<details style="margin:3px 0"`)
	if f.Open {
		p.raw(` open="open"`)
	}
	p.raw(`><summary style="cursor:pointer;white-space:pre-wrap">`)
	for _, s := range f.Summary {
		p.span(s)
	}
	p.raw(`</summary><div style="margin:2px 0 6px 18px">`)
	for _, b := range f.Blocks {
		b.html(p)
	}
	p.raw(`</div></details>`)
}

func (l Lines) html(p *page) {
	p.raw(`<div style="font-family:monospace;white-space:pre-wrap;font-size:90%;margin:2px 0">`)
	for _, s := range l.shown(false) {
		tone := Plain
		switch {
		case strings.HasPrefix(s, "+"):
			tone = Good
		case strings.HasPrefix(s, "-"):
			tone = Bad
		}
		if tone == Plain {
			p.raw(`<div>`)
		} else {
			p.raw(`<div style="background-color:` + tint[tone] + `;padding:0 4px">`)
		}
		p.esc(s)
		p.raw(`</div>`)
	}
	p.raw(`</div>`)
}

// shown is the lines within the limit, with a last one that counts the others.
func (l Lines) shown(whole bool) []string {
	if whole || len(l) <= MaxLines {
		return l
	}
	return append(slices.Clone(l[:MaxLines]), fmt.Sprintf("… %d more lines", len(l)-MaxLines))
}

func (pic Picture) html(p *page) { p.raw(Image(pic.SVG, pic.Alt)) }

// Image embeds a drawing as an image, where no script of it can run and every
// notebook, trusted or not, shows it.
func Image(svg, alt string) string {
	return `<img style="max-width:100%;height:auto" alt="` + html.EscapeString(Clean(alt)) +
		`" src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(svg)) + `"/>`
}
