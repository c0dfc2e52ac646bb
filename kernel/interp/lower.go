package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// lowered is a cell ready to be built.
type lowered struct {
	unit  *unit
	file  *ast.File // for file versions
	info  *types.Info
	entry *ast.FuncDecl           // the statements
	uses  []types.Object          // what they mention
	calls bool                    // they call methods through interfaces
	nodes []*node                 // what the cell declares
	names map[string]types.Object // the user's names for it
	fresh []*types.Var            // new variables
}

// lower checks the renamed and rewritten cell into the session's package and
// turns declarations of variables into assignments at their place.
func (s *session) lower(u *unit, r *renaming) (*lowered, []types.Error) {
	l := &lowered{unit: u, info: newInfo(), names: map[string]types.Object{}}
	zeroed(u, r)
	l.file = u.file()
	if errs := s.typeCheck(s.fset, s.pkg, l.info, u, []*ast.File{l.file}); len(errs) > 0 {
		return nil, errs
	}
	l.info.FileVersions[l.file] = goVersion
	s.restoreNames(l, r)
	s.collectNodes(l, u.decls)
	s.assignments(l, r)
	l.uses, l.calls = s.facts(l.info, l.entry)
	return l, nil
}

// zeroed makes "var x T" set an x that is reused back to its zero value.
func zeroed(u *unit, r *renaming) {
	for i, st := range u.steps {
		if st.hoist == nil || len(st.hoist.spec.Values) > 0 {
			continue
		}
		var stmts []ast.Stmt
		for _, left := range st.hoist.left {
			if left != nil {
				p := left.Pos()
				stmts = append(stmts, &ast.ExprStmt{X: runtimeCall(p, "Zero", &ast.UnaryExpr{OpPos: p, Op: token.AND, X: ident(p, left.Name)})})
			}
		}
		if len(stmts) > 0 {
			u.steps[i].stmt = &ast.BlockStmt{Lbrace: st.pos(), List: stmts, Rbrace: st.pos()}
		}
	}
}

// restoreNames gives types, and fields that embed them, the names that the user
// gave them. The scope lists them under their unique names.
func (s *session) restoreNames(l *lowered, r *renaming) {
	given := map[string]string{}
	for name, unique := range r.names {
		if name != unique {
			given[unique] = name
		}
	}
	for _, o := range l.info.Defs {
		if v, ok := o.(*types.Var); ok && v.Embedded() {
			if plain(v.Name()) != v.Name() {
				renameObject(v, plain(v.Name()))
			}
		}
	}
	for id, o := range l.info.Uses {
		if v, ok := o.(*types.Var); ok && v.Embedded() {
			id.Name = v.Name() // keys of literals are looked up by it
		}
	}
	for unique, name := range given {
		if t, ok := s.pkg.Scope().Lookup(unique).(*types.TypeName); ok {
			s.listed[t] = unique
			renameObject(t, name)
		}
	}
	for name, unique := range r.names {
		if plain(name) != name || r.reused[name] != nil {
			continue
		}
		if o := s.pkg.Scope().Lookup(unique); o != nil {
			l.names[name] = o
		}
	}
}

// collectNodes makes a node of each function and of each type with its methods.
func (s *session) collectNodes(l *lowered, decls []ast.Decl) {
	byObject := map[types.Object]*node{}
	add := func(o types.Object, d ast.Decl) {
		n := byObject[o]
		if n == nil {
			n = &node{object: o, cell: l.unit.number, info: l.info}
			byObject[o] = n
			l.nodes = append(l.nodes, n)
		}
		n.decls = append(n.decls, d)
		uses, invokes := s.facts(l.info, d)
		n.uses, n.invokes = append(n.uses, uses...), n.invokes || invokes
	}
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			if d.Tok != token.TYPE {
				continue
			}
			for _, spec := range d.Specs {
				name := spec.(*ast.TypeSpec).Name
				if o := l.info.Defs[name]; o != nil {
					add(o, &ast.GenDecl{Doc: d.Doc, TokPos: d.TokPos, Tok: token.TYPE, Specs: []ast.Spec{spec}})
				}
			}
		case *ast.FuncDecl:
			if o := s.nodeObject(l.info.Defs[d.Name]); o != nil {
				add(o, d)
			}
		}
	}
}

// assignments takes the function of statements and puts in what the hoisted
// declarations do at run time.
func (s *session) assignments(l *lowered, r *renaming) {
	decl := l.entryDecl()
	body := &ast.BlockStmt{Lbrace: decl.Body.Lbrace, Rbrace: decl.Body.Rbrace}
	for _, st := range l.unit.steps {
		if st.point != nil {
			body.List = append(body.List, st.point)
		}
		if st.hoist == nil {
			body.List = append(body.List, st.stmt)
			continue
		}
		s.declareVariables(l, st.hoist)
		if len(st.hoist.spec.Values) > 0 {
			body.List = append(body.List, s.assignment(l, st.hoist))
		} else if st.stmt != nil {
			body.List = append(body.List, st.stmt)
		}
	}
	l.entry = &ast.FuncDecl{Name: decl.Name, Type: decl.Type, Body: body}
	l.info.InitOrder = nil
}

func (l *lowered) entryDecl() *ast.FuncDecl {
	for _, d := range l.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == l.unit.entry {
			return f
		}
	}
	panic("interp: a cell without its function")
}

// declareVariables makes nodes of the variables that h adds to the session.
func (s *session) declareVariables(l *lowered, h *hoist) {
	for i, name := range h.spec.Names {
		v, ok := l.info.Defs[name].(*types.Var)
		if !ok || name.Name == "_" || h.left[i] != nil {
			continue
		}
		spec := &ast.ValueSpec{Names: []*ast.Ident{name}}
		n := &node{object: v, cell: l.unit.number, info: l.info, decls: []ast.Decl{&ast.GenDecl{TokPos: name.Pos(), Tok: token.VAR, Specs: []ast.Spec{spec}}}}
		eachNamed(v.Type(), func(t *types.Named) {
			if o := s.nodeObject(t.Obj()); o != nil {
				n.uses = append(n.uses, o)
			}
		})
		l.nodes = append(l.nodes, n)
		l.fresh = append(l.fresh, v)
	}
}

// assignment is "a, b = values" for h, with what the checker would say of it.
func (s *session) assignment(l *lowered, h *hoist) ast.Stmt {
	a := &ast.AssignStmt{TokPos: h.spec.Pos(), Tok: token.ASSIGN, Rhs: h.spec.Values}
	for i, name := range h.spec.Names {
		id := &ast.Ident{NamePos: name.NamePos, Name: name.Name}
		if h.left[i] != nil {
			id.Name = h.left[i].Name
		}
		a.Lhs = append(a.Lhs, id)
		if id.Name == "_" {
			continue
		}
		if o := s.pkg.Scope().Lookup(id.Name); o != nil {
			l.info.Uses[id] = o
		}
	}
	return a
}
