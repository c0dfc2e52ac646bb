package interp_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
)

// allocations runs f n times and returns how many objects a run allocates where
// nothing else does: the least. It stands for the work of a cell and, unlike time,
// is the same on a busy machine.
func allocations(n int, f func(i int)) uint64 {
	counts := make([]uint64, n)
	var before, after runtime.MemStats
	for i := range counts {
		runtime.ReadMemStats(&before)
		f(i)
		runtime.ReadMemStats(&after)
		counts[i] = after.Mallocs - before.Mallocs
	}
	return slices.Min(counts)
}

// alone is set in the environment of a process that runs one test.
const alone = "FABRICBOOK_TEST_ALONE"

// TestNoGrowth checks that the work for a cell does not grow with the length of
// its session: after a thousand cells of all kinds, and where types with methods
// are declared again and again. BenchmarkOnePlusOne measures the time.
func TestNoGrowth(t *testing.T) {
	if os.Getenv(alone) == "" { // what other tests left running allocates too
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe, "-test.run=^TestNoGrowth$", "-test.v")
		cmd.Env = append(os.Environ(), alone+"=1")
		out, err := cmd.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Errorf("in a process of its own: %v", err)
		}
		return
	}
	s := newSession(t)
	s.ok(`import "fmt"
func show(v fmt.Stringer) string { return v.String() }`)
	one := func(int) { s.ok("1+1") }
	declare := func(int) {
		s.ok(`type T struct{ n int }
func (t T) String() string { return fmt.Sprint(t.n) }
show(T{1})`)
	}
	firstOne, firstType := allocations(100, one), allocations(50, declare)
	for i := range 800 {
		s.ok(fmt.Sprintf("v%d := %d\nfunc f%d(n int) int { return n + v%d }\ntype t%d struct{ n int }\nf%d(1)", i, i, i, i, i, i))
	}
	for i := range 200 {
		declare(i)
	}
	lastOne, lastType := allocations(100, one), allocations(50, declare)
	t.Logf("allocations of 1+1: first %d, after 1,000 cells %d; of a type with a method: %d, then %d", firstOne, lastOne, firstType, lastType)
	if lastOne > firstOne+firstOne/5 {
		t.Errorf("1+1 allocates %d times after 1,000 cells, %d times at first", lastOne, firstOne)
	}
	if lastType > 2*firstType {
		t.Errorf("a type with a method allocates %d times after 250 others, %d times at first", lastType, firstType)
	}
}
