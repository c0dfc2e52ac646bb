package enginetest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// New is an engine.Factory.
func New(_ context.Context, sink engine.Sink) (engine.Engine, error) {
	return &scripted{sink: sink, values: map[string]string{}, release: make(chan struct{})}, nil
}

type scripted struct {
	sink engine.Sink

	mu      sync.Mutex
	values  map[string]string
	release chan struct{} // closed when "go" comes
	late    sync.WaitGroup
}

// Execute runs the script.
func (s *scripted) Execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	var out engine.Outcome
	for i, line := range append(strings.Split(cell.Source, "\n"), "") {
		if ctx.Err() != nil {
			return engine.Outcome{Failure: &engine.Failure{Kind: engine.Interrupted, Message: "interrupted"}}
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if verb == "" || strings.HasPrefix(verb, "//") {
			continue
		}
		if verb == "result" {
			b := display.Text(s.value(rest))
			out.Result = &b
			continue
		}
		if f := s.step(ctx, cell, verb, rest); f != nil {
			f.Traceback = []string{fmt.Sprintf("cell %d, line %d: %s", cell.Number, i+1, f.Message)}
			return engine.Outcome{Failure: f}
		}
	}
	out.Expressions = map[string]engine.Expression{}
	for key, name := range cell.Expressions {
		if strings.HasPrefix(name, "bad") {
			out.Expressions[key] = engine.Expression{Failure: &engine.Failure{Kind: engine.Compile, Message: "undefined: " + name}}
			continue
		}
		out.Expressions[key] = engine.Expression{Bundle: display.Text(s.value(name))}
	}
	return out
}

func (s *scripted) value(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[name]; ok {
		return v
	}
	return name
}

func (s *scripted) step(ctx context.Context, cell engine.Cell, verb, rest string) *engine.Failure {
	id, text, _ := strings.Cut(rest, " ")
	switch verb {
	case "print":
		s.stream(cell.Number, "stdout", rest+"\n")
	case "eprint":
		s.stream(cell.Number, "stderr", rest+"\n")
	case "host":
		fmt.Fprintln(os.Stdout, rest)
	case "ehost":
		fmt.Fprintln(os.Stderr, rest)
	case "many":
		for i := range number(rest) {
			s.stream(cell.Number, "stdout", fmt.Sprintln("line", i))
		}
	case "bytes":
		for n := number(rest); n > 0; n -= 100 {
			s.stream(cell.Number, "stdout", strings.Repeat("x", min(n, 100)-1)+"\n")
		}
	case "html":
		s.sink.Emit(engine.Event{Cell: cell.Number, Display: &engine.Display{Bundle: display.HTML(rest)}})
	case "show", "update":
		s.sink.Emit(engine.Event{Cell: cell.Number, Display: &engine.Display{Bundle: display.Text(text), ID: id, Update: verb == "update"}})
	case "clear":
		s.sink.Emit(engine.Event{Cell: cell.Number, Clear: &engine.Clear{Wait: true}})
	case "secret":
		s.sink.Emit(engine.Event{Cell: cell.Number, Secret: rest})
	case "part": // text without the end of its line
		s.stream(cell.Number, "stdout", rest)
	case "set":
		s.mu.Lock()
		s.values[id] = text
		s.mu.Unlock()
	case "later":
		s.later(cell.Number, rest)
	case "go":
		s.goOn()
	case "block":
		<-ctx.Done()
	case "stuck":
		s.stream(cell.Number, "stdout", "deaf\n")
		select {}
	default:
		return s.ending(ctx, cell, verb, rest)
	}
	return nil
}

// ending runs the commands that can end the cell or the process.
func (s *scripted) ending(ctx context.Context, cell engine.Cell, verb, rest string) *engine.Failure {
	switch verb {
	case "ask", "password":
		text, err := s.sink.Ask(ctx, cell.Number, rest, verb == "password")
		if err != nil {
			return &engine.Failure{Kind: engine.Panic, Message: err.Error()}
		}
		s.stream(cell.Number, "stdout", "got "+text+"\n")
		return nil
	case "fail":
		return &engine.Failure{Kind: engine.Panic, Message: rest}
	case "die":
		var m sync.Mutex
		m.Unlock()
	case "exit":
		os.Exit(number(rest))
	}
	return &engine.Failure{Kind: engine.Compile, Message: "undefined: " + verb}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func (s *scripted) stream(cell int, name, text string) {
	s.sink.Emit(engine.Event{Cell: cell, Stream: &engine.Stream{Name: name, Text: text}})
}

func (s *scripted) later(cell int, text string) {
	s.mu.Lock()
	release := s.release
	s.mu.Unlock()
	s.late.Go(func() {
		<-release
		s.stream(cell, "stdout", text+"\n")
	})
}

func (s *scripted) goOn() {
	s.mu.Lock()
	close(s.release)
	s.release = make(chan struct{})
	s.mu.Unlock()
	s.late.Wait()
}

// Complete proposes two words for whatever stands before the cursor.
func (s *scripted) Complete(_ context.Context, code string, cursor int) (engine.Completions, error) {
	start := strings.LastIndexAny(code[:cursor], " \n") + 1
	return engine.Completions{Start: start, End: cursor, Items: []engine.Completion{
		{Text: "print", Type: "function", Signature: "print TEXT"}, {Text: "password", Type: "function"},
	}}, nil
}

// Inspect knows every command and no other word.
func (s *scripted) Inspect(_ context.Context, code string, _, detail int) (display.Bundle, bool) {
	if code != "print" {
		return display.Bundle{}, false
	}
	return display.Text(fmt.Sprintf("print writes a line (detail %d)", detail)), true
}

// IsComplete calls a script incomplete that ends in a backslash.
func (s *scripted) IsComplete(code string) engine.Completeness {
	if strings.HasSuffix(code, `\`) {
		return engine.Completeness{Status: "incomplete", Indent: "  "}
	}
	return engine.Completeness{Status: "complete"}
}

// Close does nothing: the engine owns nothing.
func (s *scripted) Close() error { return nil }
