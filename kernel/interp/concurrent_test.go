package interp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// begin starts a cell beside those that run and returns how to interrupt it and
// where its outcome comes. It returns when the cell has printed "ready".
func (s *session) begin(source string) (number int, interrupt func(), ended chan engine.Outcome) {
	s.Helper()
	s.number++
	number = s.number
	ctx, interrupt := context.WithCancel(context.Background())
	ended = make(chan engine.Outcome, 1)
	go func() { ended <- s.engine.Execute(ctx, engine.Cell{Number: number, Source: source}) }()
	s.until(func() bool { return strings.Contains(s.sink.text(number, "stdout"), "ready") })
	return number, interrupt, ended
}

func outcome(t *testing.T, ended chan engine.Outcome) engine.Outcome {
	t.Helper()
	select {
	case out := <-ended:
		return out
	case <-time.After(patience):
		t.Fatal("the cell did not end")
		return engine.Outcome{}
	}
}

// TestConcurrentCells checks that cells run at the same time, see one session and
// keep their outputs apart.
func TestConcurrentCells(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
requests, answers := make(chan int), make(chan int)
func double(n int) int { return 2 * n }`)
	server, _, ended := s.begin(`fmt.Println("ready")
for n := range requests { fmt.Println("got", n); answers <- double(n) }
"served"`)
	if got := s.ok(`requests <- 20; fmt.Println("sent"); <-answers`); got != "40" {
		t.Errorf("answer %s, want 40", got)
	}
	asker := s.number
	s.ok(`func double(n int) int { return 3 * n }
offset := 2`)
	if got := s.ok(`requests <- 20; <-answers + offset`); got != "42" {
		t.Errorf("answer %s, want 42: the running cell keeps the function that it began with", got)
	}
	s.ok(`close(requests)`)
	out := outcome(t, ended)
	if out.Failure != nil || out.Result.Text() != "served" {
		t.Errorf("server ended with %+v, %+v", out.Result, out.Failure)
	}
	if got := s.sink.text(server, "stdout"); got != "ready\ngot 20\ngot 20\n" {
		t.Errorf("output of the server %q", got)
	}
	if got := s.sink.text(asker, "stdout"); got != "sent\n" {
		t.Errorf("output of the asker %q", got)
	}
}

// TestInterruptOneOfTwo checks that an interrupted cell leaves its neighbour alone,
// though both run the same function.
func TestInterruptOneOfTwo(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "sync/atomic")
var turns [2]atomic.Int64
func spin(i int) { for { turns[i].Add(1) } }`)
	_, interruptA, a := s.begin(`fmt.Println("ready"); spin(0)`)
	_, interruptB, b := s.begin(`fmt.Println("ready"); spin(1)`)
	interruptA()
	if out := outcome(t, a); out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("first cell: %+v", out.Failure)
	}
	stood, got := "", "never" // it may be in the midst of a turn yet
	if !s.eventually(func() bool {
		stood = s.ok(`turns[0].Load()`)
		s.ok(`for at := turns[1].Load(); turns[1].Load() < at+1000; {}`)
		got = s.ok(`turns[0].Load()`)
		return got == stood
	}) {
		t.Errorf("the interrupted cell runs on: %s turns, then %s", stood, got)
	}
	select {
	case out := <-b:
		t.Fatalf("the second cell ended too: %+v", out.Failure)
	default:
	}
	interruptB()
	if out := outcome(t, b); out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("second cell: %+v", out.Failure)
	}
}

// TestFailureBesideCell checks that no way to end takes another cell along.
func TestFailureBesideCell(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "log"; "os")
done := make(chan bool)`)
	_, _, ended := s.begin(`fmt.Println("ready"); <-done; "well"`)
	for source, kind := range map[string]engine.Kind{
		`panic("no")`:               engine.Panic,
		`os.Exit(3)`:                engine.Exited,
		`log.Fatal("bad")`:          engine.Exited,
		`go panic("no"); select {}`: engine.Panic,
		`var f func(int) int; f = func(n int) int { return f(n+1) + 1 }; f(0)`: engine.Panic,
		`undefined()`: engine.Compile,
	} {
		if out := s.run(source); out.Failure == nil || out.Failure.Kind != kind {
			t.Errorf("%s: %+v, want %s", source, out.Failure, kind)
		}
	}
	s.ok(`done <- true`)
	if out := outcome(t, ended); out.Failure != nil || out.Result.Text() != "well" {
		t.Errorf("the neighbour ended with %+v, %+v", out.Result, out.Failure)
	}
}

// TestManyConcurrentCells runs cells of every kind from several shells at once.
func TestManyConcurrentCells(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("errors"; "fmt"; "sort"; "strings"; "sync")
var mu sync.Mutex
total := 0
func add(n int) { mu.Lock(); defer mu.Unlock(); total += n }`)
	const shells, rounds = 4, 25
	var all sync.WaitGroup
	for shell := range shells {
		all.Go(func() {
			for round := range rounds {
				number := 100 + shell*rounds + round
				name := fmt.Sprintf("s%d", shell)
				source := fmt.Sprintf(`type T%[1]s struct{ n int }
func (t T%[1]s) Error() string { return fmt.Sprint("error ", t.n) }
func f%[1]s(n int) error { return fmt.Errorf("wrapped: %%w", T%[1]s{n}) }
x%[1]s := []string{"b", "a"}
sort.Slice(x%[1]s, func(i, j int) bool { return x%[1]s[i] < x%[1]s[j] })
add(1)
var target T%[1]s
errors.As(f%[1]s(%[2]d), &target)
fmt.Println(strings.Join(x%[1]s, ","), target)
target.n`, name, number)
				out := s.engine.Execute(context.Background(), engine.Cell{Number: number, Source: source})
				if out.Failure != nil {
					t.Errorf("cell %d failed: %v", number, strings.Join(out.Failure.Traceback, "\n"))
					return
				}
				if got, want := out.Result.Text(), fmt.Sprint(number); got != want {
					t.Errorf("cell %d came to %s", number, got)
				}
				if got, want := s.sink.text(number, "stdout"), fmt.Sprintf("a,b error %d\n", number); got != want {
					t.Errorf("cell %d printed %q, want %q", number, got, want)
				}
			}
		})
	}
	all.Wait()
	if got := s.ok(`total`); got != fmt.Sprint(shells*rounds) {
		t.Errorf("total %s, want %d", got, shells*rounds)
	}
}
