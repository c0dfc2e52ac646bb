package display

import (
	"fmt"
	"html"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxRows bounds the rows shown of one table.
const maxRows = 500

// Table shows v as a table: a slice or array of structs (one column for each
// exported field; the tag `table:"heading"` renames one, `table:"-"` drops it), a
// map (key and value), or rows of text. What is none of these is shown by Of.
func Table(v any) Bundle {
	if rows, ok := v.([][]string); ok && len(rows) > 0 {
		return Grid(rows[0], rows[1:]...)
	}
	if b, ok := tableOf(v); ok {
		return b
	}
	if b, ok := tableOfMap(v); ok {
		return b
	}
	return Of(v)
}

// Grid shows rows of text under a line of headings.
func Grid(head []string, rows ...[]string) Bundle {
	cut := max(0, len(rows)-maxRows)
	rows = rows[:len(rows)-cut]
	return Bundle{Data: MIMEMap{
		MIMEHTML: gridHTML(head, rows, cut),
		MIMEText: gridText(head, rows, cut),
	}}
}

func gridHTML(head []string, rows [][]string, cut int) string {
	var b strings.Builder
	line := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for _, c := range cells {
			fmt.Fprintf(&b, `<%s style="text-align:left">%s</%s>`, tag, html.EscapeString(c), tag)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<table>\n<thead>")
	line("th", head)
	b.WriteString("</thead>\n<tbody>\n")
	for _, r := range rows {
		line("td", r)
	}
	b.WriteString("</tbody>\n</table>")
	if cut > 0 {
		fmt.Fprintf(&b, "\n<p>... %d more rows</p>", cut)
	}
	return b.String()
}

func gridText(head []string, rows [][]string, cut int) string {
	var width []int
	for _, row := range append([][]string{head}, rows...) {
		for i, c := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var lines []string
	for _, row := range append([][]string{head}, rows...) {
		var b strings.Builder
		for i, c := range row {
			b.WriteString(c)
			b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	if cut > 0 {
		lines = append(lines, fmt.Sprintf("... %d more rows", cut))
	}
	return strings.Join(lines, "\n")
}

// tableOf makes a table of a slice of structs or of pointers to structs that
// have exported fields; ok is false for everything else.
func tableOf(v any) (b Bundle, ok bool) {
	list := reflect.ValueOf(v)
	if !list.IsValid() || list.Kind() != reflect.Slice && list.Kind() != reflect.Array || list.Len() == 0 {
		return b, false
	}
	elem := list.Type().Elem()
	if elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	if elem.Kind() != reflect.Struct {
		return b, false
	}
	head, index := columns(elem)
	if len(head) == 0 {
		return b, false
	}
	rows := make([][]string, 0, min(list.Len(), maxRows+1))
	for i := range min(list.Len(), maxRows) {
		rows = append(rows, cells(list.Index(i), index))
	}
	return Bundle{Data: MIMEMap{
		MIMEHTML: gridHTML(head, rows, list.Len()-len(rows)),
		MIMEText: gridText(head, rows, list.Len()-len(rows)),
	}}, true
}

func columns(t reflect.Type) (head []string, index [][]int) {
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("table")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		head, index = append(head, name), append(index, f.Index)
	}
	return head, index
}

func cells(row reflect.Value, index [][]int) []string {
	if row.Kind() == reflect.Pointer {
		if row.IsNil() {
			return []string{"<nil>"}
		}
		row = row.Elem()
	}
	out := make([]string, len(index))
	for i, at := range index {
		if f, err := row.FieldByIndexErr(at); err == nil && f.CanInterface() {
			out[i] = strings.ReplaceAll(plain(f.Interface()), "\n", " ")
		}
	}
	return out
}

func tableOfMap(v any) (b Bundle, ok bool) {
	m := reflect.ValueOf(v)
	if !m.IsValid() || m.Kind() != reflect.Map {
		return b, false
	}
	var rows [][]string
	for iter := m.MapRange(); iter.Next(); {
		rows = append(rows, []string{plain(iter.Key().Interface()), plain(iter.Value().Interface())})
	}
	slices.SortFunc(rows, slices.Compare)
	return Grid([]string{"key", "value"}, rows...), true
}
