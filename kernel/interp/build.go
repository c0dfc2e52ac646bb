package interp

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	_ "github.com/goplus/reflectx/icall/icall8192" // slots for methods of declared types
	"golang.org/x/tools/go/ssa"
)

// program is a cell that can run.
type program struct {
	interp *ixgo.Interp
	entry  string
	stop   *flag // read by the safepoints of everything compiled for this cell
	faults faults
}

// errNoSlots tells that the engine cannot take more methods.
var errNoSlots = errors.New("this session has declared as many methods as the interpreter can take: restart the kernel")

// spareSlots are kept for methods that slots cannot foresee: those of instances of
// generic types. The engine ends the process when none is left.
const spareSlots = 64

// slots is how many methods the engine must make room for to build nodes: those of
// each type that it has not seen, for the type and for pointers to it.
func (s *session) slots(nodes []*node) int {
	need := 0
	for _, n := range nodes {
		t, ok := n.object.(*types.TypeName)
		if !ok || !hasMethods(t.Type()) {
			continue
		}
		if named, ok := types.Unalias(t.Type()).(*types.Named); ok && !s.loader.knows(named) {
			need += 2 * types.NewMethodSet(types.NewPointer(named)).Len()
		}
	}
	return need
}

// build compiles the cell and what it reaches, for t to run.
func (s *session) build(t *task, l *lowered, externals map[string]any) (*program, error) {
	for _, n := range l.nodes {
		s.nodes[n.object] = n
	}
	p, err := s.compile(t, l, externals, false)
	if err != nil && !errors.Is(err, errNoSlots) {
		p, err = s.compile(t, l, externals, true)
	}
	return p, err
}

// compile makes the SSA form of the cell and an interpreter for it. Unless all,
// only packages that the code mentions are put in, which is what makes it fast, and
// nobody looks for faults.
func (s *session) compile(t *task, l *lowered, externals map[string]any, all bool) (p *program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the interpreter cannot build this cell: %v", r)
		}
	}()
	uses := slices.Clone(l.uses)
	for _, v := range l.fresh {
		uses = append(uses, v)
	}
	nodes := s.closure(uses)
	if _, _, free := reflectx.IcallStat(); free < spareSlots+s.slots(nodes) {
		return nil, errNoSlots
	}
	file, info := s.assemble(l, nodes)
	ctx := s.contextFor(externals, s.out.externals(t))
	p = &program{entry: l.unit.entry, stop: new(flag)}
	ctx.RegisterExternal(s.pkg.Path()+"."+stopName, &p.stop.up)
	invokes := l.calls
	for _, n := range nodes {
		invokes = invokes || n.invokes
		if v, ok := n.object.(*types.Var); ok && s.address[v] != nil {
			ctx.RegisterExternal(s.pkg.Path()+"."+v.Name(), s.address[v])
		}
	}
	if s.stops != nil && t.canStop() {
		ctx.RegisterExternal(s.pkg.Path()+"."+debugName, &s.stops.flag.up)
		defer s.instrument(file, info, l.entry, s.stops.sites)()
	}
	pkg := s.ssaPackage(ctx, file, info, all)
	if all {
		p.faults = takeFaults(pkg.Prog)
	}
	p.interp, err = s.newInterp(t, ctx, pkg)
	if err != nil {
		return nil, err
	}
	adapt(p, t, s.out)
	s.shareTypes(p.interp, invokes)
	return p, s.bindVariables(p, nodes)
}

// contextFor copies the session's engine context for one cell, so that goroutines
// of earlier cells never see its table of externals change.
func (s *session) contextFor(externals ...map[string]any) *ixgo.Context {
	ctx := new(ixgo.Context)
	reflect.ValueOf(ctx).Elem().Set(reflect.ValueOf(s.base).Elem())
	table := map[string]reflect.Value{}
	*(*map[string]reflect.Value)(privateField(reflect.ValueOf(ctx).Elem(), "override")) = table
	for _, table := range externals {
		for name, value := range table {
			ctx.RegisterExternal(name, value)
		}
	}
	return ctx
}

// assemble puts the cell's statements and all nodes into one file.
func (s *session) assemble(l *lowered, nodes []*node) (*ast.File, *types.Info) {
	file := &ast.File{Name: l.file.Name, GoVersion: goVersion}
	info := newInfo()
	info.FileVersions[file] = goVersion
	var methods []types.Type
	for _, n := range nodes {
		for _, d := range n.decls {
			file.Decls = append(file.Decls, d)
			s.copyInfo(info, n.info, d)
		}
		if t, ok := n.object.(*types.TypeName); ok {
			methods = append(methods, t.Type())
		}
	}
	file.Decls = append(file.Decls, l.entry)
	s.copyInfo(info, l.info, l.entry)
	for _, in := range info.Instances {
		if t, ok := in.Type.(*types.Named); ok && t.Obj().Pkg() == s.pkg {
			methods = append(methods, t)
		}
	}
	file.Decls = append(file.Decls, s.runtimeDecls(info, methods)...)
	return file, info
}

// ssaPackage builds the SSA form of file.
func (s *session) ssaPackage(ctx *ixgo.Context, file *ast.File, info *types.Info, all bool) *ssa.Package {
	b := ctx.Builder
	b.Reset()
	defer b.Reset()
	if all {
		var imports []*types.Package
		for _, path := range slices.Sorted(maps.Keys(s.imports)) {
			imports = append(imports, s.imports[path].Imported())
		}
		s.pkg.SetImports(imports)
		b.BuildImports(s.pkg, true)
	} else {
		s.pkg.SetImports(s.buildMentioned(b, ctx, info))
	}
	pkg := b.Program().CreatePackage(s.pkg, []*ast.File{file}, info, false)
	pkg.Build()
	return pkg
}

// buildMentioned puts the packages that info mentions into the program and
// returns those that have code to run when they start.
func (s *session) buildMentioned(b *ixgo.SSABuilder, ctx *ixgo.Context, info *types.Info) []*types.Package {
	need := mentioned(info)
	delete(need, s.pkg)
	packages := slices.SortedFunc(maps.Keys(need), func(a, b *types.Package) int {
		return strings.Compare(a.Path(), b.Path())
	})
	var sources []*types.Package
	for _, p := range packages {
		if sp := ctx.SourcePackage(p.Path()); sp != nil && sp.Loaded() {
			sources = append(sources, p)
		}
	}
	b.BuildPackages(sources)
	for _, p := range packages {
		if b.Program().Package(p) == nil {
			b.Program().CreatePackage(p, nil, nil, true).Build()
		}
	}
	return sources
}

// mentioned is the set of packages that objects and types in info belong to.
func mentioned(info *types.Info) map[*types.Package]bool {
	need := map[*types.Package]bool{}
	seen := map[types.Type]bool{}
	object := func(o types.Object) {
		if o != nil && o.Pkg() != nil {
			need[o.Pkg()] = true
		}
	}
	var typ func(t types.Type, depth int)
	typ = func(t types.Type, depth int) {
		if depth > 3 || seen[t] {
			return
		}
		seen[t] = true
		eachNamed(t, func(n *types.Named) {
			object(n.Obj())
			if st, ok := n.Underlying().(*types.Struct); ok {
				for i := range st.NumFields() {
					if st.Field(i).Embedded() {
						typ(st.Field(i).Type(), depth+1)
					}
				}
			}
		})
	}
	for _, o := range info.Uses {
		object(o)
		if o != nil {
			typ(o.Type(), 0)
		}
	}
	for _, o := range info.Defs {
		if o != nil {
			typ(o.Type(), 0)
		}
	}
	for _, sel := range info.Selections {
		object(sel.Obj())
	}
	return need
}

// bindVariables checks that variables of earlier cells are where they were and
// remembers where the new ones are.
func (s *session) bindVariables(p *program, nodes []*node) error {
	for _, n := range nodes {
		v, ok := n.object.(*types.Var)
		if !ok {
			continue
		}
		address, ok := p.interp.GetVarAddr(v.Name())
		if !ok {
			return fmt.Errorf("the interpreter lost the variable %s", plain(v.Name()))
		}
		if before := s.address[v]; before != nil && before != address {
			return fmt.Errorf("the interpreter lost the value of %s: its type is not what it was", plain(v.Name()))
		}
		s.address[v] = address
	}
	return nil
}

// publish makes what the cell declared known to later cells.
func (s *session) publish(l *lowered, source string) {
	for _, n := range l.nodes {
		n.source = source
	}
	for name, o := range l.names {
		if old, ok := s.names[name].object.(*types.Func); ok {
			if f, ok := o.(*types.Func); ok && sameSignature(old, f) {
				s.redirect[old] = f
				delete(s.nodes, old) // nothing reaches it any more
			}
		}
		s.names[name] = meaning{object: o}
	}
}

// sameSignature tells whether callers of old can call f instead.
func sameSignature(old, f *types.Func) bool {
	a, b := old.Signature(), f.Signature()
	return a.TypeParams().Len() == 0 && b.TypeParams().Len() == 0 && types.Identical(a, b)
}

// nilOf is an expression of the value nil of type t, with what info must know.
func nilOf(info *types.Info, t types.Type) ast.Expr {
	id := &ast.Ident{Name: "nil", NamePos: token.NoPos}
	info.Uses[id] = types.Universe.Lookup("nil")
	info.Types[id] = types.TypeAndValue{Type: t}
	return id
}
