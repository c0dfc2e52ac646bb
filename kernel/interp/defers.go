package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// function puts at the head of a function's body what every function gets.
func (w *rewriter) function(body *ast.BlockStmt) {
	if body == nil {
		return
	}
	if w.defersInRange(body.List) {
		body.List = append([]ast.Stmt{w.emptyDefer(body.Lbrace)}, body.List...)
	}
	w.head(body)
}

// emptyDefer is "defer func() {}()". Package ssa (golang.org/x/tools v0.51.0) takes
// a function for one without deferred calls if all of them stand in bodies of
// ranges over functions, and then never runs them; one outside helps.
func (w *rewriter) emptyDefer(p token.Pos) ast.Stmt {
	nothing := funcLit(p)
	w.own[nothing] = true
	return &ast.DeferStmt{Defer: p, Call: &ast.CallExpr{Fun: nothing, Lparen: p, Rparen: p}}
}

// defersInRange tells whether one of the statements of a function's body defers a
// call inside of a range over a function.
func (w *rewriter) defersInRange(body []ast.Stmt) bool {
	found := false
	look := func(n ast.Node, each func(ast.Node)) {
		ast.Inspect(n, func(n ast.Node) bool {
			if _, other := n.(*ast.FuncLit); other || n == nil {
				return false
			}
			each(n)
			return !found
		})
	}
	for _, s := range body {
		look(s, func(n ast.Node) {
			r, ok := n.(*ast.RangeStmt)
			if !ok || !w.rangesOverFunc(r) {
				return
			}
			look(r.Body, func(n ast.Node) {
				if _, ok := n.(*ast.DeferStmt); ok {
					found = true
				}
			})
		})
	}
	return found
}

// rangesOverFunc tells whether r ranges over a function, or may.
func (w *rewriter) rangesOverFunc(r *ast.RangeStmt) bool {
	t := w.info.TypeOf(r.X)
	if t == nil {
		return false
	}
	_, isFunc := t.Underlying().(*types.Signature)
	_, isParam := types.Unalias(t).(*types.TypeParam)
	return isFunc || isParam
}

// stepStatements are the statements of a cell that are no declarations.
func stepStatements(steps []step) []ast.Stmt {
	var list []ast.Stmt
	for _, s := range steps {
		if s.stmt != nil {
			list = append(list, s.stmt)
		}
	}
	return list
}
