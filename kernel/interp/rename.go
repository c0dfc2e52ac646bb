package interp

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// renaming tells how the objects that a cell declares are called in the
// session's package.
type renaming struct {
	names  map[string]string     // user's name to unique name
	reused map[string]*types.Var // variables declared again with the same type: they stay what they are
}

// rename gives every identifier of the cell that means something at top level
// its unique name in the session's package.
func (s *session) rename(u *unit, c *checked, files []*ast.File) *renaming {
	r := &renaming{names: map[string]string{}, reused: map[string]*types.Var{}}
	s.chooseNames(u, c, r)
	specs := map[*ast.Ident]bool{} // names in declarations of reused variables: those are scratch
	u.variables(func(h *hoist, i int, name *ast.Ident) {
		if v := r.reused[name.Name]; v != nil && h.left[i] == nil {
			h.left[i] = &ast.Ident{NamePos: name.NamePos, Name: v.Name()}
			specs[name] = true
		}
	})
	for id, o := range c.info.Defs {
		switch {
		case specs[id]:
			id.Name = s.unique(id.Name + mark + "again")
		case o != nil:
			s.renameIdent(c, r, id, o)
		}
	}
	for id, o := range c.info.Uses {
		if f, ok := o.(*types.Var); ok && f.Embedded() && f.Pkg() == c.pkg {
			id.Name = s.embeddedName(c, r, f)
			continue
		}
		s.renameIdent(c, r, id, o)
	}
	u.variables(func(h *hoist, i int, name *ast.Ident) {
		if l := h.left[i]; l != nil {
			if n, ok := r.names[l.Name]; ok {
				l.Name = n
			}
		}
	})
	s.qualifyDots(c, files)
	return r
}

// chooseNames decides for each object that the cell declares.
func (s *session) chooseNames(u *unit, c *checked, r *renaming) {
	scope := c.pkg.Scope()
	for name := range u.declared() {
		o := scope.Lookup(name)
		if o == nil {
			continue
		}
		if v, ok := o.(*types.Var); ok {
			if old, ok := s.names[name].object.(*types.Var); ok && types.Identical(old.Type(), v.Type()) {
				r.reused[name], r.names[name] = old, old.Name()
				continue
			}
		}
		r.names[name] = s.unique(name)
	}
	for _, name := range scope.Names() { // scratch variables and init functions
		if _, done := r.names[name]; !done && strings.Contains(name, mark) && name != u.entry && name != valuesName && name != commandName && c.standIns[scope.Lookup(name)] == nil {
			if _, isImport := scope.Lookup(name).(*types.PkgName); !isImport {
				r.names[name] = s.unique(name)
			}
		}
	}
}

func (s *session) renameIdent(c *checked, r *renaming, id *ast.Ident, o types.Object) {
	if p, ok := o.(*types.PkgName); ok {
		id.Name = s.packageName(p.Imported())
		return
	}
	if meant, ok := c.standIns[o]; ok {
		if meant.Pkg() == s.pkg {
			id.Name = s.nameOf(meant)
		}
		return
	}
	if o.Pkg() == c.pkg && o.Parent() == c.pkg.Scope() {
		if n, ok := r.names[o.Name()]; ok {
			id.Name = n
		}
	}
}

// embeddedName is the name that a field of the cell gets by embedding a type
// under its unique name.
func (s *session) embeddedName(c *checked, r *renaming, f *types.Var) string {
	t := f.Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	var o types.Object
	switch t := t.(type) {
	case *types.Named:
		o = t.Obj()
	case *types.Alias:
		o = t.Obj()
	}
	if o != nil && o.Pkg() == c.pkg && o.Parent() == c.pkg.Scope() && r.names[o.Name()] != "" {
		return r.names[o.Name()]
	}
	if o != nil && o.Pkg() == s.pkg {
		return s.nameOf(o)
	}
	return f.Name()
}

// nameOf is the name under which the session's scope holds o. A type is listed
// under its unique name, though it carries the user's.
func (s *session) nameOf(o types.Object) string {
	if n, ok := s.listed[o]; ok {
		return n
	}
	return o.Name()
}

// qualifyDots writes names from packages imported with ".", and predeclared ones,
// with their package.
func (s *session) qualifyDots(c *checked, files []*ast.File) {
	if len(s.dots) == 0 && len(s.known) == 0 {
		return
	}
	for _, f := range files {
		astutil.Apply(f, func(cur *astutil.Cursor) bool {
			id, ok := cur.Node().(*ast.Ident)
			if !ok {
				return true
			}
			meant := c.standIns[c.info.Uses[id]]
			if meant == nil || meant.Pkg() == s.pkg {
				return true
			}
			name := &ast.Ident{NamePos: id.NamePos, Name: meant.Name()}
			cur.Replace(&ast.SelectorExpr{X: &ast.Ident{NamePos: id.NamePos, Name: s.packageName(meant.Pkg())}, Sel: name})
			return false
		}, nil)
	}
}
