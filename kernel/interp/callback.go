package interp

import (
	"errors"
	"go/types"
	"net/http"
	"reflect"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"
)

// methodFinder finds the methods of types for compiled code to call. Called on a
// goroutine that no cell started, such as those of net/http and os/exec, they
// belong to the cell whose code they are, and a panic is that cell's: it would end
// the process otherwise. Such a call returns zero values; that of a handler of
// net/http aborts the response.
type methodFinder struct {
	interp *ixgo.Interp
	tasks  *tasks
	task   *task
}

func (m methodFinder) FindMethod(t reflect.Type, f *types.Func) func([]reflect.Value) []reflect.Value {
	method := m.interp.FindMethod(t, f)
	handles := f.Name() == "ServeHTTP"
	if formats[f.Name()] {
		method = panickingWithValue(method)
	}
	return func(args []reflect.Value) []reflect.Value {
		if !m.tasks.take(m.task) {
			return method(args)
		}
		return m.call(t, handles, method, args)
	}
}

// formats are the methods that package fmt calls to print a value.
var formats = map[string]bool{"Error": true, "String": true, "GoString": true, "Format": true}

// panickingWithValue makes a method panic with the value that the cell gave, which
// package fmt prints, and not with the engine's, whose text is made anew by it: that
// of a value whose method panics with the value itself had no end.
func panickingWithValue(method func([]reflect.Value) []reflect.Value) func([]reflect.Value) []reflect.Value {
	return func(args []reflect.Value) []reflect.Value {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case ixgo.PanicError:
				panic(r.Value)
			default:
				panic(r)
			}
		}()
		return method(args)
	}
}

// call calls a method on a goroutine that take has given to the task.
func (m methodFinder) call(t reflect.Type, handles bool, method func([]reflect.Value) []reflect.Value, args []reflect.Value) (results []reflect.Value) {
	defer func() {
		r := recover()
		var frames []frame
		if p, ok := r.(ixgo.PanicError); ok {
			r, frames = p.Value, parseStack(p.Stack(), placesOf(m.interp))
		}
		if handles {
			m.tasks.handled(r, frames)
		} else if m.tasks.endWith(r, frames); r != nil {
			results = nil
			for out := range t.Outs() {
				results = append(results, reflect.Zero(out))
			}
		}
	}()
	return method(args)
}

// take gives the calling goroutine to a task; false if a cell has it already.
func (ts *tasks) take(owner any) bool {
	t, ok := owner.(*task)
	if !ok || t == nil {
		return false
	}
	_, owned := ts.owners.LoadOrStore(gid.Get(), t)
	return !owned
}

// leave ends a handler of net/http after take.
func (ts *tasks) leave(fr *ixgo.Frame, recovered any) {
	ts.handled(recoveredBy(recovered), framesOf(fr))
}

// handled reports what a handler of net/http panicked with and has the server
// abort the response, as that does after a panic.
func (ts *tasks) handled(recovered any, frames []frame) {
	if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		ts.forget()
	} else if ts.endWith(recovered, frames); recovered == nil {
		return
	}
	panic(http.ErrAbortHandler)
}
