package interp_test

import "testing"

// TestConversionsOfWords converts values that stand in the word of an interface.
func TestConversionsOfWords(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
type Chan [1]chan int
type Func [1]func() int
type Map struct{ m map[string]int }
type Holds struct{ of [1]Map; _ struct{} }
type Pointer struct{ p *int }
type Plain struct{ a, b int }`)
	for _, c := range [][2]string{
		{`c := [1]chan int{make(chan int, 2)}
cap(Chan(c)[0]) * cap([1]chan int(Chan(c))[0])`, "4"},
		{`Func([1]func() int{nil})[0] == nil`, "true"},
		{`Func([1]func() int{func() int { return 3 }})[0]()`, "3"},
		{`m := Map(struct{ m map[string]int }{map[string]int{"a": 1}})
fmt.Sprint(m, struct{ m map[string]int }(m), Map(struct{ m map[string]int }{}))`, "{map[a:1]} {map[a:1]} {map[]}"},
		{`h := Holds(struct{ of [1]Map; _ struct{} }{of: [1]Map{m}})
fmt.Sprint(h, struct{ of [1]Map; _ struct{} }(h))`, "{[{map[a:1]}] {}} {[{map[a:1]}] {}}"},
		{`n := 5
*Pointer(struct{ p *int }(Pointer{&n})).p`, "5"},
		{`Pointer(struct{ p *int }{}).p == nil`, "true"},
		{`Plain(struct{ a, b int }{1, 2}).b`, "2"},
		{`same := struct{ a, b int }{1, 2}
fmt.Sprint(Plain{1, 2} == same, same == Plain{1, 2}, same != Plain{1, 3}, any(same) == any(Plain{1, 2}))`, "true true true false"},
		{`type Ints chan int; type Source <-chan int
ints := make(chan int); named, from := Ints(ints), Source(ints)
fmt.Sprint(ints == named, named != ints, from == ints, named == nil, from == (<-chan int)(named))`, "true false true false true"},
	} {
		if got := s.ok(c[0]); got != c[1] {
			t.Errorf("%s\ngives %s, want %s", c[0], got, c[1])
		}
	}
}
