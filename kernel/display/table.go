package display

import (
	"reflect"
	"slices"
)

// Table shows v as a table: a slice or array of structs (one column for each
// exported field; the tag `table:"heading"` renames one, `table:"-"` drops it) or
// of maps (one column for each key), rows of values, or a map (key and value, or
// the fields of the structs in it). The first row of a [][]string is its headings.
// What is none of these is shown by Of.
func Table(v any) Bundle {
	if rows, ok := v.([][]string); ok && len(rows) > 0 {
		return Grid(rows[0], rows[1:]...)
	}
	if g := gridOf(reflect.ValueOf(v)); g != nil {
		return g.bundle()
	}
	return Of(v)
}

// Grid shows rows of text under a line of headings.
func Grid(head []string, rows ...[]string) Bundle {
	return newGrid(head, len(rows), func(i int) []string { return rows[i] }).bundle()
}

// tableOf makes a table of a value that is one by its type. The text of those
// that Go writes in few words stays as Go writes it. ok is false for all else.
func tableOf(v any) (b Bundle, ok bool) {
	list := reflect.ValueOf(v)
	g := gridOf(list)
	if g == nil {
		return b, false
	}
	b = g.bundle()
	if list.Kind() == reflect.Map || isList(list.Type().Elem()) {
		b.Data[MIMEText] = plain(v)
	}
	return b, true
}

// gridOf is v as a table, nil where it is none or has no rows.
func gridOf(v reflect.Value) *grid {
	if !v.IsValid() || v.Kind() != reflect.Map && !isList(v.Type()) || v.Len() == 0 {
		return nil
	}
	if v.Kind() != reflect.Map && v.Type().Elem().Kind() == reflect.Interface {
		if v = alike(v); !v.IsValid() {
			return nil
		}
	}
	elem := v.Type().Elem()
	switch {
	case v.Kind() == reflect.Map:
		return gridOfMap(v)
	case elem.Kind() == reflect.Map:
		return gridOfMaps(v)
	case isList(elem) && elem.Elem().Kind() != reflect.Uint8:
		return gridOfRows(v)
	}
	f := fieldsOf(elem)
	if len(f) == 0 || hasTextType(elem) && !slices.ContainsFunc(f, func(one reflect.StructField) bool { return one.IsExported() }) {
		return nil
	}
	g := newGrid(f.heads(), v.Len(), func(i int) []string { return f.cells(v.Index(i)) })
	g.right = f.numbers()
	return g
}

// alike is a list of interfaces as a list of the structs or maps that all of them
// hold, as decoded JSON does; invalid for all else.
func alike(v reflect.Value) (list reflect.Value) {
	for i := range v.Len() {
		x := v.Index(i).Elem()
		if !x.IsValid() || i > 0 && x.Type() != list.Type().Elem() {
			return reflect.Value{}
		}
		if i == 0 {
			if x.Kind() != reflect.Map && len(fieldsOf(x.Type())) == 0 {
				return reflect.Value{}
			}
			list = reflect.MakeSlice(reflect.SliceOf(x.Type()), v.Len(), v.Len())
		}
		list.Index(i).Set(x)
	}
	return list
}

func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice || t.Kind() == reflect.Array }

// gridOfRows sets a list of lists without headings.
func gridOfRows(v reflect.Value) *grid {
	inner := v.Type().Elem().Elem()
	if k := inner.Kind(); k == reflect.Struct && !hasTextType(inner) || k == reflect.Map || isList(inner) {
		return nil // more than two dimensions
	}
	most := 0
	for i := range v.Len() {
		most = max(most, v.Index(i).Len())
	}
	if most == 0 {
		return nil
	}
	g := newGrid(nil, v.Len(), func(i int) []string {
		row := make([]string, most)
		for j := range v.Index(i).Len() {
			row[j] = cellText(v.Index(i).Index(j))
		}
		return row
	})
	for range most {
		g.right = append(g.right, isNumber(inner))
	}
	return g
}

// gridOfMaps sets a list of maps with a column for each key that one of them has.
func gridOfMaps(v reflect.Value) *grid {
	all := reflect.MakeMap(reflect.MapOf(v.Type().Elem().Key(), reflect.TypeFor[bool]()))
	for i := range v.Len() {
		for _, key := range v.Index(i).MapKeys() {
			all.SetMapIndex(key, reflect.ValueOf(true))
		}
	}
	keys := sortedKeys(all)
	if len(keys) == 0 {
		return nil
	}
	head := make([]string, len(keys))
	var right []bool
	for i, key := range keys {
		head[i] = cellText(key)
		right = append(right, isNumber(v.Type().Elem().Elem()))
	}
	g := newGrid(head, v.Len(), func(i int) []string {
		row := make([]string, len(keys))
		for j, key := range keys {
			row[j] = cellText(v.Index(i).MapIndex(key))
		}
		return row
	})
	g.right = right
	return g
}

// gridOfMap sets keys and values, or keys and the fields of the values.
func gridOfMap(v reflect.Value) *grid {
	keys, f := sortedKeys(v), fieldsOf(v.Type().Elem())
	head, right := []string{"key", "value"}, []bool{isNumber(v.Type().Key()), isNumber(v.Type().Elem())}
	if len(f) > 0 {
		head, right = append([]string{"key"}, f.heads()...), append(right[:1], f.numbers()...)
	}
	g := newGrid(head, len(keys), func(i int) []string {
		value := v.MapIndex(keys[i])
		if len(f) > 0 {
			return append([]string{cellText(keys[i])}, f.cells(value)...)
		}
		return []string{cellText(keys[i]), cellText(value)}
	})
	g.right = right
	return g
}

// fields are the columns of a struct's table.
type fields []reflect.StructField

// fieldsOf is the columns of a type; none unless it is a struct, or a pointer to
// one, with fields for the reader.
func fieldsOf(t reflect.Type) (f fields) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, one := range reflect.VisibleFields(t) {
		if visible(t, one) && !one.Anonymous && one.Tag.Get("table") != "-" && one.Type.PkgPath() != "sync" {
			f = append(f, one)
		}
	}
	return f
}

func (f fields) heads() []string {
	head := make([]string, len(f))
	for i, one := range f {
		if head[i] = one.Tag.Get("table"); head[i] == "" {
			head[i] = one.Name
		}
	}
	return head
}

func (f fields) numbers() []bool {
	right := make([]bool, len(f))
	for i, one := range f {
		right[i] = isNumber(one.Type)
	}
	return right
}

// cells is a row; of a nil pointer there is only that it is nil.
func (f fields) cells(row reflect.Value) []string {
	if row.Kind() == reflect.Pointer {
		if row.IsNil() {
			return slices.Insert(make([]string, len(f)-1), 0, "<nil>")
		}
		row = row.Elem()
	}
	row = addressable(row)
	out := make([]string, len(f))
	for i, one := range f {
		if at, ok := deepField(row, one.Index); ok {
			out[i] = cellText(at)
		}
	}
	return out
}

// deepField follows an index through embedded structs; ok is false where one of
// them is a nil pointer.
func deepField(v reflect.Value, index []int) (reflect.Value, bool) {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = field(v, i)
	}
	return v, true
}

// cellText is a value in a cell: on one line, without the names of types, and
// nothing where there is nothing.
func cellText(v reflect.Value) string {
	p := printer{left: 4 * maxCell, cell: true}
	return p.value(v, 0, true).flat()
}

func isNumber(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	}
	return reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint()
}

// hasTextType tells whether values of t say themselves what their text is.
func hasTextType(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[interface{ String() string }]()) || t.Implements(reflect.TypeFor[error]())
}
