package interp_test

import "testing"

// TestMadeTypes has types be what they are declared, whatever else is.
func TestMadeTypes(t *testing.T) {
	s := newSession(t)
	for _, c := range [][2]string{
		{`import ("encoding/json"; "reflect"; "fmt")
type E struct{ N int }
type Has struct{ E E ` + "`json:\"e\" xml:\"-\"`" + `; a, B int }
type Embeds struct{ E ` + "`json:\"e\" xml:\"-\"`" + `; a, B int }
func text(values ...any) (out string) {
	for _, v := range values {
		b, _ := json.Marshal(v)
		out += fmt.Sprint(string(b), reflect.TypeOf(v).Field(0).Anonymous, reflect.TypeOf(v).Field(0).Tag.Get("xml"), " ")
	}
	return out
}
text(Has{}, Embeds{})`, `{"e":{"N":0},"B":0}false- {"e":{"N":0},"B":0}true- `},
		{`type First struct{ *E }
type Second struct{ E *E }
second := struct{ E *E; more bool }{}
text(First{&E{1}}, Second{&E{2}})`, `{"N":1}true {"E":{"N":2}}false `},
		{`type Third struct{ *E }
type Fourth struct{ *E; more bool }
text(First{&E{1}}, Second{&E{2}}, second, Third{&E{3}}, Fourth{E: &E{4}})`, `{"N":1}true {"E":{"N":2}}false {"E":null}false {"N":3}true {"N":4}true `},
		{`k := struct{ hidden int; Shown int; Embeds }{1, 2, Embeds{}}
text(k)[:11] + fmt.Sprintf("%q", reflect.TypeOf(k).Field(0).PkgPath)`, `{"Shown":2,"main"`},
		{`type I interface{ M() int }
type X int
func (x X) M() int { return int(x) }
type Recursive struct { i I; _ int; pairs *[2]Recursive; by *map[[1][2]Recursive]string; nested *Pairs }
type Pairs [1][2]Recursive
a, b, c := [2]Recursive{{i: X(1)}, {i: X(2)}}, [2]Recursive{{i: X(1)}, {i: X(2)}}, [2]Recursive{{i: X(1)}, {i: X(3)}}
fmt.Sprint(a == b, any(a) == any(b), any(a) == any(c))`, "true true false"},
		{`by := map[any]string{[1][2]Recursive{b}: "b"}
fmt.Sprint(by[[1][2]Recursive{a}], by[[1][2]Recursive{c}] == "", any(Pairs{a}) == any(Pairs{b}), any(Pairs{a}) == any(Pairs{c}))`, "btrue true false"},
	} {
		if got := s.ok(c[0]); got != c[1] {
			t.Errorf("%s\ngives %s, want %s", c[0], got, c[1])
		}
	}
}
