package interp_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

const network = `import ("fmt"; "os"; "strings"; "time"; "encoding/json")
type Port struct { Name string; Speed int; up bool }
func (p *Port) Up() bool { return p.up }
func (p Port) Label() string { return p.Name }
type Switch struct { *Port; Ports map[string]*Port; list []Port; Next *Switch }
func (s *Switch) Walk(f func(p *Port) error) error { return nil }
func area(w, h int) int { return w * h }
type Pair[K comparable, V any] struct { Key K; Val V }
func (p Pair[K, V]) Swap() Pair[K, V] { return p }
func Map[T, U any](in []T, f func(T) U) []U { return nil }
sw := &Switch{Port: &Port{Name: "a"}, Ports: map[string]*Port{"eth0": {Name: "eth0"}, "eth1": nil}}
ch := make(chan *Port, 1)
var anything any = sw
pair := Pair[string, Port]{}
größe, width := 3, 4
const Limit = 10
started := time.Now()
names := []string{"a", "b"}
var reader *strings.Reader`

// at splits code at the "¦" that stands for the cursor.
func at(code string) (text string, cursor int) {
	before, after, _ := strings.Cut(code, "¦")
	return before + after, len(before)
}

func (s *session) proposed(code string) (c engine.Completions, texts []string) {
	s.Helper()
	text, cursor := at(code)
	c, err := s.engine.Complete(context.Background(), text, cursor)
	if err != nil {
		s.Fatal(err)
	}
	for _, item := range c.Items {
		texts = append(texts, item.Text)
	}
	return c, texts
}

// TestCompleteMembers checks what follows a dot behind every kind of expression,
// and in cells that are not Go yet.
func TestCompleteMembers(t *testing.T) {
	s := newSession(t)
	s.ok(network)
	port := []string{"Label", "Name", "Speed", "Up", "up"}
	for code, want := range map[string][]string{
		`sw.Ports["a"].¦`:     port,
		"(<-ch).¦":            port,
		"anything.(*Port).¦":  port,
		"pair.Swap().Val.¦":   port,
		"sw.list[0].¦":        port,
		"sw.Next.Next.Port.¦": port,
		"func() *Port {}().¦": port,
		"sw.Walk(func(p *Port) error { return p.¦ })":            port,
		"Map(names, func(s string) Port { return Port{} })[0].¦": port,
		"if p, ok := anything.(*Port); ok { p.¦ }":               port,
		"switch p := anything.(type) { case *Port: p.¦ }":        port,
		"select { case p := <-ch: p.¦ }":                         port,
		"for i, p := range sw.Ports {\n\tfmt.Println(p.¦)\n}":    port,
		"go sw.Next.Port.¦":                                      {"Label", "Up", "Name", "Speed", "up"},
		"x := )\nsw.Port.¦\ny := (":                              port,
		"y := func() { if x = { \nsw.Port.¦":                     port,
		"if width > 3 {\n\tx := sw.Port\n\tx.¦\n}\ny := x +":     port,
		"Port.¦":                        {"Label", "Up"},
		"Pair[string, int]{}.Sw¦":       {"Swap"},
		"import \"bufio\"\nbufio.NewS¦": {"NewScanner"},
		"bufio.NewS¦":                   {"NewScanner"}, // not imported
		"rand.IntN¦":                    {"IntN", "Intn"},
		"var x time.D¦":                 {"Duration"},
		"var x strings.Re¦":             {"Reader", "Replacer"}, // no functions where a type must stand
		"sw.WLK¦":                       {"Walk"},
		"fmt.Ptln¦":                     {"Println"},
		"fmt.Prnitln¦":                  {"Println"},
		"sw.na¦":                        {"Name"},
		"x.¦":                           nil,
		"3.¦":                           nil,
		"'a.¦":                          nil,
		"/* sw.¦":                       nil,
		"`\nsw.¦":                       nil,
		"// sw.¦":                       nil,
	} {
		if _, got := s.proposed(code); !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", code, got, want)
		}
	}
}

// TestCompleteOrder checks what comes first.
func TestCompleteOrder(t *testing.T) {
	s := newSession(t)
	s.ok(network)
	for code, want := range map[string][]string{
		"p := Port{¦}":                            {"Name: ", "Speed: ", "up: "},
		"p := &Port{\n\tName: \"a\",\n\tS¦\n}":    {"Speed: "},
		"ps := []Port{{Name: \"x\", ¦}}":          {"Speed: ", "up: "},
		"p := Port{¦: 3}":                         {"Name", "Speed", "up"},
		"area(¦":                                  {"Limit", "größe", "width", "area"},
		"area(width, ¦)":                          {"Limit", "größe", "width", "area"},
		"Port{Speed: ¦}":                          {"Limit", "größe", "width", "area"},
		"switch width { case ¦":                   {"Limit", "größe", "width", "area"},
		"width = ¦":                               {"Limit", "größe", "width", "area"},
		"func f() int {\n\tx := 3\n\treturn ¦\n}": {"x", "Limit", "größe", "width", "f", "area"},
		"local := 3\nif width == ¦ {}":            {"local", "Limit", "größe", "width", "area"},
		"if ¦ {\n}":                               {"false", "true"},
		"time.Sleep(time.¦)":                      {"Hour", "Microsecond"},
		"time.Sleep(¦)":                           {"Limit", "time.Hour", "time.Microsecond"},
		"fmt.Fprintln(os.¦, 1)":                   {"Stderr", "Stdin", "Stdout"},
		"started.Sub(¦)":                          {"started"},
		"for i := range ¦":                        {"Limit", "ch", "größe", "names", "width"},
		"ch <- sw.Port.¦":                         {"Label"},
		"sw.Next = &¦":                            {"Switch"},
		"v := <-¦":                                {"ch"},
		"var x ¦":                                 {"Pair", "Port", "Switch"},
		"func f(a *¦":                             {"Pair", "Port", "Switch"},
		"func (p *¦":                              {"Pair", "Port", "Switch"},
		"anything.(*¦)":                           {"Pair", "Port", "Switch"},
		"switch anything.(type) { case *¦ }":      {"Pair", "Port", "Switch"},
		"make(¦)":                                 {"Pair", "Port", "Switch"},
		"Pair[¦]":                                 {"Pair", "Port", "Switch"},
		"¦":                                       {"Limit", "Map", "Pair", "Port", "Switch", "anything", "area"},
		"go ¦":                                    {"Map", "area"},
		"f := func(param int) { par¦ }":           {"param"},
		"func (p *Port) ¦":                        nil,
		"x := 3; x¦ := 4":                         nil,
		"outer:\nfor { inner: for { break ¦ } }":  {"inner", "outer"},
		"outer:\nfor { for { continue ou¦ } }":    {"outer"},
		"import \"encoding/j¦":                    {"encoding/json"},
		"import \"json¦\"":                        {"encoding/json"},
		"import (\n\t\"os\"\n\tx \"tabw¦\n)":      {"text/tabwriter"},
		"import \"bufio\"\nbuf¦":                  {"bufio"},
		"import . \"bufio\"\nNewSc¦":              {"NewScanner"},
		"htt¦":                                    {"http", "httptest", "httputil"},
		"grö¦ße":                                  {"größe"},
		"sw.Ports[\"¦":                            {"eth0\"]", "eth1\"]"},
		"sw.Ports[\"eth0¦\"]":                     {"eth0"},
		"sw.Ports[¦]":                             {`"eth0"`, `"eth1"`},
		"delete(sw.Ports, \"¦":                    {"eth0\"", "eth1\""},
		"(*sw).Ports[\"eth0¦\"].Name":             {"eth0"},
		"anything.(*Switch).Ports[\"¦\"]":         {"eth0", "eth1"},
		"sw.Next.Ports[\"¦\"]":                    nil,
		"hgt := 1\nwdt¦":                          {"width"},
		"%c¦":                                     {"%cd"},
	} {
		_, got := s.proposed(code)
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) || want == nil && len(got) > 0 {
			t.Errorf("%q completes to %.8q, want %q first", code, got, want)
		}
	}
}

// TestCompleteRange checks what the proposals replace.
func TestCompleteRange(t *testing.T) {
	s := newSession(t)
	s.ok(network)
	for code, want := range map[string]string{
		"fmt.Prin¦tln(3)":           "Println",
		`x := "äöü😀"; sw.Na¦me`:     "Name",
		"import \"enco¦ding/json\"": "encoding/json",
		"sw.Ports[\"e¦th0\"]":       "eth0",
		"  $ cat /et¦":              "/et",
		"%h¦el":                     "%hel",
		"sw.¦":                      "",
	} {
		text, _ := at(code)
		if c, _ := s.proposed(code); text[c.Start:c.End] != want {
			t.Errorf("%q replaces %q, want %q", code, text[c.Start:c.End], want)
		}
	}
}

// TestCompleteLines checks lines that are no Go.
func TestCompleteLines(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a file.txt", "afterwards", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("COMPLETE_ME", "1")
	s := newSession(t)
	for code, want := range map[string][]string{
		"$ after¦":                 {"afterwards"},
		"x := 1\n$ true && after¦": {"afterwards"},
		"$ cat DIR/a¦":             {`DIR/a\ file.txt`, "DIR/afterwards"},
		`$ cat DIR/a\ f¦`:          {`DIR/a\ file.txt`},
		"$ cat \\\n  DIR/fol¦":     {"DIR/folder/"},
		"$ cat DIR/.h¦":            {"DIR/.hidden"},
		"$ cat $COMPLETE_¦":        {"$COMPLETE_ME"},
		"%cd DIR/¦":                {"DIR/folder/"},
		"text, err := f(\"DIR/a ¦": {"DIR/a file.txt"},
		"s := `\n$ after¦`":        nil,
	} {
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "DIR", dir)
		}
		if _, got := s.proposed(strings.ReplaceAll(code, "DIR", dir)); !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", code, got, want)
		}
	}
}

// TestCompleteWhileRunning checks that a busy cell neither delays an answer nor has
// its maps read.
func TestCompleteWhileRunning(t *testing.T) {
	s := newSession(t)
	s.ok(network)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan engine.Outcome, 1)
	go func() {
		ended <- s.runContext(ctx, "fmt.Println(\"on\")\nfor i := 0; ; i++ { sw.Ports[fmt.Sprint(\"p\", i%100)] = nil }")
	}()
	s.until(func() bool { return s.sink.text(2, "stdout") != "" })
	for range 20 {
		if _, got := s.proposed("sw.Po¦"); !slices.Equal(got, []string{"Port", "Ports"}) {
			t.Fatalf("%q", got)
		}
		if _, got := s.proposed(`sw.Ports["¦`); got != nil {
			t.Fatalf("keys of a map in use: %q", got)
		}
	}
	stop()
	<-ended
	var got []string
	if !s.eventually(func() bool { _, got = s.proposed(`sw.Ports["eth¦`); return len(got) > 0 }) || len(got) != 2 {
		t.Errorf("keys after the cell: %q", got)
	}
}

// TestCompleteManyNames checks that the names of a long session are all there.
func TestCompleteManyNames(t *testing.T) {
	s := newSession(t)
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "var variable%d = %d\n", i, i)
	}
	s.ok(b.String())
	if _, got := s.proposed("vari¦"); len(got) != 500 {
		t.Errorf("%d names", len(got))
	}
}

// TestHugeCells checks that a huge cell is neither completed nor explained at the
// cost of all others, and that its error shows the place alone.
func TestHugeCells(t *testing.T) {
	s := newSession(t)
	s.ok(network)
	huge := "x := \"" + strings.Repeat("äb ", 1<<20) + "\"; sw."
	if c, got := s.proposed(huge + "¦"); got != nil || c.Start != len(huge) {
		t.Errorf("%d proposals, [%d, %d)", len(got), c.Start, c.End)
	}
	if _, ok := s.engine.Inspect(context.Background(), huge, len(huge)-2, 0); ok {
		t.Error("a huge cell is described")
	}
	if f := s.run("var n int = \"" + strings.Repeat("äb ", 1<<20) + "\"").Failure; len(f.Message) > 3000 || !strings.HasSuffix(f.Message, "as int value in variable declaration") {
		t.Errorf("%.4000s", f.Message)
	}
	lines := s.run(huge + "Prots").Failure.Traceback
	if text := strings.Join(lines, "\n"); len(text) > 1000 || !strings.Contains(text, "did you mean Ports?") || !strings.Contains(text, "; sw.Prots\n") {
		t.Errorf("%.2000s", text)
	}
}

func BenchmarkComplete(b *testing.B) {
	s := newSession(b)
	s.ok(network)
	for i := range 500 {
		s.ok(fmt.Sprintf("variable%d := %d", i, i))
	}
	for b.Loop() {
		s.proposed("fmt.Println(varia¦")
	}
}

func FuzzComplete(f *testing.F) {
	for _, code := range []string{"sw.¦", "f(a, ¦", "import \"¦", "$ ls ¦", "%cd ¦", "x[\"¦", "Port{¦", "func (p *¦", "`¦", "/*¦", "for ¦", "case ¦"} {
		text, cursor := at(code)
		f.Add(text, cursor)
	}
	s := newSession(f)
	s.ok(network)
	f.Fuzz(func(t *testing.T, code string, cursor int) {
		c, err := s.engine.Complete(context.Background(), code, cursor)
		if err != nil || c.Start < 0 || c.End < c.Start || c.End > len(code) {
			t.Errorf("%q at %d: [%d, %d), %v", code, cursor, c.Start, c.End, err)
		}
	})
}
