package kernel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
)

// The logo is a small fabric: two spines above three leaves, each joined with
// each, on a square with round corners. Units are those of a 64x64 drawing.
var (
	logoGround = color.NRGBA{0x0B, 0x3D, 0x5C, 0xFF}
	logoLine   = color.NRGBA{0x7F, 0xD4, 0xE8, 0xFF}
	logoSpine  = color.NRGBA{0xFF, 0xB5, 0x3D, 0xFF}
	logoLeaf   = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}

	logoSpines = []point{{22, 19}, {42, 19}}
	logoLeaves = []point{{13, 46}, {32, 46}, {51, 46}}
)

const (
	logoCorner = 12  // radius of the square's corners
	logoNode   = 6   // radius of a node
	logoWidth  = 2.5 // of a line
)

type point struct{ x, y float64 }

func logoSVG() string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><title>Fabricbook</title>`)
	fmt.Fprintf(&b, `<rect width="64" height="64" rx="%d" fill="%s"/>`, logoCorner, hex(logoGround))
	for _, s := range logoSpines {
		for _, l := range logoLeaves {
			fmt.Fprintf(&b, `<path d="M%g %gL%g %g" stroke="%s" stroke-width="%g"/>`, s.x, s.y, l.x, l.y, hex(logoLine), logoWidth)
		}
	}
	for _, n := range logoSpines {
		fmt.Fprintf(&b, `<circle cx="%g" cy="%g" r="%d" fill="%s"/>`, n.x, n.y, logoNode, hex(logoSpine))
	}
	for _, n := range logoLeaves {
		fmt.Fprintf(&b, `<circle cx="%g" cy="%g" r="%d" fill="%s"/>`, n.x, n.y, logoNode, hex(logoLeaf))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// logoPNG draws the logo size pixels wide, each pixel the mean of 16 samples.
func logoPNG(size int) ([]byte, error) {
	const samples = 4
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	step := 64 / float64(size*samples)
	for y := range size {
		for x := range size {
			var r, g, b, a int
			for i := range samples * samples {
				c := logoAt(point{(float64(x*samples+i%samples) + 0.5) * step, (float64(y*samples+i/samples) + 0.5) * step})
				r, g, b, a = r+int(c.R)*int(c.A), g+int(c.G)*int(c.A), b+int(c.B)*int(c.A), a+int(c.A)
			}
			if a > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a / (samples * samples))})
			}
		}
	}
	var buf bytes.Buffer
	err := png.Encode(&buf, img)
	return buf.Bytes(), err
}

// logoAt is the colour of the logo at one point.
func logoAt(p point) color.NRGBA {
	for _, n := range logoSpines {
		if distance(p, n, n) <= logoNode {
			return logoSpine
		}
	}
	for _, n := range logoLeaves {
		if distance(p, n, n) <= logoNode {
			return logoLeaf
		}
	}
	for _, s := range logoSpines {
		for _, l := range logoLeaves {
			if distance(p, s, l) <= logoWidth/2 {
				return logoLine
			}
		}
	}
	inner := point{min(max(p.x, logoCorner), 64-logoCorner), min(max(p.y, logoCorner), 64-logoCorner)}
	if distance(p, inner, inner) <= logoCorner {
		return logoGround
	}
	return color.NRGBA{}
}

// distance is that of p to the segment from a to b.
func distance(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		t = min(1, max(0, ((p.x-a.x)*dx+(p.y-a.y)*dy)/length))
	}
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}
