package interp

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"os"
	"reflect"
	"sync"

	"github.com/goplus/ixgo"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// output takes what cells print and hands it to the sink under the number of
// the cell whose goroutine printed it.
type output struct {
	sink  engine.Sink
	tasks *tasks

	mu     sync.Mutex
	stdin  *os.File // all set once a cell mentions one of them
	stdout *pipe
	stderr *pipe
}

// write emits text for a cell.
func (o *output) write(cell int, stream, text string) {
	if text != "" {
		o.sink.Emit(engine.Event{Cell: cell, Stream: &engine.Stream{Name: stream, Text: text}})
	}
}

// stream is an io.Writer that attributes what is written by the goroutine.
type stream struct {
	out  *output
	name string
}

func (s stream) Write(p []byte) (int, error) {
	s.print(string(p))
	return len(p), nil
}

func (s stream) print(text string) int {
	s.out.sync()
	cell := 0
	if t := s.out.tasks.owner(); t != nil {
		cell = t.cell
	}
	s.out.write(cell, s.name, text)
	return len(text)
}

// externals replaces what prints to standard output.
func (o *output) externals() map[string]any {
	out := stream{o, "stdout"}
	return map[string]any{
		"fmt.Print":   func(a ...any) (int, error) { return out.print(sprint(a)), nil },
		"fmt.Println": func(a ...any) (int, error) { return out.print(fmt.Sprintln(a...)), nil },
		"fmt.Printf":  func(f string, a ...any) (int, error) { return out.print(fmt.Sprintf(f, a...)), nil },

		"go/ast.Print": func(fset *token.FileSet, x any) error { return ast.Fprint(out, fset, x, ast.NotNilFilter) },
	}
}

// sprint is fmt.Sprint, which copies a long string twice.
func sprint(a []any) string {
	if len(a) == 1 {
		if text, ok := a[0].(string); ok {
			return text
		}
	}
	return fmt.Sprint(a...)
}

// printBuiltins sends what the builtins print and println write to stderr.
func (o *output) printBuiltins(ctx *ixgo.Context) {
	*(*io.Writer)(privateField(reflect.ValueOf(ctx).Elem(), "output")) = stream{o, "stderr"}
}

// files makes the variables that cells see as os.Stdin, os.Stdout and os.Stderr:
// an empty file, since the process's own input is not the cell's to read, and
// pipes, since they must be real files. What comes out of those belongs to the
// cell that began last.
func (o *output) files() (map[string]any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stdout == nil {
		in, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		a, err := newPipe(stream{o, "stdout"})
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		b, err := newPipe(stream{o, "stderr"})
		if err != nil {
			a.close()
			return nil, errors.Join(err, in.Close())
		}
		o.stdin, o.stdout, o.stderr = in, a, b
	}
	return map[string]any{"Stdin": &o.stdin, "Stdout": &o.stdout.file, "Stderr": &o.stderr.file}, nil
}

// sync waits until everything written to the files has been emitted.
func (o *output) sync() {
	o.mu.Lock()
	a, b := o.stdout, o.stderr
	o.mu.Unlock()
	if a != nil {
		a.sync()
		b.sync()
	}
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stdout != nil {
		o.stdin.Close()
		o.stdout.close()
		o.stderr.close()
	}
}

// pipe is a file whose content goes to a stream.
type pipe struct {
	file   *os.File // the writing end, as cells see it; they may set it
	write  *os.File
	read   *os.File
	marker []byte

	mu     sync.Mutex // one sync at a time
	passed chan struct{}
	done   chan struct{}
}

func newPipe(s stream) (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for %s: %w", s.name, err)
	}
	p := &pipe{file: w, write: w, read: r, passed: make(chan struct{}), done: make(chan struct{}),
		marker: fmt.Appendf(nil, "\x00\x1b]sync %p\x07\x00", r)}
	go p.copy(s)
	return p, nil
}

// copy emits what is read and tells sync when a marker passes.
func (p *pipe) copy(s stream) {
	defer close(p.done)
	var held []byte // may be the beginning of a marker
	buf := make([]byte, 64<<10)
	for {
		n, err := p.read.Read(buf)
		held = append(held, buf[:n]...)
		for {
			before, after, found := bytes.Cut(held, p.marker)
			if !found {
				break
			}
			p.emit(s, before)
			held = append([]byte(nil), after...)
			p.passed <- struct{}{}
		}
		keep := partial(held, p.marker)
		p.emit(s, held[:len(held)-keep])
		held = append([]byte(nil), held[len(held)-keep:]...)
		if err != nil {
			p.emit(s, held)
			return
		}
	}
}

func (p *pipe) emit(s stream, text []byte) {
	cell := 0
	if t := s.out.tasks.current(); t != nil {
		cell = t.cell
	}
	s.out.write(cell, s.name, string(text))
}

// partial is the length of the longest end of text with which marker begins.
func partial(text, marker []byte) int {
	for n := min(len(text), len(marker)-1); n > 0; n-- {
		if bytes.HasPrefix(marker, text[len(text)-n:]) {
			return n
		}
	}
	return 0
}

func (p *pipe) sync() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.write.Write(p.marker); err != nil {
		return // a cell closed it
	}
	select {
	case <-p.passed:
	case <-p.done:
	}
}

func (p *pipe) close() {
	p.write.Close()
	<-p.done
	p.read.Close()
}
