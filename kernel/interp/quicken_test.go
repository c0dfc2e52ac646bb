package interp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestMemory reads and writes variables of every type that is treated apart, and of
// types of the cell's own, which are not, by all ways: of the session, captured,
// through pointers and in slices.
func TestMemory(t *testing.T) {
	types := map[string][2]string{
		"bool": {"false", "true"}, "int": {"-5", "300"}, "int32": {"7", "'x'"}, "rune": {"'a'", "'世'"}, "int64": {"1 << 40", "-1"},
		"uint8": {"1", "255"}, "byte": {"'b'", "0"}, "uint64": {"1 << 63", "0"}, "float64": {"1.5", "-0.25"}, "string": {`"a"`, `"世"`},
		"int16": {"1", "2"}, "complex128": {"1i", "2"}, "[]int": {"nil", "[]int{1, 2}"}, "[]string": {`[]string{"x"}`, "nil"},
		"own": {"1", "2"}, "owns": {"nil", "owns{1, 2}"}, "*int": {"nil", "new(int)"}, "any": {"nil", "1"},
	}
	for typ, values := range types {
		s := newSession(t)
		got := s.ok(strings.NewReplacer("TYPE", typ, "ONE", values[0], "TWO", values[1]).Replace(`import ("fmt"; "strings")
type own int
type owns []own
var global TYPE = ONE
show := func(v TYPE) string { return fmt.Sprintf("%T %v", v, v) }
want := show(ONE) + show(TWO)
var got []string
{
	local := global
	set := func(v TYPE) { local, global = v, v }
	got = append(got, show(global) + func() string { set(TWO); return show(local) }(), show(ONE) + show(global))
	p := &global
	*p = ONE
	got = append(got, show(*p) + func() string { *p = TWO; return show(global) }())
	many := []TYPE{TWO, TWO, TWO}
	many[1] = ONE
	for i := range many { if i == 2 { got = append(got, show(many[i-1]) + show(many[i])) } }
}
if typ := "TYPE"; typ != "*int" {
	for _, g := range got { if g != want { fmt.Println(typ, "is", g, "not", want) } }
}
strings.Join(got, "\n")`))
		if text := s.sink.text(0, "stdout"); text != "" || strings.Count(got, "\n") != 3 {
			t.Errorf("%s: %s\n%s", typ, text, got)
		}
	}
}

// TestMemoryFaults checks that what is wrong is told as before.
func TestMemoryFaults(t *testing.T) {
	for source, want := range map[string]string{
		"var p *int\n*p":     "nil pointer dereference",
		"var p *int\n*p = 1": "nil pointer dereference",
		"xs := []int{1}\nfor i := range 3 { xs[i]++ }": "index out of range [1] with length 1",
		"xs := []string{}\ni := -1\nxs[i]":             "index out of range [-1]",
	} {
		s := newSession(t)
		out := s.run(source)
		if out.Failure == nil || !strings.Contains(strings.Join(out.Failure.Traceback, "\n"), want) {
			t.Errorf("%q: %+v, want %q", source, out.Failure, want)
		}
	}
}

// TestStoresThroughNil recovers, and shows with its line, what Go raises where a pointer
// that is written through is nil.
func TestStoresThroughNil(t *testing.T) {
	const want = "runtime error: invalid memory address or nil pointer dereference"
	types := map[string]string{
		"bool": "true", "int": "1", "int16": "1", "string": `"a"`, "[]int": "nil", "map[string]int": "nil", "any": "nil", "error": "nil",
		"*int": "nil", "[2]int": "[2]int{1, 2}", "own": "1", "pair": "pair{1, 2}", "func()": "nil", "struct{}": "struct{}{}",
	}
	s := newSession(t)
	s.ok(`import ("fmt"; "runtime")
type own int
type pair struct{ a, b int }
func failing(f func()) (text string) {
	defer func() { r := recover(); _ = r.(runtime.Error); text = fmt.Sprint(r) }()
	f()
	return "passed"
}`)
	for typ, value := range types {
		set := strings.NewReplacer("TYPE", typ, "VALUE", value)
		s.ok(set.Replace("var p *(TYPE)\nvar x TYPE = VALUE\nfunc store() { *p = VALUE }\nfunc given(p *(TYPE), x TYPE) { *p = x }\nfunc own2() { var p *(TYPE); *p = VALUE }"))
		for _, f := range []string{
			"store", "func() { given(nil, x) }", "own2", "func() { *p = x }", "func() { var p *(TYPE); *p = x }", "func() { *p, x = x, *p }",
			"func() { defer func() { *p = VALUE }() }", "func() { q := &p; **q = VALUE }",
		} {
			if got := s.ok(set.Replace("failing(" + f + ")")); got != want {
				t.Errorf("%s: %s: %s", typ, f, got)
			}
		}
		out := s.run(set.Replace("// a line\n*p = VALUE"))
		if text := traceback(out); !strings.Contains(text, "invalid memory address or nil pointer dereference") || !strings.Contains(text, ":2") {
			t.Errorf("%s: %s", typ, text)
		}
	}
}

// TestFaultsHavePlaces panics in instructions that the engine knows no line of.
func TestFaultsHavePlaces(t *testing.T) {
	for source, want := range map[string]string{
		"var b *box\n\nfmt.Println(b.get())":                        "nil pointer dereference",
		"var h holder\n\nfmt.Println(h.get())":                      "nil pointer dereference",
		"var xs = []int{1}\n\nfmt.Println([2]int(xs))":              "cannot convert slice with length 1 to array or pointer to array with length 2",
		"var ys = []int{1}\n\nfmt.Println(*(*[2]int)(ys))":          "cannot convert slice with length 1 to array or pointer to array with length 2",
		"var g *generic[int]\n\nfmt.Println(g.get())":               "nil pointer dereference",
		"var f = func() {\n\tvar g *generic[box]\n\tg.get() }; f()": "nil pointer dereference",
	} {
		s := newSession(t)
		s.ok("import \"fmt\"\ntype box struct{ n int }\nfunc (b box) get() int { return b.n }\ntype holder struct{ *box }\n" +
			"type generic[T any] struct{ v T }\nfunc (g generic[T]) get() T { return g.v }")
		if text := traceback(s.run(source)); !strings.Contains(text, want) || !strings.Contains(text, "Cell [2]:3") {
			t.Errorf("%q: %s", source, text)
		}
	}
}

func traceback(out engine.Outcome) string {
	if out.Failure == nil {
		return "passed"
	}
	return strings.Join(out.Failure.Traceback, "\n")
}

// TestSafepointsKeepTheWay runs loops whose variables depend on where the loop came
// from.
func TestSafepointsKeepTheWay(t *testing.T) {
	s := newSession(t)
	s.ok(`func collatz(n int) (steps int) {
	for n != 1 {
		if n%2 == 0 { n /= 2; steps++; continue }
		n = 3*n + 1
		steps++
	}
	return steps
}
func walk() (sum int) {
outer:
	for i := 0; i < 20; i++ {
		for j := range 20 {
			switch {
			case j == i: continue outer
			case i*j > 200: break outer
			}
			sum += i * j
		}
	}
	return sum
}`)
	for range 3 {
		if got := s.ok("collatz(27), walk()"); got != fmt.Sprint(111, walk()) {
			t.Fatalf("got %s, want %s", got, fmt.Sprint(111, walk()))
		}
	}
}

func walk() (sum int) {
outer:
	for i := range 20 {
		for j := range 20 {
			switch {
			case j == i:
				continue outer
			case i*j > 200:
				break outer
			}
			sum += i * j
		}
	}
	return sum
}

// BenchmarkLoop counts in variables of the session, in a function's own, and in a slice.
func BenchmarkLoop(b *testing.B) {
	for name, source := range map[string]string{
		"session": "sum = 0\nfor i := 0; i < 100000; i++ { sum += i }",
		"local":   "func() { s := 0; for i := 0; i < 100000; i++ { s += i } }()",
		"slice":   "for i := range xs { xs[i] += i }",
	} {
		b.Run(name, func(b *testing.B) {
			s := newSession(b)
			s.ok("var sum int\nxs := make([]int, 100000)")
			for b.Loop() {
				s.ok(source)
			}
		})
	}
}
