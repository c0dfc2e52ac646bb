package interp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/visualfc/gid"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/display"
)

// debugger is the engine's side of a debugger.
type debugger struct {
	refs references

	mu    sync.Mutex
	paths dap.Paths
	mute  map[reflect.Type]bool // types whose text did not come in time: not asked again
}

// debuggerName stands for the debugger among the cells.
const debuggerName = "Debugger"

// Times for what code of cells does for the debugger.
const (
	askTime  = 50 * time.Millisecond  // a String method
	viewTime = 200 * time.Millisecond // all String methods of one answer
	richTime = time.Second            // a value that shows itself
)

// Debug serves a debugger, see [engine.Debuggable].
func (e *Engine) Debug(_ context.Context, command string, arguments json.RawMessage) (answer json.RawMessage, err error) {
	defer func() {
		if r := recover(); r != nil {
			answer, err = nil, fmt.Errorf("the debugger failed on %s: %v", command, r)
		}
	}()
	body, err := e.serveDebugger(command, arguments)
	if err != nil {
		return nil, err
	}
	return json.Marshal(body)
}

func (e *Engine) serveDebugger(command string, arguments json.RawMessage) (any, error) {
	switch command {
	case "attach":
		return serve(command, arguments, e.enterDebugger)
	case "detach":
		e.leaveDebugger()
		return struct{}{}, nil
	case "setBreakpoints":
		return serve(command, arguments, e.setBreakpoints)
	case "inspectVariables":
		return e.sessionVariables()
	case "variables":
		return serve(command, arguments, e.variables)
	case "richInspectVariables":
		return serve(command, arguments, e.rich)
	case "setVariable":
		return serve(command, arguments, e.setVariable)
	case "copyToGlobals":
		return serve(command, arguments, e.copyToGlobals)
	case "evaluate":
		return serve(command, arguments, e.evaluateFor)
	}
	return e.serveStops(command, arguments)
}

// serveStops serves what concerns the threads of the program.
func (e *Engine) serveStops(command string, arguments json.RawMessage) (any, error) {
	switch command {
	case "threads":
		return dap.Threads{Threads: e.tasks.stops.list()}, nil
	case "stackTrace":
		return serve(command, arguments, e.stackTrace)
	case "scopes":
		return serve(command, arguments, e.scopes)
	case "continue":
		return e.goOn(run)
	case "next":
		return e.goOn(over)
	case "stepIn":
		return e.goOn(into)
	case "stepOut":
		return e.goOn(outOf)
	case "pause":
		return e.pause()
	}
	return nil, fmt.Errorf("this debugger has no request %q", command)
}

// serve decodes the arguments of a command for f.
func serve[A any](command string, arguments json.RawMessage, f func(A) (any, error)) (any, error) {
	var a A
	if err := dap.Decode(command, arguments, &a); err != nil {
		return nil, err
	}
	return f(a)
}

// variable is a session variable and where it lies.
type variable struct {
	name  string
	value reflect.Value
}

func (v variable) child() child { return child{name: v.name, expr: v.name, value: v.value} }

// liveVariables lists the variables that the next cell could use, by name.
func (e *Engine) liveVariables() []variable {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []variable
	for name, m := range e.session.names {
		v, ok := m.object.(*types.Var)
		if !ok {
			continue
		}
		if address := e.session.address[v]; address != nil {
			all = append(all, variable{name, reflect.ValueOf(address).Elem()})
		}
	}
	slices.SortFunc(all, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	return all
}

// errMoving answers who wants values that cannot be read now.
var errMoving = errors.New("a cell runs: its values can be read when it has ended, waits, or is stopped")

// read lets f read values while the goroutines of cells are kept.
func (e *Engine) read(f func(*viewer) (any, error)) (answer any, err error) {
	s, release := e.tasks.holdAll()
	defer release()
	if s == moving {
		return nil, errMoving
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			answer, err = nil, fmt.Errorf("the value cannot be read: %v", r)
		}
	}()
	w := &viewer{tell: e.teller()}
	if s == waiting {
		w.closed = "entries are shown when no goroutine of a cell waits in a library"
	}
	return f(w)
}

// sessionVariables answers inspectVariables. While values cannot be read names and
// types are told all the same.
func (e *Engine) sessionVariables() (any, error) {
	e.debugger.refs.turn()
	all := e.liveVariables()
	answer, err := e.read(func(w *viewer) (any, error) {
		list := []dap.Variable{}
		for _, v := range all {
			list = append(list, e.describe(w, v.child(), reference{}))
		}
		return dap.Variables{Variables: list}, nil
	})
	if err == nil {
		return answer, nil
	}
	list := []dap.Variable{}
	for _, v := range all {
		list = append(list, dap.Variable{Name: v.name, Type: typeText(v.value.Type()), Value: "(" + err.Error() + ")", EvaluateName: v.name})
	}
	return dap.Variables{Variables: list}, nil
}

// describe makes a line of a view: c is a part of what another refers to.
func (e *Engine) describe(w *viewer, c child, of reference) (v dap.Variable) {
	v = dap.Variable{Name: c.name, EvaluateName: c.expr, Type: typeText(c.value.Type())}
	defer func() {
		if r := recover(); r != nil {
			v.Value = fmt.Sprintf("(cannot be read: %v)", r)
		}
	}()
	v.Value = w.preview(c.value)
	if v.Named, v.Indexed = w.count(c.value); v.Named+v.Indexed > 0 {
		v.Reference = e.debugger.refs.add(reference{value: c.value, expr: c.expr, count: max(v.Named, v.Indexed), thread: of.thread, frame: of.frame})
	}
	return v
}

// variables answers the request for the parts of a value.
func (e *Engine) variables(a dap.VariablesArguments) (any, error) {
	r, err := e.debugger.refs.get(a.Reference)
	if err != nil {
		return nil, err
	}
	return e.read(func(w *viewer) (any, error) {
		list := []dap.Variable{}
		named, _ := w.count(r.value)
		if a.Filter == "named" && named == 0 || a.Filter == "indexed" && named > 0 {
			return dap.Variables{Variables: list}, nil
		}
		if r.list == nil && w.isMap(r.value) {
			r.list = w.parts(r.value, r.expr, 0, -1)
			r.count = len(r.list)
		}
		a.Start = max(a.Start, 0)
		if a.Count <= 0 && r.count-a.Start > pageItems && !r.whole {
			return dap.Variables{Variables: e.pages(r, a.Start)}, nil
		}
		limit := r.count - a.Start
		if a.Count > 0 {
			limit = min(limit, a.Count)
		}
		for _, c := range r.parts(w, r.start+a.Start, max(limit, 0)) {
			list = append(list, e.describe(w, c, r))
		}
		return dap.Variables{Variables: list}, nil
	})
}

// parts lists parts of what r refers to.
func (r reference) parts(w *viewer, start, limit int) []child {
	if r.list != nil {
		return page(r.list, start, limit)
	}
	return w.parts(r.value, r.expr, start, limit)
}

// pages groups the parts of r from the given one on, so that no answer is large.
func (e *Engine) pages(r reference, from int) []dap.Variable {
	step := pageItems
	for (r.count-from)/step > pageItems {
		step *= pageItems
	}
	var list []dap.Variable
	for start := from; start < r.count; start += step {
		part := r
		part.start, part.count = r.start+start, min(step, r.count-start)
		list = append(list, dap.Variable{
			Name: fmt.Sprintf("[%d..%d]", part.start, part.start+part.count-1), Value: cutMark,
			Reference: e.debugger.refs.add(part), Indexed: part.count,
		})
	}
	return list
}

// rich answers how a variable shows itself as the result of a cell.
func (e *Engine) rich(a dap.RichArguments) (any, error) {
	all := e.liveVariables()
	if a.Frame != 0 {
		f, err := e.frame(a.Frame)
		if err != nil {
			return nil, err
		}
		all = append(f.locals(), all...)
	}
	i := slices.IndexFunc(all, func(v variable) bool { return v.name == a.Name })
	if i < 0 {
		return nil, fmt.Errorf("there is no variable %q", a.Name)
	}
	return e.read(func(*viewer) (any, error) {
		b, _, ok := guarded(e, richTime, func() display.Bundle { return display.Of(all[i].value.Interface()) })
		if !ok {
			return nil, fmt.Errorf("%s did not show itself within %v", a.Name, richTime)
		}
		return dap.Rich{Data: b.Data, Metadata: b.Metadata}, nil
	})
}

// teller asks values for their texts until the time for one answer is over.
func (e *Engine) teller() func(reflect.Value) (string, bool) {
	left := viewTime
	return func(v reflect.Value) (string, bool) {
		ask := textOf(v)
		if ask == nil || left <= 0 || e.debugger.isMute(v.Type()) {
			return "", false
		}
		text, took, ok := guarded(e, askTime, ask)
		left -= took
		if !ok && took >= askTime { // else it panicked, as another value may not
			e.debugger.silence(v.Type())
		}
		return text, ok
	}
}

// textOf is the method by which v tells its text, nil if it has none or must not be
// asked.
func textOf(v reflect.Value) func() string {
	switch v.Kind() {
	case reflect.Interface:
		return nil // what is in it is asked
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		if v.IsNil() {
			return nil
		}
	}
	if !v.CanInterface() || v.Type().PkgPath() == "" && v.Kind() != reflect.Pointer && v.Kind() != reflect.Struct {
		return nil
	}
	of := []reflect.Value{v}
	if v.CanAddr() && v.Kind() != reflect.Pointer {
		of = append(of, v.Addr())
	}
	for _, v := range of {
		switch t := v.Type(); { // by type: a copy would read what a library keeps in v
		case t.Implements(reflect.TypeFor[error]()):
			return v.Interface().(error).Error
		case t.Implements(reflect.TypeFor[fmt.Stringer]()):
			return v.Interface().(fmt.Stringer).String
		}
	}
	return nil
}

func (d *debugger) isMute(t reflect.Type) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mute[t]
}

func (d *debugger) silence(t reflect.Type) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mute == nil {
		d.mute = map[reflect.Type]bool{}
	}
	d.mute[t] = true
}

// guarded runs f, which runs code of cells, as a cell of the debugger's that is
// stopped after limit. ok is false if f panicked or did not end in time; took is at
// most the limit.
func guarded[T any](e *Engine, limit time.Duration, f func() T) (result T, took time.Duration, ok bool) {
	t := newTask(0, debuggerName, e.sources)
	done := make(chan T, 1)
	ended := make(chan struct{})
	go func() {
		id := gid.Get()
		debug.SetPanicOnFault(true)
		e.tasks.owners.Store(id, t)
		e.tasks.hold.readers.Store(id, true)
		defer func() {
			_ = recover() // the caller is told below
			e.tasks.hold.readers.Delete(id)
			e.tasks.forget()
			close(ended)
		}()
		done <- f()
	}()
	took, ok = within(limit, ended)
	if !ok {
		e.tasks.stop(t, nil)
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C: // it waits in compiled code and halts when it comes back
			t.ended.Store(true)
			e.tasks.abandon(t)
		}
		return result, took, false // what it said of being stopped is no answer
	}
	select {
	case result = <-done:
		return result, took, true
	default:
		return result, took, false
	}
}

// within waits until something has ended, at most for the limit, and tells how much of
// that was taken. It waits in turns, each of which comes late where the machine is
// busy: there the limit is as much longer as what is waited for is slower.
func within(limit time.Duration, ended <-chan struct{}) (took time.Duration, ok bool) {
	const turns = 10
	turn := limit / turns
	timer := time.NewTimer(turn)
	defer timer.Stop()
	began := time.Now()
	for n := range time.Duration(turns) {
		select {
		case <-ended:
			return min(time.Since(began), (n+1)*turn), true
		case <-timer.C:
			timer.Reset(turn)
		}
	}
	return limit, false
}
