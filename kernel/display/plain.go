package display

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a value's text: a cell's result is for reading.
const (
	maxDepth = 6         // levels of nesting
	maxItems = 1000      // elements of one slice or map
	maxText  = 256 << 10 // bytes in all
	maxDump  = 256       // bytes of a dump

	maxResult = 1 << 20 // bytes of what a value says of itself
)

// plain returns v as text in Go's notation: what its String or Error method
// says, where it has one, else its fields and elements. What does not fit into
// a line is set on lines of their own.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.RawMessage:
		return string(v)
	}
	p := printer{left: maxText}
	var b strings.Builder
	p.value(reflect.ValueOf(v), 0, true).layout(&b, 0)
	return b.String()
}

// printer makes nodes of values. Each value is looked at once; a text that has
// used up its bytes ends in "...".
type printer struct {
	left int
	path []uintptr // the pointers and maps that lead to the present value
	cell bool      // in a table's cell: no type names, no quotes, nothing for nil
}

// value is v as a node; bare is set where the surroundings tell its type.
func (p *printer) value(v reflect.Value, depth int, bare bool) node {
	if !v.IsValid() {
		return p.none()
	}
	if p.left <= 0 {
		return node{text: "..."}
	}
	if isNilPointer(v) {
		return p.none()
	}
	text, failed, ok := p.said(v)
	if ok {
		return p.leaf(text)
	}
	n := p.parts(v, depth, bare)
	if failed != "" {
		n.shut += " (" + failed + ")"
	}
	return n
}

// parts is v by its kind, whatever its methods say.
func (p *printer) parts(v reflect.Value, depth int, bare bool) node {
	switch v.Kind() {
	case reflect.Interface:
		return p.value(v.Elem(), depth, false)
	case reflect.Pointer:
		return p.pointer(v, depth)
	case reflect.Struct:
		if held, ok := atomicValue(v); ok {
			return p.value(held, depth, bare)
		}
		return p.structure(v, depth, bare)
	case reflect.Slice, reflect.Array:
		if b, ok := bytesOf(v); ok {
			return p.bytes(b, v.Kind() == reflect.Slice, depth)
		}
		return p.list(v, depth)
	case reflect.Map:
		return p.mapping(v, depth)
	case reflect.String:
		if depth == 0 || p.cell {
			return p.leaf(v.String())
		}
		return p.leaf(strconv.Quote(v.String()))
	case reflect.Chan:
		return p.leaf(channel(v))
	case reflect.Func, reflect.UnsafePointer:
		return p.leaf(v.Type().String())
	case reflect.Float32, reflect.Float64:
		if p.cell {
			return p.leaf(number(v.Float(), v.Type().Bits()))
		}
	}
	return p.leaf(fmt.Sprint(v))
}

func (p *printer) leaf(text string) node {
	p.left -= len(text)
	return node{text: text}
}

func (p *printer) none() node {
	if p.cell {
		return node{}
	}
	return p.leaf("<nil>")
}

// said is what v says of itself; ok is false where it says nothing, and failed
// names the method that panicked.
func (p *printer) said(v reflect.Value) (text, failed string, ok bool) {
	if !v.CanInterface() || v.Kind() == reflect.Interface {
		return "", "", false
	}
	var name string
	var say func() string
	switch x := v.Interface().(type) {
	case time.Time:
		return p.moment(x), "", true
	case fmt.Formatter:
		return fmt.Sprintf("%v", x), "", true
	case error:
		name, say = "Error", x.Error
	case fmt.Stringer:
		if valid, has := x.(interface{ IsValid() bool }); p.cell && has && !valid.IsValid() {
			return "", "", true
		}
		name, say = "String", x.String
	default:
		return "", "", false
	}
	failed = try(name, func() { text = say() })
	return text, failed, failed == ""
}

// moment is t without the reading of the monotonic clock, which no person needs.
func (p *printer) moment(t time.Time) string {
	switch {
	case !p.cell:
		return t.Round(0).String()
	case t.IsZero():
		return ""
	}
	return t.Format("2006-01-02 15:04:05.999Z07:00")
}

func (p *printer) pointer(v reflect.Value, depth int) node {
	if depth >= maxDepth || slices.Contains(p.path, v.Pointer()) {
		return p.leaf("&...")
	}
	defer p.enter(v)()
	n := p.value(v.Elem(), depth+1, false)
	if !p.cell {
		n.text = "&" + n.text
	}
	return n
}

// enter notes that the values to come lie below v, until leave is called.
func (p *printer) enter(v reflect.Value) (leave func()) {
	p.path = append(p.path, v.Pointer())
	return func() { p.path = p.path[:len(p.path)-1] }
}

func (p *printer) structure(v reflect.Value, depth int, bare bool) node {
	n := node{open: "{", shut: "}", sep: ", "}
	if (!bare || depth == 0) && !p.cell {
		n.text = v.Type().String()
	}
	switch {
	case v.Type().PkgPath() == "sync":
		return n // a lock's insides are for nobody
	case depth >= maxDepth && v.NumField() > 0:
		n.items = []node{p.leaf("...")}
		return n
	}
	v = addressable(v)
	for i := range v.NumField() {
		if p.cell && !visible(v.Type(), v.Type().Field(i)) {
			continue
		}
		n.add(p.named(v.Type().Field(i).Name+": ", field(v, i), depth+1, false))
	}
	return n
}

// atomicValue is what an atomic.Int64 and its like hold.
func atomicValue(v reflect.Value) (held reflect.Value, ok bool) {
	if v.Type().PkgPath() != "sync/atomic" || !v.CanAddr() || !v.CanInterface() {
		return v, false
	}
	load := v.Addr().MethodByName("Load")
	if !load.IsValid() {
		return v, false
	}
	return load.Call(nil)[0], true
}

// sessionPackage is the package of the types that cells declare. Their unexported
// fields are the reader's own, and shown as the exported ones are.
const sessionPackage = "main"

// visible tells whether a field of a struct type t is for the reader.
func visible(t reflect.Type, f reflect.StructField) bool {
	return f.IsExported() || t.PkgPath() == sessionPackage
}

// addressable is v, or a copy of it whose fields have addresses.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() || !v.CanInterface() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// field is v's i-th field, with its methods also where a cell declared it
// unexported.
func field(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	if !f.CanInterface() && f.CanAddr() && v.Type().PkgPath() == sessionPackage {
		return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
	}
	return f
}

// named is a value behind the name of a field or the key of a map.
func (p *printer) named(name string, v reflect.Value, depth int, bare bool) node {
	p.left -= len(name)
	item := p.value(v, depth, bare)
	item.text = name + item.text
	return item
}

func (p *printer) list(v reflect.Value, depth int) node {
	n := node{open: "[", shut: "]", sep: " ", fill: true}
	if p.cell {
		n.sep = ", "
		if depth == 0 {
			n.open, n.shut = "", ""
		}
	}
	for i := range v.Len() {
		if i == maxItems || depth >= maxDepth || p.left <= 0 {
			n.add(node{text: fmt.Sprintf("... %d more", v.Len()-i)})
			break
		}
		n.add(p.value(v.Index(i), depth+1, true))
	}
	return n
}

func (p *printer) mapping(v reflect.Value, depth int) node {
	n := node{text: "map", open: "[", shut: "]", sep: " "}
	between := ":"
	if p.cell {
		n = node{open: "{", shut: "}", sep: ", "}
		between = ": "
		if depth == 0 {
			n.open, n.shut = "", ""
		}
	}
	if v.Len() > 0 && (depth >= maxDepth || slices.Contains(p.path, v.Pointer())) {
		n.items = []node{p.leaf(fmt.Sprintf("... %d more", v.Len()))}
		return n
	}
	defer p.enter(v)()
	for i, key := range sortedKeys(v) {
		if i == maxItems || p.left <= 0 {
			n.add(node{text: fmt.Sprintf("... %d more", v.Len()-i)})
			break
		}
		name := p.value(key, depth+1, true).flat() + between
		n.add(p.named(name, v.MapIndex(key), depth+1, true))
	}
	return n
}

// sortedKeys are a map's keys, numbers by size, all others by their text.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	switch k := m.Type().Key(); {
	case k.Kind() == reflect.String:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	case reflect.Zero(k).CanInt():
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) })
	case reflect.Zero(k).CanUint():
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Uint(), b.Uint()) })
	case reflect.Zero(k).CanFloat():
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Float(), b.Float()) })
	default:
		text := make([]string, len(keys))
		order := make([]int, len(keys))
		for i, key := range keys {
			p := printer{left: maxDump}
			text[i], order[i] = p.value(key, 1, true).flat(), i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(text[a], text[b]) })
		sorted := make([]reflect.Value, len(keys))
		for i, at := range order {
			sorted[i] = keys[at]
		}
		return sorted
	}
	return keys
}

// bytes is text where all of it can be read, else a dump: addresses, hexadecimal
// digits and characters.
func (p *printer) bytes(b []byte, slice bool, depth int) node {
	switch {
	case readable(b) && p.cell:
		return p.leaf(string(b))
	case readable(b) && slice:
		shown := b[:min(len(b), p.left)]
		text := fmt.Sprintf("[]byte(%q)", shown)
		if cut := len(b) - len(shown); cut > 0 {
			text += fmt.Sprintf(" ... %d more", cut)
		}
		return p.leaf(text)
	}
	shown := b[:min(len(b), maxDump)]
	more := ""
	if cut := len(b) - len(shown); cut > 0 {
		more = fmt.Sprintf(" ... %d more", cut)
	}
	if depth > 0 || p.cell {
		return p.leaf(fmt.Sprintf("% x", shown) + more)
	}
	return p.leaf(fmt.Sprintf("%d bytes\n%s", len(b), strings.TrimRight(hex.Dump(shown), "\n")) + more)
}

// bytesOf is the content of a slice or array of bytes.
func bytesOf(v reflect.Value) ([]byte, bool) {
	if v.Type().Elem().Kind() != reflect.Uint8 || v.Type().Elem().NumMethod() > 0 {
		return nil, false
	}
	if v.Kind() == reflect.Slice {
		return v.Bytes(), true
	}
	b := make([]byte, v.Len())
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	return b, true
}

// readable tells whether b is text without control characters other than white
// space.
func readable(b []byte) bool {
	return utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) < 0
}

func channel(v reflect.Value) string {
	text := v.Type().String()
	if v.Cap() > 0 {
		text += fmt.Sprintf(" (%d of %d waiting)", v.Len(), v.Cap())
	}
	return text
}

func isNilPointer(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return v.IsNil()
	}
	return false
}

// number is f with as many digits as people read: integers whole, others with
// six digits that count and at least two behind the point.
func number(f float64, bits int) string {
	size := max(f, -f)
	switch {
	case math.IsNaN(f) || size > 1e15 || size != 0 && size < 1e-4:
		return strconv.FormatFloat(f, 'g', 6, bits)
	case f == float64(int64(f)):
		return strconv.FormatFloat(f, 'f', 0, bits)
	}
	digits := 6
	if size != 0 {
		digits = max(2, 5-int(math.Floor(math.Log10(size))))
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(f, 'f', digits, bits), "0"), ".")
}
