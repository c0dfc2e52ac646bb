package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"hash/maphash"
	"reflect"

	"github.com/goplus/ixgo"
)

// runtimePath is the package of functions that rewritten cells call. Its values
// here only give the types: each session brings its own, see tasks.externals.
const runtimePath = "github.com/fabricbook/fabricbook/kernel/interp/runtime"

var runtimePackage = &ixgo.Package{
	Name: "runtime", Path: runtimePath,
	Deps: map[string]string{}, Interfaces: map[string]reflect.Type{}, NamedTypes: map[string]reflect.Type{}, AliasTypes: map[string]reflect.Type{},
	Vars: map[string]reflect.Value{}, TypedConsts: map[string]ixgo.TypedConst{}, UntypedConsts: map[string]ixgo.UntypedConst{},
	Funcs: map[string]reflect.Value{
		"Halt":     reflect.ValueOf(func() {}),                       // stops the goroutine if its cell is to stop
		"Result":   reflect.ValueOf(func(...any) {}),                 // takes the value of the last expression
		"Zero":     reflect.ValueOf(func(any) {}),                    // sets what a pointer points to to zero
		"Owner":    reflect.ValueOf(func() any { return nil }),       // whose this goroutine is
		"Starting": reflect.ValueOf(func() any { return nil }),       // likewise, before another begins
		"Begin":    reflect.ValueOf(func(any) {}),                    // tells whose this goroutine is, after Starting
		"End":      reflect.ValueOf(func(any) {}),                    // the goroutine ends, with this from recover
		"Keep":     reflect.ValueOf(func(...any) {}),                 // never called
		"Break":    reflect.ValueOf(func(int, ...any) {}),            // tells a debugger of a place and the variables there
		"Enter":    reflect.ValueOf(func(any) bool { return false }), // like Begin, unless a cell has the goroutine
		"Leave":    reflect.ValueOf(func(any) {}),                    // like End, for a handler of net/http

		"Command": reflect.ValueOf(func(string) {}), // runs a line that is no Go

		"Log":       reflect.ValueOf(func(any, string, string, ...any) {}),                        // a call of package log, with its place
		"Logf":      reflect.ValueOf(func(any, string, string, string, ...any) {}),                // likewise, with a format
		"LogOutput": reflect.ValueOf(func(any, string, string, int, string) error { return nil }), // likewise, with a depth
		"SlogAt":    reflect.ValueOf(func(any, string, int) any { return nil }),                   // a *slog.Logger that knows a place

		"Unique": reflect.ValueOf(func(value, pointer any) any { return pointer }), // the session's pointer to an equal value

		"HashComparable":      reflect.ValueOf(func(seed maphash.Seed, v any) uint64 { return maphash.Comparable(seed, v) }),
		"WriteHashComparable": reflect.ValueOf(func(h *maphash.Hash, v any) { maphash.WriteComparable(h, v) }),
	},
}

func init() { ixgo.RegisterPackage(runtimePackage) }

// runtimeTree is what every program of a session starts with:
//
//	var stopꞏ bool
//	func keepꞏ() { runtimeꞏ.Keep(nil) }
//
// and what a debugger adds, with a pattern for the calls that it puts in:
//
//	var debugꞏ bool
//	func pointꞏ() { if debugꞏ { runtimeꞏ.Break(0) } }
type runtimeTree struct {
	info  *types.Info
	stop  *ast.GenDecl
	keep  *ast.FuncDecl
	debug *ast.GenDecl
	point *ast.FuncDecl
}

// declareRuntime enters the runtime's names into the session's package.
func (s *session) declareRuntime() {
	pkg, err := s.base.Importer.Import(runtimePath)
	if err != nil {
		panic(err) // registered above
	}
	name := types.NewPkgName(token.NoPos, s.pkg, runtimeName, pkg)
	s.pkg.Scope().Insert(name)
	s.imports[runtimePath] = name
	file := s.fset.AddFile("runtime", -1, 64)
	p := token.Pos(file.Base())
	t := &s.runtime
	t.info = newInfo()
	t.stop = &ast.GenDecl{TokPos: p, Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ident(p, stopName)}, Type: ident(p, "bool")}}}
	t.keep = &ast.FuncDecl{Name: ident(p, "keep"+mark), Type: &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}},
		Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{&ast.ExprStmt{X: runtimeCall(p, "Keep", ident(p, "nil"))}}}}
	t.debug = &ast.GenDecl{TokPos: p, Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ident(p, debugName)}, Type: ident(p, "bool")}}}
	t.point = &ast.FuncDecl{Name: ident(p, "point"+mark), Type: &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p, Closing: p}},
		Body: &ast.BlockStmt{Lbrace: p, Rbrace: p, List: []ast.Stmt{&ast.IfStmt{If: p, Cond: ident(p, debugName), Body: &ast.BlockStmt{Lbrace: p, Rbrace: p,
			List: []ast.Stmt{&ast.ExprStmt{X: runtimeCall(p, "Break", &ast.BasicLit{ValuePos: p, Kind: token.INT, Value: "0"})}}}}}}}
	f := &ast.File{Package: p, Name: ident(p, "main"), Decls: []ast.Decl{t.stop, t.keep, t.debug, t.point}, FileStart: p, FileEnd: p}
	if errs := s.typeCheck(s.fset, s.pkg, t.info, &unit{}, []*ast.File{f}); len(errs) > 0 {
		panic(errs[0])
	}
}

// runtimeDecls is the runtime's part of a program. The function that it never
// calls makes the engine compile the methods of types.
func (s *session) runtimeDecls(info *types.Info, methods []types.Type) []ast.Decl {
	t := &s.runtime
	s.copyInfo(info, t.info, t.stop)
	s.copyInfo(info, t.info, t.keep)
	template := t.keep.Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
	keep := &ast.CallExpr{Fun: template.Fun, Lparen: template.Lparen, Rparen: template.Rparen}
	info.Types[keep] = info.Types[template]
	for _, m := range methods {
		if hasMethods(m) {
			keep.Args = append(keep.Args, nilOf(info, types.NewPointer(m)))
		}
	}
	body := &ast.BlockStmt{Lbrace: t.keep.Body.Lbrace, Rbrace: t.keep.Body.Rbrace, List: []ast.Stmt{&ast.ExprStmt{X: keep}}}
	return []ast.Decl{t.stop, &ast.FuncDecl{Name: t.keep.Name, Type: t.keep.Type, Body: body}}
}

// hasMethods tells whether t is a concrete type with methods of its own or of
// what it embeds.
func hasMethods(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || types.IsInterface(named) || named.TypeParams().Len() != named.TypeArgs().Len() || mentionsParam(named) {
		return false
	}
	return types.NewMethodSet(types.NewPointer(named)).Len() > 0
}
