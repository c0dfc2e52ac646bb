package interp_test

import "testing"

// TestFaults runs what Go panics with while it runs, and looks at what is recovered.
func TestFaults(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "runtime")
type array [3]int
type getter interface{ Get() int }
type other interface{ Get() int; Set() }
type thing struct{}
func (thing) Get() int { return 1 }
func failing(f func()) (text string) {
	defer func() {
		r := recover()
		_, ok := r.(runtime.Error)
		text = fmt.Sprint(r, " ", ok)
	}()
	f()
	return "none"
}`)
	const is = "runtime error: "
	const null = is + "invalid memory address or nil pointer dereference true"
	for _, c := range []struct{ code, want string }{
		{`z := 0; fmt.Println(1 % z)`, is + "integer divide by zero true"},
		{`var z uint8; x := uint8(7); x /= z; fmt.Println(x)`, is + "integer divide by zero true"},
		{`type count int; var z count; if z > 0 { fmt.Println(5 / z) }; panic(1)`, "1 false"},
		{`z := -1; fmt.Println(1 << z)`, is + "negative shift amount true"},
		{`z, x := int8(-1), uint8(3); x >>= z; fmt.Println(x)`, is + "negative shift amount true"},
		{`z := 0.0; fmt.Sprint(1 / z); panic(2)`, "2 false"},
		{`panic(nil)`, "panic called with nil argument true"},
		{`var err error; panic(err)`, "panic called with nil argument true"},
		{`var p *array; _ = p[:]`, null},
		{`var p *array; _ = p[1:2]`, null},
		{`a, n := array{1}, 4; _ = a[:n]`, is + "slice bounds out of range [:4] with length 3 true"},
		{`a, n := array{1}, 4; _ = a[n:]`, is + "slice bounds out of range [4:3] true"},
		{`a, n := array{1}, -1; _ = a[n:2:3]`, is + "slice bounds out of range [-1::] true"},
		{`a, n := []int{1}, ^uint(0); _ = a[:n]`, is + "slice bounds out of range [:18446744073709551615] with capacity 1 true"},
		{`var f func(); defer f()`, null},
		{`var f func(int) string; defer f(2); panic(1)`, null},
		{`var g getter; _ = g.Get()`, null},
		{`var g getter; f := g.Get; f()`, null},
		{`var g getter; _ = g.(getter)`, "interface conversion: interface is nil, not main.getter true"},
		{`var g getter; _ = g.(other)`, "interface conversion: interface is nil, not main.other true"},
		{`var p *thing; f := getter.Get; f(p)`, "value method main.thing.Get called using nil *thing pointer true"},
		{`a, n := []int{1}, uint64(1) << 63; _ = a[n]`, is + "index out of range [9223372036854775808] with length 1 true"},
		{`a, n := "abc", ^uint(0); _ = a[n]`, is + "index out of range [18446744073709551615] with length 3 true"},
		{`n := 1; _ = make([]int, 2, n)`, is + "makeslice: cap out of range true"},
		{`n := -1; _ = make(chan int, n)`, "makechan: size out of range true"},
		{`var again func(int) bool
for range func(yield func(int) bool) { again = yield; yield(1) } {}
again(2)`, is + "range function continued iteration after whole loop exit true"},
		{`for range func(yield func(int) bool) { yield(1); yield(2) } { break }`, is + "range function continued iteration after function for loop body returned false true"},
		{`for i := range func(yield func(int) bool) { failing(func() { yield(1) }); yield(2) } { panic(i) }`, is + "range function continued iteration after loop body panic true"},
		{`for i := range func(yield func(int) bool) { failing(func() { yield(1) }) } { panic(i) }`, is + "range function recovered a loop body panic and did not resume panicking true"},
	} {
		if got := s.ok("failing(func() {\n" + c.code + "\n})"); got != c.want {
			t.Errorf("%s\n\tis %s, want %s", c.code, got, c.want)
		}
	}
	s.ok(`func never(z int) int { if z != 0 { zero := 0; return 1 / zero }; return 7 }`)
	for range 2 {
		if got := s.ok(`never(0)`); got != "7" {
			t.Errorf("a function that may divide by zero is %s", got)
		}
	}
}
