package interp

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
)

// step is one top-level statement of a cell.
type step struct {
	point ast.Stmt // safepoint before it, set by rewrite
	stmt  ast.Stmt // as checked, nil if nothing
	hoist *hoist   // set if the statement declares variables
}

func (s step) pos() token.Pos {
	if s.hoist != nil {
		return s.hoist.spec.Pos()
	}
	return s.stmt.Pos()
}

// hoist is a declaration of variables at the top level of a cell. It is checked
// as a declaration of package variables, so that functions and later cells see
// them, and it runs as an assignment at its place.
type hoist struct {
	spec *ast.ValueSpec
	left []*ast.Ident // what is assigned, for each name of spec; nil entries are the name itself
	decl bool         // by "var", not ":="
}

// unit is a cell on its way from syntax to running code.
type unit struct {
	*parsed
	number int
	steps  []step
	last   *ast.ExprStmt // its value is the result, if it has one
	entry  string        // name of the function that holds the statements

	// inGoOrder tells a whole file of Go, without statements: its variables get
	// their values in the order of their dependencies.
	inGoOrder bool
}

// hoistVariables turns the statements of p into steps.
func hoistVariables(p *parsed, number int) (*unit, []types.Error) {
	u := &unit{parsed: p, number: number}
	seen := map[string]bool{}
	var errs []types.Error
	for _, stmt := range p.body {
		switch x := stmt.(type) {
		case *ast.AssignStmt:
			if x.Tok == token.DEFINE {
				errs = append(errs, u.define(x, seen)...)
				continue
			}
		case *ast.DeclStmt:
			if g, ok := x.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				u.declare(g, seen)
				continue
			}
		case *ast.EmptyStmt:
			continue
		}
		u.steps = append(u.steps, step{stmt: stmt})
	}
	u.inGoOrder = p.whole && !slices.ContainsFunc(u.steps, func(s step) bool { return s.hoist == nil || !s.hoist.decl })
	if u.runMain {
		u.steps = append(u.steps, step{stmt: call(p.rbrace, ident(p.rbrace, "main"))})
	} else if n := len(u.steps); n > 0 {
		if e, ok := u.steps[n-1].stmt.(*ast.ExprStmt); ok {
			u.last = e
		}
	}
	if !u.inGoOrder {
		u.markOld(seen)
	}
	return u, errs
}

// define takes "a, b := values".
func (u *unit) define(x *ast.AssignStmt, seen map[string]bool) []types.Error {
	h := &hoist{spec: &ast.ValueSpec{Values: x.Rhs}}
	var check []ast.Expr // assignments to variables that the cell declared above
	var from []ast.Expr
	fresh := false
	here := map[string]bool{}
	for _, l := range x.Lhs {
		id, ok := l.(*ast.Ident)
		if !ok {
			return []types.Error{{Pos: l.Pos(), Msg: "non-name " + types.ExprString(l) + " on left side of :="}}
		}
		if here[id.Name] {
			return []types.Error{{Pos: l.Pos(), Msg: id.Name + " repeated on left side of :="}}
		}
		here[id.Name] = id.Name != "_"
		if id.Name == "_" || !seen[id.Name] {
			fresh = fresh || id.Name != "_"
			seen[id.Name] = id.Name != "_"
			h.spec.Names = append(h.spec.Names, id)
			h.left = append(h.left, nil)
			continue
		}
		value := id.Name + mark + "again" + strconv.Itoa(int(id.Pos()))
		h.spec.Names = append(h.spec.Names, &ast.Ident{NamePos: id.NamePos, Name: value})
		h.left = append(h.left, id)
		check = append(check, &ast.Ident{NamePos: id.NamePos, Name: id.Name})
		from = append(from, &ast.Ident{NamePos: id.NamePos, Name: value})
	}
	if !fresh {
		return []types.Error{{Pos: x.TokPos, Msg: "no new variables on left side of :="}}
	}
	s := step{hoist: h}
	if len(check) > 0 {
		s.stmt = &ast.AssignStmt{Lhs: check, TokPos: x.TokPos, Tok: token.ASSIGN, Rhs: from}
	}
	u.steps = append(u.steps, s)
	return nil
}

// declare takes "var ..." in any form.
func (u *unit) declare(g *ast.GenDecl, seen map[string]bool) {
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		for _, name := range v.Names {
			seen[name.Name] = name.Name != "_"
		}
		for _, v := range u.separate(v) {
			u.steps = append(u.steps, step{hoist: &hoist{spec: v, left: make([]*ast.Ident, len(v.Names)), decl: true}})
		}
	}
}

// separate takes "a, b = x, y" of a whole file apart: each variable has its own
// place in the order.
func (u *unit) separate(v *ast.ValueSpec) []*ast.ValueSpec {
	if !u.whole || len(v.Names) < 2 || len(v.Names) != len(v.Values) {
		return []*ast.ValueSpec{v}
	}
	var out []*ast.ValueSpec
	for i := range v.Names {
		out = append(out, &ast.ValueSpec{Names: v.Names[i : i+1], Type: v.Type, Values: v.Values[i : i+1]})
	}
	return out
}

// orderVariables puts the declarations of a whole file into the order in which Go
// initialises their variables.
func (u *unit) orderVariables(order []*types.Initializer) {
	if !u.inGoOrder {
		return
	}
	place := map[ast.Expr]int{}
	for i, in := range order {
		place[in.Rhs] = i
	}
	rank := func(s step) int {
		switch {
		case s.hoist == nil: // the call of main
			return len(order)
		case len(s.hoist.spec.Values) == 0:
			return -1
		}
		return place[s.hoist.spec.Values[0]]
	}
	slices.SortStableFunc(u.steps, func(a, b step) int { return cmp.Compare(rank(a), rank(b)) })
}

// addInits puts the calls of the cell's init functions behind the variables that
// the cell declares first.
func (u *unit) addInits() {
	var calls []step
	for _, f := range u.inits {
		calls = append(calls, step{stmt: call(f.Pos(), ident(f.Pos(), f.Name.Name))})
	}
	at := slices.IndexFunc(u.steps, func(s step) bool { return s.hoist == nil || !s.hoist.decl })
	if at < 0 {
		at = len(u.steps)
	}
	u.steps = slices.Insert(u.steps, at, calls...)
}

// markOld renames uses of a name that stand before the cell's own declaration
// of it, as in "x := x + 1": they mean what earlier cells declared.
func (u *unit) markOld(declared map[string]bool) {
	for _, id := range u.loose {
		if declared[id.Name] {
			id.Name += mark + "old"
		}
	}
}

// variables calls f for each name that the cell's statements declare.
func (u *unit) variables(f func(h *hoist, i int, name *ast.Ident)) {
	for _, s := range u.steps {
		if s.hoist == nil {
			continue
		}
		for i, name := range s.hoist.spec.Names {
			f(s.hoist, i, name)
		}
	}
}

// declared lists the names that the cell declares at top level.
func (u *unit) declared() map[string]bool {
	names := map[string]bool{}
	u.variables(func(_ *hoist, _ int, name *ast.Ident) { names[name.Name] = true })
	for _, d := range u.decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						names[n.Name] = true
					}
				}
			}
		}
	}
	delete(names, "_")
	return names
}

// file is the cell as the checker takes it: declarations, variables as package
// variables, and a function with the statements.
func (u *unit) file() *ast.File {
	f := &ast.File{Package: u.lbrace, Name: &ast.Ident{NamePos: u.lbrace, Name: "main"}, FileStart: u.lbrace, FileEnd: u.rbrace, GoVersion: goVersion}
	u.shieldTypes()
	f.Decls = append(f.Decls, u.decls...)
	body := &ast.BlockStmt{Lbrace: u.lbrace, Rbrace: u.rbrace}
	for _, s := range u.steps {
		if s.hoist != nil {
			f.Decls = append(f.Decls, &ast.GenDecl{TokPos: s.hoist.spec.Pos(), Tok: token.VAR, Specs: []ast.Spec{s.hoist.spec}})
		}
		if s.point != nil {
			body.List = append(body.List, s.point)
		}
		if s.stmt != nil {
			body.List = append(body.List, s.stmt)
		}
	}
	f.Decls = append(f.Decls, &ast.FuncDecl{Name: &ast.Ident{NamePos: u.lbrace, Name: u.entry}, Type: &ast.FuncType{Func: u.lbrace, Params: &ast.FieldList{}}, Body: body})
	return f
}

// shieldTypes writes "type A B", where B is of an earlier cell, as "type A (B)":
// the type checker follows a bare name in search of cycles, and takes for granted
// that it sees the declaration of what it finds in the package.
func (u *unit) shieldTypes() {
	declared := u.declared()
	for _, d := range u.decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				if id, ok := t.Type.(*ast.Ident); ok && !declared[id.Name] {
					t.Type = &ast.ParenExpr{Lparen: id.Pos(), X: id, Rparen: id.Pos()}
				}
			}
		}
	}
}

// giveBodies lets functions without a body, which notebooks use to tell of what
// a package offers, be declared; calling one panics.
func (u *unit) giveBodies() {
	for _, d := range u.decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body != nil {
			continue
		}
		p := f.End()
		words := f.Name.Name + " has no body: it was declared for readers only"
		f.Body = &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{call(p, ident(p, "panic"), text(p, words))}}
	}
}
