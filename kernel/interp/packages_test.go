package interp_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/interp"
)

// latePackages counts the packages of TestPackagesWait in this process.
var latePackages atomic.Int32

// TestPackagesWait checks that the contents of a package are made when a cell
// imports it, and its documentation at the first question for it.
func TestPackagesWait(t *testing.T) {
	contents, docs := 0, 0
	path := fmt.Sprintf("example.com/late%d", latePackages.Add(1)) // what was made stays made
	s := newSession(t, &interp.Package{
		Path: path, Name: "late",
		Contents: func() *interp.Contents {
			contents++
			return &interp.Contents{
				Funcs:  map[string]any{"Answer": func() int { return 42 }},
				Consts: map[string]interp.Const{"Half": {Kind: "untyped float", Value: "-0.5"}},
			}
		},
		Docs: func() map[string]interp.Doc {
			docs++
			return map[string]interp.Doc{"Answer": {Signature: "func Answer() int", Text: "Answer is late."}}
		},
	})
	expect := func(when string, wantContents, wantDocs int) {
		t.Helper()
		if contents != wantContents || docs != wantDocs {
			t.Errorf("%s: contents made %d times, documentation %d times; want %d and %d", when, contents, docs, wantContents, wantDocs)
		}
	}
	s.ok("1 + 1")
	expect("before the import", 0, 0)
	if got := s.ok("import \"" + path + "\"\nlate.Answer()"); got != "42" {
		t.Errorf("Answer() is %s", got)
	}
	expect("after the import", 1, 0)
	if got := s.ok("late.Half * 4"); got != "-2" {
		t.Errorf("Half * 4 is %s", got)
	}
	if b, ok := s.engine.Inspect(t.Context(), "late.Answer", 11, 0); !ok || b.Text() == "" {
		t.Errorf("inspection %v %q", ok, b.Text())
	}
	expect("after an inspection", 1, 1)
}
