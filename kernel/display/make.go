package display

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
)

// inlineSVG is the size in bytes up to which an SVG travels also as
// image/svg+xml, beside the HTML image that untrusted notebooks show.
const inlineSVG = 256 << 10

// needsGround is the metadata by which a front end puts a picture on a ground that
// is "light" or "dark".
const needsGround = "needs_background"

// openLines is the lines of indented JSON from which a tree is folded at first.
const openLines = 30

// HTML wraps HTML text. JupyterLab removes scripts from it.
func HTML(s string) Bundle { return Bundle{Data: MIMEMap{MIMEHTML: s, MIMEText: textOfHTML(s)}} }

// Markdown wraps Markdown text.
func Markdown(s string) Bundle { return Bundle{Data: MIMEMap{MIMEMarkdown: s, MIMEText: s}} }

// Latex wraps LaTeX as inline mathematics.
func Latex(s string) Bundle { return latex("$" + strings.Trim(s, "$") + "$") }

// LaTeX is Latex.
func LaTeX(s string) Bundle { return Latex(s) }

// Math wraps LaTeX as displayed mathematics.
func Math(s string) Bundle { return latex("$$" + strings.Trim(s, "$") + "$$") }

// Mermaid wraps a Mermaid diagram; JupyterLab draws it without trust.
func Mermaid(s string) Bundle { return Bundle{Data: MIMEMap{MIMEMermaid: s, MIMEText: s}} }

// JavaScript wraps a script, which only a trusted notebook runs.
func JavaScript(s string) Bundle { return Bundle{Data: MIMEMap{MIMEScript: s, MIMEText: s}} }

// SVG wraps a drawing. A front end shows image/svg+xml only in a trusted
// notebook; so the drawing is also an image inside HTML, where its scripts
// cannot run, and that is shown always. There it stands on white, since most
// drawings have black lines and no ground. Its text is the drawing's <title>.
func SVG(s string) Bundle {
	text := svgTitle(s)
	src := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(s))
	b := Bundle{Data: MIMEMap{
		MIMEHTML: `<img alt="` + html.EscapeString(text) + `" style="max-width:100%;background-color:#ffffff" src="` + src + `">`,
		MIMEText: text,
	}}
	if len(s) <= inlineSVG {
		b.Data[MIMESVG] = s
	}
	return b
}

// PNG wraps an encoded PNG image. One that may be transparent asks for a light
// ground, as plots with black axes need in a dark theme.
func PNG(content []byte) Bundle {
	b := binary(MIMEPNG, content)
	if c, err := png.DecodeConfig(bytes.NewReader(content)); err == nil && transparent(c.ColorModel) {
		b.Metadata = MIMEMap{needsGround: "light"}
	}
	return b
}

// transparent tells whether a colour of the model can be one through which the
// ground is seen.
func transparent(m color.Model) bool {
	if p, ok := m.(color.Palette); ok {
		return slices.ContainsFunc(p, func(c color.Color) bool { _, _, _, a := c.RGBA(); return a < 0xffff })
	}
	_, _, _, a := m.Convert(color.Transparent).RGBA()
	return a == 0
}

// JPEG wraps an encoded JPEG image.
func JPEG(content []byte) Bundle { return binary(MIMEJPEG, content) }

// PDF wraps a PDF document.
func PDF(content []byte) Bundle { return binary(MIMEPDF, content) }

// Image encodes img as PNG.
func Image(img image.Image) Bundle {
	var buf bytes.Buffer
	size := img.Bounds().Size()
	text := fmt.Sprintf("image %dx%d", size.X, size.Y)
	if img.Bounds().Empty() {
		return Text(text)
	}
	if err := png.Encode(&buf, img); err != nil {
		return Text(text + ": cannot encode as PNG: " + err.Error())
	}
	b := PNG(buf.Bytes()).WithText(text)
	if b.Metadata == nil {
		b.Metadata = MIMEMap{}
	}
	b.Metadata[MIMEPNG] = MIMEMap{"width": size.X, "height": size.Y}
	return b
}

// JSON shows v as a tree that can be folded; a small one is open at first.
func JSON(v any) Bundle {
	b := structured(MIMEJSON, v)
	if strings.Count(b.Text(), "\n") < openLines {
		b.Metadata = MIMEMap{MIMEJSON: MIMEMap{"expanded": true}}
	}
	return b
}

// VegaLite shows a chart given as a Vega-Lite 5 specification: a Go value that
// encodes to JSON, or the JSON text itself.
func VegaLite(spec any) Bundle {
	switch text := spec.(type) {
	case string:
		spec = json.RawMessage(text)
	case []byte:
		spec = json.RawMessage(text)
	}
	return structured(MIMEVegaLite, spec)
}

// Text shows s as it stands.
func Text(s string) Bundle { return Bundle{Data: MIMEMap{MIMEText: s}} }

func latex(s string) Bundle { return Bundle{Data: MIMEMap{MIMELatex: s, MIMEText: s}} }

func binary(mime string, content []byte) Bundle {
	return Bundle{Data: MIMEMap{
		mime:     base64.StdEncoding.EncodeToString(content),
		MIMEText: placeholder(mime, content),
	}}
}

// structured encodes v now, so that later changes of v do not show, and a value
// that has no JSON form says so in its place.
func structured(mime string, v any) Bundle {
	if text, ok := v.(json.RawMessage); ok && !json.Valid(text) {
		err := json.Unmarshal(text, new(any))
		return Text(fmt.Sprintf("cannot show as %s: the text is not JSON: %v", mime, err))
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return Text(fmt.Sprintf("cannot show as %s: %v", mime, err))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, encoded, "", "  "); err != nil {
		return Text(fmt.Sprintf("cannot show as %s: %v", mime, err))
	}
	return Bundle{Data: MIMEMap{mime: json.RawMessage(encoded), MIMEText: indented.String()}}
}

// sniffed wraps bytes whose first ones tell what they are.
func sniffed(content []byte) Bundle {
	switch mime := http.DetectContentType(content); mime {
	case MIMEPNG:
		return PNG(content)
	case MIMEJPEG, MIMEGIF, MIMEPDF:
		return binary(mime, content)
	}
	return Text(plain(content))
}

// encodeBinary turns []byte values into what the protocol carries: base64 for
// binary types, text for the others.
func encodeBinary(b Bundle) Bundle {
	data := make(MIMEMap, len(b.Data)+1)
	for mime, v := range b.Data {
		if raw, ok := v.([]byte); ok {
			if isText(mime) {
				v = string(raw)
			} else {
				v = base64.StdEncoding.EncodeToString(raw)
			}
		}
		data[mime] = v
	}
	b.Data = data
	return b
}

func isText(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == MIMESVG || mime == MIMEScript || strings.HasSuffix(mime, "json")
}

func placeholder(mime string, v any) string {
	switch content := v.(type) {
	case string:
		return content
	case []byte:
		if isText(mime) {
			return string(content)
		}
		return fmt.Sprintf("%s, %d bytes", mime, len(content))
	}
	return plain(v)
}

// svgTitle returns what stands in the drawing's first <title>, else "drawing".
func svgTitle(s string) string {
	_, rest, ok := strings.Cut(s, "<title>")
	if ok {
		if title, _, ok := strings.Cut(rest, "</title>"); ok && strings.TrimSpace(title) != "" {
			return html.UnescapeString(strings.TrimSpace(title))
		}
	}
	return "drawing (SVG)"
}
