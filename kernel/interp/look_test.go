package interp_test

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// complete asks for completions at the "|" in code.
func (s *session) complete(code string) (texts []string, signatures map[string]string) {
	s.Helper()
	before, after, _ := strings.Cut(code, "|")
	c, err := s.engine.Complete(context.Background(), before+after, len(before))
	if err != nil {
		s.Fatal(err)
	}
	signatures = map[string]string{}
	for _, item := range c.Items {
		texts = append(texts, item.Text)
		signatures[item.Text] = item.Type + " " + item.Signature
	}
	return texts, signatures
}

func TestComplete(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "strings"; "time")
type fabric struct { Name string; count int }
// Ports counts ports.
func (f *fabric) Ports(all bool) int { return f.count }
fab := &fabric{}
started := time.Now()
func make2(n int) fabric { return fabric{} }`)
	for code, want := range map[string][]string{
		"fmt.Sprintl|":                          {"Sprintln"},
		"fab.|":                                 {"Name", "Ports", "count"},
		"fab.Po|":                               {"Ports"},
		"make2(3).|":                            {"Name", "Ports", "count"},
		"x := fab\nif true {\n\tx.N|\n":         {"Name"},
		"for _, local := range []int{1} { loc|": {"local"},
		"started.Unix|":                         {"Unix", "UnixMicro", "UnixMilli", "UnixNano"},
		"mak|":                                  {"make2", "make"},
		"import \"net/ne|\"":                    {"net/netip"},
		"import (\n\t\"strc|":                   {"strconv"},
		"strings.NewReader(\"a\").Len|":         {"Len"},
		"func f(p fabric) { p.Na| }":            {"Name"},
		"fmt.Println(fab.Na|, 3)":               {"Name"},
		"func f(param int) { par| }":            {"param"},
		"sele|":                                 {"select"},
		"fab.nosuch.|":                          nil,
		"\"text fab.|":                          nil,
	} {
		if got, _ := s.complete(code); !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", code, got, want)
		}
	}
	_, signatures := s.complete("fab.|")
	for name, want := range map[string]string{"Name": "field string", "Ports": "method func(all bool) int"} {
		if signatures[name] != want {
			t.Errorf("%s is %q, want %q", name, signatures[name], want)
		}
	}
	if _, signatures := s.complete("strings.Repe|"); signatures["Repeat"] != "function func Repeat(s string, count int) string" {
		t.Errorf("Repeat is %q", signatures["Repeat"])
	}
}

func TestInspect(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "net/http"; "strings")
// area is width times height.
func area(w, h int) int { return w * h }
var client http.Client
width := 3`)
	for code, wants := range map[string][]string{
		"strings.Rep|eat":        {"func Repeat(s string, count int) string", "Repeat returns a new string", "from package strings"},
		"fmt.Println(|":          {"func Println(a ...any) (n int, err error)"},
		"area(1, |2)":            {"func area(w int, h int) int", "area is width times height."},
		"wid|th":                 {"var width int"},
		"client.Time|out":        {"field Timeout time.Duration", "time limit"},
		"client.Do|":             {"Do(req *Request) (*Response, error)"},
		"local := 2.5\nloc|al":   {"var local float64"},
		"str|ings.ToUpper(\"\")": {"package strings"},
	} {
		before, after, _ := strings.Cut(code, "|")
		b, ok := s.engine.Inspect(context.Background(), before+after, len(before), 0)
		for _, want := range wants {
			if !ok || !strings.Contains(b.Text(), want) {
				t.Errorf("%q: %q (%v) does not hold %q", code, b.Text(), ok, want)
			}
		}
	}
	if b, ok := s.engine.Inspect(context.Background(), "area", 2, 1); !ok || !strings.Contains(b.Text(), "return w * h") {
		t.Errorf("source of area: %q", b.Text())
	}
	if _, ok := s.engine.Inspect(context.Background(), "nosuch", 2, 0); ok {
		t.Error("something known of nosuch")
	}
}

func TestIsComplete(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]string{
		"1+1": "complete", "": "complete", "x := 3": "complete", "func f() {}\nf()": "complete", "a.b()": "complete",
		"for i := range 3 {": "incomplete", "x := 3 +": "incomplete", "f(1,": "incomplete", "func f()": "complete", "s := `a": "incomplete",
		"/* open": "incomplete", "if x": "incomplete", "type T struct {": "incomplete", "x :=": "incomplete", "fab.": "incomplete",
		"x := )": "invalid", "func (": "incomplete", "1 2": "invalid", "}": "invalid",
	} {
		if got := s.engine.IsComplete(code).Status; got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
}
