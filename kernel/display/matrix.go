package display

import (
	"fmt"
	"html"
	"math"
	"math/cmplx"
	"strings"
	"unicode/utf8"
)

// Rows and columns of a matrix that are shown; of a larger one, those at its edges.
const (
	matrixRows    = 20
	matrixColumns = 16
)

// matrixOf shows what has Dims and At, as the matrices of gonum do, between
// brackets; ok is false for all else.
func matrixOf(v any) (b Bundle, ok bool) {
	sized, ok := v.(interface{ Dims() (rows, columns int) })
	if !ok {
		return b, false
	}
	var at func(i, j int) string
	switch m := v.(type) {
	case interface{ At(i, j int) float64 }:
		at = func(i, j int) string { return number(m.At(i, j), 64) }
	case interface{ At(i, j int) complex128 }:
		at = func(i, j int) string { return complexNumber(m.At(i, j)) }
	default:
		return b, false
	}
	rows, columns := sized.Dims()
	var cells [][]string
	if columns > 0 {
		cells = corners(rows, columns, at)
	}
	note := ""
	if rows == 0 || columns == 0 || rows > matrixRows || columns > matrixColumns {
		note = fmt.Sprintf("%d × %d", rows, columns)
	}
	return Bundle{Data: MIMEMap{MIMEHTML: matrixHTML(cells, note), MIMEText: matrixText(cells, note)}}, true
}

// corners is the cells of a matrix, with dots where rows or columns are left out.
func corners(rows, columns int, at func(i, j int) string) [][]string {
	var cells [][]string
	for _, i := range edges(rows, matrixRows) {
		var line []string
		for _, j := range edges(columns, matrixColumns) {
			switch {
			case i >= 0 && j >= 0:
				line = append(line, at(i, j))
			case i >= 0:
				line = append(line, "⋯")
			case j >= 0:
				line = append(line, "⋮")
			default:
				line = append(line, "⋱")
			}
		}
		cells = append(cells, line)
	}
	return cells
}

// edges is the numbers below n, with -1 for those left out beyond limit.
func edges(n, limit int) []int {
	var at []int
	for i := 0; i < n; i++ {
		if n > limit && i == limit/2 {
			at = append(at, -1)
			i = n - limit/2
		}
		at = append(at, i)
	}
	return at
}

func complexNumber(c complex128) string {
	if cmplx.IsNaN(c) {
		return "NaN"
	}
	sign := "+"
	if math.Signbit(imag(c)) {
		sign = "-"
	}
	return number(real(c), 64) + sign + number(math.Abs(imag(c)), 64) + "i"
}

func matrixHTML(cells [][]string, note string) string {
	var b strings.Builder
	if len(cells) > 0 {
		b.WriteString(`<table style="border-collapse:separate;border-spacing:0;border-left:2px solid;border-right:2px solid;border-radius:8px;margin:4px 0">` + "\n<tbody>\n")
		for _, row := range cells {
			b.WriteString(`<tr style="background-color:transparent">`)
			for _, c := range row {
				b.WriteString(`<td style="text-align:right;white-space:nowrap">` + html.EscapeString(c) + `</td>`)
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</tbody>\n</table>")
	}
	if note != "" {
		b.WriteString(`<div style="opacity:0.7">` + note + `</div>`)
	}
	return b.String()
}

// matrixText sets a matrix as gonum's Formatted does.
func matrixText(cells [][]string, note string) string {
	width := 0
	for _, row := range cells {
		for _, c := range row {
			width = max(width, utf8.RuneCountInString(c))
		}
	}
	var lines []string
	for i, row := range cells {
		for j, c := range row {
			row[j] = strings.Repeat(" ", width-utf8.RuneCountInString(c)) + c
		}
		left, right := "⎢", "⎥"
		switch {
		case len(cells) == 1:
			left, right = "[", "]"
		case i == 0:
			left, right = "⎡", "⎤"
		case i == len(cells)-1:
			left, right = "⎣", "⎦"
		}
		lines = append(lines, left+strings.Join(row, "  ")+right)
	}
	if note != "" {
		lines = append(lines, note)
	}
	return strings.Join(lines, "\n")
}
