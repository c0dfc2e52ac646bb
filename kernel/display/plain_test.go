package display

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
)

type quiet struct{ N int }

func (quiet) String() string { panic("no words") }

type formatted struct{ n int }

func (f formatted) Format(s fmt.State, verb rune) { fmt.Fprintf(s, "<%d %c>", f.n, verb) }

func TestPlain(t *testing.T) {
	type pair struct {
		A string
		B any
	}
	buffered := make(chan int, 3)
	buffered <- 1
	for _, c := range []struct {
		v    any
		want string
	}{
		{quiet{7}, "display.quiet{N: 7} (String() panicked: no words)"},
		{[]quiet{{7}}, "[{N: 7} (String() panicked: no words)]"},
		{formatted{3}, "<3 v>"},
		{big.NewInt(12), "12"},
		{make(chan int), "chan int"}, {buffered, "chan int (1 of 3 waiting)"},
		{func(int) error { return nil }, "func(int) error"},
		{[]byte("GET /\r\n"), `[]byte("GET /\r\n")`},
		{[4]byte{1, 2, 3, 4}, "4 bytes\n00000000  01 02 03 04                                       |....|"},
		{[][]byte{{0xca, 0xfe}, []byte("ok")}, `[ca fe []byte("ok")]`},
		{map[int]bool{10: true, 9: false}, "map[9:false 10:true]"},
		{[]any{1, nil, "x", errors.New("e")}, `[1 <nil> "x" e]`},
		{pair{"short", []int{1}}, `display.pair{A: "short", B: [1]}`},
		{pair{strings.Repeat("long ", 20), pair{"x", 2}}, "display.pair{\n  A: \"" + strings.Repeat("long ", 20) + "\"\n  B: display.pair{A: \"x\", B: 2}\n}"},
		{make([]int, 60), "[" + strings.TrimSpace(strings.Repeat("0 ", 60)) + "]"},
	} {
		if got := plain(c.v); got != c.want {
			t.Errorf("%T:\n%s\nwant\n%s", c.v, got, c.want)
		}
	}
	if text := plain(time.Now()); strings.Contains(text, "m=") {
		t.Errorf("a time is %q", text)
	}
}

func TestPlainKeepsToItsBounds(t *testing.T) {
	type node struct {
		Name string
		Next *node
		Kids []*node
		By   map[string]*node
	}
	n := &node{Name: "a"}
	n.Next, n.Kids, n.By = n, []*node{n, n}, map[string]*node{"self": n}
	if got, want := plain(n), `&display.node{Name: "a", Next: &..., Kids: [&... &...], By: map["self":&...]}`; got != want {
		t.Errorf("a cycle: %s\nwant %s", got, want)
	}
	loop := map[string]any{}
	loop["loop"] = loop
	if got, want := plain(loop), `map["loop":map[... 1 more]]`; got != want {
		t.Errorf("a map in itself: %s\nwant %s", got, want)
	}
	var tree func(depth int) any
	tree = func(depth int) any {
		if depth == 0 {
			return strings.Repeat("leaf ", 20)
		}
		m := map[int]any{}
		for i := range 12 {
			m[i] = tree(depth - 1)
		}
		return m
	}
	for name, v := range map[string]any{"tree": tree(5), "bytes": []byte(strings.Repeat("x", 10<<20)), "packet": make([]byte, 10<<20), "numbers": make([]int, 1<<20)} {
		if text := plain(v); len(text) > 3*maxText || !strings.Contains(text, "...") {
			t.Errorf("%s: %d bytes of text", name, len(text))
		}
	}
}

func TestALongTextIsCut(t *testing.T) {
	for name, v := range map[string]any{"string": strings.Repeat("é", 10<<20), "error": errors.New(strings.Repeat("é", 10<<20)), "list": []string{strings.Repeat("é", 10<<20)}} {
		text := Of(v).Text()
		if len(text) > maxResult+100 || !strings.HasSuffix(text, " bytes more; fmt.Print writes all of them into a file") || !utf8.ValidString(text) {
			t.Errorf("%s: %d bytes, the end is %q", name, len(text), text[len(text)-80:])
		}
	}
	if text := strings.Repeat("x", maxResult); Of(text).Text() != text {
		t.Error("a text that is not too long is cut")
	}
}

func TestLocksAndCounters(t *testing.T) {
	type server struct {
		Lock  sync.Mutex
		Count atomic.Int64
		Name  atomic.Pointer[string]
		Flag  *atomic.Bool
	}
	s := &server{Flag: &atomic.Bool{}}
	s.Count.Store(17)
	name := "web"
	s.Name.Store(&name)
	s.Flag.Store(true)
	if got, want := plain(s), `&display.server{Lock: sync.Mutex{}, Count: 17, Name: &"web", Flag: &true}`; got != want {
		t.Errorf("text %s\nwant %s", got, want)
	}
	if got, want := Of([]*server{s}).Text(), "Count  Name  Flag\n17     web   true"; got != want {
		t.Errorf("table\n%s\nwant\n%s", got, want)
	}
}
