package interp

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// rewriter puts into a cell's trees what keeps it under control:
//
//   - safepoints, "if stopꞏ { runtimeꞏ.Halt() }", at the head of loops and
//     functions, before goto and after statements that can wait, so that a cell can be stopped;
//   - around each goroutine, also those that a package starts, a function that tells the session whose it is and
//     takes its panic, so that it cannot end the process;
//   - into calls of packages log and log/slog, their place in the cell, which the package itself
//     could not find out.
//
// It works on trees that have their final names but before they are checked
// again; info is what the first check found.
type rewriter struct {
	info   *types.Info
	fset   *token.FileSet
	named  func(*types.Package) string // the name of a package in rewritten cells
	serial int
	own    map[*ast.FuncLit]bool // functions that guard made: no safepoints there
}

// rewrite treats all of u and turns its last expression into the result.
func (s *session) rewrite(u *unit, info *types.Info) {
	w := &rewriter{info: info, fset: s.fset, named: s.packageName, own: map[*ast.FuncLit]bool{}}
	if u.last != nil {
		w.captureResult(u.last)
	}
	for _, d := range u.decls {
		w.node(d)
	}
	u.addInits()
	steps := u.steps
	u.steps = nil
	if w.defersInRange(stepStatements(steps)) {
		u.steps = append(u.steps, step{stmt: w.emptyDefer(steps[0].pos())})
	}
	for i, s := range steps {
		if i > 0 {
			s.point = safepoint(s.pos())
		}
		if s.hoist != nil {
			for _, v := range s.hoist.spec.Values {
				w.node(v)
			}
		}
		if s.stmt != nil {
			list := []ast.Stmt{s.stmt}
			w.goStatements(list)
			s.stmt = list[0]
			w.node(s.stmt)
		}
		u.steps = append(u.steps, s)
	}
}

// captureResult hands the value of the last expression to the session.
func (w *rewriter) captureResult(last *ast.ExprStmt) {
	if c, ok := last.X.(*ast.CallExpr); ok {
		if id, ok := c.Fun.(*ast.Ident); ok && id.Name == valuesName {
			last.X = runtimeCall(last.Pos(), "Result", c.Args...)
			return
		}
	}
	if tv, ok := w.info.Types[last.X]; ok && (tv.IsVoid() || tv.IsType()) || w.prints(last.X) {
		return
	}
	if tv := w.info.Types[last.X]; tv.Value != nil && tv.Value.Kind() == constant.Int && isUntyped(tv.Type) {
		if _, exact := constant.Int64Val(tv.Value); !exact { // no int holds it
			last.X = text(last.Pos(), tv.Value.ExactString())
		}
	}
	last.X = runtimeCall(last.Pos(), "Result", last.X)
}

func isUntyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

// prints tells calls whose count of bytes nobody wants to see.
func (w *rewriter) prints(e ast.Expr) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := w.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != "fmt" {
		return false
	}
	return strings.HasPrefix(f.Name(), "Print") || strings.HasPrefix(f.Name(), "Fprint")
}

func (w *rewriter) node(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			n.List = w.list(n.List)
		case *ast.CaseClause:
			n.Body = w.list(n.Body)
		case *ast.CommClause:
			n.Body = w.list(n.Body)
		case *ast.LabeledStmt:
			one := []ast.Stmt{n.Stmt}
			w.goStatements(one)
			n.Stmt = one[0]
			if isGoto(n.Stmt) {
				n.Stmt = &ast.BlockStmt{Lbrace: n.Stmt.Pos(), Rbrace: n.Stmt.End(), List: one}
			}
		case *ast.CallExpr:
			w.command(n)
			w.log(n)
			w.callback(n)
		case *ast.ForStmt:
			w.head(n.Body)
		case *ast.RangeStmt:
			w.head(n.Body)
		case *ast.FuncDecl:
			w.function(n.Body)
		case *ast.FuncLit:
			if !w.own[n] {
				w.function(n.Body)
			}
		}
		return true
	})
}

// command turns what takeCommands made of a line into a call of the runtime.
func (w *rewriter) command(c *ast.CallExpr) {
	if id, ok := c.Fun.(*ast.Ident); ok && id.Name == commandName {
		c.Fun = runtimeCall(id.Pos(), "Command").Fun
	}
}

func text(p token.Pos, s string) *ast.BasicLit {
	return &ast.BasicLit{ValuePos: p, Kind: token.STRING, Value: strconv.Quote(s)}
}

func (w *rewriter) head(body *ast.BlockStmt) {
	if body != nil {
		body.List = append([]ast.Stmt{safepoint(body.Lbrace)}, body.List...)
	}
}

// list puts a safepoint after each statement that can wait, unless it is the last,
// and before each goto, which can be a loop.
func (w *rewriter) list(list []ast.Stmt) []ast.Stmt {
	w.goStatements(list)
	if len(list) > 0 {
		switch list[0].(type) {
		case *ast.CaseClause, *ast.CommClause:
			return list // the body of a switch or select
		}
	}
	out := make([]ast.Stmt, 0, len(list)+1)
	for i, s := range list {
		if i > 0 && canWait(list[i-1]) || isGoto(s) {
			out = append(out, safepoint(s.Pos()))
		}
		out = append(out, s)
	}
	return out
}

func isGoto(s ast.Stmt) bool {
	b, ok := s.(*ast.BranchStmt)
	return ok && b.Tok == token.GOTO
}

// canWait tells whether a statement communicates or calls a method or a function
// of another package, outside of the blocks that it holds.
func canWait(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.FuncLit:
			return false
		case *ast.SendStmt, *ast.SelectStmt:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
				x, isIdent := sel.X.(*ast.Ident)
				found = found || !isIdent || x.Name != runtimeName
			}
		}
		return !found
	})
	return found
}

func (w *rewriter) goStatements(list []ast.Stmt) {
	for i, s := range list {
		if g, ok := s.(*ast.GoStmt); ok && !w.isGuarded(g) {
			list[i] = w.guard(g)
		}
	}
}

// isGuarded tells a go statement that guard made.
func (w *rewriter) isGuarded(g *ast.GoStmt) bool {
	lit, ok := g.Call.Fun.(*ast.FuncLit)
	return ok && w.own[lit]
}

// guard turns "go f(x)" into
//
//	{ goꞏ1, goꞏ2, goꞏ3 := f, x, runtimeꞏ.Starting()
//	  go func() { defer func() { runtimeꞏ.End(recover()) }(); runtimeꞏ.Begin(goꞏ3); goꞏ1(goꞏ2) }() }
//
// so that function and arguments are evaluated at once, as Go demands.
func (w *rewriter) guard(g *ast.GoStmt) ast.Stmt {
	p := g.Go
	block := &ast.BlockStmt{Lbrace: p, Rbrace: g.End()}
	bind := func(e ast.Expr, n int) []ast.Expr {
		assign := &ast.AssignStmt{TokPos: p, Tok: token.DEFINE, Rhs: []ast.Expr{e}}
		var names []ast.Expr
		for range n {
			w.serial++
			name := "go" + mark + strconv.Itoa(w.serial)
			assign.Lhs = append(assign.Lhs, ident(p, name))
			names = append(names, ident(e.Pos(), name))
		}
		block.List = append(block.List, assign)
		return names
	}
	inner := &ast.CallExpr{Fun: g.Call.Fun, Lparen: g.Call.Lparen, Ellipsis: g.Call.Ellipsis, Rparen: g.Call.Rparen}
	if !w.isStatic(g.Call.Fun) {
		inner.Fun = bind(g.Call.Fun, 1)[0]
	}
	for _, a := range g.Call.Args {
		tv := w.info.Types[a]
		if tv.Value != nil || tv.IsNil() || tv.IsType() {
			inner.Args = append(inner.Args, a)
		} else if tuple, ok := tv.Type.(*types.Tuple); ok {
			inner.Args = append(inner.Args, bind(a, tuple.Len())...)
		} else {
			inner.Args = append(inner.Args, bind(a, 1)...)
		}
	}
	owner := bind(runtimeCall(p, "Starting"), 1)[0]
	body := funcLit(p, w.deferred(p, "End"), &ast.ExprStmt{X: runtimeCall(p, "Begin", owner)}, &ast.ExprStmt{X: inner})
	w.own[body] = true
	block.List = append(block.List, &ast.GoStmt{Go: p, Call: &ast.CallExpr{Fun: body, Lparen: p, Rparen: p}})
	return block
}

// isStatic tells whether naming f evaluates nothing: a declared function of this
// or another package, or a builtin.
func (w *rewriter) isStatic(f ast.Expr) bool {
	f = ast.Unparen(f)
	switch x := f.(type) {
	case *ast.IndexExpr:
		return w.isStatic(x.X) // an instance of a generic function, or false
	case *ast.IndexListExpr:
		return true
	case *ast.SelectorExpr:
		_, isField := w.info.Selections[x]
		_, isFunc := w.info.Uses[x.Sel].(*types.Func)
		return !isField && isFunc
	case *ast.Ident:
		switch w.info.Uses[x].(type) {
		case *types.Func, *types.Builtin:
			return true
		}
	}
	return false
}

func safepoint(p token.Pos) ast.Stmt {
	return &ast.IfStmt{If: p, Cond: ident(p, stopName), Body: &ast.BlockStmt{Lbrace: p, Rbrace: p,
		List: []ast.Stmt{&ast.ExprStmt{X: runtimeCall(p, "Halt")}}}}
}

func ident(p token.Pos, name string) *ast.Ident { return &ast.Ident{NamePos: p, Name: name} }

func call(p token.Pos, f ast.Expr, args ...ast.Expr) *ast.ExprStmt {
	return &ast.ExprStmt{X: &ast.CallExpr{Fun: f, Lparen: p, Args: args, Rparen: p}}
}

func runtimeCall(p token.Pos, name string, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: &ast.SelectorExpr{X: ident(p, runtimeName), Sel: ident(p, name)}, Lparen: p, Args: args, Rparen: p}
}

func funcLit(p token.Pos, body ...ast.Stmt) *ast.FuncLit {
	return &ast.FuncLit{Type: &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}}, Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: body}}
}
