package interp

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// instrumenter puts before each statement of a program a call that tells a debugger
// where the program is and where the variables lie that can be seen there:
//
//	if debugꞏ { runtimeꞏ.Break(17, &x, &y) }
//
// It works on checked trees, which all programs share, and so takes its changes
// back when the program is built: without a debugger programs are what they always
// are.
type instrumenter struct {
	session *session
	info    *types.Info // of the program
	sites   *sites
	undo    []func()
	name    string // of the function
}

// site is a place before a statement.
type site struct {
	number   int
	file     string // name of the cell
	line     int
	column   int
	function string
	names    []*types.Var // variables that can be seen, inner ones first
	stop     flagged      // a breakpoint is here
}

// maxSeen bounds the variables that one place tells of.
const maxSeen = 100

// instrument changes the trees of file until undo is called.
func (s *session) instrument(file *ast.File, info *types.Info, entry *ast.FuncDecl, sites *sites) (undo func()) {
	w := &instrumenter{session: s, info: info, sites: sites}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || s.fset.Position(f.Pos()).Filename == "runtime" {
			continue
		}
		w.name = declaredName(f)
		if f == entry {
			w.name = cellFunction
		}
		var seen []*types.Var
		for _, list := range []*ast.FieldList{f.Recv, f.Type.Params, f.Type.Results} {
			seen = w.fields(list, seen)
		}
		w.list(&f.Body.List, seen)
	}
	s.copyInfo(info, s.runtime.info, s.runtime.debug)
	file.Decls = append(file.Decls, s.runtime.debug)
	sites.mark()
	return func() {
		for _, back := range w.undo {
			back()
		}
	}
}

// declaredName is how a function is called in a list of frames.
func declaredName(f *ast.FuncDecl) string {
	if base := baseTypeName(f); base != "" {
		return plain(base + "." + f.Name.Name)
	}
	return plain(f.Name.Name)
}

func (w *instrumenter) fields(list *ast.FieldList, seen []*types.Var) []*types.Var {
	if list == nil {
		return seen
	}
	for _, f := range list.List {
		for _, name := range f.Names {
			seen = w.declare(name, seen)
		}
	}
	return seen
}

// declare adds the variable that id declares. What it hides goes.
func (w *instrumenter) declare(id *ast.Ident, seen []*types.Var) []*types.Var {
	v, ok := w.info.Defs[id].(*types.Var)
	if !ok || v.Name() == "_" || strings.Contains(v.Name(), mark) {
		return seen
	}
	return see(v, seen)
}

// see puts v before seen, of which others keep the rest.
func see(v *types.Var, seen []*types.Var) []*types.Var {
	out := []*types.Var{v}
	for _, other := range seen {
		if other.Name() != v.Name() && len(out) < maxSeen {
			out = append(out, other)
		}
	}
	return out
}

// list puts calls into a list of statements.
func (w *instrumenter) list(at *[]ast.Stmt, seen []*types.Var) {
	before := *at
	w.undo = append(w.undo, func() { *at = before })
	out := make([]ast.Stmt, 0, 2*len(before))
	for _, stmt := range before {
		if _, nothing := stmt.(*ast.EmptyStmt); !nothing && !isSafepoint(stmt) {
			out = append(out, w.point(stmt, seen))
		}
		out = append(out, stmt)
		seen = w.statement(stmt, seen)
	}
	*at = out
}

// isSafepoint tells the statements that rewrite made.
func isSafepoint(stmt ast.Stmt) bool {
	i, ok := stmt.(*ast.IfStmt)
	if !ok {
		return false
	}
	id, ok := i.Cond.(*ast.Ident)
	return ok && id.Name == stopName
}

// isGuardedGo tells the block that rewrite made of a go statement.
func isGuardedGo(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	a, ok := b.List[0].(*ast.AssignStmt)
	if !ok {
		return false
	}
	id, ok := a.Lhs[0].(*ast.Ident)
	return ok && strings.HasPrefix(id.Name, "go"+mark)
}

// statement goes into a statement and returns what can be seen behind it.
func (w *instrumenter) statement(stmt ast.Stmt, seen []*types.Var) []*types.Var {
	switch s := stmt.(type) {
	case *ast.BlockStmt:
		if isGuardedGo(s) {
			for _, inner := range s.List {
				if _, started := inner.(*ast.GoStmt); !started {
					w.expressions(inner, seen)
				}
			}
			return seen
		}
		w.list(&s.List, seen)
	case *ast.LabeledStmt:
		return w.statement(s.Stmt, seen)
	case *ast.IfStmt:
		w.conditional(s, seen)
	case *ast.ForStmt:
		inner := w.simple(s.Init, seen)
		w.expressions(s.Cond, inner)
		w.simple(s.Post, inner)
		w.list(&s.Body.List, inner)
	case *ast.RangeStmt:
		w.expressions(s.X, seen)
		inner := seen
		for _, e := range []ast.Expr{s.Value, s.Key} {
			if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
				inner = w.declare(id, inner)
			}
		}
		w.list(&s.Body.List, inner)
	case *ast.SwitchStmt:
		inner := w.simple(s.Init, seen)
		w.expressions(s.Tag, inner)
		w.clauses(s.Body, inner)
	case *ast.TypeSwitchStmt:
		inner := w.simple(s.Init, seen)
		w.expressions(s.Assign, inner)
		w.clauses(s.Body, inner)
	case *ast.SelectStmt:
		w.clauses(s.Body, seen)
	default:
		return w.simple(stmt, seen)
	}
	return seen
}

func (w *instrumenter) conditional(s *ast.IfStmt, seen []*types.Var) {
	if isSafepoint(s) {
		return
	}
	inner := w.simple(s.Init, seen)
	w.expressions(s.Cond, inner)
	w.list(&s.Body.List, inner)
	if s.Else != nil {
		w.statement(s.Else, inner)
	}
}

// clauses goes into the body of a switch or select.
func (w *instrumenter) clauses(body *ast.BlockStmt, seen []*types.Var) {
	for _, clause := range body.List {
		switch c := clause.(type) {
		case *ast.CaseClause:
			for _, e := range c.List {
				w.expressions(e, seen)
			}
			inner := seen
			if v, ok := w.info.Implicits[c].(*types.Var); ok { // switch v := x.(type)
				inner = see(v, seen)
			}
			w.list(&c.Body, inner)
		case *ast.CommClause:
			w.list(&c.Body, w.simple(c.Comm, seen))
		}
	}
}

// simple goes into the function literals of a statement that holds no others, and
// returns what can be seen behind it.
func (w *instrumenter) simple(stmt ast.Stmt, seen []*types.Var) []*types.Var {
	if stmt == nil {
		return seen
	}
	w.expressions(stmt, seen)
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		for _, l := range s.Lhs {
			if id, ok := l.(*ast.Ident); ok && s.Tok == token.DEFINE {
				seen = w.declare(id, seen)
			}
		}
	case *ast.DeclStmt:
		for _, spec := range s.Decl.(*ast.GenDecl).Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				for _, id := range v.Names {
					seen = w.declare(id, seen)
				}
			}
		}
	}
	return seen
}

// expressions goes into the function literals of n.
func (w *instrumenter) expressions(n ast.Node, seen []*types.Var) {
	if n == nil {
		return
	}
	if e, ok := n.(ast.Expr); ok && e == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			return true
		}
		name := w.name
		w.name = literalFunction
		inner := seen
		for _, list := range []*ast.FieldList{lit.Type.Params, lit.Type.Results} {
			inner = w.fields(list, inner)
		}
		w.list(&lit.Body.List, inner)
		w.name = name
		return false
	})
}

// point is the call before stmt, with what the checker would say of it.
func (w *instrumenter) point(stmt ast.Stmt, seen []*types.Var) ast.Stmt {
	t, info, p := &w.session.runtime, w.info, stmt.Pos()
	template := t.point.Body.List[0].(*ast.IfStmt)
	call := template.Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
	at := w.sites.at(w.session.fset.Position(p), p, w.name, seen)

	cond := ident(p, debugName)
	info.Uses[cond], info.Types[cond] = t.info.Uses[template.Cond.(*ast.Ident)], t.info.Types[template.Cond]
	number := &ast.BasicLit{ValuePos: p, Kind: token.INT, Value: "0"}
	value := t.info.Types[call.Args[0]]
	value.Value = constant.MakeInt64(int64(at.number))
	info.Types[number] = value

	w.session.copyInfo(info, t.info, call.Fun)
	made := &ast.CallExpr{Fun: call.Fun, Lparen: p, Args: []ast.Expr{number}, Rparen: p}
	info.Types[made] = t.info.Types[call]
	for _, v := range seen {
		id := ident(p, v.Name())
		address := &ast.UnaryExpr{OpPos: p, Op: token.AND, X: id}
		info.Uses[id], info.Types[address] = v, types.TypeAndValue{Type: types.NewPointer(v.Type())}
		made.Args = append(made.Args, address)
	}
	return &ast.IfStmt{If: p, Cond: cond, Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{&ast.ExprStmt{X: made}}}}
}
