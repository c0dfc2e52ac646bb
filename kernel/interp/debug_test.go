package interp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// debug serves a request that must succeed and decodes its answer.
func ask[T any](s *session, command string, arguments any) (body T) {
	s.Helper()
	raw, err := s.request(command, arguments)
	if err != nil {
		s.Fatalf("%s %v: %v", command, arguments, err)
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		s.Fatalf("%s: %s: %v", command, raw, err)
	}
	return body
}

func (s *session) request(command string, arguments any) (json.RawMessage, error) {
	s.Helper()
	raw, err := json.Marshal(arguments)
	if err != nil {
		s.Fatal(err)
	}
	return s.engine.Debug(s.Context(), command, raw)
}

func (s *session) inspect() map[string]debug.Variable {
	s.Helper()
	found := map[string]debug.Variable{}
	for _, v := range ask[debug.Variables](s, "inspectVariables", nil).Variables {
		found[v.Name] = v
	}
	return found
}

func (s *session) parts(v debug.Variable) (all []debug.Variable) {
	s.Helper()
	return ask[debug.Variables](s, "variables", debug.VariablesArguments{Reference: v.Reference}).Variables
}

// lines writes variables as "name type = value".
func lines(all []debug.Variable) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "%s %s = %s\n", v.Name, v.Type, v.Value)
	}
	return b.String()
}

func TestVariablesAsTheyAreShown(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "net/netip"; "time"; "errors"; "net/http")
type Point struct { X, Y int; note string }
type Temperature float64
func (t Temperature) String() string { return fmt.Sprintf("%.1f°C", float64(t)) }
type Node struct { Name string; Next *Node }
func helper() {}
const answer = 42
`)
	s.ok(`n, big, flag, f, text := 7, int64(1)<<62, true, 1.5, "a\tb"
p, pp := Point{1, 2, "in"}, &Point{3, 4, ""}
list, empty, none := []string{"a", "b"}, []int{}, []int(nil)
m := map[string]int{"b": 2, "a": 1}
address, wait := netip.MustParseAddr("10.0.0.1"), 1500*time.Millisecond
warm := Temperature(21)
err := errors.New("boom")
var nothing error
var anything any = p
ring := &Node{Name: "ring"}
ring.Next = ring
data := []byte("hello")
grid := [2][2]int{{1, 2}, {3, 4}}
call, pipe := helper, make(chan int, 3)
client := http.Client{Timeout: time.Second}
long := make([]byte, 0)
for range 5000 { long = append(long, 'x') }
story := string(long)`)
	found := s.inspect()
	for name, want := range map[string]string{
		"n": "int = 7", "big": "int64 = 4611686018427387904", "flag": "bool = true", "f": "float64 = 1.5", "text": `string = "a\tb"`,
		"p": `Point = {X: 1, Y: 2, note: "in"}`, "pp": `*Point = &{X: 3, Y: 4, note: ""}`,
		"list": `[]string = len 2 ["a", "b"]`, "empty": "[]int = len 0 []", "none": "[]int = nil", "m": `map[string]int = len 2 {"a": 1, "b": 2}`,
		"address": "netip.Addr = 10.0.0.1", "wait": "time.Duration = 1.5s", "warm": "Temperature = 21.0°C",
		"err": "error = *errors.errorString boom", "nothing": "error = nil", "anything": `any = Point {X: 1, Y: 2, note: "in"}`,
		"ring": `*Node = &{Name: "ring", Next: &{…}}`, "data": `[]uint8 = len 5 "hello"`,
		"grid": "[2][2]int = len 2 [len 2 [1, 2], len 2 [3, 4]]", "call": "func() = {…}", "pipe": "chan int = len 0 cap 3",
		"client": "http.Client = {Transport: nil, CheckRedirect: nil, Jar: nil, Timeout: 1s}",
	} {
		v, ok := found[name]
		if got := v.Type + " = " + v.Value; !ok || got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"helper", "answer", "Point", "fmt"} {
		if _, ok := found[name]; ok {
			t.Errorf("%s is shown and is no variable", name)
		}
	}
	if v := found["story"].Value; len(v) > 2200 || !strings.HasSuffix(v, `…" (5000 bytes)`) {
		t.Errorf("a long text is not cut: %d bytes, %q", len(v), v[max(0, len(v)-40):])
	}
}

func TestPartsOfValues(t *testing.T) {
	s := newSession(t)
	s.ok(`type Inner struct { hidden, Shown int }
type Outer struct { Inner; Tags map[string][]int; next *Outer }
o := &Outer{Inner: Inner{1, 2}, Tags: map[string][]int{"x": {1, 2}}}
o.next = o
var v any = map[int]string{3: "c", 1: "a"}
ptr := new(int)
*ptr = 5`)
	found := s.inspect()
	parts := s.parts(found["o"])
	want := `Inner Inner = {hidden: 1, Shown: 2}
Tags map[string][]int = len 1 {"x": len 2 [1, 2]}
next *Outer = &{Inner: {hidden: 1, Shown: 2}, Tags: len 1 {"x": len 2 […]}, next: &{…}}
`
	if got := lines(parts); got != want {
		t.Errorf("parts of o:\n%s", got)
	}
	again := s.parts(parts[2]) // round the cycle
	if len(again) != 3 || again[2].EvaluateName != "o.next.next" {
		t.Errorf("round the cycle: %s", lines(again))
	}
	entry := s.parts(s.parts(parts[1])[0])
	if got := lines(entry); got != "[0] int = 1\n[1] int = 2\n" || entry[1].EvaluateName != `o.Tags["x"][1]` {
		t.Errorf("in a map's entry: %s %q", got, entry[1].EvaluateName)
	}
	if got := lines(s.parts(found["v"])); got != "1 string = \"a\"\n3 string = \"c\"\n" {
		t.Errorf("parts of a map in an interface: %s", got)
	}
	if got := s.parts(found["ptr"]); lines(got) != "* int = 5\n" || got[0].EvaluateName != "*ptr" {
		t.Errorf("behind a pointer: %s", lines(got))
	}
	if _, err := s.request("variables", debug.VariablesArguments{Reference: 999_999}); err == nil {
		t.Error("parts of a reference that was never given")
	}
}

func TestManyPartsComeInPages(t *testing.T) {
	s := newSession(t)
	s.ok("many := make([]int, 25_000)\nfor i := range many { many[i] = i * i }\nbig := map[int]int{}\nfor i := range 20_000 { big[i] = i }")
	found := s.inspect()
	pages := s.parts(found["many"])
	if len(pages) != 3 || pages[1].Name != "[10000..19999]" {
		t.Fatalf("pages: %s", lines(pages))
	}
	inner := s.parts(pages[1])
	items := s.parts(inner[99])
	if len(inner) != 100 || len(items) != 100 || lines(items[99:]) != fmt.Sprintf("[19999] int = %d\n", 19999*19999) || items[99].EvaluateName != "many[19999]" {
		t.Errorf("the last page: %d pages, %s", len(inner), lines(items[99:]))
	}
	paged := ask[debug.Variables](s, "variables", debug.VariablesArguments{Reference: found["many"].Reference, Filter: "indexed", Start: 24_998, Count: 50})
	if got := lines(paged.Variables); got != "[24998] int = 624900004\n[24999] int = 624950001\n" {
		t.Errorf("a page of the front end's choice: %s", got)
	}
	if named := ask[debug.Variables](s, "variables", debug.VariablesArguments{Reference: found["many"].Reference, Filter: "named"}); len(named.Variables) != 0 {
		t.Errorf("a slice has named parts: %s", lines(named.Variables))
	}
	huge := s.parts(found["big"])
	if len(huge) != 100 || found["big"].Indexed != 20_000 {
		t.Errorf("pages of a map: %s", lines(huge))
	}
	if entries := s.parts(huge[99]); len(entries) != 100 {
		t.Errorf("entries of a map: %s", lines(entries))
	}
}

// A type's own text can panic, never come, or wait for what never happens.
func TestBadTextMethodsHarmNobody(t *testing.T) {
	s := newSession(t)
	s.ok(`type Panics int
func (Panics) String() string { panic("no text") }
type Loops struct{ N int }
func (Loops) String() string { for {} }
type Blocks struct{ N int }
func (*Blocks) Error() string { select {} }
type Deep struct{ N int }
func (d Deep) String() string { return d.String() }
a, b, c, d, after := Panics(3), Loops{1}, &Blocks{2}, []Loops{{1}, {2}}, 5`)
	began := time.Now()
	found := s.inspect()
	for name, want := range map[string]string{"a": "3", "b": "{N: 1}", "c": "&{N: 2}", "d": "len 2 [{N: 1}, {N: 2}]", "after": "5"} {
		if got := found[name].Value; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the view took %v", took)
	}
	if got := s.ok("after + 1"); got != "6" {
		t.Errorf("the next cell: %s", got)
	}
}

func TestVariablesWhileACellRuns(t *testing.T) {
	s := newSession(t)
	s.ok(`import "time"
m := map[int]int{}
n := 0
var texts []string`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan engine.Outcome, 1)
	go func() {
		done <- s.engine.Execute(ctx, engine.Cell{Number: 100, Source: `for i := 0; ; i++ {
	m[i%1000] = i
	n = i
	texts = append(texts[:len(texts):len(texts)], "x")
	if len(texts) > 100 { texts = nil }
}`})
	}()
	seen, last := 0, ""
	for deadline := time.Now().Add(patience); seen < 20 && time.Now().Before(deadline); {
		found := s.inspect()
		v, m := found["n"], found["m"]
		if n, err := strconv.Atoi(v.Value); err != nil || n == 0 || v.Value == last { // it may not have been kept in time
			continue
		}
		last = v.Value
		if _, err := s.request("variables", debug.VariablesArguments{Reference: m.Reference}); err == nil {
			seen++
		} else if !strings.HasPrefix(err.Error(), "a cell runs") {
			t.Fatal(err)
		}
	}
	if seen < 20 {
		t.Errorf("the running cell's n was seen to change %d times", seen)
	}
	cancel()
	if out := <-done; out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Errorf("the cell ended with %+v", out.Failure)
	}
	if got := s.ok("n > 0"); got != "true" {
		t.Errorf("after it: %s", got)
	}
}

// A goroutine that waits in a library could write when it comes back.
func TestMapsStayClosedWhileAGoroutineWaits(t *testing.T) {
	s := newSession(t)
	s.ok("c := make(chan int)\nm := map[string]int{\"a\": 1}\ngo func() { m[\"b\"] = <-c }()")
	is := func(want string) func(string) bool { return func(got string) bool { return got == want } }
	s.await("m", is("len 1 (entries are shown when no goroutine of a cell waits in a library)"))
	if v := s.inspect()["m"]; v.Reference != 0 {
		t.Errorf("a closed map has parts: %s", lines(s.parts(v)))
	}
	s.ok("c <- 2")
	s.await("m", is(`len 2 {"a": 1, "b": 2}`))
}

// await waits until a variable is shown with a value that is right, and returns it.
func (s *session) await(name string, right func(string) bool) string {
	s.Helper()
	deadline := time.Now().Add(patience)
	v := s.inspect()[name]
	for ; !right(v.Value); v = s.inspect()[name] {
		if time.Now().After(deadline) {
			s.Fatalf("%s = %s", name, v.Value)
		}
	}
	return v.Value
}

func TestRichVariables(t *testing.T) {
	s := newSession(t)
	s.ok("type Page struct{}\nfunc (Page) HTML() string { return \"<b>hi</b>\" }\npage := Page{}\ntype Endless struct{}\nfunc (Endless) HTML() string { for {} }\nendless := Endless{}")
	if rich := ask[debug.Rich](s, "richInspectVariables", debug.RichArguments{Name: "page"}); rich.Data["text/html"] != "<b>hi</b>" {
		t.Errorf("page shows itself as %v", rich.Data)
	}
	if rich, err := s.request("richInspectVariables", debug.RichArguments{Name: "endless"}); err == nil || err.Error() != "endless did not show itself within 1s" {
		t.Errorf("endless shows itself as %v, error %v", rich, err)
	}
	if _, err := s.request("richInspectVariables", debug.RichArguments{Name: "unknown"}); err == nil {
		t.Error("a variable that is none shows itself")
	}
}

// TestPanickingStringIsAskedAgain checks that a value whose method panicked makes no
// other of its type mute.
func TestPanickingStringIsAskedAgain(t *testing.T) {
	s := newSession(t)
	s.ok("type Mood struct{ names []string }\nfunc (m Mood) String() string { return \"in \" + m.names[0] }\na := Mood{}\nb := Mood{[]string{\"joy\"}}")
	for range 3 {
		if got := s.inspect()["b"].Value; strings.Contains(got, "in joy") {
			return
		}
	}
	t.Errorf("b is shown as %q", s.inspect()["b"].Value)
}
