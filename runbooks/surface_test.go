package runbooks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestSurfaceCanBeBound holds the exported names to what an interpreter binds by
// reflection: nothing generic, no alias, no unexported type in a signature, and
// each documented, since its comment is what a cell's inspection shows.
func TestSurfaceCanBeBound(t *testing.T) {
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if !d.Name.IsExported() || d.Recv != nil && !exportedReceiver(d) {
					continue
				}
				found++
				if d.Doc == nil {
					t.Errorf("%s: %s has no comment", set.Position(d.Pos()), d.Name.Name)
				}
				if d.Type.TypeParams != nil {
					t.Errorf("%s: %s is generic", set.Position(d.Pos()), d.Name.Name)
				}
				signature(t, set, d)
			case *ast.GenDecl:
				found += types(t, set, d)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d exported names were found", found)
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// signature finds unexported types, which are all but the predeclared ones.
func signature(t *testing.T, set *token.FileSet, d *ast.FuncDecl) {
	t.Helper()
	predeclared := " bool byte error string int uint64 any "
	fields := d.Type.Params.List
	if d.Type.Results != nil {
		fields = append(fields[:len(fields):len(fields)], d.Type.Results.List...)
	}
	for _, f := range fields {
		ast.Inspect(f.Type, func(n ast.Node) bool {
			if _, ok := n.(*ast.SelectorExpr); ok {
				return false // of another package, so exported
			}
			if fn, ok := n.(*ast.FuncType); ok && len(fn.Params.List) == 0 {
				return false
			}
			if id, ok := n.(*ast.Ident); ok && !id.IsExported() && !strings.Contains(predeclared, " "+id.Name+" ") {
				t.Errorf("%s: %s names the unexported type %s", set.Position(d.Pos()), d.Name.Name, id.Name)
			}
			return true
		})
	}
}

func types(t *testing.T, set *token.FileSet, d *ast.GenDecl) (found int) {
	t.Helper()
	for _, spec := range d.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok || !s.Name.IsExported() {
			continue
		}
		found++
		if s.Assign.IsValid() || s.TypeParams != nil {
			t.Errorf("%s: %s is an alias or generic", set.Position(s.Pos()), s.Name.Name)
		}
		if d.Doc == nil && s.Doc == nil {
			t.Errorf("%s: %s has no comment", set.Position(s.Pos()), s.Name.Name)
		}
	}
	return found
}
