package interp_test

import (
	"fmt"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/interp"
)

func BenchmarkSession(b *testing.B) {
	for b.Loop() {
		e, err := interp.New(&recorder{})
		if err != nil {
			b.Fatal(err)
		}
		e.Close()
	}
}

// BenchmarkOnePlusOne runs the smallest cell as the first and after a thousand
// cells that declared variables, functions and types.
func BenchmarkOnePlusOne(b *testing.B) {
	for _, before := range []int{0, 1000} {
		b.Run(fmt.Sprintf("after%d", before), func(b *testing.B) {
			s := newSession(b)
			for i := range before {
				s.ok(fmt.Sprintf("v%d := %d\nfunc f%d(n int) int { return n + v%d }\ntype t%d struct{ n int }", i, i, i, i, i))
			}
			for b.Loop() {
				s.run("1+1")
			}
		})
	}
}

func BenchmarkImportFmt(b *testing.B) {
	for b.Loop() {
		s := newSession(b)
		s.ok(`import "fmt"
fmt.Sprint(1)`)
	}
}

func BenchmarkFib30(b *testing.B) {
	s := newSession(b)
	s.ok("func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }")
	for b.Loop() {
		s.ok("fib(30)")
	}
}

// BenchmarkRedefine declares a type with a method again and again.
func BenchmarkRedefine(b *testing.B) {
	s := newSession(b)
	s.ok(`import "fmt"; func show(v fmt.Stringer) string { return v.String() }`)
	for b.Loop() {
		s.ok(`type T struct{ n int }
func (t T) String() string { return fmt.Sprint(t.n) }
show(T{1})`)
	}
}

// BenchmarkChain runs a cell that reaches 300 functions of as many cells.
func BenchmarkChain(b *testing.B) {
	s := newSession(b)
	s.ok("func f0(n int) int { return n }")
	for i := range 300 {
		s.ok(fmt.Sprintf("func f%d(n int) int { return f%d(n) + 1 }", i+1, i))
	}
	for b.Loop() {
		s.ok("f300(1)")
	}
}
