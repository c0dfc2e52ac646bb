package interp

import (
	"go/types"
	"io"
	"os"
	"reflect"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// stdFile is what cells hand on where they hand os.Stdout or os.Stderr on as an
// io.Writer or another interface with methods. It is that file, except that what
// is written belongs to the cell of the goroutine that writes, and comes in order
// with what the goroutine prints otherwise. What goroutines write that no cell
// started, those of exec.Cmd for example, belongs to the cell that handed it on.
type stdFile struct {
	*os.File
	to    stream
	giver *task
}

func (f stdFile) Write(p []byte) (int, error)       { return f.to.printFor(f.giver, string(p)), nil }
func (f stdFile) WriteString(s string) (int, error) { return f.to.printFor(f.giver, s), nil }
func (f stdFile) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{f}, r)
}

// stdInput is what cells hand on where they hand os.Stdin on: reading asks the
// person in front of the notebook.
type stdInput struct {
	*os.File
	in *input
}

func (f stdInput) Read(p []byte) (int, error) { return f.in.Read(p) }
func (f stdInput) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{f.in})
}

// handedOn is f as code compiled for t hands it on: itself unless it is one of the
// cells' standard files.
func (o *output) handedOn(f *os.File, t *task) any {
	if name := o.standard(f); name != "" {
		return stdFile{f, stream{o, name}, t}
	}
	if o.isStdin(f) {
		return stdInput{f, o.input}
	}
	return f
}

// standard is the name of f's stream, empty if f is no file of the cells' output.
func (o *output) standard(f *os.File) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.stdout == nil || f == nil:
	case f == o.stdout.write:
		return "stdout"
	case f == o.stderr.write:
		return "stderr"
	}
	return ""
}

func (o *output) isStdin(f *os.File) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return f != nil && f == o.devNull
}

// redirected is the file that a cell put in the place of os.Stdout, nil if it did
// not.
func (o *output) redirected() *os.File {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stdout == nil || o.stdout.file == o.stdout.write {
		return nil
	}
	return o.stdout.file
}

// fileExternals are the methods of os.File for code compiled for t.
func (o *output) fileExternals(t *task) map[string]any {
	to := func(f *os.File) io.Writer {
		if w, ok := o.handedOn(f, t).(stdFile); ok {
			return w
		}
		return nil
	}
	return map[string]any{
		"(*os.File).Write": func(f *os.File, p []byte) (int, error) {
			if w := to(f); w != nil {
				return w.Write(p)
			}
			return f.Write(p)
		},
		"(*os.File).WriteString": func(f *os.File, s string) (int, error) {
			if w := to(f); w != nil {
				return io.WriteString(w, s)
			}
			return f.WriteString(s)
		},
		"(*os.File).ReadFrom": func(f *os.File, r io.Reader) (int64, error) {
			if w := to(f); w != nil {
				return io.Copy(w, r)
			}
			return f.ReadFrom(r)
		},
		"(*os.File).Read": func(f *os.File, p []byte) (int, error) {
			if o.isStdin(f) {
				return o.input.Read(p)
			}
			return f.Read(p)
		},
		"(*os.File).WriteTo": func(f *os.File, w io.Writer) (int64, error) {
			if o.isStdin(f) {
				return stdInput{f, o.input}.WriteTo(w)
			}
			return f.WriteTo(w)
		},
	}
}

// handOn wraps an instruction compiled for t that turns a file into an interface or an interface
// into a file, so that the interface holds what handedOn makes of the file. It is
// nil for other instructions.
func (o *output) handOn(t *task, slots map[ssa.Value]uint32, instr ssa.Instruction, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	switch instr := instr.(type) {
	case *ssa.MakeInterface:
		if !isFile(instr.X.Type()) || types.NewMethodSet(instr.Type()).Len() == 0 {
			return nil
		}
		result := slot(slots[instr])
		return func(fr *ixgo.Frame) {
			compiled(fr)
			values := valuesOf(fr)
			if f, ok := values[result].(*os.File); ok {
				values[result] = o.handedOn(f, t)
			}
		}
	case *ssa.TypeAssert:
		if !isFile(instr.AssertedType) {
			return nil
		}
		from := slot(slots[instr.X])
		return func(fr *ixgo.Frame) {
			values := valuesOf(fr)
			before := values[from]
			switch f := before.(type) {
			case stdFile:
				values[from] = f.File
			case stdInput:
				values[from] = f.File
			}
			defer func() { values[from] = before }()
			compiled(fr)
		}
	}
	return nil
}

func isFile(t types.Type) bool {
	p, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && named.Obj().Name() == "File" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "os"
}

// slot is where a frame keeps the value that the engine gave this index: its upper
// byte tells kinds.
func slot(index uint32) int { return int(index & 0xffffff) }

var frameValues = func() uintptr {
	f, _ := reflect.TypeFor[ixgo.Frame]().FieldByName("stack")
	return f.Offset
}()

// valuesOf are the values in a frame.
func valuesOf(fr *ixgo.Frame) []any {
	return *stackOf(fr)
}
