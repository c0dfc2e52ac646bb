package interp

import (
	"go/ast"
	"go/types"
)

// node is one declaration of the session: a function, a type with its methods,
// or a variable. A cell is built together with the nodes that it reaches, no
// others, so that a session's length costs nothing.
type node struct {
	object  types.Object
	cell    int    // number of the cell that declared it
	source  string // of that cell
	decls   []ast.Decl
	info    *types.Info // of the cell that declared it
	uses    []types.Object
	invokes bool // calls methods through interfaces
}

// facts collects what a tree mentions: objects of the session, and whether it
// calls methods through interfaces.
func (s *session) facts(info *types.Info, root ast.Node) (uses []types.Object, invokes bool) {
	seen := map[types.Object]bool{}
	add := func(o types.Object) {
		if o = s.nodeObject(o); o != nil && !seen[o] {
			seen[o] = true
			uses = append(uses, o)
		}
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			add(info.Uses[n])
			if c, ok := info.Uses[n].(*types.Const); ok {
				eachNamed(c.Type(), func(t *types.Named) { add(t.Obj()) })
			}
			if o := info.Defs[n]; o != nil {
				eachNamed(o.Type(), func(t *types.Named) { add(t.Obj()) })
			}
			if in, ok := info.Instances[n]; ok {
				eachNamed(in.Type, func(t *types.Named) { add(t.Obj()) })
			}
		case *ast.SelectorExpr:
			if sel := info.Selections[n]; sel != nil {
				invokes = invokes || types.IsInterface(sel.Recv()) || ofInterface(sel.Obj())
			}
		}
		return true
	})
	return uses, invokes
}

// ofInterface tells a method of an interface, also where a struct embeds that.
func ofInterface(o types.Object) bool {
	f, ok := o.(*types.Func)
	return ok && f.Signature().Recv() != nil && types.IsInterface(f.Signature().Recv().Type())
}

// nodeObject is the object whose node holds o: itself, or for a method its type.
// It is nil for what has no node.
func (s *session) nodeObject(o types.Object) types.Object {
	if o == nil || o.Pkg() != s.pkg {
		return nil
	}
	if f, ok := o.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			t := types.Unalias(recv.Type())
			if p, ok := t.(*types.Pointer); ok {
				t = p.Elem()
			}
			if named, ok := types.Unalias(t).(*types.Named); ok {
				o = named.Origin().Obj()
			}
		} else {
			o = f.Origin()
		}
	}
	if o.Parent() != s.pkg.Scope() {
		return nil
	}
	return o
}

// eachNamed calls f for the named types that t is made of, not looking into them.
func eachNamed(t types.Type, f func(*types.Named)) {
	eachType(t, func(t types.Type) {
		if named, ok := t.(*types.Named); ok {
			f(named.Origin())
		}
	})
}

// eachType calls f for t and the types that it is made of, not looking into named
// ones.
func eachType(t types.Type, f func(types.Type)) {
	seen := map[types.Type]bool{}
	var walk func(types.Type)
	walk = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		f(t)
		switch t := t.(type) {
		case *types.Named:
			for i := range t.TypeArgs().Len() {
				walk(t.TypeArgs().At(i))
			}
		case *types.Alias:
			walk(types.Unalias(t))
		case *types.Pointer:
			walk(t.Elem())
		case *types.Slice:
			walk(t.Elem())
		case *types.Array:
			walk(t.Elem())
		case *types.Chan:
			walk(t.Elem())
		case *types.Map:
			walk(t.Key())
			walk(t.Elem())
		case *types.Struct:
			for i := range t.NumFields() {
				walk(t.Field(i).Type())
			}
		case *types.Signature:
			walkTuple(t.Params(), walk)
			walkTuple(t.Results(), walk)
		case *types.Tuple:
			walkTuple(t, walk)
		}
	}
	walk(t)
}

// mentionsParam tells types that are made of type parameters.
func mentionsParam(t types.Type) bool {
	found := false
	eachType(t, func(t types.Type) { _, is := t.(*types.TypeParam); found = found || is })
	return found
}

func walkTuple(t *types.Tuple, walk func(types.Type)) {
	for i := range t.Len() {
		walk(t.At(i).Type())
	}
}

// resolve follows redefinitions of a function with the same signature.
func (s *session) resolve(o types.Object) types.Object {
	last, ok := s.redirect[o]
	if !ok {
		return o
	}
	for next := last; ok; next, ok = s.redirect[last] {
		last = next
	}
	s.redirect[o] = last // one step from now on, however often it was redefined
	return last
}

// closure is every node that objects reach, each once, in a stable order.
func (s *session) closure(objects []types.Object) []*node {
	var order []*node
	seen := map[*node]bool{}
	var visit func(types.Object)
	visit = func(o types.Object) {
		n := s.nodes[s.resolve(o)]
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		order = append(order, n)
		for _, u := range n.uses {
			visit(u)
		}
	}
	for _, o := range objects {
		visit(o)
	}
	return order
}

// copyInfo copies to dst what src knows of root, with redefinitions followed.
func (s *session) copyInfo(dst, src *types.Info, root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		if e, ok := n.(ast.Expr); ok {
			if tv, ok := src.Types[e]; ok {
				dst.Types[e] = tv
			}
		}
		if o, ok := src.Implicits[n]; ok {
			dst.Implicits[n] = o
		}
		if sc, ok := src.Scopes[n]; ok {
			dst.Scopes[n] = sc
		}
		switch n := n.(type) {
		case *ast.Ident:
			if o, ok := src.Defs[n]; ok {
				dst.Defs[n] = o
			}
			if o, ok := src.Uses[n]; ok {
				dst.Uses[n] = s.resolve(o)
			}
			if in, ok := src.Instances[n]; ok {
				dst.Instances[n] = in
			}
		case *ast.SelectorExpr:
			if sel, ok := src.Selections[n]; ok {
				dst.Selections[n] = sel
			}
		}
		return true
	})
}
