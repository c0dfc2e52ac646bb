package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// expect finds out what a value at s must be of, from what stands around e.
func (v *view) expect(s *spot, e ast.Expr, above []ast.Node) {
	switch p := above[0].(type) {
	case *ast.RangeStmt:
		if p.X == e {
			s.fits = canRange
		}
		return
	case *ast.UnaryExpr:
		if p.Op == token.ARROW {
			s.fits = func(t types.Type) bool { _, ok := t.Underlying().(*types.Chan); return ok }
			return
		}
	case *ast.CallExpr:
		if p.Fun == e && len(above) > 1 && startsCall(above[1]) {
			s.fits = func(t types.Type) bool { _, ok := t.Underlying().(*types.Signature); return ok }
			return
		}
	}
	t := v.wanted(e, above)
	if t == nil || t == types.Typ[types.Invalid] || mentionsParam(t) {
		return
	}
	if i, ok := t.Underlying().(*types.Interface); ok && i.Empty() {
		return // anything does
	}
	s.want = t
	s.fits = func(have types.Type) bool { return types.AssignableTo(have, t) }
}

func startsCall(n ast.Node) bool {
	switch n.(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return true
	}
	return false
}

func canRange(t types.Type) bool {
	switch u := pointedTo(t).Underlying().(type) {
	case *types.Slice, *types.Array, *types.Map, *types.Chan:
		return true
	case *types.Basic:
		return u.Info()&(types.IsString|types.IsInteger) != 0
	case *types.Signature:
		return u.Params().Len() == 1 && u.Results().Len() == 0
	}
	return false
}

// wanted is the type that the place of e asks for, nil where it asks for none.
func (v *view) wanted(e ast.Expr, above []ast.Node) types.Type {
	if len(above) == 0 {
		return nil
	}
	switch p := above[0].(type) {
	case *ast.ParenExpr:
		return v.wanted(p, above[1:])
	case *ast.UnaryExpr:
		return v.wantedByUnary(p, above)
	case *ast.BinaryExpr:
		return v.wantedByBinary(e, p)
	case *ast.CallExpr:
		return v.wantedByCall(e, p)
	case *ast.IndexExpr:
		if p.Index == e {
			return v.indexType(p.X)
		}
	case *ast.SliceExpr:
		if p.X != e {
			return types.Typ[types.Int]
		}
	case *ast.KeyValueExpr:
		if len(above) > 1 && p.Value == e {
			return v.wantedByLiteral(p, above[1])
		}
	case *ast.CompositeLit:
		return v.wantedByLiteral(e, p)
	default:
		return v.wantedByStatement(e, above)
	}
	return nil
}

func (v *view) wantedByUnary(p *ast.UnaryExpr, above []ast.Node) types.Type {
	switch p.Op {
	case token.NOT:
		return types.Typ[types.Bool]
	case token.AND:
		if t := v.wanted(p, above[1:]); t != nil {
			if pointer, ok := t.Underlying().(*types.Pointer); ok {
				return pointer.Elem()
			}
		}
	case token.ADD, token.SUB, token.XOR:
		return v.wanted(p, above[1:])
	}
	return nil
}

func (v *view) wantedByBinary(e ast.Expr, p *ast.BinaryExpr) types.Type {
	switch p.Op {
	case token.LAND, token.LOR:
		return types.Typ[types.Bool]
	case token.SHL, token.SHR:
		return nil
	}
	other := p.X
	if other == e {
		other = p.Y
	}
	if t := v.info.Types[other].Type; t != nil && t != types.Typ[types.UntypedNil] {
		return types.Default(t)
	}
	return nil
}

func (v *view) wantedByStatement(e ast.Expr, above []ast.Node) types.Type {
	switch p := above[0].(type) {
	case *ast.AssignStmt:
		i := slices.Index(p.Rhs, e)
		if i >= 0 && p.Tok != token.DEFINE && len(p.Lhs) == len(p.Rhs) {
			return v.typeOf(p.Lhs[i])
		}
	case *ast.ValueSpec:
		if p.Type != nil && slices.Contains(p.Values, e) {
			return v.info.Types[p.Type].Type
		}
	case *ast.ReturnStmt:
		i, results := slices.Index(p.Results, e), v.resultsAround(above)
		if results != nil && i >= 0 && i < results.Len() {
			return results.At(i).Type()
		}
	case *ast.SendStmt:
		if c, ok := under(v.typeOf(p.Chan)).(*types.Chan); ok && p.Value == e {
			return c.Elem()
		}
	case *ast.IfStmt, *ast.ForStmt:
		return types.Typ[types.Bool]
	case *ast.CaseClause:
		if sw, ok := above[min(2, len(above)-1)].(*ast.SwitchStmt); ok && slices.Contains(p.List, e) {
			if sw.Tag == nil {
				return types.Typ[types.Bool]
			}
			return v.typeOf(sw.Tag)
		}
	}
	return nil
}

// typeOf is the type of an expression, also of one on the left of an assignment.
func (v *view) typeOf(e ast.Expr) types.Type {
	if t := v.info.TypeOf(e); t != nil {
		return types.Default(t)
	}
	return nil
}

func under(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// resultsAround are the results of the function that holds a return.
func (v *view) resultsAround(above []ast.Node) *types.Tuple {
	for _, n := range above {
		switch n := n.(type) {
		case *ast.FuncLit:
			if sig, ok := v.info.TypeOf(n.Type).(*types.Signature); ok {
				return sig.Results()
			}
			return nil
		case *ast.FuncDecl:
			if f, ok := v.info.Defs[n.Name].(*types.Func); ok {
				return f.Signature().Results()
			}
			return nil
		}
	}
	return nil
}

// wantedByCall is the type of the parameter that e is the argument for.
func (v *view) wantedByCall(e ast.Expr, c *ast.CallExpr) types.Type {
	i := slices.Index(c.Args, e)
	if i < 0 {
		return nil
	}
	if id, ok := ast.Unparen(c.Fun).(*ast.Ident); ok && v.isBuiltin(id) {
		return v.wantedByBuiltin(id.Name, c, i)
	}
	tv := v.info.Types[c.Fun]
	sig, ok := under(tv.Type).(*types.Signature)
	if !ok || tv.IsType() {
		return nil
	}
	return parameter(sig, i)
}

// parameter is the type of the i-th argument in a call, nil where there is none.
func parameter(sig *types.Signature, i int) types.Type {
	n := sig.Params().Len()
	if sig.Variadic() && i >= n-1 {
		if s, ok := sig.Params().At(n - 1).Type().(*types.Slice); ok {
			return s.Elem()
		}
	}
	if i >= n {
		return nil
	}
	return sig.Params().At(i).Type()
}

func (v *view) wantedByBuiltin(name string, c *ast.CallExpr, i int) types.Type {
	if i == 0 {
		return nil
	}
	switch t := under(v.typeOf(c.Args[0])).(type) {
	case *types.Slice:
		if name == "append" {
			return t.Elem()
		}
	case *types.Map:
		if name == "delete" {
			return t.Key()
		}
	}
	if name == "make" {
		return types.Typ[types.Int]
	}
	return nil
}

// indexType is what x is indexed by.
func (v *view) indexType(x ast.Expr) types.Type {
	t := v.typeOf(x)
	if t == nil {
		return nil
	}
	if m, ok := t.Underlying().(*types.Map); ok {
		return m.Key()
	}
	return types.Typ[types.Int]
}

// wantedByLiteral is the type of an element of a composite literal.
func (v *view) wantedByLiteral(e ast.Expr, in ast.Node) types.Type {
	lit, ok := in.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	kv, keyed := e.(*ast.KeyValueExpr)
	if st := v.structOf(lit); st != nil {
		if !keyed {
			if i := slices.Index(lit.Elts, e); i > 0 && i < st.NumFields() {
				return st.Field(i).Type()
			}
			return nil
		}
		id, _ := kv.Key.(*ast.Ident)
		for f := range st.Fields() {
			if id != nil && f.Name() == id.Name {
				return f.Type()
			}
		}
		return nil
	}
	switch t := under(v.typeOf(lit)).(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	case *types.Map:
		if keyed {
			return t.Elem()
		}
		return t.Key()
	}
	return nil
}
