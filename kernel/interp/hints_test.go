package interp_test

import (
	"slices"
	"strings"
	"testing"
)

// TestErrorsComeInOrder checks that several errors are told as they stand in the
// cell, each name once, and not too many.
func TestErrorsComeInOrder(t *testing.T) {
	s := newSession(t)
	f := s.run("flag := 1\nif flag {\n}\nmissing1(flag)\nother := \"a\" * 2\nmissing1(missing2)").Failure
	var places []string
	for _, line := range f.Traceback {
		if place, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(place, "Cell [") {
			places = append(places, place)
		}
	}
	if want := []string{"Cell [1]:2:4", "Cell [1]:4:1", "Cell [1]:5:10", "Cell [1]:6:10"}; !slices.Equal(places, want) {
		t.Errorf("errors at %q, want %q", places, want)
	}
	if !strings.HasPrefix(f.Message, "Cell [1]:2:4: ") {
		t.Errorf("the first is %q", f.Message)
	}
	f = s.run(strings.Repeat("if 1 {}\n", 50)).Failure
	if last := f.Traceback[len(f.Traceback)-1]; last != "and 40 more" {
		t.Errorf("ends with %q", last)
	}
}
