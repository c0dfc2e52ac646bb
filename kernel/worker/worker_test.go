package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/enginetest"
)

// testTime is how long something may take before a test gives it up.
const testTime = 2 * time.Minute

// failing is a command that starts a worker whose engine cannot be made.
const failing = "worker-that-fails"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case Command:
			os.Exit(Main(enginetest.New))
		case failing:
			os.Exit(Main(func(context.Context, engine.Sink) (engine.Engine, error) { return nil, errors.New("no symbols") }))
		}
	}
	os.Exit(m.Run())
}

// recorder is a sink that keeps what comes.
type recorder struct {
	mu     sync.Mutex
	events []engine.Event
	heard  chan struct{}
	answer string
	asked  []string
}

func newRecorder() *recorder { return &recorder{heard: make(chan struct{}, 1)} }

func (r *recorder) Emit(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	select {
	case r.heard <- struct{}{}:
	default:
	}
}

func (r *recorder) Ask(_ context.Context, cell int, prompt string, password bool) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, fmt.Sprintf("%d %s %v", cell, prompt, password))
	if r.answer == "" {
		return "", errors.New("nobody is there")
	}
	return r.answer, nil
}

// String lists the events, streams joined where they follow each other.
func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	last := ""
	for _, e := range r.events {
		switch {
		case e.Stream != nil:
			if head := fmt.Sprintf("[%d %s]", e.Cell, e.Stream.Name); head != last {
				b.WriteString(head)
				last = head
			}
			b.WriteString(e.Stream.Text)
			continue
		case e.Display != nil:
			fmt.Fprintf(&b, "[%d display %s %v %s]", e.Cell, e.Display.ID, e.Display.Update, e.Display.Bundle.Text())
		case e.Clear != nil:
			fmt.Fprintf(&b, "[%d clear %v]", e.Cell, e.Clear.Wait)
		}
		last = ""
	}
	return b.String()
}

func (r *recorder) wait(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(testTime)
	for !strings.Contains(r.String(), text) {
		select {
		case <-r.heard:
		case <-deadline:
			t.Fatalf("waited in vain for %q in %q", text, r)
		}
	}
}

func newWorker(t *testing.T, sink engine.Sink) *process {
	t.Helper()
	p, err := start(t.Context(), Options{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if err := p.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
	return p
}

func run(p *process, number int, source string) engine.Outcome {
	return p.Execute(context.Background(), engine.Cell{Number: number, Source: source, Stdin: true})
}

func TestCellsKeepTheirValues(t *testing.T) {
	p := newWorker(t, newRecorder())
	if out := run(p, 1, "set a 5"); out.Failure != nil {
		t.Fatal(out.Failure)
	}
	out := p.Execute(t.Context(), engine.Cell{Number: 2, Source: "result a", Expressions: map[string]string{"x": "a", "y": "bad"}})
	if out.Result == nil || out.Result.Text() != "5" {
		t.Errorf("result %v, want 5", out.Result)
	}
	if e := out.Expressions["x"]; e.Bundle.Text() != "5" {
		t.Errorf("expression x is %+v", e)
	}
	if e := out.Expressions["y"]; e.Failure == nil || e.Failure.Kind != engine.Compile {
		t.Errorf("expression y is %+v, want a failure", e)
	}
	if out := run(p, 3, "fail because"); out.Failure == nil || out.Failure.Message != "because" || len(out.Failure.Traceback) != 1 {
		t.Errorf("failure %+v", out.Failure)
	}
}

func TestHostOutputKeepsItsOrder(t *testing.T) {
	for range 20 {
		r := newRecorder()
		p := newWorker(t, r)
		out := run(p, 1, "print one\nhost two\nprint three\nehost four\nshow id five\nhost six\nhtml seven\nhost eight\nhost nine\nclear\nhost ten")
		if out.Failure != nil {
			t.Fatal(out.Failure)
		}
		want := "[1 stdout]one\ntwo\nthree\n[1 stderr]four\n[1 display id false five][1 stdout]six\n[1 display  false seven][1 stdout]eight\nnine\n[1 clear true][1 stdout]ten\n"
		if got := r.String(); got != want {
			t.Fatalf("order:\n got %q\nwant %q", got, want)
		}
		p.Close()
	}
}

func TestEverythingComesBeforeTheOutcome(t *testing.T) {
	r := newRecorder()
	p := newWorker(t, r)
	const lines = 20000
	if out := run(p, 1, fmt.Sprintf("many %d\nshow id last", lines)); out.Failure != nil {
		t.Fatal(out.Failure)
	}
	var want strings.Builder
	for i := range lines {
		fmt.Fprintln(&want, "line", i)
	}
	if got := r.String(); got != "[1 stdout]"+want.String()+"[1 display id false last]" {
		t.Errorf("%d bytes came, want %d; they end %q", len(got), want.Len()+len("[1 stdout][1 display id false last]"), got[max(0, len(got)-40):])
	}
}

// TestAFloodIsGathered prints without pause, in a time that stands still: a busy
// machine may pause between the lines.
func TestAFloodIsGathered(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	const lines = 20000
	var want, got strings.Builder
	events := 0
	synctest.Test(t, func(t *testing.T) {
		c := &child{events: &sender{w: file}, marker: &marker{files: [2]int{-1, -1}}}
		c.flood = newFlood(c.flush)
		for i := range lines {
			text := fmt.Sprintln("line", i)
			want.WriteString(text)
			c.Emit(engine.Event{Cell: 1, Stream: &engine.Stream{Name: "stdout", Text: text}})
		}
		time.Sleep(2 * floodWindow) // after which the last ones have come by themselves
	})
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(file); ; events++ {
		m, err := receive(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(m.Event.Stream.Text)
	}
	if got.String() != want.String() {
		t.Errorf("%d bytes came, want %d", got.Len(), want.Len())
	}
	if events > lines/100 {
		t.Errorf("%d lines took %d events: the flood was not gathered", lines, events)
	}
}

func TestLateOutputBelongsToItsCell(t *testing.T) {
	r := newRecorder()
	p := newWorker(t, r)
	run(p, 1, "later from one")
	run(p, 2, "go")
	r.wait(t, "[1 stdout]from one\n")
}

func TestQuestionsAreAnsweredDuringACell(t *testing.T) {
	r := newRecorder()
	p := newWorker(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan engine.Outcome, 1)
	go func() { ended <- p.Execute(ctx, engine.Cell{Number: 1, Source: "print on\nblock"}) }()
	r.wait(t, "on\n")
	got, err := p.Complete(t.Context(), "x pr", 4)
	if err != nil || got.Start != 2 || got.End != 4 || len(got.Items) != 2 || got.Items[0].Signature != "print TEXT" {
		t.Errorf("completions %+v, error %v", got, err)
	}
	if b, ok := p.Inspect(t.Context(), "print", 5, 1); !ok || !strings.Contains(b.Text(), "detail 1") {
		t.Errorf("inspection %v %v", b, ok)
	}
	if _, ok := p.Inspect(t.Context(), "nothing", 0, 0); ok {
		t.Error("the unknown was found")
	}
	c := p.IsComplete(`a \`)
	for deadline := time.Now().Add(testTime); c.Status == "unknown" && time.Now().Before(deadline); { // it took longer than a person waits
		c = p.IsComplete(`a \`)
	}
	if c.Status != "incomplete" || c.Indent != "  " {
		t.Errorf("completeness %+v", c)
	}
	cancel()
	if out := <-ended; out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Errorf("outcome %+v, want Interrupted", out.Failure)
	}
}

func TestAsk(t *testing.T) {
	r := newRecorder()
	p := newWorker(t, r)
	if out := run(p, 1, "ask who?"); out.Failure == nil || out.Failure.Message != "nobody is there" {
		t.Errorf("outcome %+v", out.Failure)
	}
	r.answer = "leaf-1"
	if out := run(p, 2, "password secret?"); out.Failure != nil {
		t.Error(out.Failure)
	}
	if got := r.String(); got != "[2 stdout]got leaf-1\n" {
		t.Errorf("output %q", got)
	}
	if got := strings.Join(r.asked, ";"); got != "1 who? false;2 secret? true" {
		t.Errorf("asked %q", got)
	}
}

func TestAFatalErrorIsTold(t *testing.T) {
	p := newWorker(t, newRecorder())
	out := run(p, 7, "die")
	if out.Failure == nil || out.Failure.Kind != engine.Lost || !strings.Contains(out.Failure.Message, "fatal error: sync: unlock of unlocked mutex") {
		t.Fatalf("outcome %+v, want Lost with the fatal error", out.Failure)
	}
	text := strings.Join(out.Failure.Traceback, "\n")
	if !strings.Contains(text, "Cell 7 ended the process") || !strings.Contains(text, "goroutine ") {
		t.Errorf("traceback %s", text)
	}
	if len(out.Failure.Traceback) > crashLines+4 {
		t.Errorf("traceback of %d lines", len(out.Failure.Traceback))
	}
	select {
	case <-p.Died():
	default:
		t.Error("Died is not closed")
	}
	if out := run(p, 8, "print x"); out.Failure == nil || out.Failure.Kind != engine.Lost {
		t.Errorf("a dead engine gave %+v", out)
	}
	if _, err := p.Complete(t.Context(), "x", 1); err == nil {
		t.Error("a dead engine completed")
	}
}

func TestAnExitIsTold(t *testing.T) {
	p := newWorker(t, newRecorder())
	out := run(p, 1, "print before\nexit 3")
	if out.Failure == nil || out.Failure.Kind != engine.Lost || !strings.Contains(out.Failure.Message, "status 3") {
		t.Errorf("outcome %+v, want Lost with the status", out.Failure)
	}
}

func TestWordsLikeACrashAreShown(t *testing.T) {
	r := newRecorder()
	p := newWorker(t, r)
	if out := run(p, 1, "ehost panic: so says a log line\nprint on"); out.Failure != nil {
		t.Fatal(out.Failure)
	}
	if got := r.String(); !strings.Contains(got, "panic: so says a log line\n") {
		t.Errorf("output %q", got)
	}
}

func TestADeafCellIsEnded(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the grace of an interrupted cell")
	}
	r := newRecorder()
	p := newWorker(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		r.wait(t, "deaf\n")
		cancel()
	}()
	out := p.Execute(ctx, engine.Cell{Number: 1, Source: "stuck"})
	if out.Failure == nil || out.Failure.Kind != engine.Lost || !strings.Contains(out.Failure.Message, "did not stop") {
		t.Errorf("outcome %+v", out.Failure)
	}
}

func TestAnEngineThatCannotBeMade(t *testing.T) {
	e, err := Factory(Options{Args: []string{failing}})(t.Context(), newRecorder())
	if err == nil || !strings.Contains(err.Error(), "no symbols") || e != nil {
		t.Errorf("engine %v, error %v", e, err)
	}
	e, err = Factory(Options{Path: "/nonexistent/program"})(t.Context(), newRecorder())
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/program") || e != nil {
		t.Errorf("engine %v, error %v", e, err)
	}
}

func TestMarksSplitAcrossReads(t *testing.T) {
	var got []string
	secret := []byte("0123456789abcdef")
	c := newCapture(secret, func() bool { return false }, func(name, text string) { got = append(got, name+":"+text) })
	c.ended = true // so that marks are not waited for
	mark := append(append([]byte{}, secret...), 0, 0, 0, 0, 0, 0, 0, 9)
	stream := append(append([]byte("a世"), mark...), "b\xffc"...)
	c.mu.Lock()
	defer c.mu.Unlock()
	var held []byte
	for _, b := range stream {
		held = c.split(0, append(held, b))
	}
	c.pass(0, held)
	if joined := strings.ReplaceAll(strings.Join(got, ""), "stdout:", ""); joined != "a世b\xffc" {
		t.Errorf("text %q", joined)
	}
	if c.seen[0] != 9 {
		t.Errorf("mark %d, want 9", c.seen[0])
	}
	for _, piece := range got {
		if strings.Contains(piece, "\xe4") && !strings.Contains(piece, "世") {
			t.Errorf("a rune was cut: %q", got)
		}
	}
}

func FuzzReceive(f *testing.F) {
	frame, text, err := encodeFrame(message{Op: opEvent, Event: &engine.Event{Cell: 3, Stream: &engine.Stream{Name: "stderr", Text: "x"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(frame, text...)[4:])
	frame, _, err = encodeFrame(message{Op: opOutcome, Outcome: &engine.Outcome{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame[4:])
	frame, text, err = encodeFrame(message{Op: opExecute, Cell: &engine.Cell{Number: 2, Source: "x"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(frame, text...)[4:])
	f.Fuzz(func(t *testing.T, body []byte) {
		size := []byte{byte(len(body) >> 24), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
		m, err := receive(strings.NewReader(string(size) + string(body)))
		if err == nil && (m.Op == opEvent && m.Event == nil || m.Op == opExecute && m.Cell == nil) {
			t.Fatalf("%s without its value was accepted", m.Op)
		}
	})
}

// TestCellFrame sends cells of every size class with characters that JSON changes.
func TestCellFrame(t *testing.T) {
	for _, source := range []string{"", "x := \"<a>\"\n\u2028\x00", strings.Repeat("é\\", 100<<10)} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cell := engine.Cell{Number: 7, ID: "id", Source: source, Stdin: true, Expressions: map[string]string{"k": "1+1"}}
		before := cell
		sent := make(chan error, 1)
		go func() { sent <- (&sender{w: w}).send(message{Op: opExecute, ID: 5, Cell: &cell}) }()
		m, err := receive(r)
		if err := errors.Join(err, <-sent, w.Close(), r.Close()); err != nil {
			t.Fatal(err)
		}
		if m.Op != opExecute || m.ID != 5 || !reflect.DeepEqual(*m.Cell, before) || !reflect.DeepEqual(cell, before) {
			t.Errorf("a cell of %d bytes arrived as %+v", len(source), m)
		}
	}
}

// TestTwoCells checks that cells run at the same time, each interrupted for itself,
// and that a death names all of those that could have caused it.
func TestTwoCells(t *testing.T) {
	sink := newRecorder()
	p := newWorker(t, sink)
	ctx, interrupt := context.WithCancel(context.Background())
	first := make(chan engine.Outcome, 1)
	go func() { first <- p.Execute(ctx, engine.Cell{Number: 1, Source: "print begun\nblock"}) }()
	sink.wait(t, "begun")
	if out := run(p, 2, "host from two\nresult two"); out.Failure != nil || out.Result.Text() != "two" {
		t.Fatalf("beside a running cell: %+v", out)
	}
	if out := run(p, 3, "fail"); out.Failure == nil {
		t.Fatal("a failing cell came to nothing")
	}
	if got := sink.String(); got != "[1 stdout]begun\n[2 stdout]from two\n" {
		t.Errorf("output %q", got)
	}
	interrupt()
	if out := <-first; out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("interrupted: %+v", out.Failure)
	}

	go func() { first <- p.Execute(context.Background(), engine.Cell{Number: 4, Source: "print again\nblock"}) }()
	sink.wait(t, "again")
	for _, out := range []engine.Outcome{run(p, 5, "exit 7"), <-first} {
		if out.Failure == nil || out.Failure.Kind != engine.Lost || !strings.Contains(strings.Join(out.Failure.Traceback, "\n"), "One of the cells 4 and 5 ended the process") {
			t.Errorf("after the death: %+v", out.Failure)
		}
	}
}
