package interp

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
)

// Bounds of what is shown of values.
const (
	maxText     = 2000   // bytes of a text that stands alone
	maxInner    = 64     // bytes of a text within another value
	maxPreview  = 240    // bytes of a value made of others, about
	maxItems    = 16     // items of it
	maxLevels   = 3      // levels of it
	pageItems   = 100    // children in one page
	maxMapItems = 10_000 // entries of a map that are looked at
)

const cutMark = dap.CutMark

// viewer writes values as text and lists what they are made of. It reads them where
// they are: whoever uses it sees to it that nobody writes meanwhile.
type viewer struct {
	// tell asks a value for its own text, by String or Error.
	tell func(v reflect.Value) (text string, ok bool)
	// closed says why maps cannot be walked, empty where they can.
	closed string
}

// child is one part of a value.
type child struct {
	name  string
	expr  string // Go expression for it, empty where there is none
	value reflect.Value
}

// preview is the text of a value.
func (w *viewer) preview(v reflect.Value) string {
	p := &previewer{viewer: w}
	p.write(v, 0)
	return p.String()
}

type previewer struct {
	*viewer
	strings.Builder
}

func (p *previewer) full() bool { return p.Len() > maxPreview }

func (p *previewer) write(v reflect.Value, depth int) {
	if !v.IsValid() {
		p.WriteString("nil")
		return
	}
	if text, ok := p.tell(v); ok {
		p.WriteString(cutText(text, textLimit(depth)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		p.text(v.String(), depth)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		p.opaque(v)
	case reflect.Pointer:
		p.pointer(v, depth)
	case reflect.Interface:
		p.dynamic(v, depth)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		p.composite(v, depth)
	default:
		p.WriteString(scalar(v))
	}
}

// scalar is a number or a bool as text. Package fmt would call its methods.
func scalar(v reflect.Value) string {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.Kind() == reflect.Uintptr:
		return fmt.Sprintf("%#x", v.Uint())
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.CanFloat():
		return fmt.Sprint(v.Float())
	case v.CanComplex():
		return fmt.Sprint(v.Complex())
	}
	return strconv.FormatBool(v.Bool())
}

func (p *previewer) text(s string, depth int) {
	limit := textLimit(depth)
	if len(s) <= limit {
		p.WriteString(strconv.Quote(s))
		return
	}
	quoted := strconv.Quote(cutText(s, limit))
	p.WriteString(quoted)
	fmt.Fprintf(p, " (%d bytes)", len(s))
}

// cutText cuts s after limit bytes, between two characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return cut(s, limit) + cutMark
}

// textLimit is how many bytes of a text are shown.
func textLimit(depth int) int {
	if depth == 0 {
		return maxText
	}
	return maxInner
}

func (p *previewer) opaque(v reflect.Value) {
	switch {
	case v.IsNil():
		p.WriteString("nil")
	case v.Kind() == reflect.Chan:
		fmt.Fprintf(p, "len %d cap %d", v.Len(), v.Cap())
	case v.Kind() == reflect.Func:
		p.WriteString("{…}")
	default:
		fmt.Fprintf(p, "%#x", v.Pointer())
	}
}

func (p *previewer) pointer(v reflect.Value, depth int) {
	switch {
	case v.IsNil():
		p.WriteString("nil")
	case depth >= maxLevels:
		fmt.Fprintf(p, "%#x", v.Pointer())
	default:
		p.WriteString("&")
		p.write(v.Elem(), depth+1)
	}
}

func (p *previewer) dynamic(v reflect.Value, depth int) {
	if v.IsNil() {
		p.WriteString("nil")
		return
	}
	inner := addressable(v.Elem())
	p.WriteString(typeText(inner.Type()) + " ")
	p.write(inner, depth)
}

// composite writes slices, arrays, maps and structs.
func (p *previewer) composite(v reflect.Value, depth int) {
	kind := v.Kind()
	if (kind == reflect.Slice || kind == reflect.Map) && v.IsNil() {
		p.WriteString("nil")
		return
	}
	if bytes, ok := bytesOf(v); ok {
		p.bytes(bytes, v.Len(), depth)
		return
	}
	open, end := "{", "}"
	if kind != reflect.Struct {
		fmt.Fprintf(p, "len %d ", v.Len())
	}
	if kind == reflect.Slice || kind == reflect.Array {
		open, end = "[", "]"
	}
	if kind == reflect.Map && p.closed != "" {
		fmt.Fprintf(p, "(%s)", p.closed)
		return
	}
	p.WriteString(open)
	if depth >= maxLevels {
		p.WriteString(cutMark)
	} else {
		p.items(v, depth)
	}
	p.WriteString(end)
}

func (p *previewer) items(v reflect.Value, depth int) {
	for i, c := range p.parts(v, "", 0, maxItems+1) {
		if i > 0 {
			p.WriteString(", ")
		}
		if i == maxItems || p.full() {
			p.WriteString(cutMark)
			return
		}
		if v.Kind() == reflect.Struct || v.Kind() == reflect.Map {
			p.WriteString(c.name + ": ")
		}
		p.write(c.value, depth+1)
	}
}

// bytesOf are the first bytes of a slice or array of bytes.
func bytesOf(v reflect.Value) ([]byte, bool) {
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array || v.Type().Elem().Kind() != reflect.Uint8 {
		return nil, false
	}
	b := make([]byte, min(v.Len(), maxText))
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	return b, true
}

func (p *previewer) bytes(b []byte, length, depth int) {
	fmt.Fprintf(p, "len %d ", length)
	limit := textLimit(depth)
	text := strings.ToValidUTF8(string(b[:min(len(b), limit)]), "")
	if utf8.Valid(b) || length > len(b) && len(b)-len(text) < utf8.UTFMax {
		p.WriteString(strconv.Quote(text))
	} else {
		fmt.Fprintf(p, "% x", b[:min(len(b), limit/3)])
	}
	if length > limit {
		p.WriteString(cutMark)
	}
}

// typeText is the name of a type as the user wrote it.
func typeText(t reflect.Type) string {
	return strings.ReplaceAll(ownNames(plain(t.String())), "interface {}", "any")
}

// addressable is v at a place of its own, if it has none and can be copied.
func addressable(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.CanAddr() || !v.CanInterface() {
		return v
	}
	p := reflect.New(v.Type()).Elem()
	p.Set(v)
	return p
}

// inner is what v stands for: the value in an interface, the struct or array behind
// a pointer.
func inner(v reflect.Value, expr string) (reflect.Value, string) {
	for v.IsValid() {
		switch {
		case v.Kind() == reflect.Interface && !v.IsNil():
			v = addressable(v.Elem())
			if expr != "" {
				expr += ".(" + typeText(v.Type()) + ")"
			}
		case v.Kind() == reflect.Pointer && !v.IsNil() && (v.Elem().Kind() == reflect.Struct || v.Elem().Kind() == reflect.Array):
			v = v.Elem()
		default:
			return v, expr
		}
	}
	return v, expr
}

// count is how many parts v has: fields or items.
func (w *viewer) count(v reflect.Value) (named, indexed int) {
	v, _ = inner(v, "")
	if !v.IsValid() {
		return 0, 0
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if shownField(v.Type().Field(i)) {
				named++
			}
		}
	case reflect.Slice, reflect.Array:
		if _, ok := bytesOf(v); !ok {
			indexed = v.Len()
		}
	case reflect.Map:
		if w.closed == "" {
			indexed = v.Len()
		}
	case reflect.Pointer:
		if !v.IsNil() {
			named = 1
		}
	}
	return named, indexed
}

// shownField tells the fields that are shown: those that code of a cell could
// read. What a library keeps to itself its own goroutines may be writing.
func shownField(f reflect.StructField) bool {
	return f.Name != "_" && !strings.Contains(f.Name, mark) && (f.IsExported() || f.PkgPath == "main")
}

// isMap tells values whose parts are a map's entries.
func (w *viewer) isMap(v reflect.Value) bool {
	v, _ = inner(v, "")
	return v.IsValid() && v.Kind() == reflect.Map
}

// parts lists at most limit parts of v, the first of them being number start.
// Negative limit: all.
func (w *viewer) parts(v reflect.Value, expr string, start, limit int) []child {
	v, expr = inner(v, expr)
	if !v.IsValid() {
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return page(fields(addressable(v), expr), start, limit)
	case reflect.Slice, reflect.Array:
		return items(addressable(v), expr, start, limit)
	case reflect.Map:
		if w.closed != "" {
			return nil
		}
		return w.entries(v, expr, start, limit)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if expr != "" {
			expr = "*" + expr
		}
		return []child{{name: "*", expr: expr, value: v.Elem()}}
	}
	return nil
}

func page[T any](all []T, start, limit int) []T {
	all = all[min(max(start, 0), len(all)):]
	if limit >= 0 && limit < len(all) {
		all = all[:limit]
	}
	return all
}

func fields(v reflect.Value, expr string) []child {
	var all []child
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !shownField(f) {
			continue
		}
		c := child{name: f.Name, value: v.Field(i)}
		if v.CanAddr() {
			c.value = reflect.NewAt(f.Type, v.Field(i).Addr().UnsafePointer()).Elem()
		}
		if expr != "" {
			c.expr = operand(expr) + "." + f.Name
		}
		all = append(all, c)
	}
	return all
}

// operand is expr as it can stand before a selector or an index.
func operand(expr string) string {
	if strings.HasPrefix(expr, "*") {
		return "(" + expr + ")"
	}
	return expr
}

func items(v reflect.Value, expr string, start, limit int) []child {
	start = max(start, 0)
	end := v.Len()
	if limit >= 0 && limit < end-start {
		end = start + limit
	}
	var all []child
	for i := start; i < end; i++ {
		name := "[" + strconv.Itoa(i) + "]"
		c := child{name: name, value: v.Index(i)}
		if expr != "" {
			c.expr = operand(expr) + name
		}
		all = append(all, c)
	}
	return all
}

// entries lists a map's entries by key. Of a huge map it takes what comes first.
func (w *viewer) entries(v reflect.Value, expr string, start, limit int) []child {
	type entry struct{ key, value reflect.Value }
	var found []entry
	for it := v.MapRange(); len(found) < maxMapItems && it.Next(); {
		found = append(found, entry{addressable(it.Key()), addressable(it.Value())})
	}
	slices.SortStableFunc(found, func(a, b entry) int { return compareKeys(a.key, b.key) })
	var all []child
	for _, e := range page(found, start, limit) {
		name := w.preview(e.key)
		c := child{name: cutText(name, 2*maxInner), value: e.value}
		if expr != "" && isLiteral(e.key) {
			c.expr = operand(expr) + "[" + literal(e.key) + "]"
		}
		all = append(all, c)
	}
	return all
}

// compareKeys orders keys of basic types as Go does, others as they come.
func compareKeys(a, b reflect.Value) int {
	for a.Kind() == reflect.Interface && b.Kind() == reflect.Interface {
		a, b = a.Elem(), b.Elem()
	}
	if !a.IsValid() || !b.IsValid() || a.Kind() != b.Kind() {
		return 0
	}
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	}
	return 0
}

func isLiteral(key reflect.Value) bool {
	return key.CanInt() || key.CanUint() || key.Kind() == reflect.String && key.Len() <= maxInner || key.Kind() == reflect.Bool
}

func literal(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return strconv.Quote(key.String())
	}
	return scalar(key)
}
