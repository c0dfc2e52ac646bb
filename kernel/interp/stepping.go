package interp

import (
	"errors"
	"fmt"
	"reflect"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
)

// enterDebugger makes the cells that run from now on able to stop.
func (e *Engine) enterDebugger(a dap.AttachArguments) (any, error) {
	e.debugger.mu.Lock()
	e.debugger.paths = dap.Paths(a)
	e.debugger.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tasks.stops.enter()
	e.session.stops = e.tasks.stops
	return dap.Capabilities{ConfigurationDone: true, SetVariable: true, ExceptionFilters: []dap.ExceptionFilter{}}, nil
}

// leaveDebugger lets what is stopped go on. Cells that run from now on are built
// as they always were.
func (e *Engine) leaveDebugger() {
	e.mu.Lock()
	e.session.stops = nil
	e.mu.Unlock()
	e.tasks.stops.leave()
	e.debugger.refs.clear()
}

// sourcePath is the path by which a front end knows a cell's source.
func (e *Engine) sourcePath(cell string) string {
	e.debugger.mu.Lock()
	defer e.debugger.mu.Unlock()
	return e.debugger.paths.Of(e.sources.of(cell))
}

// setBreakpoints replaces the breakpoints of a source. One goes to the nearest
// statement.
func (e *Engine) setBreakpoints(a dap.BreakpointsArguments) (any, error) {
	lines := statementLines(a.Text)
	set := dap.Breakpoints{Breakpoints: []dap.Breakpoint{}}
	var at []int
	for i, b := range a.Breakpoints {
		made := dap.Breakpoint{ID: i + 1, Line: b.Line, Source: &dap.Source{Path: a.Source.Path}}
		line, ok := nearest(lines, b.Line)
		switch {
		case !ok:
			made.Message = "there is no statement in this cell"
		case b.Condition != "":
			made.Message = "this debugger has no conditions: put an if statement around the line"
		default:
			made.Line, made.Verified = line, true
			at = append(at, line)
		}
		set.Breakpoints = append(set.Breakpoints, made)
	}
	e.tasks.stops.sites.set(a.Source.Path, at)
	e.tasks.stops.update()
	return set, nil
}

// errNotStopped answers what only a stopped thread can.
var errNotStopped = errors.New("no thread is stopped")

// goOn lets the stopped thread on.
func (e *Engine) goOn(mode stepMode) (any, error) {
	if !e.tasks.stops.goOn(mode) {
		return nil, errNotStopped
	}
	return map[string]bool{"allThreadsContinued": true}, nil
}

// pause stops the cell that began last at its next statement.
func (e *Engine) pause() (any, error) {
	d := e.tasks.stops
	t := e.tasks.current()
	if t == nil || t.ended.Load() || d.left() == nil {
		return nil, errors.New("no cell runs")
	}
	d.pause.Store(t)
	d.update()
	return struct{}{}, nil
}

// stopFrame is one call of the stopped thread.
type stopFrame struct {
	visit
	number int
	thread int
	cell   int
}

// frame finds a call of the stopped thread by one of its numbers.
func (e *Engine) frame(number int) (stopFrame, error) {
	th := e.tasks.stops.stoppedThread()
	if th == nil {
		return stopFrame{}, errNotStopped
	}
	depth := number - th.first
	if depth < 0 || number >= th.base+len(th.stack) {
		return stopFrame{}, fmt.Errorf("frame %d is over: ask for the stack again", number)
	}
	v := th.stack[len(th.stack)-1-depth%len(th.stack)]
	return stopFrame{v, number, th.number, th.task.cell}, nil
}

// locals are the variables that the frame can see besides those of the session.
func (f stopFrame) locals() (all []variable) {
	for i, v := range f.site.names {
		if i < len(f.vars) {
			all = append(all, variable{v.Name(), reflect.ValueOf(f.vars[i]).Elem()})
		}
	}
	return all
}

// stackTrace lists the calls of a stopped thread, the innermost first.
func (e *Engine) stackTrace(a dap.ThreadArguments) (any, error) {
	th := e.tasks.stops.stoppedThread()
	if th == nil || a.Thread != th.number {
		return nil, fmt.Errorf("thread %d is not stopped", a.Thread)
	}
	all := []dap.StackFrame{}
	for i := range th.stack {
		v := th.stack[len(th.stack)-1-i]
		all = append(all, dap.StackFrame{
			ID: th.base + i, Name: v.site.function, Line: v.site.line, Column: v.site.column,
			Source: &dap.Source{Name: v.site.file, Path: e.sourcePath(v.site.file)},
		})
	}
	limit := -1
	if a.Levels > 0 {
		limit = a.Levels
	}
	return dap.StackTrace{Frames: page(all, a.Start, limit), Total: len(all)}, nil
}

// scopes lists what a frame can see. At the top level of a cell that is the session
// alone.
func (e *Engine) scopes(a dap.ScopeArguments) (any, error) {
	f, err := e.frame(a.Frame)
	if err != nil {
		return nil, err
	}
	scopes := dap.Scopes{Scopes: []dap.Scope{}}
	add := func(name string, all []variable) {
		r := reference{list: []child{}, whole: true, count: len(all), thread: f.thread, frame: f.number}
		for _, v := range all {
			r.list = append(r.list, v.child())
		}
		scopes.Scopes = append(scopes.Scopes, dap.Scope{Name: name, Reference: e.debugger.refs.add(r), Named: len(all)})
	}
	if locals := f.locals(); len(locals) > 0 || f.site.function != cellFunction {
		add("Locals", locals)
	}
	add("Globals", e.liveVariables())
	return scopes, nil
}
