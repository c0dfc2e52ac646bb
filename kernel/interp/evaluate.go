package interp

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"time"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// evaluateTime bounds what a debugger has evaluated.
const evaluateTime = 5 * time.Second

// evaluateFor answers evaluate. JupyterLab then empties its panel of variables, and
// fills it for frames that it does not know yet.
func (e *Engine) evaluateFor(a dap.EvaluateArguments) (any, error) {
	values, of, err := e.evaluateIn(a.Frame, a.Expression, nil)
	if err != nil {
		return nil, err
	}
	if a.Frame != 0 {
		e.tasks.stops.renumber(a.Frame)
	}
	return e.read(func(w *viewer) (any, error) {
		answer := dap.Evaluation{}
		for i := range values {
			v := e.describe(w, child{expr: a.Expression, value: dynamic(&values[i])}, of)
			if i > 0 {
				answer.Result += ", "
			}
			answer.Result += v.Value
			if len(values) == 1 {
				answer.Type, answer.Reference, answer.Named, answer.Indexed = v.Type, v.Reference, v.Named, v.Indexed
			}
		}
		return answer, nil
	})
}

// dynamic is the value in an interface, at a place of its own.
func dynamic(v *any) reflect.Value {
	r := reflect.ValueOf(v).Elem()
	if r.IsNil() {
		return r
	}
	return addressable(r.Elem())
}

// setVariable gives a variable, or a part of one, a new value.
func (e *Engine) setVariable(a dap.SetVariableArguments) (any, error) {
	r, err := e.debugger.refs.get(a.Reference)
	if err != nil {
		return nil, err
	}
	found, err := e.read(func(w *viewer) (any, error) {
		for _, c := range r.parts(w, r.start, r.count) {
			if c.name == a.Name && c.expr != "" {
				return c, nil
			}
		}
		return nil, fmt.Errorf("%s cannot be set", a.Name)
	})
	if err != nil {
		return nil, err
	}
	c := found.(child)
	if _, _, err := e.evaluateIn(r.frame, c.expr+" = "+a.Value, nil); err != nil {
		return nil, err
	}
	return e.read(func(w *viewer) (any, error) {
		v := e.describe(w, c, r)
		return dap.SetVariable{Value: v.Value, Type: v.Type, Reference: v.Reference}, nil
	})
}

// copyName stands for what copyToGlobals copies.
const copyName = "copy" + mark

// copyToGlobals makes a session variable of a frame's.
func (e *Engine) copyToGlobals(a dap.CopyArguments) (any, error) {
	for _, name := range []string{a.From, a.To} {
		if !token.IsIdentifier(name) {
			return nil, fmt.Errorf("%q is not the name of a variable", name)
		}
	}
	_, _, err := e.evaluateIn(a.Frame, a.To+" := "+copyName, func(name string) string {
		if name == a.From {
			return copyName
		}
		return ""
	})
	return struct{}{}, err
}

// evaluateIn runs a statement or an expression that sees what a frame sees (0: the
// session), under the names that call gives the frame's variables; nil: their own.
// What it runs is not stopped; while it runs, other goroutines do.
func (e *Engine) evaluateIn(frame int, source string, call func(string) string) (values []any, of reference, err error) {
	t := newTask(0, debuggerName, e.sources)
	var f stopFrame
	if frame != 0 {
		if f, err = e.frame(frame); err != nil {
			return nil, of, err
		}
		t.cell, of = f.cell, reference{thread: f.thread, frame: f.number}
	}
	e.sources.set(debuggerName, source)
	p, failure := e.compileIn(t, source, f, call)
	ctx, cancel := context.WithTimeout(context.Background(), evaluateTime)
	defer cancel()
	if failure == nil && p != nil {
		_, failure = e.run(ctx, t, p, false)
	}
	if ctx.Err() != nil {
		return nil, of, fmt.Errorf("it did not end within %v", evaluateTime)
	}
	if failure != nil {
		return nil, of, errors.New(string(failure.Kind) + ": " + failure.Message)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.results, of, nil
}

// compileIn compiles source, to which the variables of f are variables of the
// session.
func (e *Engine) compileIn(t *task, source string, f stopFrame, call func(string) string) (*program, *engine.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	said := map[string]bool{}
	for _, word := range strings.FieldsFunc(source, func(r rune) bool { return !isWord(r) }) {
		said[word] = true
	}
	defer e.session.lend(f, call, said)()
	return e.compileLocked(t, debuggerName, source)
}

// lend makes those variables of a frame variables of the session that are wanted,
// until back is called.
func (s *session) lend(f stopFrame, call func(string) string, wanted map[string]bool) (back func()) {
	type lent struct {
		name   string
		object *types.Var
		before meaning
		had    bool
	}
	var all []lent
	if f.site != nil {
		for i, v := range f.site.names {
			name := v.Name()
			if call != nil {
				name = call(name)
			}
			if i >= len(f.vars) || !wanted[name] || mentionsParam(v.Type()) {
				continue
			}
			o := types.NewVar(v.Pos(), s.pkg, s.unique(v.Name()+mark+"of"), v.Type())
			s.pkg.Scope().Insert(o)
			s.lendNode(o, f.vars[i])
			before, had := s.names[name]
			all = append(all, lent{name, o, before, had})
			s.names[name] = meaning{object: o}
		}
	}
	return func() {
		for _, l := range all {
			delete(s.nodes, l.object)
			delete(s.address, l.object)
			if s.names[l.name].object == l.object {
				delete(s.names, l.name)
				if l.had {
					s.names[l.name] = l.before
				}
			}
		}
	}
}

// lendNode declares o, which lies at address.
func (s *session) lendNode(o *types.Var, address any) {
	id := ident(o.Pos(), o.Name())
	info := newInfo()
	info.Defs[id] = o
	n := &node{object: o, info: info, decls: []ast.Decl{&ast.GenDecl{TokPos: o.Pos(), Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id}}}}}}
	eachNamed(o.Type(), func(t *types.Named) {
		if used := s.nodeObject(t.Obj()); used != nil {
			n.uses = append(n.uses, used)
		}
	})
	s.nodes[o], s.address[o] = n, address
}
