package interp_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// quick runs f n times and returns how long it takes where nothing disturbs it:
// a fifth of the runs were quicker.
func quick(n int, f func(i int)) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		f(i)
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[n/5]
}

// TestNoGrowth checks that a cell does not get slower with the length of its
// session: after a thousand cells of all kinds, and where types with methods are
// declared again and again. The bounds leave room for a busy machine; what grows
// with the session is far beyond them.
func TestNoGrowth(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
func show(v fmt.Stringer) string { return v.String() }`)
	one := func(int) { s.ok("1+1") }
	declare := func(int) {
		s.ok(`type T struct{ n int }
func (t T) String() string { return fmt.Sprint(t.n) }
show(T{1})`)
	}
	firstOne, firstType := quick(100, one), quick(50, declare)
	for i := range 800 {
		s.ok(fmt.Sprintf("v%d := %d\nfunc f%d(n int) int { return n + v%d }\ntype t%d struct{ n int }\nf%d(1)", i, i, i, i, i, i))
	}
	for i := range 200 {
		declare(i)
	}
	lastOne, lastType := quick(100, one), quick(50, declare)
	for range 5 { // somebody else may be busy here
		if lastOne <= 2*slowness*firstOne {
			break
		}
		lastOne = min(lastOne, quick(100, one))
	}
	t.Logf("1+1: first %v, after 1,000 cells %v; a type with a method: %v, then %v", firstOne, lastOne, firstType, lastType)
	if lastOne > 2*slowness*firstOne {
		t.Errorf("1+1 takes %v after 1,000 cells, %v at first", lastOne, firstOne)
	}
	if lastType > 3*slowness*firstType {
		t.Errorf("a type with a method takes %v after 250 others, %v at first", lastType, firstType)
	}
}
