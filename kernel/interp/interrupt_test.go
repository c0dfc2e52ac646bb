package interp_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// interruptWhenReady runs a cell, interrupts it when it has printed "ready" and returns
// how it ended and how long that took.
func (s *session) interruptWhenReady(source string) (engine.Outcome, time.Duration) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan engine.Outcome, 1)
	number := s.number + 1
	go func() { ended <- s.runContext(ctx, source) }()
	deadline := time.After(patience)
	for !strings.Contains(s.sink.text(number, "stdout"), "ready") {
		select {
		case <-s.sink.woken:
		case out := <-ended:
			s.Fatalf("ended before it could be interrupted: %+v", out.Failure)
		case <-deadline:
			s.Fatal("the cell did not get ready")
		}
	}
	start := time.Now()
	cancel()
	select {
	case out := <-ended:
		return out, time.Since(start)
	case <-deadline:
		buf := make([]byte, 1<<20)
		s.Fatalf("not interrupted:\n%s", buf[:runtime.Stack(buf, true)])
		return engine.Outcome{}, 0
	}
}

func TestInterrupt(t *testing.T) {
	cells := map[string]string{
		"tight loop":         `for {}`,
		"counting loop":      `for { n++ }`,
		"call in a loop":     `f := func() { for { func() {}() } }; f()`,
		"goto loop":          `f := func() { L: n++; if n >= 0 { goto L } }; f()`,
		"function of before": `spin()`,
		"closure of before":  `again()`,
		"recursion":          `var r func(int) int; r = func(n int) int { for { if n > 50 { return n }; n = r(n+1) - 1 } }; r(0)`,
		"method":             `(&spinner{}).spin()`,
		"sort callback":      `sort.Slice(make([]int, 3), func(i, j int) bool { for {} })`,
		"range over func":    `for range forever { n++ }`,
		"blocked receive":    `<-make(chan int)`,
		"blocked send":       `make(chan int) <- 1`,
		"empty select":       `select {}`,
		"nil channel":        `var c chan int; for range c {}`,
		"sleep":              `time.Sleep(time.Hour)`,
		"lock":               `var m sync.Mutex; m.Lock(); m.Lock()`,
		"wait":               `var w sync.WaitGroup; w.Add(1); w.Wait()`,
		"network":            `l, _ := net.Listen("tcp", "127.0.0.1:0"); defer l.Close(); l.Accept()`,
		"recovering":         `for { func() { defer func() { recover() }(); for {} }() }`,
		"goroutines":         `for range 3 { go func() { for {} }() }; select {}`,
	}
	for name, source := range cells {
		t.Run(name, func(t *testing.T) {
			prompt(t, 100*time.Millisecond*slowness, func() time.Duration { return interruptCell(t, source) })
		})
	}
}

// interruptCell interrupts source in a new session and checks that the session's
// state is intact.
func interruptCell(t *testing.T, source string) time.Duration {
	s := newSession(t)
	s.ok(`import ("fmt"; "net"; "sort"; "sync"; "time")
n := 0
kept := 41
func spin() { for { n++ } }
again := func() { for { n++ } }
type spinner struct{}
func (s *spinner) spin() { for { s.step() } }
func (s *spinner) step() {}
func forever(yield func() bool) { for yield() {} }`)
	out, took := s.interruptWhenReady("fmt.Println(\"ready\")\n" + source)
	if out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("outcome %+v, want an interrupt", out.Failure)
	}
	if got := s.ok("kept++; kept"); got != "42" {
		t.Errorf("state after the interrupt: kept is %s, want 42", got)
	}
	if got := s.ok("fmt.Sprint(spinner{}, n >= 0)"); got != "{} true" {
		t.Errorf("got %s", got)
	}
	return took
}

// TestInterruptRunsDeferred checks that what a stopped cell deferred still runs.
func TestInterruptRunsDeferred(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "sync"); var mu sync.Mutex; closed := 0`)
	s.interruptWhenReady(`func() {
	mu.Lock()
	defer func() { for range 3 { closed++ }; mu.Unlock() }()
	fmt.Println("ready")
	for {}
}()`)
	if got := s.ok("mu.Lock(); closed"); got != "3" {
		t.Errorf("closed is %s, want 3", got)
	}
}

// TestInterruptedLeaveNothingSpinning checks that the goroutines of interrupted
// cells end.
func TestInterruptedLeaveNothingSpinning(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"; func spin() { for {} }`)
	before := runtime.NumGoroutine()
	for _, source := range []string{
		"go spin()\ngo func() { for {} }()\nfmt.Println(\"ready\")\nfor {}",
		"fmt.Println(\"ready\")\nL: goto L",
		"fmt.Println(\"ready\")\nfunc() { n := 0; L: n++; goto L }()",
		"fmt.Println(\"ready\")\nfor { func() { defer func() { recover() }(); for {} }() }",
		"func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }\nfib(15)\nfmt.Println(\"ready\")\nfib(70)",
	} {
		s.interruptWhenReady(source)
	}
	if !s.eventually(func() bool { return runtime.NumGoroutine() <= before && interp.Goroutines(s.engine) == 0 }) {
		t.Fatalf("%d goroutines, before %d; %d of the session's cells", runtime.NumGoroutine(), before, interp.Goroutines(s.engine))
	}
}

// TestInterruptedLeaveChannels checks that an interrupted cell takes nothing out of a
// channel and sends nothing later, and that what it deferred may still use channels.
func TestInterruptedLeaveChannels(t *testing.T) {
	for name, source := range map[string]string{
		"receive":         "<-c",
		"receive with ok": "_, ok := <-c; _ = ok",
		"range":           "for range c {}",
		"select":          "select { case <-c: case d <- 1: case <-none: }",
		"send":            "d <- 1",
		"goroutine":       "go func() { <-c }()\nselect {}",
		"goroutine sends": "go func() { d <- 1 }()\nselect {}",
		"deferred":        "func() { defer func() { d2 <- <-c2 }(); <-c }()",
		"deferred waits":  "func() { defer func() { <-none }(); <-c }()",
		"function before": "wait()",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			s.ok(`import "fmt"
c, d, c2, d2 := make(chan int), make(chan any), make(chan int, 1), make(chan int, 1)
var none chan error
func wait() { <-c }
c2 <- 5`)
			out, _ := s.interruptWhenReady("fmt.Println(\"ready\")\n" + source)
			if out.Failure == nil || out.Failure.Kind != engine.Interrupted {
				t.Fatalf("outcome %+v, want an interrupt", out.Failure)
			}
			if !s.eventually(func() bool { return interp.Goroutines(s.engine) == 0 }) {
				t.Fatal("its goroutines wait on")
			}
			if got := s.ok(`go func() { c <- 7 }()
fmt.Sprint(<-c, len(d2))`); got != "7 0" && (name != "deferred" || got != "7 1") {
				t.Errorf("the next cell got %s", got)
			}
			if got := s.ok(`go func() { d <- nil }()
got, open := <-d
fmt.Sprint(got, open)`); got != "<nil> true" {
				t.Errorf("the next cell got %s", got)
			}
		})
	}
}

// TestPanicInRecursion checks that functions which call themselves end with their
// panic, and that it names the calls under way only, however often they were called.
func TestPanicInRecursion(t *testing.T) {
	s := newSession(t)
	s.ok(`var none []int
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func guarded(n int) (m int) { defer func() { recover(); m = fib(n) }(); return none[n] }
func deep(n int) int { if n == 0 { return fib(12) + guarded(12) + none[n] }; return deep(n-1) + 1 }`)
	for _, source := range []string{"deep(5)", "fib(20) + deep(70)", "for range 100 { guarded(3) }; deep(2)"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		f := s.runContext(ctx, source).Failure
		cancel()
		if f == nil || f.Kind != engine.Panic || !strings.Contains(f.Message, "index out of range [0]") {
			t.Fatalf("%s: %+v, want its panic", source, f)
		}
		if text := strings.Join(f.Traceback, "\n"); strings.Contains(text, "in fib") || strings.Contains(text, "in guarded") || !strings.Contains(text, "in deep") {
			t.Errorf("%s: calls that are over are among those under way:\n%s", source, text)
		}
	}
}

// TestInterruptedComeBackToHalt interrupts what computes in a library for longer than
// an interrupt waits, called by a function of an earlier cell: it must halt when it
// comes back, not go on for good.
func TestInterruptedComeBackToHalt(t *testing.T) {
	library := &interp.Package{Path: "example.com/computes", Name: "computes", Contents: func() *interp.Contents {
		return &interp.Contents{Funcs: map[string]any{"For": func(d time.Duration) {
			for began := time.Now(); time.Since(began) < d; {
			}
		}}}
	}}
	for name, source := range map[string]string{
		"the cell":    "again()",
		"a goroutine": "go again()\n<-time.After(time.Second)",
		"a method":    "var s fmt.Stringer = words{}\n_ = s.String()",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, library)
			s.ok(`import ("example.com/computes"; "fmt"; "time")
again := func() { for i := 0; ; i++ { if i == 1 { fmt.Println("ready") }; computes.For(200 * time.Millisecond) } }
type words struct{}
func (words) String() string { again(); return "" }`)
			if out, _ := s.interruptWhenReady(source); out.Failure == nil || out.Failure.Kind != engine.Interrupted {
				t.Fatalf("outcome %+v", out.Failure)
			}
			if !s.eventually(func() bool { return interp.Goroutines(s.engine) == 0 }) {
				t.Errorf("%d goroutines run on", interp.Goroutines(s.engine))
			}
		})
	}
}

// TestBackgroundSurvivesInterrupt checks that a goroutine of an earlier cell goes
// on when another cell is interrupted.
func TestBackgroundSurvivesInterrupt(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "sync/atomic"; "time")
var ticks atomic.Int64
go func() { for { ticks.Add(1); time.Sleep(time.Millisecond) } }()`)
	s.interruptWhenReady(`fmt.Println("ready"); for {}`)
	if got := s.ok(`before := ticks.Load()
for ticks.Load() < before+3 { time.Sleep(time.Millisecond) }
"still ticking"`); got != "still ticking" {
		t.Error(got)
	}
}

// TestGoroutineOutput checks that what a goroutine prints after its cell ended
// belongs to that cell, while another one runs.
func TestGoroutineOutput(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
start, printed := make(chan bool), make(chan bool)
go func() { <-start; fmt.Println("from the first cell"); printed <- true }()`)
	s.ok(`start <- true; <-printed; fmt.Println("from the second")`)
	if got := s.sink.text(1, "stdout"); got != "from the first cell\n" {
		t.Errorf("first cell printed %q", got)
	}
	if got := s.sink.text(2, "stdout"); got != "from the second\n" {
		t.Errorf("second cell printed %q", got)
	}
}

// TestLatePanic checks that a goroutine that panics after its cell ended is
// reported there and harms nothing.
func TestLatePanic(t *testing.T) {
	s := newSession(t)
	s.ok(`start := make(chan bool)
go func() { <-start; panic("late") }()`)
	s.ok(`start <- true`)
	if !s.eventually(func() bool { return strings.Contains(s.sink.text(1, "stderr"), "goroutine panic: late") }) {
		t.Fatalf("stderr of the first cell: %q", s.sink.text(1, "stderr"))
	}
	if got := s.ok("1+1"); got != "2" {
		t.Error(got)
	}
}

func TestInput(t *testing.T) {
	s := newSession(t)
	s.sink.answer = "42 x"
	s.number++
	out := s.engine.Execute(context.Background(), engine.Cell{Number: s.number, Stdin: true, Source: `import "fmt"
var n int
var word string
fmt.Scanln(&n, &word)
fmt.Sprint(n, word)`})
	if out.Failure != nil || out.Result.Text() != "42x" {
		t.Errorf("%+v %+v", out.Failure, out.Result)
	}
}

func TestExpressions(t *testing.T) {
	s := newSession(t)
	out := s.engine.Execute(context.Background(), engine.Cell{Number: 1, Source: "x := 3", Expressions: map[string]string{"a": "x * 2", "b": "nosuch"}})
	if got := out.Expressions["a"].Bundle.Text(); got != "6" {
		t.Errorf("a is %q", got)
	}
	if f := out.Expressions["b"].Failure; f == nil || f.Kind != engine.Compile {
		t.Errorf("b: %+v", f)
	}
}

// TestLookWhileRunning checks that completion and inspection do not wait for the
// running cell.
func TestLookWhileRunning(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"`)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan engine.Outcome, 1)
	go func() { ended <- s.runContext(ctx, `fmt.Println("ready"); for {}`) }()
	<-s.sink.woken
	if got, _ := s.complete("fmt.Sprintl|"); len(got) != 1 {
		t.Errorf("completions %q", got)
	}
	if _, ok := s.engine.Inspect(context.Background(), "fmt.Println", 5, 0); !ok {
		t.Error("nothing known of fmt.Println")
	}
	cancel()
	<-ended
}

// What an interrupted cell left on a channel or a lock can stay there for good. Values
// are shown all the same.
func TestValuesAfterAnInterruptedWait(t *testing.T) {
	for name, wait := range map[string]string{
		"channel":   "<-c",
		"range":     "for range c {}",
		"send":      "c <- 1",
		"select":    "select { case <-c: case c <- 1: }",
		"nothing":   "select {}",
		"group":     "group.Wait()",
		"lock":      "lock.Lock()\nlock.Lock()",
		"goroutine": "go func() { <-c }()\n<-c",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			s.ok("import (\"fmt\"; \"sync\")\nc := make(chan int)\nvar group sync.WaitGroup\ngroup.Add(1)\nvar lock sync.Mutex\nm := map[string]int{\"eth0\": 1}")
			if out, _ := s.interruptWhenReady("fmt.Println(\"ready\")\n" + wait); out.Failure == nil || out.Failure.Kind != engine.Interrupted {
				t.Fatalf("outcome %+v", out.Failure)
			}
			s.await("m", func(v string) bool { return v == `len 1 {"eth0": 1}` })
			if texts, _ := s.complete(`m["|`); !slices.Contains(texts, `eth0"]`) {
				t.Errorf("keys %q", texts)
			}
			if text, _ := s.shown("%vars m"); !strings.Contains(text, `"eth0": 1`) && !strings.Contains(text, "eth0:1") {
				t.Errorf("%%vars: %s", text)
			}
		})
	}
}
