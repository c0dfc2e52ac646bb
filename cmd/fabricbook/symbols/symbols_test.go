package symbols_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fabricbook/fabricbook/cmd/fabricbook/symbols"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// sink keeps the displays of cells.
type sink struct {
	mu     sync.Mutex
	events []engine.Event
}

func (s *sink) Emit(e engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *sink) Ask(context.Context, int, string, bool) (string, error) { return "", nil }

func newEngine(t *testing.T) (*interp.Engine, *sink) {
	t.Helper()
	s := &sink{}
	e, err := interp.New(s, symbols.Packages()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, s
}

// TestCells uses the bound packages as notebooks do.
func TestCells(t *testing.T) {
	e, _ := newEngine(t)
	for i, c := range []struct{ source, result string }{
		{`import . "github.com/fabricbook/fabricbook/runbooks"`, ""},
		{`TCP(22)`, "tcp/22"},
		{`rule := Allow(TCP(22), FromGroup("mgmt-sg"))`, ""},
		{`var plan *Plan
plan == nil`, "true"},
		{`func sees(p *Plan, r Rule) bool { return p != nil }
sees(plan, rule)`, "false"},
		{`import (
	"net/netip"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/dataplane"
)
netlib.Segment{Name: "web", Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.11.0/24")}}.Name`, "web"},
		{`var s dataplane.State
s.Node`, ""},
		{`Plan := 3
Plan`, "3"},
		{`import "github.com/fabricbook/fabricbook/kernel/display"
display.HTML("<b>bold</b>").Text()`, "bold"},
		{`type own struct{ rules []Rule }
len(own{[]Rule{rule}}.rules)`, "1"},
		{`import "net/http"
http.StatusText(404)`, "Not Found"},
		{`import (
	"fmt"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)
latency := []float64{2, 4, 4, 4, 5, 5, 7, 9}
fmt.Sprintf("%.1f %.3f %.0f %.0f", stat.Mean(latency, nil), stat.PopStdDev(latency, nil), stat.Quantile(0.9, stat.Empirical, latency, nil), floats.Max(latency))`, "5.0 2.000 9 9"},
		{`a := mat.NewSymDense(2, []float64{2, 1, 1, 2})
var eigen mat.EigenSym
fmt.Sprintf("%t %.0f %.0f", eigen.Factorize(a, false), eigen.Values(nil), mat.Det(a))`, "true [1 3] 3"},
		{`type ones int
func (n ones) Dims() (int, int) { return int(n), int(n) }
func (n ones) At(i, j int) float64 { return 1 }
func (n ones) T() mat.Matrix { return n }
mat.Sum(ones(3))`, "9"},
		{`a.RawSymmetric().Data[:2]`, "[2 1]"},
		{`func singular() (err error) {
	defer func() { err, _ = recover().(error) }()
	var inverse mat.Dense
	return inverse.Inverse(mat.NewDense(2, 3, nil))
}
singular() == mat.ErrSquare`, "true"},
	} {
		out := e.Execute(context.Background(), engine.Cell{Number: i + 1, Source: c.source})
		if out.Failure != nil {
			t.Fatalf("%s\n%s", c.source, strings.Join(out.Failure.Traceback, "\n"))
		}
		got := ""
		if out.Result != nil {
			got = out.Result.Text()
		}
		if got != c.result {
			t.Errorf("%s: %q, want %q", c.source, got, c.result)
		}
	}
}

// TestBindingsAreWhole imports every bound package and looks for each exported
// name that its documentation tells of.
func TestBindingsAreWhole(t *testing.T) {
	e, _ := newEngine(t)
	generic := map[string]bool{"github.com/fabricbook/fabricbook/dataplane.Pair": true}
	for i, p := range symbols.Packages() {
		source := fmt.Sprintf("import p%d %q\n", i, p.Path)
		c, err := e.Complete(context.Background(), fmt.Sprintf("%sp%d.", source, i), len(source)+len(fmt.Sprintf("p%d.", i)))
		if err != nil {
			t.Fatal(err)
		}
		offered := map[string]bool{}
		for _, item := range c.Items {
			offered[item.Text] = true
		}
		for name := range p.Docs() {
			if name != "" && !strings.Contains(name, ".") && !offered[name] && !generic[p.Path+"."+name] {
				t.Errorf("%s.%s is missing", p.Path, name)
			}
		}
	}
}

// TestDisplays checks that what a cell shows reaches the sink under its number.
func TestDisplays(t *testing.T) {
	e, s := newEngine(t)
	out := e.Execute(context.Background(), engine.Cell{Number: 7, Source: `import "github.com/fabricbook/fabricbook/kernel/display"
h := display.Show(display.Markdown("# one"))
go func() { h.Update(display.Markdown("# two")) }()
for range 1000 { display.Clear(true); break }`})
	if out.Failure != nil {
		t.Fatal(out.Failure)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) < 2 || s.events[0].Display == nil || s.events[0].Cell != 7 || s.events[0].Display.Bundle.Text() != "# one" {
		t.Errorf("events %+v", s.events)
	}
}

// TestLook checks that completion and inspection know our verbs with their
// documentation and names of parameters.
func TestLook(t *testing.T) {
	e, _ := newEngine(t)
	e.Execute(context.Background(), engine.Cell{Number: 1, Source: `import . "github.com/fabricbook/fabricbook/runbooks"
var plan *Plan`})
	c, err := e.Complete(context.Background(), "plan.App", 8)
	if err != nil || len(c.Items) == 0 || c.Items[0].Text != "Apply" || !strings.HasPrefix(c.Items[0].Signature, "func (*Plan).Apply(") {
		t.Errorf("completions %+v, %v", c, err)
	}
	if c, _ := e.Complete(context.Background(), "Conn", 4); len(c.Items) < 1 || c.Items[0].Text != "Connect" {
		t.Errorf("completions %+v", c)
	}
	b, ok := e.Inspect(context.Background(), "plan.Apply()", 7, 0)
	if !ok || !strings.Contains(b.Text(), "Apply(") || strings.Count(b.Text(), "\n") < 2 {
		t.Errorf("inspection %v %q", ok, b.Text())
	}
}
