package interp

import (
	"context"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Engine evaluates Go cells. It implements [engine.Engine].
type Engine struct {
	sink      engine.Sink
	sources   *sources
	tasks     *tasks
	out       *output
	externals map[string]any // of every cell, by the engine's names
	busy      atomic.Int32   // cells that run or are about to, see quiet
	debugger  debugger

	mu      sync.Mutex // guards session; never held while a cell runs
	session *session
	closed  bool
}

// cellPrefix begins the file name in positions of a cell's code.
const cellPrefix = "Cell ["

// Factory makes engines whose cells can import the given packages, beside the
// standard library's common ones.
func Factory(symbols ...*Package) engine.Factory {
	return func(ctx context.Context, sink engine.Sink) (engine.Engine, error) { return New(sink, symbols...) }
}

// New makes an engine that reports to sink.
func New(sink engine.Sink, symbols ...*Package) (*Engine, error) {
	debug.SetMaxStack(maxStack)
	symbols = append(append([]*Package{}, ownStandard()...), symbols...)
	for _, p := range symbols {
		register(p)
	}
	ts, texts := &tasks{}, &sources{}
	e := &Engine{sink: sink, sources: texts, tasks: ts, out: &output{sink: sink, tasks: ts, input: &input{sink: sink, tasks: ts}}, session: newSession(symbols, texts)}
	e.session.out = e.out
	ts.out = e.out
	ts.enter()
	ts.stops = newStops(ts, e.sourcePath, e.emitDebug, e.debugger.refs.resumed)
	e.externals = ts.externals()
	maps.Copy(e.externals, lockExternals())
	e.externals[runtimePath+".Command"] = e.command
	maps.Copy(e.externals, newLogs(stream{e.out, "stderr"}, ts.exit).externals())
	maps.Copy(e.externals, e.out.input.externals())
	e.out.printBuiltins(e.session.base)
	e.attach()
	return e, nil
}

// Close stops the running cells and what cells left behind.
func (e *Engine) Close() error {
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	e.mu.Unlock()
	if closed {
		return nil
	}
	e.tasks.close()
	e.tasks.leftovers.close()
	e.detach()
	e.out.close()
	return nil
}

// Execute runs one cell, see [engine.Engine].
func (e *Engine) Execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	e.busy.Add(1)
	defer e.busy.Add(-1)
	name := cellPrefix + strconv.Itoa(cell.Number) + "]"
	e.sources.set(name, cell.Source)
	t := newTask(cell.Number, name, e.sources)
	t.asks = cell.Stdin
	results, failure := e.evaluate(ctx, t, name, cell.Source, !cell.Silent)
	e.showTime(t)
	outcome := engine.Outcome{Failure: failure}
	if failure == nil {
		outcome.Result = results
		outcome.Expressions = e.expressions(ctx, cell)
	}
	return outcome
}

// expressions evaluates what a front end asked to be told after the cell.
func (e *Engine) expressions(ctx context.Context, cell engine.Cell) map[string]engine.Expression {
	if len(cell.Expressions) == 0 {
		return nil
	}
	answers := map[string]engine.Expression{}
	for key, source := range cell.Expressions {
		name := "Expression " + key
		e.sources.set(name, source)
		bundle, failure := e.evaluate(ctx, newTask(cell.Number, name, e.sources), name, source, true)
		answer := engine.Expression{Failure: failure}
		if bundle != nil {
			answer.Bundle = *bundle
		} else if failure == nil {
			answer.Bundle = display.Of(nil)
		}
		answers[key] = answer
	}
	return answers
}

// evaluate compiles and runs source.
func (e *Engine) evaluate(ctx context.Context, t *task, name, source string, wanted bool) (*display.Bundle, *engine.Failure) {
	p, failure := e.compile(t, name, source)
	if failure != nil || p == nil {
		return nil, failure
	}
	return e.run(ctx, t, p, wanted)
}

// compile takes a cell through all steps up to a program that can run. A nil
// program means that there is nothing to run.
func (e *Engine) compile(t *task, name, source string) (p *program, failure *engine.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.compileLocked(t, name, source)
}

// compileLocked is compile for who holds e.mu.
func (e *Engine) compileLocked(t *task, name, source string) (p *program, failure *engine.Failure) {
	defer func() {
		if r := recover(); r != nil {
			p, failure = nil, e.sources.sourceFailure(engine.Compile, []problem{{msg: fmt.Sprintf("the interpreter failed on this cell: %v", r)}})
		}
	}()
	s := e.session
	parsed, err := parseCell(s.fset, name, takeCommands(source, false))
	if err != nil {
		return nil, e.sources.sourceFailure(engine.Syntax, syntaxProblems(err, source))
	}
	imports, dots, problems := s.resolveImports(parsed)
	if len(problems) > 0 {
		return nil, e.sources.sourceFailure(engine.Compile, problems)
	}
	if problems := s.commandProblems(parsed); len(problems) > 0 {
		return nil, e.sources.sourceFailure(engine.Syntax, problems)
	}
	u, errs := hoistVariables(parsed, t.cell)
	if len(errs) > 0 {
		return nil, e.sources.sourceFailure(engine.Compile, s.compileProblems(errs, nil))
	}
	before := s.dots
	s.dots = append(s.dots[:len(s.dots):len(s.dots)], dots...)
	l, problems := s.prepare(u, imports)
	if len(problems) > 0 {
		s.dots = before
		return nil, e.sources.sourceFailure(engine.Compile, problems)
	}
	if err = e.giveFiles(l); err == nil {
		p, err = s.build(t, l, e.externals)
	}
	if err != nil {
		s.dots = before
		return nil, e.sources.sourceFailure(engine.Compile, []problem{{msg: err.Error()}})
	}
	maps.Copy(s.names, imports)
	s.publish(l, source)
	return p, nil
}

// resolveImports loads what the cell imports: names for it, and the packages
// imported with ".".
func (s *session) resolveImports(p *parsed) (names map[string]meaning, dots []*types.Package, problems []problem) {
	names = map[string]meaning{}
	for _, spec := range p.imports {
		pkg, err := s.importPackage(importPath(spec))
		if err != nil {
			problems = append(problems, problem{pos: s.fset.Position(spec.Path.Pos()), msg: err.Error()})
			continue
		}
		switch {
		case spec.Name == nil:
			names[pkg.Name()] = meaning{pkg: pkg}
		case spec.Name.Name == ".":
			if !slices.Contains(s.dots, pkg) {
				dots = append(dots, pkg)
			}
		case spec.Name.Name != "_":
			names[spec.Name.Name] = meaning{pkg: pkg}
		}
	}
	if n := len(problems); n > 0 && !strings.Contains(problems[n-1].msg, "(") {
		problems[n-1].more = s.choices() // nothing is near
	}
	return names, dots, problems
}

// commandProblems reports lines that look like commands and are none.
func (s *session) commandProblems(p *parsed) (problems []problem) {
	for _, stmt := range p.body {
		ast.Inspect(stmt, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) != 1 {
				return true
			}
			id, ok := c.Fun.(*ast.Ident)
			if !ok || id.Name != commandName {
				return true
			}
			line, _ := strconv.Unquote(c.Args[0].(*ast.BasicLit).Value)
			if err := unknownCommand(line); err != nil {
				problems = append(problems, problem{pos: s.fset.Position(c.Pos()), msg: err.Error()})
			}
			return true
		})
	}
	return problems
}

// prepare checks, rewrites and lowers a cell.
func (s *session) prepare(u *unit, imports map[string]meaning) (*lowered, []problem) {
	s.serial++
	u.entry = "cell" + mark + strconv.Itoa(s.serial)
	if errs := s.redeclareMethods(u); len(errs) > 0 {
		return nil, s.compileProblems(errs, nil)
	}
	u.giveBodies()
	files := []*ast.File{u.file()}
	c := s.check(s.fset, u, imports, files)
	if len(c.errs) > 0 {
		return nil, s.compileProblems(c.errs, c)
	}
	u.orderVariables(c.info.InitOrder)
	r := s.rename(u, c, files)
	s.rewrite(u, c.info)
	l, errs := s.lower(u, r)
	if len(errs) > 0 {
		return nil, s.compileProblems(errs, c)
	}
	return l, nil
}

// giveFiles makes os.Stdin, os.Stdout and os.Stderr the cells' own once one
// mentions them.
func (e *Engine) giveFiles(l *lowered) error {
	for _, o := range l.info.Uses {
		v, ok := o.(*types.Var)
		if !ok || v.Pkg() == nil || v.Pkg().Path() != "os" || !strings.HasPrefix(v.Name(), "Std") {
			continue
		}
		files, err := e.out.files()
		if err != nil {
			return fmt.Errorf("give the cell its standard files: %w", err)
		}
		e.session.loader.replaceVars("os", files)
		return nil
	}
	return nil
}
