package interp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestHandlersPanicInTheirCell lets handlers of net/http and a writer of os/exec
// panic on goroutines that no cell started.
func TestHandlersPanicInTheirCell(t *testing.T) {
	for _, c := range []struct{ what, cell, call, want string }{
		{"a method", `type h struct{}
func (h) ServeHTTP(http.ResponseWriter, *http.Request) { panic("served") }
srv := httptest.NewServer(h{})`, `_, err := http.Get(srv.URL); err != nil`, "Cell [2]:2 in h.ServeHTTP"},
		{"a literal", `srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
	panic("served")
}))`, `_, err := http.Get(srv.URL); err != nil`, "Cell [2]:2 in a function literal"},
		{"a function", `func serve(http.ResponseWriter, *http.Request) { panic("served") }
mux := http.NewServeMux()
mux.HandleFunc("/", serve)
srv := httptest.NewServer(mux)`, `_, err := http.Get(srv.URL); err != nil`, "Cell [2]:1 in serve"},
		{"a writer", `type w struct{}
func (w) Write([]byte) (int, error) { panic("served") }
out := w{}
srv := httptest.NewServer(nil)`, `cmd := exec.Command("echo", "x"); cmd.Stdout = out; cmd.Run() != nil`, "Cell [2]:2 in w.Write"},
	} {
		s := newSession(t)
		s.ok(`import ("net/http"; "net/http/httptest"; "os/exec")`)
		s.ok(c.cell)
		if got := s.ok(c.call); got != "true" {
			t.Errorf("%s: the caller saw no error: %s", c.what, got)
		}
		if !s.eventually(func() bool {
			got := s.sink.text(2, "stderr")
			return strings.Contains(got, "goroutine panic: served") && strings.Contains(got, c.want)
		}) {
			t.Errorf("%s: its cell got %q, want %q", c.what, s.sink.text(2, "stderr"), c.want)
		}
		s.ok(`srv.Close()`)
	}
}

// TestHandlersOfTheCellItself calls handlers on the cell's own goroutine.
func TestHandlersOfTheCellItself(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "net/http"; "net/http/httptest")
mux := http.NewServeMux()
mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Println("serving"); fmt.Fprint(w, "served") })
mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("own") })`)
	if got := s.ok(`rec := httptest.NewRecorder()
mux.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
fmt.Println("after")
rec.Body.String()`); got != "served" {
		t.Errorf("got %q", got)
	}
	if got := s.sink.text(2, "stdout"); got != "serving\nafter\n" {
		t.Errorf("the cell printed %q", got)
	}
	if out := s.run(`mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/panic", nil))`); out.Failure == nil || out.Failure.Kind != engine.Panic {
		t.Errorf("a panic ended in %+v", out)
	}
}

// TestPackagesGoroutinesStop interrupts a goroutine that a package started.
func TestPackagesGoroutinesStop(t *testing.T) {
	s := newSession(t)
	s.ok(`import "sync"
var wg sync.WaitGroup
var turns int
started := make(chan bool)`)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		if !s.eventually(func() bool { return s.sink.text(2, "stdout") != "" }) {
			t.Error("the goroutine did not begin")
		}
	}()
	if out := s.runContext(ctx, `import "fmt"
wg.Go(func() { fmt.Println("on"); for { turns++ } })
wg.Wait()`); out.Failure == nil || out.Failure.Kind != engine.Interrupted {
		t.Fatalf("ended in %+v", out)
	}
	s.ok(`wg.Wait()`) // it has halted, and told the group
}
