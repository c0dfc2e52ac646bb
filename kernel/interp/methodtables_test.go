package interp_test

import "testing"

// TestMethodsFromCompiledCode has package fmt call methods of values that stand in the
// word of an interface, and of what embeds one type at the same place.
func TestMethodsFromCompiledCode(t *testing.T) {
	s := newSession(t)
	for _, c := range [][2]string{
		{`import "fmt"
type Map struct{ m map[string]int }
func (x Map) String() string { return fmt.Sprint("map ", len(x.m)) }
m := Map{map[string]int{"a": 1}}
fmt.Sprint(m, &m)`, "map 1 map 1"},
		{`type Func struct{ f func() int }
func (x Func) String() string { return fmt.Sprint("func ", x.f()) }
fmt.Sprint(Func{func() int { return 3 }})`, "func 3"},
		{`type Chan struct{ c chan int }
func (x Chan) String() string { return fmt.Sprint("chan ", cap(x.c)) }
fmt.Sprint(Chan{make(chan int, 3)})`, "chan 3"},
		{`type Array [1]map[string]int
func (x Array) String() string { return fmt.Sprint("array ", len(x[0])) }
type OfArray struct{ a Array }
func (x OfArray) String() string { return "of " + x.a.String() }
fmt.Sprint(Array{{"a": 1}}, OfArray{Array{{"a": 1}}}, []any{&Array{}, &OfArray{}})`, "array 1 of array 1 [array 0 of array 0]"},
		{`type Several struct{ _ struct{}; m map[string]int }
func (x Several) Before() {}
func (x Several) String() string { return fmt.Sprint("several ", len(x.m)) }
func (x Several) hidden() {}
func (x *Several) Pointing() {}
fmt.Sprint(Several{m: map[string]int{"a": 1}}, &Several{})`, "several 1 several 0"},
		{`type Of[T any] struct{ m map[string]T }
func (x Of[T]) String() string { return fmt.Sprint("of ", len(x.m)) }
fmt.Sprint(Of[int]{m: map[string]int{"a": 1}}, &Of[string]{})`, "of 1 of 0"},
		{`type Named map[string]int
func (x Named) String() string { return fmt.Sprint("named ", len(x)) }
type Embeds struct{ Named }
fmt.Sprint(Named{}, Embeds{Named{"a": 1}}, &Named{}, &Embeds{Named{"a": 1}})`, "named 0 named 1 named 0 named 1"},
		{`type E struct{ n int }
func (x E) String() string { return fmt.Sprint("e ", x.n) }
type Near struct { before int; E }
type Far struct { before [10]string; E }
fmt.Sprint(Near{1, E{5}}, Far{E: E{6}}, &Near{1, E{5}}, &Far{E: E{6}})`, "e 5 e 6 e 5 e 6"},
		{`type ByPointer struct{ *E }
type AndMore struct{ *E; after int }
fmt.Sprint(ByPointer{&E{5}}, AndMore{E: &E{6}}, &ByPointer{&E{5}}, &AndMore{E: &E{6}})`, "e 5 e 6 e 5 e 6"},
		{`u, v := struct{ Map }{m}, struct{ k int; Map }{1, m}
fmt.Sprint(u, &u, v, &v)`, "map 1 map 1 map 1 map 1"},
		{`u, v = struct{ Map }{m}, struct{ k int; Map }{1, m}
fmt.Sprint(u, &u, v, &v, m)`, "map 1 map 1 map 1 map 1 map 1"},
	} {
		if got := s.ok(c[0]); got != c[1] {
			t.Errorf("%s\ngives %s, want %s", c[0], got, c[1])
		}
	}
}

// TestPromotedMethods has compiled code call methods that are promoted through pointers,
// values and interfaces.
func TestPromotedMethods(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "reflect")
type E struct{ n int }
func (e E) String() string { return fmt.Sprint("e ", e.n) }
func (e *E) Add(by ...int) int { for _, n := range by { e.n += n }; return e.n }
type ByValue struct{ before int; E }
type ByPointer struct{ *E }
type Adder interface{ Add(...int) int; fmt.Stringer; hidden() int }
func (e *E) hidden() int { return -e.n }
type ByInterface struct{ Adder }
type Through struct{ before string; *ByValue }
type Twice struct{ *Through }
type Inside struct{ before bool; ByPointer }
type Far struct{ *ByInterface }
values := []any{
	&ByValue{1, E{1}}, ByPointer{&E{2}}, ByInterface{&E{3}}, Through{"", &ByValue{2, E{4}}}, &Through{"", &ByValue{2, E{5}}},
	Twice{&Through{"", &ByValue{3, E{6}}}}, Inside{true, ByPointer{&E{7}}}, &Inside{true, ByPointer{&E{8}}}, Far{&ByInterface{&E{9}}},
}`)
	if got, want := s.ok("fmt.Sprint(values...)"), "e 1 e 2 e 3 e 4 e 5 e 6 e 7 e 8 e 9"; got != want {
		t.Errorf("fmt prints %s, want %s", got, want)
	}
	if got, want := s.ok(`sum := 0
for _, v := range values {
	sum += v.(Adder).Add(10, 1) + v.(Adder).hidden()
	sum += reflect.ValueOf(v).MethodByName("Add").Interface().(func(...int) int)(100, 0)
	m, _ := reflect.TypeOf(v).MethodByName("Add")
	sum += int(m.Func.Call([]reflect.Value{reflect.ValueOf(v), reflect.ValueOf(1000)})[0].Int())
}
fmt.Sprint(sum, values)`), "11088 [e 1112 e 1113 e 1114 e 1115 e 1116 e 1117 e 1118 e 1119 e 1120]"; got != want {
		t.Errorf("calls give %s, want %s", got, want)
	}
	none := "%!v(PANIC=String method: runtime error: invalid memory address or nil pointer dereference)"
	if got, want := s.ok("fmt.Sprint(ByPointer{}, Far{}, ByInterface{})"), none+" "+none+" "+none; got != want {
		t.Errorf("of nil: %s, want %s", got, want)
	}
}
