package interp

import (
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"github.com/goplus/ixgo"
)

// session is what cells share: names, types, values and imported packages. One
// goroutine at a time may use it; Engine.mu sees to that.
type session struct {
	fset   *token.FileSet
	base   *ixgo.Context // every cell runs on a copy with its own externals
	loader *loader
	paths  []string          // what can be imported, sorted
	known  map[string]string // names that cells have without an import, with the package's path
	docs   *docs

	sources *sources // of all cells
	out     *output

	pkg     *types.Package // of everything that cells declare at top level
	names   map[string]meaning
	dots    []*types.Package          // imported with "import ."
	imports map[string]*types.PkgName // by path, as pkg's scope holds them
	taken   map[string]bool           // names that pkg's scope has seen
	listed  map[types.Object]string   // names in pkg's scope where they differ from the object's own
	serial  int                       // makes names unique

	nodes    map[types.Object]*node
	redirect map[types.Object]types.Object // functions redefined with the same signature
	address  map[*types.Var]any            // pointers to session variables
	shared   sharedTypes
	unnamed  unnamedTypes
	runtime  runtimeTree
	stops    *stops // set while a debugger is attached: cells are built so that they can stop
}

// meaning is what a name stands for at the end of the last cell: an object of
// session.pkg, or an imported package.
type meaning struct {
	object types.Object
	pkg    *types.Package
}

const (
	stopName    = "stopꞏ"    // the flag that safepoints read
	debugName   = "debugꞏ"   // the flag that a debugger's calls read
	runtimeName = "runtimeꞏ" // the package of functions that rewritten cells call
	mark        = "ꞏ"        // a letter (U+A78F) that nobody types: it makes names unique
)

func newSession(packages []*Package, sources *sources) *session {
	base := ixgo.NewContext(ixgo.SupportMultipleInterp)
	s := &session{
		sources: sources,
		fset:    base.FileSet, base: base, loader: newLoader(base.Loader), paths: importable(packages), known: knownNames(packages), docs: newDocs(packages),
		pkg: types.NewPackage("main", "main"), names: map[string]meaning{}, imports: map[string]*types.PkgName{}, taken: map[string]bool{"main": true}, listed: map[types.Object]string{},
		nodes: map[types.Object]*node{}, redirect: map[types.Object]types.Object{}, address: map[*types.Var]any{},
	}
	s.importLazily(base.Loader.(*ixgo.TypesLoader), packages)
	base.Loader = s.loader
	base.Lookup = func(root, path string) (string, bool) { return "", false }
	base.BuildContext.GOROOT, base.BuildContext.GOPATH = "", ""
	s.declareRuntime()
	return s
}

// importPackage loads a package by path. A path that cells cannot import is an
// error that names what is nearest to it.
func (s *session) importPackage(path string) (*types.Package, error) {
	for _, p := range s.paths {
		if p == path {
			if path == "unsafe" {
				return types.Unsafe, nil
			}
			return s.base.Importer.Import(path)
		}
	}
	return nil, s.cannotImport(path)
}

// Import makes session a types.Importer.
func (s *session) Import(path string) (*types.Package, error) { return s.importPackage(path) }

// packageName is the name under which rewritten cells use an imported package.
func (s *session) packageName(pkg *types.Package) string {
	if p := s.imports[pkg.Path()]; p != nil {
		return p.Name()
	}
	name := pkg.Name() + mark + "p" + strconv.Itoa(len(s.imports))
	p := types.NewPkgName(token.NoPos, s.pkg, name, pkg)
	s.pkg.Scope().Insert(p)
	s.imports[pkg.Path()] = p
	return name
}

// unique is an unused name for a new object that the user calls name. A
// predeclared name is none: rewritten cells use those too.
func (s *session) unique(name string) string {
	if !s.taken[name] && s.pkg.Scope().Lookup(name) == nil && types.Universe.Lookup(name) == nil {
		s.taken[name] = true
		return name
	}
	s.serial++
	return name + mark + strconv.Itoa(s.serial)
}

// plain is text without the marks that make names unique.
func plain(text string) string {
	if !strings.Contains(text, mark) {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, mark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyz0123456789")
	}
}

// renameObject changes the name of an object that go/types made. Types and
// embedded fields get their user's name back this way, so that they look right
// in messages, in %T and in later cells.
func renameObject(o types.Object, name string) {
	*(*string)(privateField(reflect.ValueOf(o).Elem().FieldByName("object"), "name")) = name
}

// privateField is the address of a field that reflection may not touch.
func privateField(v reflect.Value, name string) unsafe.Pointer {
	return unsafe.Pointer(v.FieldByName(name).UnsafeAddr())
}
