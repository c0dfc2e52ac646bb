package interp

import (
	"go/types"
	"maps"
	"reflect"
	"sync"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/types/typeutil"
)

// loader answers the engine's questions for types. It gives every interpreter
// of a session the same reflect.Type for a type that a cell declared, and makes
// look-ups safe for goroutines of earlier cells while a new cell is built.
type loader struct {
	inner ixgo.Loader

	mu        sync.Mutex
	importing bool // inside Import, under mu: the inner loader calls back
	declared  typeutil.Map

	replaced sync.Map // path to *ixgo.Package, see replaceVars
}

func newLoader(inner ixgo.Loader) *loader { return &loader{inner: inner} }

// Import is called only by the goroutine that checks or builds a cell.
func (l *loader) Import(path string) (*types.Package, error) {
	if l.importing {
		return l.inner.Import(path)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.importing = true
	defer func() { l.importing = false }()
	return l.inner.Import(path)
}

// SetImport is called from within Import.
func (l *loader) SetImport(path string, pkg *types.Package, load func() error) error {
	return l.inner.SetImport(path, pkg, load)
}

func (l *loader) Installed(path string) (*ixgo.Package, bool) {
	if p, ok := l.replaced.Load(path); ok {
		return p.(*ixgo.Package), true
	}
	return l.inner.Installed(path)
}

// replaceVars makes programs built from now on see other variables in a package:
// vars maps names to pointers.
func (l *loader) replaceVars(path string, vars map[string]any) {
	p, ok := l.inner.Installed(path)
	if !ok {
		return
	}
	own := *p
	own.Vars = maps.Clone(p.Vars)
	for name, pointer := range vars {
		own.Vars[name] = reflect.ValueOf(pointer)
	}
	l.replaced.Store(path, &own)
}
func (l *loader) Packages() []*types.Package      { return l.inner.Packages() }
func (l *loader) Iterate(f func(types.Type, any)) { l.inner.Iterate(f) }

func (l *loader) LookupReflect(t types.Type) (reflect.Type, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if named, ok := t.(*types.Named); ok {
		if rt := l.declared.At(named); rt != nil {
			return rt.(reflect.Type), true
		}
		if isDeferStack(named) {
			return deferStack, true
		}
	}
	return l.inner.LookupReflect(t)
}

func (l *loader) LookupTypes(t reflect.Type) (types.Type, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inner.LookupTypes(t)
}

// deferStack is what the engine takes for the list of deferred calls to which a
// "defer" in the body of a range over a function adds.
var deferStack = func() reflect.Type {
	f, _ := reflect.TypeFor[ixgo.Frame]().FieldByName("_defer")
	return reflect.PointerTo(f.Type)
}()

// isDeferStack tells the type that package ssa has for such a list. ixgo v1.1.1
// looks for the name that it had in older versions of that package.
func isDeferStack(t *types.Named) bool {
	o := t.Obj()
	return o.Name() == "deferStack" && o.Pkg() != nil && o.Pkg().Path() == "$ssa"
}

// keep remembers that a declared type is rt for the rest of the session.
func (l *loader) keep(t *types.Named, rt reflect.Type) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.declared.At(t) == nil {
		l.declared.Set(t, rt)
	}
}

// knows tells whether a declared type has been made.
func (l *loader) knows(t *types.Named) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.declared.At(t) != nil
}
