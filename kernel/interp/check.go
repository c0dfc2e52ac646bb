package interp

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"runtime"
	"strings"
)

const goVersion = "go1.26"

// checked is what the type checker found in a cell, by the user's names.
type checked struct {
	pkg  *types.Package
	info *types.Info
	// standIns maps the objects put into pkg's scope for the cell to what they
	// stand for: an object of the session or of a package imported with ".".
	standIns map[types.Object]types.Object
	errs     []types.Error
}

func newInfo() *types.Info {
	return &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances: map[*ast.Ident]types.Instance{}, FileVersions: map[*ast.File]string{},
	}
}

// check checks the cell in a package of its own, whose scope holds a stand-in for
// each name of the session that the cell mentions. A failing cell leaves no trace.
// The package is not called main, since in a cell that may be any name.
func (s *session) check(fset *token.FileSet, u *unit, imports map[string]meaning, files []*ast.File) *checked {
	c := &checked{pkg: types.NewPackage(s.pkg.Path(), "cell"), info: newInfo(), standIns: map[types.Object]types.Object{}}
	for _, f := range files {
		f.Name.Name = c.pkg.Name()
	}
	s.insertStandIns(c, u, imports, files)
	c.errs = s.typeCheck(fset, c.pkg, c.info, u, files)
	return c
}

// typeCheck runs go/types over files and returns what is really wrong.
func (s *session) typeCheck(fset *token.FileSet, pkg *types.Package, info *types.Info, u *unit, files []*ast.File) (errs []types.Error) {
	conf := &types.Config{
		Importer: s, Sizes: types.SizesFor("gc", runtime.GOARCH), GoVersion: goVersion, DisableUnusedImportCheck: true,
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) && !u.tolerates(e, pkg == s.pkg) {
				errs = append(errs, e)
			}
		},
	}
	_ = types.NewChecker(conf, fset, pkg, info).Files(files) // errors come by conf.Error
	return errs
}

// tolerates tells which errors of a compiler are none in a notebook. inSession is
// whether the cell is checked in the session's own package.
func (u *unit) tolerates(e types.Error, inSession bool) bool {
	switch {
	case strings.HasPrefix(e.Msg, "declared and not used"), strings.HasSuffix(e.Msg, "declared and not used"),
		strings.HasSuffix(e.Msg, "imported and not used"):
		return true
	case strings.HasPrefix(e.Msg, "initialization cycle"): // variables are set by statements, in order
		return !u.inGoOrder
	case strings.HasPrefix(e.Msg, "\t"): // goes on about the one before
		return true
	case strings.HasPrefix(e.Msg, "implicit assignment to unexported field") && !inSession:
		return true // to fields of the session's types, perhaps: checked when the cell is lowered
	case strings.HasSuffix(e.Msg, "is not used"):
		return u.isTopLevelExpr(e.Pos)
	}
	return false
}

func (u *unit) isTopLevelExpr(pos token.Pos) bool {
	for _, s := range u.steps {
		if e, ok := s.stmt.(*ast.ExprStmt); ok && e.Pos() <= pos && pos < e.End() {
			return true
		}
	}
	return false
}

// insertStandIns fills the scope with what the cell's identifiers can mean.
func (s *session) insertStandIns(c *checked, u *unit, imports map[string]meaning, files []*ast.File) {
	declared := u.declared()
	scope := c.pkg.Scope()
	insert := func(name string, m meaning) {
		if scope.Lookup(name) != nil {
			return
		}
		if m.pkg != nil {
			scope.Insert(types.NewPkgName(token.NoPos, c.pkg, name, m.pkg))
		} else if o := standIn(name, m.object); o != nil {
			scope.Insert(o)
			c.standIns[o] = m.object
		}
	}
	values := types.NewSignatureType(nil, nil, nil, types.NewTuple(types.NewParam(token.NoPos, nil, "", types.NewSlice(types.Universe.Lookup("any").Type()))), nil, true)
	scope.Insert(types.NewFunc(token.NoPos, c.pkg, valuesName, values))
	line := types.NewTuple(types.NewParam(token.NoPos, nil, "", types.Typ[types.String]))
	scope.Insert(types.NewFunc(token.NoPos, c.pkg, commandName, types.NewSignatureType(nil, nil, nil, line, nil, false)))
	for name := range identifiers(files) {
		name, isOld := strings.CutSuffix(name, mark+"old")
		if declared[name] && !isOld {
			continue
		}
		m, ok := imports[name]
		if !ok {
			m, ok = s.names[name]
		}
		if !ok {
			m, ok = s.dotted(name)
		}
		if !ok && !isOld {
			m, ok = s.predeclared(name)
		}
		switch {
		case ok && isOld:
			insert(name+mark+"old", m)
		case ok:
			insert(name, m)
		}
	}
}

// dotted finds name in the packages imported with ".", the latest first.
func (s *session) dotted(name string) (meaning, bool) {
	if !token.IsExported(name) {
		return meaning{}, false
	}
	for i := len(s.dots) - 1; i >= 0; i-- {
		if o := s.dots[i].Scope().Lookup(name); o != nil {
			return meaning{object: o}, true
		}
	}
	return meaning{}, false
}

// predeclared finds name among those that cells have without an import.
func (s *session) predeclared(name string) (meaning, bool) {
	path, ok := s.known[name]
	if !ok {
		return meaning{}, false
	}
	pkg, err := s.importPackage(path)
	if err != nil {
		return meaning{}, false
	}
	if name == pkg.Name() {
		return meaning{pkg: pkg}, true
	}
	o := pkg.Scope().Lookup(name)
	return meaning{object: o}, o != nil
}

// standIn is an object called name that means o.
func standIn(name string, o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Var:
		return types.NewVar(o.Pos(), o.Pkg(), name, o.Type())
	case *types.Const:
		return types.NewConst(o.Pos(), o.Pkg(), name, o.Type(), o.Val())
	case *types.Func:
		return types.NewFunc(o.Pos(), o.Pkg(), name, o.Type().(*types.Signature))
	case *types.TypeName:
		return types.NewTypeName(o.Pos(), o.Pkg(), name, o.Type())
	}
	return nil
}

// identifiers is the set of all names that stand in files.
func identifiers(files []*ast.File) map[string]bool {
	names := map[string]bool{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names[id.Name] = true
			}
			return true
		})
	}
	return names
}
