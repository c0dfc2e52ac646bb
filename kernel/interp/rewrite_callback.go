package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// spawns are the functions that call a func() on a goroutine of its own; serves those
// of net/http that take a handler, with the index of that argument.
var (
	spawns = map[string]spawn{
		"(*sync.WaitGroup).Go": {0, "Starting", "Begin"},
		"time.AfterFunc":       {1, "Owner", "Enter"}, // may call it never, or often
		"context.AfterFunc":    {1, "Owner", "Enter"},
	}
	serves = map[string]int{
		"net/http.HandlerFunc":            0,
		"net/http.HandleFunc":             1,
		"(*net/http.ServeMux).HandleFunc": 1,
	}
)

// spawn tells the index of the argument and what of the runtime says whose the
// goroutine is, before it and on it.
type spawn struct {
	arg           int
	owner, begins string
}

const (
	guardedName  = "go" + mark + "f" // the function that wrap calls
	guardedOwner = "go" + mark + "o" // whose it is
)

// callback guards functions that packages call on goroutines of their own, as
// guard does with go statements: "wg.Go(f)" becomes
//
//	wg.Go(func(goꞏf func(), goꞏo interface{}) func() {
//		return func() { defer func() { runtimeꞏ.End(recover()) }(); runtimeꞏ.Begin(goꞏo); goꞏf() }
//	}(f, runtimeꞏ.Starting()))
func (w *rewriter) callback(c *ast.CallExpr) {
	sel, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	o := w.info.Uses[sel.Sel]
	name := ""
	switch o := o.(type) {
	case *types.Func:
		name = o.FullName()
	case *types.TypeName:
		if o.Pkg() != nil {
			name = o.Pkg().Path() + "." + o.Name()
		}
	}
	if s, ok := spawns[name]; ok && s.arg < len(c.Args) {
		c.Args[s.arg] = w.wrap(c.Args[s.arg], s.owner, nil, func(f ast.Expr) []ast.Stmt {
			p := f.Pos()
			return []ast.Stmt{w.deferred(p, "End"), &ast.ExprStmt{X: runtimeCall(p, s.begins, ident(p, guardedOwner))}, call(p, f)}
		})
	}
	if n, ok := serves[name]; ok && n < len(c.Args) && !w.info.Types[c.Args[n]].IsNil() {
		c.Args[n] = w.wrap(c.Args[n], "Owner", o.Pkg(), func(f ast.Expr) []ast.Stmt {
			p := f.Pos()
			return []ast.Stmt{&ast.IfStmt{If: p, Cond: runtimeCall(p, "Enter", ident(p, guardedOwner)), Body: &ast.BlockStmt{Lbrace: p, List: []ast.Stmt{w.deferred(p, "Leave")}, Rbrace: p}},
				call(p, f, ident(p, guardedName+"w"), ident(p, guardedName+"r"))}
		})
	}
}

// wrap is a function that does body, which gets the name of f, for what the runtime's
// function owner tells. It takes what a handler of the package http takes, or nothing
// where that is nil.
func (w *rewriter) wrap(f ast.Expr, owner string, http *types.Package, body func(f ast.Expr) []ast.Stmt) ast.Expr {
	p := f.Pos()
	signature := func() *ast.FuncType {
		t := &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}}
		if http != nil {
			of := func(name string) ast.Expr { return &ast.SelectorExpr{X: ident(p, w.named(http)), Sel: ident(p, name)} }
			t.Params.List = []*ast.Field{
				{Names: []*ast.Ident{ident(p, guardedName+"w")}, Type: of("ResponseWriter")},
				{Names: []*ast.Ident{ident(p, guardedName+"r")}, Type: &ast.StarExpr{Star: p, X: of("Request")}}}
		}
		return t
	}
	inner := funcLit(p, body(ident(p, guardedName))...)
	inner.Type = signature()
	maker := funcLit(p, &ast.ReturnStmt{Return: p, Results: []ast.Expr{inner}})
	maker.Type.Params.List = []*ast.Field{
		{Names: []*ast.Ident{ident(p, guardedName)}, Type: signature()},
		{Names: []*ast.Ident{ident(p, guardedOwner)}, Type: &ast.InterfaceType{Interface: p, Methods: &ast.FieldList{Opening: p, Closing: p}}}}
	maker.Type.Results = &ast.FieldList{List: []*ast.Field{{Type: signature()}}}
	w.own[inner], w.own[maker] = true, true
	return &ast.CallExpr{Fun: maker, Lparen: p, Args: []ast.Expr{f, runtimeCall(p, owner)}, Rparen: p}
}

// deferred is "defer func() { runtimeꞏ.NAME(recover()) }()".
func (w *rewriter) deferred(p token.Pos, name string) ast.Stmt {
	end := funcLit(p, &ast.ExprStmt{X: runtimeCall(p, name, &ast.CallExpr{Fun: ident(p, "recover"), Lparen: p, Rparen: p})})
	w.own[end] = true
	return &ast.DeferStmt{Defer: p, Call: &ast.CallExpr{Fun: end, Lparen: p, Rparen: p}}
}
