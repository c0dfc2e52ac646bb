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
