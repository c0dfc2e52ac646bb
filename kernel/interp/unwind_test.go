package interp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestOverflow runs cells that call themselves without an end. Each must be told soon,
// and the session go on.
func TestOverflow(t *testing.T) {
	for name, c := range map[string]struct{ before, cell, want string }{
		"function":              {`func f(n int) int { return f(n+1) + 1 }`, `f(0)`, "panic: stack overflow"},
		"goroutine":             {`func a(n int) { b(n+1) }; func b(n int) { a(n+1) }`, `go a(0); select {}`, "goroutine panic: stack overflow"},
		"below a defer":         {`func f(n int) int { return f(n+1) + 1 }; func g() { defer println(); f(0) }`, `g()`, "panic: stack overflow"},
		"defers":                {`func f(n int) int { defer func() {}(); return f(n+1) + 1 }`, `f(0)`, "panic: stack overflow"},
		"in a deferred call":    {`func f(n int) int { return f(n+1) + 1 }; func g() { defer println(); defer f(0) }`, `g()`, "panic: stack overflow"},
		"deferred calls":        {`func f(n int) { g := func() { f(n+1) }; defer g(); g() }`, `f(0)`, "panic: stack overflow"},
		"recovering":            {`func f(n int) { defer func() { recover() }(); f(n+1) }`, `f(0)`, "panic: stack overflow"},
		"method that fmt calls": {`import "fmt"; type T struct{ n int }; func (t T) String() string { return fmt.Sprint(t) }`, `fmt.Println(T{1})`, "panic: stack overflow"},
		"method of a result":    {`import "fmt"; type T struct{ n int }; func (t T) Error() string { return fmt.Sprint(t) }`, `T{1}`, "panic: stack overflow"},
		"less":                  {`import "sort"; func f(n int) bool { return !f(n+1) }`, `sort.Slice([]int{2, 1}, func(i, j int) bool { return f(0) })`, "panic: stack overflow"},
		"sorting":               {`import "sort"; func f(n int) { sort.Slice([]int{2, 1}, func(i, j int) bool { f(n+1); return true }) }`, `f(0)`, "panic: stack overflow"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			s.ok("kept := 41\n" + c.before)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			out := s.runContext(ctx, c.cell)
			if out.Failure == nil || out.Failure.Kind != engine.Panic || !strings.HasPrefix(out.Failure.Message, c.want) {
				t.Errorf("outcome %+v, want %q", out.Failure, c.want)
			}
			if got := s.ok("kept++; kept"); got != "42" {
				t.Errorf("kept is %s, want 42", got)
			}
		})
	}
}

// TestUnwinding panics below many calls, and where frames have been used before.
func TestUnwinding(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt")
var nothing []int
func fail(how string) {
	n := 5
	switch how {
	case "panic":
		panic("failed")
	case "index":
		_ = nothing[n]
	}
}
func deep(n int, how string) int {
	if n == 0 { fail(how); return 0 }
	return deep(n-1, how) + 1
}
func guarded(n int, how string) (sum int) {
	defer func() { sum++ }()
	if n == 0 { fail(how); return 0 }
	return guarded(n-1, how)
}
func even(n int, how string) { if n == 0 { fail(how); return }; odd(n-1, how) }
func odd(n int, how string) { if n == 0 { fail(how); return }; even(n-1, how) }
func again(n int) {
	defer func() { panic(fmt.Sprint(n)) }()
	if n > 0 { again(n-1) }
}
func try(f func()) (got string) {
	defer func() { got = fmt.Sprint(recover()) }()
	f()
	return
}`)
	for _, c := range []struct{ cell, want string }{
		{`try(func() { deep(20000, "panic") })`, "failed"},
		{`try(func() { deep(20000, "index") })`, "runtime error: index out of range [5] with length 0"},
		{`deep(20000, "")`, "20000"},
		{`try(func() { guarded(3000, "panic") })`, "failed"},
		{`try(func() { guarded(3000, "index") })`, "runtime error: index out of range [5] with length 0"},
		{`guarded(3000, "")`, "3001"},
		{`try(func() { again(100) })`, "100"},
		{`for i := range 500 { even(i%7, ""); odd(i%5, "") }
out := ""
for i := range 9 { for _, f := range []func(int, string){even, odd} { out += try(func() { f(i, "panic") })[:1] } }
out`, strings.Repeat("f", 18)},
	} {
		if got := s.ok(c.cell); got != c.want && got != `"`+c.want+`"` {
			t.Errorf("%s is %s, want %s", c.cell, got, c.want)
		}
	}
	out := s.run("guarded(200, \"index\")")
	if out.Failure == nil || !strings.Contains(strings.Join(out.Failure.Traceback, "\n"), "in fail\n") {
		t.Errorf("outcome %+v, want a traceback with the function that failed", out.Failure)
	}
}

// TestFormatPanics prints values whose methods panic, as Go does.
func TestFormatPanics(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
type Self struct{ n int }
func (e Self) Error() string { panic(e) }
type Pair struct{ a, b int }
type Other struct{ n int }
func (Other) String() string { panic(Pair{1, 2}) }`)
	if got := s.ok(`fmt.Sprint(Other{1})`); !strings.Contains(got, "%!v(PANIC=String method: {1 2})") {
		t.Errorf("got %s", got)
	}
	if got := s.ok(`func() (r any) { defer func() { _, ok := recover().(Self); r = ok }(); return fmt.Sprint(Self{1}) }()`); got != "true" {
		t.Errorf("recovered the value: %s", got)
	}
	for _, cell := range []string{`fmt.Sprint(Self{1})`, `Self{1}`, `panic(Self{1})`} {
		if out := s.run(cell); out.Failure == nil || !strings.Contains(out.Failure.Message, "its text cannot be had") {
			t.Errorf("%s: outcome %+v", cell, out.Failure)
		}
	}
}
