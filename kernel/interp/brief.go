package interp

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// briefDepth and briefItems bound how far a value is looked into for a line of text.
const (
	briefDepth = 3
	briefItems = 20
)

// brief is a value on one line of at most limit characters. It calls no method of
// the value, save those of the standard library: a question about a value must not
// run code of cells.
func brief(v reflect.Value, limit int) string {
	var b strings.Builder
	writeBrief(&b, v, 0, limit)
	text := strings.Join(strings.Fields(b.String()), " ")
	return ellipsis(text, limit)
}

// ellipsis is text of at most limit characters, which ends in "..." where that is not
// all.
func ellipsis(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-3]) + "..."
}

func writeBrief(b *strings.Builder, v reflect.Value, depth, limit int) {
	if b.Len() > 2*limit {
		return
	}
	if text, ok := ownText(v); ok {
		b.WriteString(text)
		return
	}
	switch v.Kind() {
	case reflect.Invalid:
		b.WriteString("nil")
	case reflect.String:
		b.WriteString(strconv.Quote(cut(v.String(), limit)))
	case reflect.Pointer, reflect.Interface:
		switch {
		case v.IsNil():
			b.WriteString("nil")
		case depth >= briefDepth:
			b.WriteString("...")
		default:
			if v.Kind() == reflect.Pointer {
				b.WriteByte('&')
			}
			writeBrief(b, v.Elem(), depth+1, limit)
		}
	case reflect.Slice, reflect.Array, reflect.Map:
		briefElements(b, v, depth, limit)
	case reflect.Struct:
		if depth >= briefDepth && v.NumField() > 0 {
			b.WriteString("{...}")
			return
		}
		briefFields(b, v, depth, limit)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if v.IsNil() {
			b.WriteString("nil")
		} else if v.Kind() == reflect.Chan {
			fmt.Fprintf(b, "%d of %d waiting", v.Len(), v.Cap())
		} else {
			b.WriteString(v.Kind().String())
		}
	default:
		fmt.Fprint(b, v)
	}
}

// briefFields writes the fields that code of cells could read, and "..." for others.
func briefFields(b *strings.Builder, v reflect.Value, depth, limit int) {
	all := page(fields(addressable(v), ""), 0, briefItems)
	b.WriteByte('{')
	for i, f := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.name + ": ")
		writeBrief(b, f.value, depth+1, limit)
	}
	if len(all) < v.NumField() {
		if len(all) > 0 {
			b.WriteString(", ")
		}
		b.WriteString("...")
	}
	b.WriteByte('}')
}

func briefElements(b *strings.Builder, v reflect.Value, depth, limit int) {
	switch {
	case v.Kind() != reflect.Array && v.IsNil():
		b.WriteString("nil")
		return
	case depth >= briefDepth:
		b.WriteString("...")
		return
	}
	var parts []string
	one := func(v reflect.Value) string {
		var b strings.Builder
		writeBrief(&b, v, depth+1, limit)
		return b.String()
	}
	if v.Kind() == reflect.Map {
		for it := v.MapRange(); it.Next() && len(parts) < 10*briefItems; {
			parts = append(parts, one(it.Key())+": "+one(it.Value()))
		}
		slices.Sort(parts)
	} else {
		for i := range min(v.Len(), briefItems) {
			parts = append(parts, one(v.Index(i)))
		}
	}
	if len(parts) > briefItems || len(parts) < v.Len() {
		parts = append(parts[:min(len(parts), briefItems)], "...")
	}
	opening, closing := "[", "]"
	if v.Kind() == reflect.Map {
		opening, closing = "{", "}"
	}
	b.WriteString(opening + strings.Join(parts, ", ") + closing)
}

// ownText is what values of the standard library say of themselves: times,
// addresses, numbers of any size, errors.
func ownText(v reflect.Value) (text string, ok bool) {
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "time", "net", "net/netip", "net/url", "math/big", "errors", "fmt", "io/fs":
	default:
		return "", false
	}
	defer func() {
		if recover() != nil { // a value that was not set up
			text, ok = "", false
		}
	}()
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Round(0).String(), true // without the reading of the monotonic clock
	case error:
		return x.Error(), true
	case fmt.Stringer:
		return x.String(), true
	}
	return "", false
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// size tells how much is in v, empty where that is no question.
func size(v reflect.Value) string {
	switch v = settled(v); v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return strconv.Itoa(v.Len())
	case reflect.String:
		return strconv.Itoa(v.Len()) + " B"
	}
	return ""
}
