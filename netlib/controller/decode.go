package controller

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
)

// maxProblems is how many faults of one body are told.
const maxProblems = 50

// maxItems bounds one list, so that a short body cannot take much memory.
const maxItems = 500_000

// maxDepth bounds nesting; the deepest value of the API has 8 levels.
const maxDepth = 32

// decode reads a request's body into a T. It is strict: unknown fields and values
// that cannot be read are refused, all at once and each with its path in the form
// of netlib.Problem.Field: edit.segments[dc-web].subnets[0].
func decode[T any](data []byte) (T, error) {
	var v T
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // RFC 8259 section 8.1
	if !json.Valid(data) {
		return v, syntaxError(data)
	}
	d := decoder{}
	if data = bytes.TrimSpace(data); string(data) == "null" {
		d.problem("", "null is not an object", "write {...} with "+strings.Join(fieldNames(reflect.TypeFor[T]()), ", "))
	}
	d.value("", data, reflect.ValueOf(&v).Elem(), 0)
	if len(d.problems) > 0 {
		return v, &netlib.Error{Problems: d.problems}
	}
	return v, nil
}

func syntaxError(data []byte) error {
	p := netlib.Problem{Field: "body", Detail: "empty", Fix: "send one JSON value, as described in /openapi.json"}
	var v any
	var at *json.SyntaxError
	if err := json.Unmarshal(data, &v); errors.As(err, &at) && len(data) > 0 {
		before := data[:min(int(at.Offset), len(data))]
		line := 1 + bytes.Count(before, []byte("\n"))
		p.Detail = fmt.Sprintf("not JSON: line %d, column %d: %v", line, len(before)-bytes.LastIndexByte(before, '\n')-1, err)
	}
	return &netlib.Error{Problems: []netlib.Problem{p}}
}

type decoder struct{ problems []netlib.Problem }

func (d *decoder) problem(path, detail, fix string) {
	if path == "" {
		path = "body"
	}
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, netlib.Problem{Field: strings.TrimPrefix(path, "."), Detail: detail, Fix: fix})
	}
}

// value decodes valid JSON into v, which is settable.
func (d *decoder) value(path string, data []byte, v reflect.Value, depth int) {
	_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
	_, own := v.Addr().Interface().(json.Unmarshaler)
	switch {
	case depth > maxDepth:
		d.problem(path, "nested too deeply", "see the form of the body in /openapi.json")
	case string(data) == "null":
	case text || own:
		d.leaf(path, data, v)
	case v.Kind() == reflect.Struct:
		d.object(path, data, v, depth)
	case v.Kind() == reflect.Slice:
		d.list(path, data, v, depth)
	default:
		d.leaf(path, data, v)
	}
}

func (d *decoder) leaf(path string, data []byte, v reflect.Value) {
	err := json.Unmarshal(data, v.Addr().Interface())
	if err == nil {
		return
	}
	detail := fmt.Sprintf("%s is not %s", short(data), describe(v.Type()))
	if v.Type() == reflect.TypeFor[netlib.RouteTarget]() && data[0] == '"' {
		detail = err.Error() // says more
	}
	d.problem(path, detail, "write "+example(v.Type()))
}

func (d *decoder) object(path string, data []byte, v reflect.Value, depth int) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		d.problem(path, short(data)+" is not an object", "write {...} with "+strings.Join(fieldNames(v.Type()), ", "))
		return
	}
	if name, twice := repeated(data); twice {
		d.problem(path+"."+name, "the field is given twice", "remove one of the two")
	}
	fields := map[string]reflect.Value{}
	collect(v, fields)
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, ok := fields[name]
		if !ok {
			d.problem(path+"."+name, "unknown field", "use one of "+strings.Join(fieldNames(v.Type()), ", "))
			continue
		}
		d.value(path+"."+name, members[name], f, depth+1)
	}
}

// repeated finds a name that a JSON object, known to be valid, has twice.
func repeated(data []byte) (name string, twice bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	_, _ = dec.Token() // the opening brace
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return "", false
		}
		if seen[name] {
			return name, true
		}
		seen[name] = true
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return "", false
		}
	}
	return "", false
}

// collect maps the JSON names of v's fields, also of embedded structs.
func collect(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			collect(v.Field(i), into)
		case name != "" && name != "-" && f.IsExported():
			into[name] = v.Field(i)
		}
	}
}

func fieldNames(t reflect.Type) []string {
	fields := map[string]reflect.Value{}
	collect(reflect.New(t).Elem(), fields)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *decoder) list(path string, data []byte, v reflect.Value, depth int) {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		d.problem(path, short(data)+" is not a list", "write [...]")
		return
	}
	if len(items) > maxItems {
		d.problem(path, fmt.Sprintf("%d items", len(items)), fmt.Sprintf("send at most %d at once", maxItems))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(path+"["+element(item, i)+"]", item, v.Index(i), depth+1)
	}
}

// element is how a path names an item of a list: by its name, else by its index.
func element(item json.RawMessage, i int) string {
	var named struct {
		Name string `json:"name"`
	}
	if len(item) > 0 && item[0] == '{' && json.Unmarshal(item, &named) == nil && named.Name != "" {
		return named.Name
	}
	return fmt.Sprint(i)
}

func short(data []byte) string {
	if len(data) > 40 {
		return string(data[:40]) + "..."
	}
	return string(data)
}

// describe and example say what a value of a type looks like.
func describe(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t == reflect.TypeFor[netip.Prefix]():
		return "a prefix"
	case t == reflect.TypeFor[netip.Addr]():
		return "an address"
	case t == reflect.TypeFor[netlib.RouteTarget]():
		return "a route target"
	case t == reflect.TypeFor[time.Time]():
		return "a time"
	case t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "a string"
	}
	switch t.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
	}
	return "a whole number"
}

func example(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[netip.Prefix]():
		return `an address and its length, for example "10.0.11.0/24"`
	case reflect.TypeFor[netip.Addr]():
		return `an address, for example "10.0.11.3"`
	case reflect.TypeFor[netlib.RouteTarget]():
		return `ASN:NUMBER, for example "64512:201"`
	case reflect.TypeFor[time.Duration]():
		return "a duration in nanoseconds, for example 1000000000 for a second"
	case reflect.TypeFor[time.Time]():
		return `a time, for example "2026-01-02T15:04:05Z"`
	}
	return describe(t)
}
