package interp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/display"
)

const cabling = `import ("fmt"; "strings"; "time"; "os")
// Port is one end of a cable.
type Port struct {
	// Name is what people call it.
	Name string
	Speed int // in Mbit/s
}
// Up tells whether p is up.
func (p *Port) Up() bool { return true }
func (p Port) String() string { panic("asked") }
type Switch struct { *Port; Ports map[string]*Port; Next *Switch }
func (s *Switch) Walk(f func(p *Port) error, more ...int) error { return nil }
// area is width times height.
func area(w, h int) int { return w * h }
func Map[T, U any](in []T, f func(T) U) []U { return nil }
sw := &Switch{Port: &Port{Name: "a"}, Ports: map[string]*Port{"eth0": {Name: "x"}, "eth1": nil}}
var anything any = sw
width := 3
const Limit = 10
names := []string{"a", "b"}
long := time.Duration(90) * time.Second
text := strings.Repeat("ä", 1000)`

// TestInspectEverything checks what is told of each kind of thing at the "¦", whole
// lines of text.
func TestInspectEverything(t *testing.T) {
	s := newSession(t)
	s.ok(cabling)
	for code, wants := range map[string][]string{
		"area(1, ¦":                  {"func area(w int, h int) int", "                 ^^^^^", "area is width times height.", "declared in Cell [1], line 14"},
		"area(¦)":                    {"          ^^^^^"},
		"area(1, \"a(,¦\")":          {"                 ^^^^^"},
		"x := )\narea(1, ¦":          {"                 ^^^^^"},
		"p := sw\np.Walk(nil, ¦)":    {"func (*Switch).Walk(f func(p *Port) error, more ...int) error", "                                           ^^^^^^^^^^^"},
		"sw.Walk(nil, 1, 2, ¦":       {"                                           ^^^^^^^^^^^"},
		"Map[int, int](names, ¦":     {"func Map[T, U any](in []T, f func(T) U) []U", "                           ^^^^^^^^^^^"},
		"append(names, ¦)":           {"func append(s []T, elements ...T) []T", "                   ^^^^^^^^^^^^^"},
		"fmt.Printf(\"%d\", wid¦th)": {"var width int", "value: 3", "declared in Cell [1], line 18"},
		"strings.Repeat(\"a,(\", ¦)": {"func Repeat(s string, count int) string", "                      ^^^^^^^^^"},
		"Port{¦}":                    {"type Port struct {", "\tSpeed int // in Mbit/s"},
		"Port¦":                      {"Port is one end of a cable.", "    func (*Port).Up() bool", "    func (Port).String() string"},
		"Port{Spe¦ed: 3}":            {"field Speed int", "in Mbit/s"},
		"sw.Na¦me":                   {"field Name string", `value: "a"`, "Name is what people call it."},
		"sw.U¦p()":                   {"func (*Port).Up() bool", "Up tells whether p is up."},
		"sw.Ports¦":                  {"length: 2", `value: {"eth0": &{Name: "x", Speed: 0}, "eth1": nil}`},
		"anything¦":                  {"var anything any", "holds: *Switch"},
		"Lim¦it":                     {"const Limit untyped int", "value: 10"},
		"time.Sec¦ond":               {"value: 1s"},
		"long¦":                      {"value: 1m30s"},
		"text¦":                      {"length: 2000 B"},
		"local := 2.5\nlocal¦":       {"var local float64", "declared in this cell, line 1"},
		"strings¦":                   {`package strings // import "strings"`, "Types:", "  Builder Reader Replacer"},
		"http¦":                      {`not imported yet: import "net/http"`},
		"bufio.NewScan¦ner":          {"func NewScanner(r io.Reader) *Scanner", `from package bufio, which is not imported yet: import "bufio"`},
		"import \"text/tab¦writer\"": {`package tabwriter // import "text/tabwriter"`},
		"sele¦ct {}":                 {"select { case v := <-ch: ... case ch <- x: ... default: ... }", "    case v := <-results:"},
		"len¦":                       {"func len(v T) int"},
		"err¦or":                     {"type error interface { Error() string }"},
		"os.PathErr¦or":              {"type PathError = fs.PathError"},
		"%cd¦ /":                     {"%cd [path]"},
		"$ l¦s":                      {"$ command"},
	} {
		text, cursor := at(code)
		b, ok := s.engine.Inspect(context.Background(), text, cursor, 0)
		for _, want := range wants {
			if !ok || !strings.Contains("\n"+b.Text()+"\n", "\n"+want+"\n") {
				t.Errorf("%q: no line %q in (%v)\n%s", code, want, ok, b.Text())
			}
		}
	}
	for _, code := range []string{"nosuch¦", "nosuch(1, ¦", "\"text¦\"", "// sw¦", "sw.Walk(func(p *Port) error { ¦ })", "3¦", "¦", "sw.nosuch¦"} {
		text, cursor := at(code)
		if b, ok := s.engine.Inspect(context.Background(), text, cursor, 0); ok {
			t.Errorf("%q: %s", code, b.Text())
		}
	}
}

// TestInspectForms checks what pages get and what the second question mark gets.
func TestInspectForms(t *testing.T) {
	s := newSession(t)
	s.ok(cabling)
	b, ok := s.engine.Inspect(context.Background(), "area(1, ", 8, 0)
	markdown, _ := b.Data[display.MIMEMarkdown].(string)
	if want := "```go\nfunc area(w int, h int) int\n                 ^^^^^\n```\n\narea is width times height."; !ok || !strings.HasPrefix(markdown, want) {
		t.Errorf("Markdown:\n%s", markdown)
	}
	if b, _ := s.engine.Inspect(context.Background(), "Port", 4, 1); !strings.Contains(b.Text(), "// Up tells whether p is up.\nfunc (p *Port) Up() bool { return true }") {
		t.Errorf("source of Port:\n%s", b.Text())
	}
	b, _ = s.engine.Inspect(context.Background(), "strings.Builder", 15, 0)
	if strings.Contains(b.Text(), "[Builder.Write]") {
		t.Errorf("a link of the documentation shows its brackets:\n%s", b.Text())
	}
}

// TestInspectShowsWhatCellsCouldRead checks that of a library's value only the fields
// are read that the library gives to others: its goroutines may be writing the rest.
func TestInspectShowsWhatCellsCouldRead(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("container/list"; "sync"; "time")
type rack struct { mu sync.Mutex; since time.Time; slots map[string]struct{ n map[string]pair }; _ int }
type pair struct { a, B int }
r := rack{since: time.Unix(0, 0).UTC(), slots: map[string]struct{ n map[string]pair }{"x": {map[string]pair{"y": {1, 2}}}}}
queue := list.New()`)
	for code, want := range map[string]string{
		"r¦":                         `value: {mu: {...}, since: 1970-01-01 00:00:00 +0000 UTC, slots: {"x": {n: ...}}, ...}`,
		"r.slots[\"x\"].n¦":          `value: {"y": {a: 1, B: 2}}`,
		"r.slots[\"x\"].n[\"y\"].B¦": "value: 2",
		"queue¦":                     "value: &{...}",
	} {
		text, cursor := at(code)
		if b, ok := s.engine.Inspect(context.Background(), text, cursor, 0); !ok || !strings.Contains("\n"+b.Text()+"\n", "\n"+want+"\n") {
			t.Errorf("%s: no line %q in\n%s", code, want, b.Text())
		}
	}
}

// TestLookIntoRings checks that values that lead back to themselves hold up nobody.
func TestLookIntoRings(t *testing.T) {
	s := newSession(t)
	s.ok("type P *P\nvar p P\np = &p\nvar x any\nx = &x")
	for _, name := range []string{"p", "x"} {
		if b, ok := s.engine.Inspect(context.Background(), name, 1, 0); !ok || !strings.Contains(b.Text(), "value: &") {
			t.Errorf("%s: %s", name, b.Text())
		}
	}
	if _, got := s.proposed(`x["a"]["¦`); got != nil {
		t.Errorf("keys of no map: %q", got)
	}
	s.ok("%vars")
}

func FuzzInspect(f *testing.F) {
	for _, code := range []string{"area(1, ¦", "sw.¦", "Port{¦", "import \"fm¦t\"", "%cd¦", "f[¦](", "func(){f(¦", "x := )\narea(¦"} {
		text, cursor := at(code)
		f.Add(text, cursor)
	}
	s := newSession(f)
	s.ok(cabling)
	f.Fuzz(func(t *testing.T, code string, cursor int) {
		if b, ok := s.engine.Inspect(context.Background(), code, cursor, 0); ok && b.Text() == "" {
			t.Errorf("%q at %d: known, and nothing said", code, cursor)
		}
	})
}
