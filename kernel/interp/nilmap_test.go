package interp_test

import "testing"

// TestNilInMaps checks that a nil interface is an element and a key like any other.
func TestNilInMaps(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
var none error
func put[K comparable, V any](m map[K]V, k K, v V) { m[k] = v }`)
	for _, c := range []struct{ code, want string }{
		{`fmt.Sprint(map[string]any{"a": nil, "b": []any{map[string]any{"c": nil}}})`, "map[a:<nil> b:[map[c:<nil>]]]"},
		{`m := map[string]any{"a": 1, "b": 2}
m["a"] = nil
m["b"], m["c"] = nil, nil
fmt.Sprint(m)`, "map[a:<nil> b:<nil> c:<nil>]"},
		{`e := map[int]error{1: none}
e[2] = none
v, ok := e[2]
fmt.Sprint(len(e), v, ok)`, "2 <nil> true"},
		{`g := map[string]any{}
put(g, "a", nil)
put[string, any](g, "b", nil)
fmt.Sprint(g)`, "map[a:<nil> b:<nil>]"},
		{`k := map[any]int{nil: 3, 1: 4}
k[nil]++
fmt.Sprint(k[nil], k[1], len(k))`, "4 4 2"},
		{`x, ok1 := k[nil]
delete(k, nil)
y, ok2 := k[nil]
z, ok3 := k[1]
fmt.Sprint(x, ok1, y, ok2, z, ok3, k[nil], len(k))`, "4 true 0 false 4 true 0 1"},
		{`byError := map[error]string{none: "fine"}
w, ok4 := byError[none]
fmt.Sprintln(w, ok4, byError[none])`, "fine true fine\n"},
		{`_, ok5 := map[any]any{nil: nil}[nil]
u, ok6 := map[any]any(nil)[nil]
fmt.Sprint(ok5, u, ok6)`, "true <nil> false"},
		{`func() (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	var empty map[string]any
	empty["a"] = nil
	return ""
}()`, "assignment to entry in nil map"},
	} {
		if got := s.ok(c.code); got != c.want {
			t.Errorf("%s\n\tis %s, want %s", c.code, got, c.want)
		}
	}
}
