package interp

import (
	"go/ast"
	"go/types"
)

// spawns are the functions that call a func() on a goroutine of its own, with the
// index of that argument; serves those of net/http that take a handler.
var (
	spawns = map[string]int{
		"(*sync.WaitGroup).Go": 0,
		"time.AfterFunc":       1,
		"context.AfterFunc":    1,
	}
	serves = map[string]int{
		"net/http.HandlerFunc":            0,
		"net/http.HandleFunc":             1,
		"(*net/http.ServeMux).HandleFunc": 1,
	}
)

const (
	guardedName  = "go" + mark + "f" // the function that wrap calls
	guardedOwner = "go" + mark + "o" // whose it is
)

// callback guards functions that packages call on goroutines of their own, as
// guard does with go statements: "wg.Go(f)" becomes
//
//	wg.Go(func(goꞏf func(), goꞏo interface{}) func() {
//		return func() { defer func() { runtimeꞏ.End(recover()) }(); runtimeꞏ.Begin(goꞏo); goꞏf() }
//	}(f, runtimeꞏ.Owner()))
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
	if n, ok := spawns[name]; ok && n < len(c.Args) {
		c.Args[n] = w.wrap(c.Args[n], nil, func(f ast.Expr) []ast.Stmt {
			p := f.Pos()
			return []ast.Stmt{w.deferred("End", f), &ast.ExprStmt{X: runtimeCall(p, "Begin", ident(p, guardedOwner))}, call(p, f)}
		})
	}
	if n, ok := serves[name]; ok && n < len(c.Args) && !w.info.Types[c.Args[n]].IsNil() {
		c.Args[n] = w.wrap(c.Args[n], o.Pkg(), func(f ast.Expr) []ast.Stmt {
			p := f.Pos()
			return []ast.Stmt{&ast.IfStmt{If: p, Cond: runtimeCall(p, "Enter", ident(p, guardedOwner)), Body: &ast.BlockStmt{Lbrace: p, List: []ast.Stmt{w.deferred("Leave", f)}, Rbrace: p}},
				call(p, f, ident(p, guardedName+"w"), ident(p, guardedName+"r"))}
		})
	}
}

// wrap is a function that does body, which gets the name of f. It takes what a
// handler of the package http takes, or nothing where that is nil.
func (w *rewriter) wrap(f ast.Expr, http *types.Package, body func(f ast.Expr) []ast.Stmt) ast.Expr {
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
	return &ast.CallExpr{Fun: maker, Lparen: p, Args: []ast.Expr{f, runtimeCall(p, "Owner")}, Rparen: p}
}

// deferred is "defer func() { runtimeꞏ.NAME(recover()) }()".
func (w *rewriter) deferred(name string, at ast.Expr) ast.Stmt {
	p := at.Pos()
	end := funcLit(p, &ast.ExprStmt{X: runtimeCall(p, name, &ast.CallExpr{Fun: ident(p, "recover"), Lparen: p, Rparen: p})})
	w.own[end] = true
	return &ast.DeferStmt{Defer: p, Call: &ast.CallExpr{Fun: end, Lparen: p, Rparen: p}}
}
