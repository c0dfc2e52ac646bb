package interp

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"maps"
	"os"
	"reflect"
	"sync"
	"syscall"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// output takes what cells print and hands it to the sink under the number of
// the cell whose goroutine printed it.
type output struct {
	sink  engine.Sink
	tasks *tasks
	input *input

	mu      sync.Mutex
	stdin   *os.File // as cells see it; all set once a cell mentions one of them
	devNull *os.File // what stdin was before a cell set it
	stdout  *pipe
	stderr  *pipe
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
	return s.printFor(nil, string(p)), nil
}

// printFor prints for the cell of the goroutine. Where no cell started that, it
// prints for t, or where that is nil for the cell that began last.
func (s stream) printFor(t *task, text string) int {
	s.out.sync()
	if owner, ok := s.out.tasks.owners.Load(gid.Get()); ok {
		t = owner.(*task)
	} else if t == nil {
		t = s.out.tasks.current()
	}
	cell := 0
	if t != nil {
		cell = t.cell
	}
	s.out.write(cell, s.name, text)
	return len(text)
}

// externals replaces what prints or uses files in code compiled for t.
func (o *output) externals(t *task) map[string]any {
	out := stream{o, "stdout"}
	print := func(text string) (int, error) {
		if f := o.redirected(); f != nil {
			return f.WriteString(text)
		}
		return out.printFor(t, text), nil
	}
	externals := map[string]any{
		"fmt.Print":   func(a ...any) (int, error) { return print(sprint(a)) },
		"fmt.Println": func(a ...any) (int, error) { return print(fmt.Sprintln(a...)) },
		"fmt.Printf":  func(f string, a ...any) (int, error) { return print(fmt.Sprintf(f, a...)) },

		"go/ast.Print": func(fset *token.FileSet, x any) error { return ast.Fprint(out, fset, x, ast.NotNilFilter) },
	}
	maps.Copy(externals, o.fileExternals(t))
	return externals
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
// pipes, since they must be real files. What comes out of those was written past
// handedOn, by processes for example, and belongs to the cell that began last.
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
		o.stdin, o.devNull, o.stdout, o.stderr = in, in, a, b
	}
	return map[string]any{"Stdin": &o.stdin, "Stdout": &o.stdout.file, "Stderr": &o.stderr.file}, nil
}

// sync emits everything that has been written to the files.
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
		o.devNull.Close()
		o.stdout.close()
		o.stderr.close()
	}
}

// pipe is a file whose content goes to a stream.
type pipe struct {
	file  *os.File // the writing end, as cells see it; they may set it
	write *os.File
	read  *os.File
	raw   syscall.RawConn // of read
	to    stream
	done  chan struct{} // closed when nothing copies any more

	mu  sync.Mutex // held while what was read is emitted
	buf []byte
}

func newPipe(s stream) (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for %s: %w", s.name, err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe for %s: %w", s.name, err), r.Close(), w.Close())
	}
	p := &pipe{file: w, write: w, read: r, raw: raw, to: s, done: make(chan struct{}), buf: make([]byte, 64<<10)}
	go p.copy()
	return p, nil
}

// copy emits what is written until the pipe is closed at either end.
func (p *pipe) copy() {
	defer close(p.done)
	_ = p.raw.Read(p.drain) // fails when the reading end is closed
}

// drain emits all that is in the pipe now. It tells whether the pipe has ended.
func (p *pipe) drain(fd uintptr) (ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n, err := syscall.Read(int(fd), p.buf)
		switch {
		case n > 0:
			cell := 0
			if t := p.to.out.tasks.current(); t != nil {
				cell = t.cell
			}
			p.to.out.write(cell, p.to.name, string(p.buf[:n]))
		case errors.Is(err, syscall.EINTR):
		default:
			return !errors.Is(err, syscall.EAGAIN)
		}
	}
}

// sync emits all that was written before.
func (p *pipe) sync() {
	_ = p.raw.Control(func(fd uintptr) { p.drain(fd) }) // closed: nothing is left
}

func (p *pipe) close() {
	p.write.Close()
	p.sync()
	p.read.Close()
	<-p.done
}
