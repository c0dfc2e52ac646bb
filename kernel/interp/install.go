package interp

import (
	"go/types"
	_ "unsafe" // for go:linkname

	"github.com/goplus/ixgo"
)

// installPackage enters the types, functions, variables and constants of a
// binding into its types.Package. The engine offers it only together with the
// import of everything that the package imports in turn, which would make the
// first `import "fmt"` a hundred times as slow, and only before any other
// package has mentioned a type of it.
//
//go:linkname installPackage github.com/goplus/ixgo.(*TypesLoader).installPackage
func installPackage(l *ixgo.TypesLoader, p *ixgo.Package) error

// importLazily enters an empty package for each path. Types that other packages
// mention are put into it as they come, everything else when a cell imports it.
// Packages that come as source stay as the engine does them.
func (s *session) importLazily(inner *ixgo.TypesLoader, packages []*Package) {
	names := map[string]string{}
	for _, p := range packages {
		names[p.Path] = p.Name
	}
	for _, path := range s.paths {
		name, bind := names[path], registered(path)
		if bind == nil {
			binding, ok := ixgo.LookupPackage(path)
			if !ok || binding.Source != "" {
				continue
			}
			name, bind = binding.Name, func() *ixgo.Package { return binding }
		}
		pkg := types.NewPackage(path, name)
		_ = inner.SetImport(path, pkg, func() error { return install(inner, pkg, bind) })
	}
}

// install fills pkg unless it has been filled before.
func install(inner *ixgo.TypesLoader, pkg *types.Package, bind func() *ixgo.Package) error {
	if pkg.Complete() {
		return nil
	}
	if err := installPackage(inner, bind()); err != nil {
		return err
	}
	pkg.MarkComplete()
	return nil
}
