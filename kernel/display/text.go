package display

import (
	"encoding/json"
	"fmt"
	"html"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a value's text: a cell's result is for reading.
const (
	maxDepth = 6       // levels of nesting
	maxItems = 1000    // elements of one slice or map
	maxText  = 1 << 20 // bytes in all
)

// plain returns v as text in Go's notation: what its String or Error method
// says, where it has one, else its fields and elements.
func plain(v any) (text string) {
	switch v := v.(type) {
	case string:
		return v
	case json.RawMessage:
		return string(v)
	case []byte:
		if utf8.Valid(v) {
			return fmt.Sprintf("[]byte(%q)", v[:min(len(v), maxItems)])
		}
		return fmt.Sprintf("[]byte, %d bytes", len(v))
	}
	p := printer{}
	p.value(reflect.ValueOf(v), 0, true)
	return p.b.String()
}

// printer writes values; bare is set where the surroundings tell the type.
type printer struct{ b strings.Builder }

func (p *printer) value(v reflect.Value, depth int, bare bool) {
	if !v.IsValid() {
		p.b.WriteString("<nil>")
		return
	}
	if p.b.Len() > maxText {
		return
	}
	if p.method(v) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		p.value(v.Elem(), depth, false)
	case reflect.Pointer:
		if v.IsNil() {
			p.b.WriteString("<nil>")
		} else if depth >= maxDepth {
			p.b.WriteString("&...")
		} else {
			p.b.WriteByte('&')
			p.value(v.Elem(), depth+1, false)
		}
	case reflect.Struct:
		p.structure(v, depth, bare)
	case reflect.Slice, reflect.Array:
		p.list(v, depth)
	case reflect.Map:
		p.mapping(v, depth)
	case reflect.String:
		if depth == 0 {
			p.b.WriteString(v.String())
		} else {
			p.b.WriteString(strconv.Quote(v.String()))
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		p.b.WriteString(v.Type().String())
	default:
		fmt.Fprint(&p.b, v)
	}
}

// method writes what v says of itself; false where it says nothing. fmt guards
// against methods that panic.
func (p *printer) method(v reflect.Value) bool {
	if !v.CanInterface() || v.Kind() == reflect.Interface {
		return false
	}
	switch v.Interface().(type) {
	case error, fmt.Stringer:
		fmt.Fprintf(&p.b, "%v", v.Interface())
		return true
	}
	return false
}

func (p *printer) structure(v reflect.Value, depth int, bare bool) {
	if !bare || depth == 0 {
		p.b.WriteString(v.Type().String())
	}
	p.b.WriteByte('{')
	if depth >= maxDepth && v.NumField() > 0 {
		p.b.WriteString("...")
	} else {
		for i := range v.NumField() {
			if i > 0 {
				p.b.WriteString(", ")
			}
			p.b.WriteString(v.Type().Field(i).Name + ": ")
			p.value(v.Field(i), depth+1, false)
		}
	}
	p.b.WriteByte('}')
}

func (p *printer) list(v reflect.Value, depth int) {
	p.b.WriteByte('[')
	for i := range v.Len() {
		if i == maxItems || depth >= maxDepth {
			fmt.Fprintf(&p.b, " ... %d more", v.Len()-i)
			break
		}
		if i > 0 {
			p.b.WriteByte(' ')
		}
		p.value(v.Index(i), depth+1, true)
	}
	p.b.WriteByte(']')
}

func (p *printer) mapping(v reflect.Value, depth int) {
	if depth >= maxDepth {
		fmt.Fprintf(&p.b, "map[... %d entries]", v.Len())
		return
	}
	entries := make([]string, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		var entry printer
		entry.value(iter.Key(), depth+1, true)
		entry.b.WriteByte(':')
		entry.value(iter.Value(), depth+1, true)
		entries = append(entries, entry.b.String())
	}
	slices.Sort(entries)
	if cut := len(entries) - maxItems; cut > 0 {
		entries = append(entries[:maxItems], fmt.Sprintf("... %d more", cut))
	}
	p.b.WriteString("map[" + strings.Join(entries, " ") + "]")
}

var (
	invisible = regexp.MustCompile(`(?is)<(style|script)\b.*?</(style|script)>`)
	lineEnd   = regexp.MustCompile(`(?i)<(br|/p|/div|/tr|/h[1-6]|/li|/table)\b[^>]*>`)
	cellEnd   = regexp.MustCompile(`(?i)</t[dh]>`)
	tag       = regexp.MustCompile(`(?s)<[^>]*>`)
	blankRun  = regexp.MustCompile(`\n\s*\n+`)
)

// textOfHTML returns the words of an HTML text, for readers without a browser.
func textOfHTML(s string) string {
	s = invisible.ReplaceAllString(s, "")
	s = lineEnd.ReplaceAllString(s, "\n")
	s = cellEnd.ReplaceAllString(s, "  ")
	s = html.UnescapeString(tag.ReplaceAllString(s, ""))
	return strings.TrimSpace(blankRun.ReplaceAllString(s, "\n"))
}
