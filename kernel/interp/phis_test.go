package interp_test

import "testing"

// TestVariablesAtOnce runs loops whose local variables take each other's values.
func TestVariablesAtOnce(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"`)
	for _, c := range []struct{ code, want string }{
		{`func() (int, int) { a, b := 1, 2; for range 3 { a, b = b, a }; return a, b }()`, "2 1"},
		{`func() (int, int) { a, b := 1, 2; for i := 0; i < 4; i++ { b, a = a, b }; return a, b }()`, "1 2"},
		{`func() (string, string, string) { a, b, c := "a", "b", "c"; for range 4 { a, b, c = b, c, a }; return a, b, c }()`, "b c a"},
		{`func() (a, b, c, d int) { a, b, c, d = 1, 2, 3, 4; for range 3 { a, b, c, d = d, c, b, c }; return }()`, "2 3 2 3"},
		{`func() (int, int) { x, last := 5, -1; for i := 0; i < 3; i++ { last = x; x = i }; return x, last }()`, "2 1"},
		{`func() (a, b int) {
	a, b = 1, 2
	for i := range 5 {
		if i == 1 { continue }
		if i%2 == 0 { a, b = b, a } else { a, b = b, b }
	}
	return
}()`, "2 2"},
		{`func() (x, y int) {
	n := 3
	x, y = 1, 2
again:
	if n > 0 { n--; x, y = y, x; goto again }
	return
}()`, "2 1"},
	} {
		if got := s.ok(c.code); got != c.want {
			t.Errorf("%s\n\tis %s, want %s", c.code, got, c.want)
		}
	}
}
