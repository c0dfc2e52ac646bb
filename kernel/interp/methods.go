package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// redeclareMethods handles methods for a type of an earlier cell: the cell gets
// the type's declaration and its other methods too, so that the type is declared
// anew with all of them. Values made before keep the older type.
func (s *session) redeclareMethods(u *unit) {
	declared := u.declared()
	added := map[string]map[string]bool{} // by type, the methods that this cell declares
	for _, d := range u.decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if name := baseTypeName(f); name != "" && !declared[name] {
			if added[name] == nil {
				added[name] = map[string]bool{}
			}
			added[name][f.Name.Name] = true
		}
	}
	for name, methods := range added {
		if t, ok := s.names[name].object.(*types.TypeName); ok {
			if n := s.nodes[t]; n != nil {
				u.decls = append(u.decls, s.declarationsAgain(n, methods)...)
			}
		}
	}
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
