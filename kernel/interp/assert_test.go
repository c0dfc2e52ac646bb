package interp_test

import "testing"

// TestTypeAssertions asserts types that a value can be assigned to, but is not of.
func TestTypeAssertions(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
type Ints []int
type Chan chan int
type Struct struct{ n int }
func of(x any) string {
	switch x := x.(type) {
	case []int:
		return fmt.Sprint("slice ", x)
	case Ints:
		return fmt.Sprint("Ints ", x)
	case <-chan int:
		return "receive"
	case Chan:
		return "Chan"
	case chan int:
		return "chan"
	case struct{ n int }:
		return "struct"
	case Struct:
		return "Struct"
	case fmt.Stringer:
		return "Stringer"
	}
	return fmt.Sprintf("%T", x)
}
func failing(f func()) (text string) {
	defer func() { e := recover().(error); text = fmt.Sprintf("%T: %v", e, e) }()
	f()
	return "passed"
}
var ints, list, none, err any = Ints{1}, []int{2}, nil, fmt.Errorf("no")`)
	const conversion = "*runtime.TypeAssertionError: interface conversion: "
	for _, c := range [][2]string{
		{`fmt.Sprint(of(ints), of(list), of(Chan(nil)), of(make(chan int)), of((<-chan int)(nil)), of(Struct{}), of(struct{ n int }{}), of(none))`,
			"Ints [1]slice [2]ChanchanreceiveStructstruct<nil>"},
		{`x, ok := ints.([]int)
fmt.Sprintf("%T %v %v", x, x == nil, ok)`, "[]int true false"},
		{`y, ok2 := ints.(Ints)
fmt.Sprint(y, ok2)`, "[1] true"},
		{`list.([]int)[0]`, "2"},
		{`failing(func() { list.(Ints)[0]++ })`, conversion + "interface {} is []int, not main.Ints"},
		{`failing(func() { _ = ints.(int) })`, conversion + "interface {} is main.Ints, not int"},
		{`failing(func() { _ = none.(int) })`, conversion + "interface {} is nil, not int"},
		{`var stringer fmt.Stringer
failing(func() { _ = stringer.String() })`, "runtime.errorString: runtime error: invalid memory address or nil pointer dereference"},
		{`failing(func() { _ = none.(error) })`, conversion + "interface is nil, not error"},
		{`failing(func() { _ = err.(error).(fmt.Stringer) })`, conversion + "*errors.errorString is not fmt.Stringer: missing method String"},
	} {
		if got := s.ok(c[0]); got != c[1] {
			t.Errorf("%s\ngives %s, want %s", c[0], got, c[1])
		}
	}
}
