package interp

import (
	"context"
	"go/token"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

var seeds = []string{
	"", "1+1", "x := 1; y := 2", "import \"fmt\"\nfmt.Println(1)", "func f() {}\nf()", "type T struct{}\nfunc (t T) M() {}",
	"func() { for {} }()", "for i := 0; i < 3; i++ {}", "L: for {}", "if x := 1; x > 0 {}", "}", "{", "`", "/*", "// c\nfunc f() {}",
	"a, b", "package main\nfunc main() {}", "switch x := v.(type) { case int: }", "go func() {}()", "x := func(", "fmt.\n", "\x00é世",
	"import (\n\"fmt", "var (\n a = 1\n)", "func(", "func (a) b()", "type", "import .", "const (a = iota; b)",
}

// FuzzSplit checks that the items of any cell are in order, within it and apart,
// and that both halves of the cell keep its lines and columns.
func FuzzSplit(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		last := 0
		items := split(cell)
		for _, it := range items {
			if it.start < last || it.end < it.start || it.end > len(cell) {
				t.Fatalf("item %+v after %d in %d bytes", it, last, len(cell))
			}
			last = it.end
		}
		start, end := span(cell, items, isStatement)
		text := masked(cell, start, end, items, isStatement)
		if whole := masked(cell, 0, len(cell), items, isStatement); whole[start:end] != text || strings.TrimSpace(whole) != strings.TrimSpace(text) {
			t.Fatalf("%q became %q and %q", cell, whole, text)
		}
		if len(text) != end-start || strings.Count(text, "\n") != strings.Count(cell[start:end], "\n") {
			t.Fatalf("%q became %q", cell, text)
		}
		_, _ = parseCell(token.NewFileSet(), "cell", cell)
	})
}

type nowhere struct{}

func (nowhere) Emit(engine.Event)                                      {}
func (nowhere) Ask(context.Context, int, string, bool) (string, error) { return "", nil }

// FuzzLook checks that completion and inspection bear any text at any place.
func FuzzLook(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, len(s)/2)
	}
	e, err := New(nowhere{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, code string, cursor int) {
		c, _ := e.Complete(context.Background(), code, cursor)
		if c.Start < 0 || c.End > len(code) || c.Start > c.End {
			t.Fatalf("completes %d to %d of %d bytes", c.Start, c.End, len(code))
		}
		e.Inspect(context.Background(), code, cursor, 0)
		e.IsComplete(code)
	})
}
