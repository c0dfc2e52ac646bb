package interp_test

import "testing"

func TestStateAcrossCells(t *testing.T) {
	s := newSession(t)
	for _, c := range [][2]string{
		{"1+1", "2"},
		{"x := 40\ny := x + 2\ny", "42"},
		{"x += 5; x", "45"},
		{"func inc() int { x++; return x }\ninc()", "46"},
		{"x := 7\ninc()", "8"},
	} {
		if got := s.ok(c[0]); got != c[1] {
			t.Errorf("%s = %q, want %q", c[0], got, c[1])
		}
	}
	s.ok(`import "fmt"
fmt.Println("hi", x, y)`)
	s.wantOutput("hi 8 42\n")
}
