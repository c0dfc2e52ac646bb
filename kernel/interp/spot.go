package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// spotKind tells what can stand at a place in a cell.
type spotKind int

const (
	spotValue     spotKind = iota // an expression
	spotStatement                 // a statement, or the expression that begins one
	spotType                      // a type
	spotMember                    // what follows a dot
	spotLabel                     // a label of a statement around it
	spotNew                       // a name that is being given
)

// spot is where the hole stands in a cell that is being written.
type spot struct {
	hole  *ast.Ident
	above []ast.Node // what holds the hole, innermost first
	kind  spotKind
	typ   bool                  // a type is wanted, also behind the dot of a package
	fits  func(types.Type) bool // what a value here may be of, nil where nothing is known
	want  types.Type            // the type that fits, nil where none or several do
	// fields are those of the struct literal around the hole that it does not
	// give yet, nil where the hole stands for no field's name.
	fields []*types.Var
	strict bool // in the literal only field names may stand
}

// spot finds the hole, nil where the parser dropped it.
func (v *view) spot() *spot {
	var stack []ast.Node
	var s *spot
	v.find(func(n ast.Node) bool {
		switch id, isIdent := n.(*ast.Ident); {
		case n == nil:
			stack = stack[:len(stack)-1]
			return true
		case s != nil:
			return false
		case isIdent && id.Name == hole:
			s = &spot{hole: id, above: slices.Clone(stack)}
			slices.Reverse(s.above)
			return false
		}
		stack = append(stack, n)
		return true
	})
	if s == nil || len(s.above) == 0 {
		return nil
	}
	var e ast.Expr = s.hole
	above := s.above
	if sel, ok := above[0].(*ast.SelectorExpr); ok && sel.Sel == s.hole {
		s.kind, e, above = spotMember, sel, above[1:]
	} else {
		s.kind = nameKind(s.hole, above)
	}
	s.typ = v.wantsType(e, above)
	switch {
	case s.kind == spotNew:
	case s.kind == spotValue && s.typ:
		s.kind = spotType
	case s.kind != spotLabel && !s.typ:
		v.expect(s, e, above)
		v.literalFields(s, e, above)
	}
	return s
}

// nameKind is the kind of a spot that follows no dot, but for types.
func nameKind(hole *ast.Ident, above []ast.Node) spotKind {
	switch p := above[0].(type) {
	case *ast.BranchStmt:
		return spotLabel
	case *ast.ExprStmt:
		return spotStatement
	case *ast.LabeledStmt:
		if p.Label == hole {
			return spotNew
		}
	case *ast.FuncDecl:
		if p.Name == hole {
			return spotNew
		}
	case *ast.TypeSpec:
		if p.Name == hole {
			return spotNew
		}
	case *ast.ValueSpec:
		if slices.Contains(p.Names, hole) {
			return spotNew
		}
	case *ast.Field:
		if slices.Contains(p.Names, hole) || isMethodName(above) {
			return spotNew
		}
	case *ast.AssignStmt:
		if p.Tok == token.DEFINE && slices.Contains(p.Lhs, ast.Expr(hole)) {
			return spotNew
		}
	case *ast.RangeStmt:
		if p.Tok == token.DEFINE && (p.Key == hole || p.Value == hole) {
			return spotNew
		}
	}
	return spotValue
}

// isMethodName tells "func (r T) hole", which reads as the type of a function.
func isMethodName(above []ast.Node) bool {
	if len(above) < 4 {
		return false
	}
	f, isFunc := above[2].(*ast.FuncType)
	_, isStatement := above[3].(*ast.ExprStmt)
	return isFunc && isStatement && f.Results == above[1]
}

// wantsType tells whether e, which stands below above, must be a type.
func (v *view) wantsType(e ast.Expr, above []ast.Node) bool {
	switch p := above[0].(type) {
	case *ast.Field:
		return p.Type == e
	case *ast.ArrayType:
		return p.Elt == e
	case *ast.MapType, *ast.ChanType, *ast.Ellipsis:
		return true
	case *ast.ValueSpec:
		return p.Type == e
	case *ast.TypeSpec:
		return p.Type == e
	case *ast.CompositeLit:
		return p.Type == e
	case *ast.TypeAssertExpr:
		return p.Type == e
	case *ast.StarExpr:
		return v.wantsType(p, above[1:])
	case *ast.ParenExpr:
		return v.wantsType(p, above[1:])
	case *ast.CaseClause:
		if len(above) > 2 && !inBody(e, p) {
			_, ok := above[2].(*ast.TypeSwitchStmt)
			return ok
		}
	case *ast.IndexExpr:
		return p.Index == e && v.isGeneric(p.X)
	case *ast.IndexListExpr:
		return p.X != e
	case *ast.CallExpr:
		id, ok := p.Fun.(*ast.Ident)
		return ok && len(p.Args) > 0 && p.Args[0] == e && (id.Name == "make" || id.Name == "new") && v.isBuiltin(id)
	}
	return false
}

func inBody(e ast.Expr, c *ast.CaseClause) bool { return c.Colon.IsValid() && e.Pos() > c.Colon }

func (v *view) isBuiltin(id *ast.Ident) bool {
	_, ok := v.info.Uses[id].(*types.Builtin)
	return ok
}

// isGeneric tells whether e is a generic function or type.
func (v *view) isGeneric(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if sel, isSel := e.(*ast.SelectorExpr); isSel {
		id, ok = sel.Sel, true
	}
	if !ok {
		return false
	}
	switch o := v.info.Uses[id].(type) {
	case *types.Func:
		return o.Signature().TypeParams().Len() > 0
	case *types.TypeName:
		n, ok := types.Unalias(o.Type()).(*types.Named)
		return ok && n.TypeParams().Len() > 0
	}
	return false
}

// declares tells whether the statement around the hole is what declares o, so that
// it is not known there yet.
func (s *spot) declares(o types.Object) bool {
	for _, n := range s.above {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ValueSpec, *ast.AssignStmt:
			return n.Pos() <= o.Pos() && o.Pos() < s.hole.Pos() && o.Parent() != nil
		case *ast.RangeStmt:
			return n.Pos() <= o.Pos() && s.hole.Pos() < n.Body.Pos() && o.Pos() < s.hole.Pos()
		}
	}
	return false
}

// inConst tells whether the hole is in a declaration of constants.
func (s *spot) inConst() bool {
	for _, n := range s.above {
		if g, ok := n.(*ast.GenDecl); ok {
			return g.Tok == token.CONST
		}
	}
	return false
}

// literalFields sets the fields that can be named at s: those of the struct
// literal whose element e is.
func (v *view) literalFields(s *spot, e ast.Expr, above []ast.Node) {
	if s.kind == spotMember {
		return
	}
	if kv, ok := above[0].(*ast.KeyValueExpr); ok && kv.Key == e {
		e, above = kv, above[1:]
	}
	lit, ok := above[0].(*ast.CompositeLit)
	if !ok || lit.Type == e {
		return
	}
	st := v.structOf(lit)
	if st == nil {
		return
	}
	given := map[string]bool{}
	for _, elt := range lit.Elts {
		kv, keyed := elt.(*ast.KeyValueExpr)
		if elt == e {
			continue
		} else if !keyed {
			return // values by position
		}
		if id, ok := kv.Key.(*ast.Ident); ok {
			given[id.Name] = true
		}
	}
	s.strict = len(given) > 0
	for f := range st.Fields() {
		if !given[f.Name()] && (f.Exported() || f.Pkg() == nil || f.Pkg().Path() == v.pkg.Path()) {
			s.fields = append(s.fields, f)
		}
	}
}

// structOf is the struct type of a composite literal, nil if it is of another.
func (v *view) structOf(lit *ast.CompositeLit) *types.Struct {
	t := v.info.Types[lit].Type
	if t == nil && lit.Type != nil {
		t = v.info.Types[lit.Type].Type
	}
	if t == nil {
		return nil
	}
	st, _ := pointedTo(t).Underlying().(*types.Struct)
	return st
}

// pointedTo is what t points to, t itself if it is no pointer.
func pointedTo(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}
