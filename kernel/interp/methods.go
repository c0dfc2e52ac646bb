package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// redeclareMethods handles methods for a type of an earlier cell: the cell gets
// the type's declaration and its other methods too, so that the type is declared
// anew with all of them. Values made before keep the older type. A receiver may
// name the type by aliases: those are declared anew with it.
func (s *session) redeclareMethods(u *unit) []types.Error {
	w := &receivers{session: s, cell: u.typeSpecs(), methods: map[string]map[string]bool{}}
	w.resolve(u.decls)
	w.addAliases()
	for _, name := range slices.Sorted(maps.Keys(w.methods)) {
		again := s.declarationsAgain(s.nodes[s.names[name].object], w.methods[name])
		w.resolve(again)
		u.decls = append(u.decls, again...)
	}
	return w.errs
}

// addAliases has the session's other aliases of the types declared again too, so
// that they go on to mean the same as those.
func (w *receivers) addAliases() {
	s := w.session
	for more := len(w.methods) > 0; more; {
		more = false
		for name, m := range s.names {
			t, ok := m.object.(*types.TypeName)
			if !ok || !t.IsAlias() || w.methods[name] != nil || w.cell[name] != nil || s.nodes[t] == nil {
				continue
			}
			uses := s.nodes[t].uses
			affected := slices.ContainsFunc(uses, func(o types.Object) bool { return w.methods[o.Name()] != nil })
			present := !slices.ContainsFunc(uses, func(o types.Object) bool { return s.names[o.Name()].object != o })
			if affected && present {
				w.again(name)
				more = true
			}
		}
	}
}

// typeSpecs are the types that the cell declares, by name.
func (u *unit) typeSpecs() map[string]*ast.TypeSpec {
	specs := map[string]*ast.TypeSpec{}
	for _, d := range u.decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, spec := range g.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					specs[t.Name.Name] = t
				}
			}
		}
	}
	return specs
}

// receivers finds out which types the receivers of methods name.
type receivers struct {
	session *session
	cell    map[string]*ast.TypeSpec
	methods map[string]map[string]bool // of types of earlier cells, and their aliases: what the cell declares
	errs    []types.Error
}

// resolve looks at the methods among decls. Receivers that name their type by an
// alias name it by itself afterwards: the type checker wants to see an alias
// declared, and package ssa takes one of a pointer for no pointer.
func (w *receivers) resolve(decls []ast.Decl) {
	for _, d := range decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || baseTypeName(f) == "" {
			continue
		}
		p := f.Recv.List[0].Type.Pos()
		base, stars, err := w.base(baseTypeName(f))
		if err != "" {
			w.errs = append(w.errs, types.Error{Fset: w.session.fset, Pos: p, Msg: err})
		}
		if base == "" {
			continue
		}
		if w.cell[base] == nil {
			w.again(base)[f.Name.Name] = true
		}
		if base == baseTypeName(f) {
			continue
		}
		if _, pointer := ast.Unparen(f.Recv.List[0].Type).(*ast.StarExpr); pointer {
			stars++
		}
		var t ast.Expr = ident(p, base)
		for range stars {
			t = &ast.StarExpr{Star: p, X: t}
		}
		f.Recv.List[0].Type = t
	}
}

// again notes that a type of an earlier cell is to be declared again.
func (w *receivers) again(name string) map[string]bool {
	if w.methods[name] == nil {
		w.methods[name] = map[string]bool{}
	}
	return w.methods[name]
}

// base follows a name through aliases to the type that it means, and counts the
// pointers on the way. It is empty for what the type checker is to judge: names
// that no cell declared, types of other packages, aliases of other kinds. The error
// is what forbids the method.
func (w *receivers) base(name string) (base string, stars int, err string) {
	s := w.session
	if m, dotted := s.dotted(name); dotted && w.cell[name] == nil && s.names[name].object == nil {
		return "", 0, "cannot define new methods on " + name + ": it is of package " + m.object.Pkg().Path()
	}
	seen := map[string]bool{}
	var alias *types.TypeName // of an earlier cell, that led to name
	for !seen[name] {
		seen[name] = true
		spec := w.cell[name]
		if spec == nil || alias != nil {
			t, ok := s.names[name].object.(*types.TypeName)
			if alias != nil && (!ok || !slices.Contains(s.nodes[alias].uses, types.Object(t))) {
				return "", 0, fmt.Sprintf("%s stands for a type %s that was declared again since: declare %s again", alias.Name(), name, alias.Name())
			}
			if !ok || s.nodes[t] == nil {
				return "", 0, ""
			}
			if t.IsAlias() {
				alias = t
			}
			spec = s.specOf(s.nodes[t])
		}
		if spec == nil || !spec.Assign.IsValid() {
			return name, stars, ""
		}
		if w.cell[name] == nil {
			w.again(name)
		}
		e := spec.Type
		for {
			if star, ok := ast.Unparen(e).(*ast.StarExpr); ok {
				stars++
				e = star.X
				continue
			}
			break
		}
		id, ok := ast.Unparen(e).(*ast.Ident)
		if !ok || w.cell[id.Name] == nil && s.names[id.Name].object == nil {
			return "", 0, ""
		}
		name = id.Name
	}
	return "", 0, ""
}

// specOf is the declaration of a type, by the user's names.
func (s *session) specOf(n *node) *ast.TypeSpec {
	for _, d := range n.decls {
		if _, ok := d.(*ast.GenDecl); ok {
			for _, again := range s.parseAgain(d) {
				return again.(*ast.GenDecl).Specs[0].(*ast.TypeSpec)
			}
		}
	}
	return nil
}

// declarationsAgain parses the declarations of a type again, without the methods
// that a new cell replaces.
func (s *session) declarationsAgain(n *node, replaced map[string]bool) []ast.Decl {
	var out []ast.Decl
	for _, d := range n.decls {
		f, isMethod := d.(*ast.FuncDecl)
		if isMethod && replaced[f.Name.Name] {
			continue
		}
		out = append(out, s.parseAgain(d)...)
	}
	return out
}

// parseAgain makes a new tree of a declaration: the old one was rewritten.
func (s *session) parseAgain(d ast.Decl) []ast.Decl {
	from := s.fset.Position(d.Pos())
	want, _ := d.(*ast.GenDecl)
	p, err := parseCell(s.fset, from.Filename, takeCommands(s.sources.of(from.Filename), false)) // a type's methods may be of several cells
	if err != nil {
		return nil
	}
	for _, again := range p.decls {
		switch x := again.(type) {
		case *ast.FuncDecl:
			if s.samePlace(x, d) {
				return []ast.Decl{x}
			}
		case *ast.GenDecl:
			for _, spec := range x.Specs {
				if want != nil && s.samePlace(spec, want.Specs[0]) {
					return []ast.Decl{&ast.GenDecl{Doc: x.Doc, TokPos: x.TokPos, Tok: token.TYPE, Specs: []ast.Spec{spec}}}
				}
			}
		}
	}
	return nil
}

func (s *session) samePlace(a, b ast.Node) bool {
	p, q := s.fset.Position(a.Pos()), s.fset.Position(b.Pos())
	return p.Filename == q.Filename && p.Line == q.Line && p.Column == q.Column
}
