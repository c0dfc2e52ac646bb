package interp

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/go/ssa"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

type deafSink struct{}

func (deafSink) Emit(engine.Event) {}

func (deafSink) Ask(context.Context, int, string, bool) (string, error) { return "", nil }

// programText is the whole program of a cell, in SSA form, and what the engine
// made of it.
func programText(t *testing.T, p *program) string {
	t.Helper()
	v := reflect.ValueOf(p.interp).Elem()
	main := *(**ssa.Package)(privateField(v, "mainpkg"))
	var b bytes.Buffer
	var write func(f *ssa.Function)
	write = func(f *ssa.Function) {
		fmt.Fprintln(&b, f.Name())
		f.WriteTo(&b)
		for _, inner := range f.AnonFuncs {
			write(inner)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(main.Members)) {
		fmt.Fprintln(&b, main.Members[name])
		switch m := main.Members[name].(type) {
		case *ssa.Function:
			write(m)
		case *ssa.Type:
			set := main.Prog.MethodSets.MethodSet(m.Type())
			for sel := range set.Methods() {
				write(main.Prog.MethodValue(sel))
			}
		}
	}
	return b.String()
}

// Without a debugger cells are the programs that they were before there was one:
// one that came and went leaves nothing in them.
func TestProgramsWithoutADebuggerAreUnchanged(t *testing.T) {
	cells := []string{
		"import \"sort\"\ntype Stack struct{ list []int }\nfunc (s Stack) Sum() (sum int) {\n\tfor _, v := range s.list {\n\t\tif v > 0 {\n\t\t\tsum += v\n\t\t}\n\t}\n\treturn\n}\nfunc work(n int) func() int {\n\tswitch {\n\tcase n > 1:\n\t\tn--\n\t}\n\treturn func() int { n++; return n }\n}",
		"s := Stack{[]int{3, 1}}\ngo func(n int) { sort.Ints(s.list[:n]) }(0)\nouter:\nfor i := range 3 {\n\tselect {\n\tdefault:\n\t\tif i == 1 {\n\t\t\tcontinue outer\n\t\t}\n\t}\n}\nwork(s.Sum())()",
		"for i := 0; i < 2; i++ {\n\tdefer func() { _ = i }()\n}\nwork(3)() + s.Sum()",
	}
	build := func(attached func(cell int) bool) (texts []string) {
		e, err := New(deafSink{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		for i, source := range cells {
			if attached(i) {
				if _, err := e.enterDebugger(dap.AttachArguments{}); err != nil {
					t.Fatal(err)
				}
			} else {
				e.leaveDebugger()
			}
			name := cellPrefix + strconv.Itoa(i+1) + "]"
			task := newTask(i+1, name, e.sources)
			p, failure := e.compile(task, name, source)
			if failure != nil {
				t.Fatal(strings.Join(failure.Traceback, "\n"))
			}
			texts = append(texts, programText(t, p))
			if _, failure := e.run(t.Context(), task, p, true); failure != nil {
				t.Fatal(strings.Join(failure.Traceback, "\n"))
			}
		}
		return texts
	}
	never := build(func(int) bool { return false })
	before := build(func(cell int) bool { return cell < 2 })
	always := build(func(int) bool { return true })
	if never[2] != before[2] {
		t.Errorf("a debugger that is gone changed the program:\n%s\n--- never attached:\n%s", before[2], never[2])
	}
	for i := range cells {
		if strings.Contains(never[i], debugName) || strings.Contains(never[i], "Break(") {
			t.Errorf("cell %d calls a debugger that is not there:\n%s", i, never[i])
		}
		if i > 0 && !strings.Contains(always[i], "Break(") {
			t.Errorf("cell %d cannot stop:\n%s", i, always[i])
		}
	}
}
