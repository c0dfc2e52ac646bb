package interp

import (
	"go/types"
	"reflect"
	_ "unsafe" // for go:linkname

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"github.com/visualfc/gid"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// The parts of ixgo.NewInterp that newInterp needs and the engine does not offer.

//go:linkname checkPackages github.com/goplus/ixgo.checkPackages
func checkPackages(i *ixgo.Interp, pkgs []*ssa.Package) error

//go:linkname preToType github.com/goplus/ixgo.(*Interp).preToType
func preToType(i *ixgo.Interp, t types.Type) reflect.Type

//go:linkname findExternValue github.com/goplus/ixgo.findExternValue
func findExternValue(i *ixgo.Interp, name string) (reflect.Value, bool)

// newInterp does what ixgo.NewInterp does in mode SupportMultipleInterp, for t to
// run, with two differences. Methods that compiled code calls go through
// methodFinder. And types without a name which earlier cells made are the same for this
// one. ixgo would make each struct that embeds something, and each interface with
// methods, anew, so that a variable of such a type were lost to the next cell.
// Packages that come as source must not link variables (go:linkname), which is
// what is left out here.
func (s *session) newInterp(t *task, ctx *ixgo.Context, main *ssa.Package) (*ixgo.Interp, error) {
	i := new(ixgo.Interp)
	v := reflect.ValueOf(i).Elem()
	set := func(name string, value any) {
		f := v.FieldByName(name)
		reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem().Set(reflect.ValueOf(value))
	}
	methods := reflectx.NewContext()
	globals, initialised := map[string]any{}, map[string]bool{}
	set("ctx", ctx)
	set("rctx", methods)
	set("mainpkg", main)
	set("globals", globals)
	set("chkinit", initialised)
	set("goroutines", int32(1))
	set("preloadTypes", map[types.Type]reflect.Type{})
	set("msets", methodSets{})
	set("chexit", make(chan int))
	set("mainid", gid.Get())
	functions := v.FieldByName("funcs")
	reflect.NewAt(functions.Type(), functions.Addr().UnsafePointer()).Elem().Set(reflect.MakeMap(functions.Type()))

	nested := *(*map[*types.Named]int)(privateField(reflect.ValueOf(ctx).Elem(), "nestedMap"))
	record := ixgo.NewTypesRecord(ctx, methods, main.Prog, ctx.Loader, methodFinder{i, s.out.tasks, t}, nested)
	set("record", record)
	s.unnamed.give(record)
	record.Load(main)

	var packages []*ssa.Package
	for _, p := range main.Prog.AllPackages() {
		if p.Func("init").Blocks == nil {
			continue // compiled in
		}
		packages = append(packages, p)
		for _, m := range p.Members {
			if g, ok := m.(*ssa.Global); ok {
				t := preToType(i, types.Unalias(g.Type()).(*types.Pointer).Elem())
				name := g.String()
				if x, ok := findExternValue(i, name); ok && x.Kind() == reflect.Pointer && x.Elem().Type() == t {
					globals[name], initialised[name] = x.Interface(), true
				} else {
					globals[name] = reflect.New(t).Interface()
				}
			}
		}
	}
	err := checkPackages(i, packages)
	direct.enter(record)
	s.mendTypes(record)
	s.unnamed.take(record)
	return i, err
}

// unnamedTypes are the types without a name of which the engine would make another
// one for each interpreter: structs that embed something and interfaces with
// methods.
type unnamedTypes struct {
	order []types.Type
	made  typeutil.Map
}

// recorded are the tables in which an interpreter keeps its types.
func recorded(r *ixgo.TypesRecord) (byType *typeutil.Map, byReflect map[reflect.Type]types.Type) {
	v := reflect.ValueOf(r).Elem()
	return *(**typeutil.Map)(privateField(v, "tcache")), *(*map[reflect.Type]types.Type)(privateField(v, "rcache"))
}

// give enters them into the tables of a new interpreter.
func (u *unnamedTypes) give(r *ixgo.TypesRecord) {
	byType, byReflect := recorded(r)
	for _, t := range u.order {
		rt := u.made.At(t).(reflect.Type)
		byType.Set(t, rt)
		byReflect[rt] = t
	}
}

// take remembers those that an interpreter made.
func (u *unnamedTypes) take(r *ixgo.TypesRecord) {
	byType, _ := recorded(r)
	byType.Iterate(func(t types.Type, made any) {
		if rt, ok := made.(reflect.Type); ok && madeAnew(t) && u.made.At(t) == nil {
			u.made.Set(t, rt)
			u.order = append(u.order, t)
		}
	})
}

func madeAnew(t types.Type) bool {
	switch t := t.(type) {
	case *types.Interface:
		return t.NumMethods() > 0
	case *types.Struct:
		for f := range t.Fields() {
			if f.Embedded() {
				return true
			}
		}
	}
	return false
}
