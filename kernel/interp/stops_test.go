package interp_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// debugged is a session with a debugger, and cells that run while the test looks.
type debugged struct {
	*session
	paths  debug.Paths
	seen   int // events that were awaited
	thread int // that is stopped
	done   chan engine.Outcome
	cancel context.CancelFunc
}

func newDebugged(t *testing.T) *debugged {
	d := &debugged{session: newSession(t), paths: debug.Paths{Prefix: "/cells/", Suffix: ".go"}}
	ask[debug.Capabilities](d.session, "attach", debug.AttachArguments(d.paths))
	return d
}

// breakAt sets the breakpoints of a source and returns where they are.
func (d *debugged) breakAt(source string, lines ...int) (at []int) {
	d.Helper()
	a := debug.BreakpointsArguments{Source: debug.Source{Path: d.paths.Of(source)}, Text: source}
	for _, n := range lines {
		a.Breakpoints = append(a.Breakpoints, debug.SourceBreakpoint{Line: n})
	}
	for _, b := range ask[debug.Breakpoints](d.session, "setBreakpoints", a).Breakpoints {
		if b.Verified {
			at = append(at, b.Line)
		}
	}
	return at
}

// start runs a cell in the background.
func (d *debugged) start(source string) {
	ctx, cancel := context.WithCancel(d.Context())
	d.done, d.cancel = make(chan engine.Outcome, 1), cancel
	d.number++
	cell := engine.Cell{Number: d.number, Source: source}
	go func() { d.done <- d.engine.Execute(ctx, cell) }()
}

// event waits for the next event of the debugger.
func (d *debugged) event() engine.DebugEvent {
	d.Helper()
	for deadline := time.After(patience); ; {
		d.sink.mu.Lock()
		n := 0
		for _, e := range d.sink.events {
			if e.Debug != nil {
				if n == d.seen {
					d.seen++
					d.sink.mu.Unlock()
					return *e.Debug
				}
				n++
			}
		}
		d.sink.mu.Unlock()
		select {
		case <-d.sink.woken:
		case <-deadline:
			d.Fatal("no event of the debugger came")
		}
	}
}

// stopped waits until a thread is stopped and returns reason, function, line and
// locals, as "breakpoint the cell:3 i=1".
func (d *debugged) stopped() string {
	d.Helper()
	e := d.event()
	var body struct {
		Reason string
		Thread int `json:"threadId"`
	}
	if err := debug.Decode(e.Event, e.Body, &body); err != nil || e.Event != "stopped" {
		d.Fatalf("event %s %s, want stopped", e.Event, e.Body)
	}
	d.thread = body.Thread
	frame := d.stack()[0]
	return fmt.Sprintf("%s %s:%d%s", body.Reason, frame.Name, frame.Line, d.locals(frame.ID))
}

func (d *debugged) stack() []debug.StackFrame {
	d.Helper()
	return ask[debug.StackTrace](d.session, "stackTrace", debug.ThreadArguments{Thread: d.thread}).Frames
}

// locals are the variables in a frame's scope of locals, as " a=1 b=2".
func (d *debugged) locals(frame int) string {
	d.Helper()
	var b strings.Builder
	for _, s := range ask[debug.Scopes](d.session, "scopes", debug.ScopeArguments{Frame: frame}).Scopes {
		if s.Name == "Locals" {
			for _, v := range d.parts(debug.Variable{Reference: s.Reference}) {
				fmt.Fprintf(&b, " %s=%s", v.Name, v.Value)
			}
		}
	}
	return b.String()
}

// goOn sends continue, next, stepIn or stepOut.
func (d *debugged) goOn(command string) {
	d.Helper()
	ask[map[string]any](d.session, command, debug.ThreadArguments{Thread: d.thread})
	if e := d.event(); e.Event != "continued" {
		d.Fatalf("after %s came %s", command, e.Event)
	}
}

// steps goes on by each command and wants to stop at each place.
func (d *debugged) steps(want ...string) {
	d.Helper()
	for i, w := range want {
		command, place, _ := strings.Cut(w, ": ")
		d.goOn(command)
		if got := d.stopped(); got != place {
			d.Errorf("step %d, %s: stopped at %s, want %s", i, command, got, place)
		}
	}
}

// end waits for the cell's end and returns its result.
func (d *debugged) end() string {
	d.Helper()
	select {
	case out := <-d.done:
		if out.Failure != nil {
			return string(out.Failure.Kind) + ": " + out.Failure.Message
		}
		if out.Result == nil {
			return ""
		}
		return out.Result.Text()
	case <-time.After(patience):
		d.Fatal("the cell did not end")
	}
	return ""
}

func TestBreakpointsAndSteps(t *testing.T) {
	d := newDebugged(t)
	const helper = `func double(n int) int {
	twice := n * 2
	return twice
}`
	d.ok(helper)
	const source = `total := 0
for i := range 3 {
	total += double(i)
}
total`
	if at := d.breakAt(source, 3); len(at) != 1 || at[0] != 3 {
		t.Fatalf("breakpoints at %v", at)
	}
	d.start(source)
	if got := d.stopped(); got != "breakpoint the cell:3 i=0" {
		t.Errorf("stopped at %s", got)
	}
	d.steps(
		"stepIn: step double:2 n=0",
		"next: step double:3 twice=0 n=0",
		"stepOut: breakpoint the cell:3 i=1",
		"continue: breakpoint the cell:3 i=2",
		"stepIn: step double:2 n=2",
	)
	stack := d.stack()
	if len(stack) != 2 || stack[1].Name != "the cell" || stack[1].Line != 3 || stack[1].Source.Path != d.paths.Of(source) || stack[0].Source.Path != d.paths.Of(helper) {
		t.Errorf("stack: %+v", stack)
	}
	if got := d.locals(stack[1].ID); got != " i=2" {
		t.Errorf("locals of the caller: %s", got)
	}
	d.breakAt(source)
	d.steps("stepOut: step the cell:5")
	d.goOn("next")
	if got := d.end(); got != "6" {
		t.Errorf("the result is %s", got)
	}
}

// A program that looks for breakpoints before each statement does what it did.
func TestCorpusWithADebugger(t *testing.T) {
	playCorpus(t, func(t testing.TB, symbols ...*interp.Package) *session {
		s := newSession(t, symbols...)
		d := &debugged{session: s, paths: debug.Paths{Prefix: "/cells/"}}
		ask[debug.Capabilities](s, "attach", debug.AttachArguments(d.paths))
		if at := d.breakAt("a cell that never runs := 1\nx := 1", 2); len(at) != 1 {
			t.Fatalf("breakpoints at %v", at)
		}
		return s
	})
}

func TestAFunctionOfAnEarlierCellStops(t *testing.T) {
	s := newSession(t)
	const source = "type Pair struct{ A, B int }\nfunc (p *Pair) Sum() int {\n\tsum := p.A + p.B\n\treturn sum\n}"
	s.ok(source)
	d := &debugged{session: s, paths: debug.Paths{Prefix: "/cells/", Suffix: ".go"}}
	ask[debug.Capabilities](s, "attach", debug.AttachArguments(d.paths))
	d.breakAt(source, 4)
	d.start("pair := &Pair{1, 2}\npair.Sum()")
	if got := d.stopped(); got != "breakpoint Pair.Sum:4 sum=3 p=&{A: 1, B: 2}" {
		t.Errorf("stopped at %s", got)
	}
	d.goOn("continue")
	if got := d.end(); got != "3" {
		t.Errorf("the result is %s", got)
	}
}

func TestBreakpointsMoveToStatements(t *testing.T) {
	d := newDebugged(t)
	const source = `// a comment
import "fmt"

func f(x int) {
	switch x {
	case 1:

		fmt.Println("one")
	}
}
var y int
go func() {

	f(2)
}()
// the end`
	for line, want := range map[int]int{1: 5, 2: 5, 5: 5, 6: 8, 7: 8, 9: 12, 11: 12, 12: 12, 13: 14, 16: 14} {
		if at := d.breakAt(source, line); len(at) != 1 || at[0] != want {
			t.Errorf("line %d: at %v, want %d", line, at, want)
		}
	}
	for _, none := range []string{"", "// nothing", "type T int", "import \"fmt\""} {
		if at := d.breakAt(none, 1); at != nil {
			t.Errorf("%q has a breakpoint at %v", none, at)
		}
	}
}

// All that can hold variables: parameters, results, receivers, loops, switches,
// closures, hidden names, generic functions, goroutines.
func TestVariablesThatCanBeSeen(t *testing.T) {
	d := newDebugged(t)
	const source = `func named(in string) (out int, err error) {
	out = len(in)
	return
}
func generic[T any](v T) T {
	return v
}
func kinds(v any) string {
	switch x := v.(type) {
	case int:
		return "int"
	case string:
		return x
	}
	return ""
}
named("abc")
generic(1.5)
kinds(7)
for i := 0; i < 1; i++ {
	x := "outer"
	func(x int) {
		_ = x + i
	}(5)
	if y, ok := map[string]int{"k": 1}["k"]; ok {
		_ = y
	}
	_ = x
}
c := make(chan int, 1)
c <- 4
select {
case got := <-c:
	_ = got
}
done := make(chan bool)
go func(n int) {
	m := n
	done <- m > 0
}(3)
<-done
fs := []func(){}
for i := range 2 { fs = append(fs, func() {
	_ = i
}) }
for _, f := range fs { f() }`
	d.breakAt(source, 3, 6, 11, 23, 26, 28, 34, 39, 44)
	d.start(source)
	if got := d.stopped(); got != "breakpoint named:3 err=nil out=3 in=\"abc\"" {
		t.Errorf("stopped at %s", got)
	}
	d.steps(
		"continue: breakpoint generic:6 v=1.5",
		"continue: breakpoint kinds:11 x=7 v=int 7",
		"continue: breakpoint a function literal:23 x=5 i=0",
		"continue: breakpoint the cell:26 ok=true y=1 x=\"outer\" i=0",
		"continue: breakpoint the cell:28 x=\"outer\" i=0",
		"continue: breakpoint the cell:34 got=4",
		"continue: breakpoint a function literal:39 m=3 n=3",
		"continue: breakpoint a function literal:44 i=0",
		"continue: breakpoint a function literal:44 i=1",
	)
	d.goOn("continue")
	if got := d.end(); got != "" {
		t.Errorf("the cell ended with %s", got)
	}
}

// A step over a call that library code makes ends behind it.
func TestStepsOverCallbacksAndRecursion(t *testing.T) {
	d := newDebugged(t)
	const source = `func fib(n int) int {
	if n < 2 {
		return n
	}
	a := fib(n-1)
	return a + fib(n-2)
}
list := []int{3, 1, 2}
slices.SortFunc(list, func(a, b int) int {
	return a - b
})
x := fib(6)
x += list[0]
x`
	d.ok(`import "slices"`)
	d.breakAt(source, 9)
	d.start(source)
	if got := d.stopped(); got != "breakpoint the cell:9" {
		t.Errorf("stopped at %s", got)
	}
	d.steps("next: step the cell:12", "next: step the cell:13", "next: step the cell:14")
	d.goOn("continue")
	if got := d.end(); got != "9" {
		t.Errorf("the result is %s", got)
	}
	d.breakAt(source, 10)
	d.start(source)
	if got := d.stopped(); !strings.HasPrefix(got, "breakpoint a function literal:10 b=") {
		t.Errorf("stopped at %s", got)
	}
	if stack := d.stack(); len(stack) != 2 || stack[1].Line != 9 {
		t.Errorf("the stack in a callback: %+v", stack)
	}
	d.breakAt(source)
	d.steps("stepOut: step the cell:12", "stepIn: step fib:2 n=6", "next: step fib:5 n=6", "next: step fib:6 a=5 n=6", "stepOut: step the cell:13")
	d.goOn("continue")
	d.end()
}

func (d *debugged) eval(frame int, expression string) string {
	d.Helper()
	raw, err := d.request("evaluate", debug.EvaluateArguments{Expression: expression, Frame: frame})
	if err != nil {
		return "error " + err.Error()
	}
	var e debug.Evaluation
	if err := debug.Decode("evaluate", raw, &e); err != nil {
		d.Fatal(err)
	}
	return strings.TrimSpace(e.Type + " " + e.Result)
}

func TestEvaluateInAFrame(t *testing.T) {
	d := newDebugged(t)
	d.ok(`import ("fmt"; "strings")
type Box struct{ W, H int; tags []string }
func (b Box) Area() int { return b.W * b.H }
scale := 10
func grow(n int) int { return n * scale }`)
	const source = `func work(b *Box, names ...string) int {
	size := 2
	for i, name := range names {
		size += len(name) * i
	}
	return size
}
func give[T any](v T) T {
	return v
}
work(&Box{W: 3, H: 4}, "ab", "cde") + give(1)`
	d.breakAt(source, 4, 9)
	d.start(source)
	d.stopped()
	d.goOn("continue")
	if got := d.stopped(); got != `breakpoint work:4 i=1 name="cde" size=2 names=len 2 ["ab", "cde"] b=&{W: 3, H: 4, tags: nil}` {
		t.Errorf("stopped at %s", got)
	}
	frame := d.stack()[0].ID
	for expression, want := range map[string]string{
		"size": "int 2", "b.W": "int 3", "b.Area() + size": "int 14", "names[i]": `string "cde"`, "len(names) > i": "bool true", "grow(size)": "int 20",
		"strings.ToUpper(name)": `string "CDE"`, "*b": "Box {W: 3, H: 4, tags: nil}", "func() int { return size * 2 }()": "int 4",
		"unknown": "error CompileError: Debugger:1:1: undefined: unknown", "names[9]": "error Panic: panic: runtime error: index out of range [9] with length 2", "b.tags = nil": "",
		"fmt.Sprint(b.W, name)": `string "3cde"`,
	} {
		if got := d.eval(frame, expression); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
	if got := d.eval(0, "scale"); got != "int 10" {
		t.Errorf("without a frame: %s", got)
	}
	again := d.stack()[0].ID
	if got := d.locals(again); again == frame || got != d.locals(frame) || !strings.Contains(got, `name="cde"`) {
		t.Errorf("after evaluations the frame %d is %d with%s", frame, again, got)
	}
	if got := d.eval(again+1, "len(names)"); !strings.HasPrefix(got, "error") {
		t.Errorf("the frame outside sees %s", got)
	}
	if got := d.eval(again+1, "scale"); got != "int 10" || d.stack()[0].ID != again {
		t.Errorf("evaluated to %s in the frame outside, the frame %d is now %d", got, again, d.stack()[0].ID)
	}
	if got := d.eval(again, "unknown"); got == "" || d.stack()[0].ID != again {
		t.Errorf("an evaluation that failed (%s) gave the frame %d the number %d", got, again, d.stack()[0].ID)
	}
	if got := d.eval(frame+1000, "size"); !strings.HasPrefix(got, "error frame") {
		t.Errorf("in a frame that is none: %s", got)
	}
	if got := d.eval(frame, "for {}"); !strings.Contains(got, "did not end") {
		t.Errorf("an endless statement: %s", got)
	}
	scope := ask[debug.Scopes](d.session, "scopes", debug.ScopeArguments{Frame: frame}).Scopes[0]
	set := ask[debug.SetVariable](d.session, "setVariable", debug.SetVariableArguments{Reference: scope.Reference, Name: "size", Value: "100 + i"})
	if set.Value != "101" {
		t.Errorf("size was set to %s", set.Value)
	}
	if _, err := d.request("setVariable", debug.SetVariableArguments{Reference: scope.Reference, Name: "size", Value: `"text"`}); err == nil {
		t.Error("an int took a text")
	}
	ask[struct{}](d.session, "copyToGlobals", debug.CopyArguments{From: "names", To: "names", Frame: frame})
	d.goOn("continue")
	if got := d.stopped(); got != "breakpoint give:9 v=1" {
		t.Errorf("stopped at %s", got)
	}
	if got := d.eval(d.stack()[0].ID, "v"); !strings.HasPrefix(got, "error") {
		t.Errorf("a variable of a type parameter: %s", got)
	}
	d.goOn("continue")
	if got := d.end(); got != "105" {
		t.Errorf("the result is %s", got)
	}
	if got := d.ok(`names[1] + fmt.Sprint(len(names))`); got != "cde2" {
		t.Errorf("the copy is %s", got)
	}
	if out := d.run("size"); out.Failure == nil {
		t.Error("a frame's variable is left in the session")
	}
}

func TestASteppedCellCanBeInterrupted(t *testing.T) {
	d := newDebugged(t)
	const source = `kept := 0
for i := 0; ; i++ {
	kept = i
}`
	d.breakAt(source, 3)
	d.start(source)
	d.stopped()
	d.steps("next: breakpoint the cell:3 i=1")
	began := time.Now()
	d.cancel()
	if got := d.end(); !strings.HasPrefix(got, string(engine.Interrupted)) {
		t.Errorf("the cell ended with %s", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the interrupt took %v", took)
	}
	if e := d.event(); e.Event != "continued" {
		t.Errorf("after the interrupt came %s", e.Event)
	}
	if _, err := d.request("continue", debug.ThreadArguments{Thread: d.thread}); err == nil {
		t.Error("what is not stopped went on")
	}
	if got := d.ok("kept"); got != "1" && got != "0" {
		t.Errorf("kept is %s", got)
	}
}

func TestPauseAndLeave(t *testing.T) {
	d := newDebugged(t)
	if _, err := d.request("pause", debug.ThreadArguments{Thread: 1}); err == nil {
		t.Error("a pause while no cell runs")
	}
	d.start(`n := 0
stop := false
for !stop {
	n++
}
n > 0`)
	s := d.await("n", func(v string) bool { n, err := strconv.Atoi(v); return err == nil && n > 0 })
	ask[struct{}](d.session, "pause", debug.ThreadArguments{Thread: 1})
	if got := d.stopped(); got != "pause the cell:4" {
		t.Errorf("stopped at %s after n was %s", got, s)
	}
	before := d.inspect()["n"].Value
	if after := d.inspect()["n"].Value; after != before {
		t.Errorf("n went on from %s to %s", before, after)
	}
	if got := d.eval(d.stack()[0].ID, "stop = true"); got != "" {
		t.Errorf("stop = true: %s", got)
	}
	ask[struct{}](d.session, "detach", nil)
	if e := d.event(); e.Event != "continued" {
		t.Errorf("after the end of the debugger came %s", e.Event)
	}
	if got := d.end(); got != "true" {
		t.Errorf("the result is %s", got)
	}
}

// Goroutines that reach a breakpoint while another is stopped wait for their turn.
func TestGoroutinesStopOneAtATime(t *testing.T) {
	d := newDebugged(t)
	d.ok(`import "sync"`)
	const source = `var wg sync.WaitGroup
sum := make([]int, 3)
for i := range 3 {
	wg.Go(func() {
		sum[i] = i + 1
	})
}
wg.Wait()
sum`
	d.breakAt(source, 5)
	d.start(source)
	seen := map[string]bool{}
	for range 3 {
		seen[d.stopped()] = true
		if n := len(ask[debug.Threads](d.session, "threads", nil).Threads); n < 1 {
			t.Errorf("%d threads", n)
		}
		d.goOn("continue")
	}
	if len(seen) != 3 {
		t.Errorf("stopped at %v", seen)
	}
	if got := d.end(); got != "[1 2 3]" {
		t.Errorf("the result is %s", got)
	}
}

func TestValuesWhileAThreadIsStopped(t *testing.T) {
	d := newDebugged(t)
	const source = `type Loud struct{ N int }
func (l Loud) String() string {
	return "loud"
}
m := map[string]Loud{"a": {1}}
for i := range 2 {
	_ = i
}`
	d.breakAt(source, 3, 7)
	d.start(source)
	if got := d.stopped(); got != "breakpoint the cell:7 i=0" {
		t.Errorf("stopped at %s", got)
	}
	if v := d.inspect()["m"]; v.Value != `len 1 {"a": loud}` {
		t.Errorf("m = %s", v.Value)
	}
	old := ask[debug.Scopes](d.session, "scopes", debug.ScopeArguments{Frame: d.stack()[0].ID}).Scopes[0]
	d.steps("continue: breakpoint the cell:7 i=1")
	if _, err := d.request("variables", debug.VariablesArguments{Reference: old.Reference}); err == nil {
		t.Error("the view of a stop outlived it")
	}
	d.goOn("continue")
	d.end()
}

func TestAnotherCellRunsWhileOneIsStopped(t *testing.T) {
	d := newDebugged(t)
	const source = `first := 1
first += 1
first`
	d.breakAt(source, 2)
	d.start(source)
	d.stopped()
	other := d.engine.Execute(t.Context(), engine.Cell{Number: 50, Source: "second := first * 10\nsecond"})
	if other.Failure != nil || other.Result.Text() != "10" {
		t.Errorf("the other cell: %+v", other)
	}
	d.goOn("continue")
	if got := d.end(); got != "2" {
		t.Errorf("the result is %s", got)
	}
}
