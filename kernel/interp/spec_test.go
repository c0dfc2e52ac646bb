package interp_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// TestSpecification runs the examples of the Go specification, as GOROOT has it.
// Each is cut into its top-level items. What Go's type checker accepts, given the
// items before it in the same section, must run as a cell, and only panic where
// the specification says so; what it refuses, cells must refuse.
func TestSpecification(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(goroot, "doc", "go_spec.html"))
	if err != nil {
		t.Fatalf("the specification comes with Go: %v", err)
	}
	var c corpus
	importer := importer.ForCompiler(token.NewFileSet(), "source", nil)
	for _, section := range strings.Split(string(text), "<h")[1:] {
		title, _, _ := strings.Cut(section, "</h")
		if i := strings.LastIndexByte(title, '>'); i >= 0 {
			title = title[i+1:]
		}
		g := &judge{importer: importer}
		s := newSession(t)
		for _, block := range specBlock.FindAllStringSubmatch(section, -1) {
			for _, item := range interp.Items(html.UnescapeString(specTag.ReplaceAllString(block[1], ""))) {
				c.specItem(t, s, g, title, item)
			}
		}
		s.engine.Close()
	}
	c.report(t, "specification's examples")
}

var (
	specBlock = regexp.MustCompile(`(?s)<pre>(.*?)</pre>`)
	specTag   = regexp.MustCompile(`<[^>]*>`)
	mayPanic  = regexp.MustCompile(`(?i)panics|panic\(|nil (pointer )?dereference|out of range|illegal|not comparable|has no body`)
)

// specItem runs one item as a cell and compares with what the judge says of it.
func (c *corpus) specItem(t *testing.T, s *session, g *judge, title, item string) {
	verdict := g.verdict(item)
	for name := range neverRunsInSpec {
		if strings.Contains(item, name) {
			c.exclude(neverRunsInSpec[name])
			return
		}
	}
	problem := s.cell(item)
	failed := s.last.Failure != nil && (s.last.Failure.Kind == engine.Compile || s.last.Failure.Kind == engine.Syntax)
	switch {
	case verdict == nil && problem != "" && (failed || !mayPanic.MatchString(item+problem)):
		c.failed++
		t.Logf("%s: %s", title, problem)
	case verdict == nil && strings.Contains(problem, "nil pointer dereference") && !mayPanic.MatchString(item):
		c.exclude("uses a nil pointer that the specification leaves open")
	case verdict == nil:
		c.passed++
	case failed:
		c.exclude("refused by Go and by cells")
	default:
		c.exclude("refused by Go, taken by cells")
		t.Logf("%s: Go says %v\n\t%s", title, verdict, item)
	}
}

// neverRunsInSpec names items that cannot run, by what they contain.
var neverRunsInSpec = map[string]string{
	"for {":     "does not end",
	"select {":  "waits for another goroutine",
	"package ":  "is a package clause",
	"a[1.0<<s]": "holds where int has 32 bits",
}

// judge is Go's own opinion of a growing program.
type judge struct {
	importer types.Importer
	items    []string // accepted
}

// verdict is why Go refuses item after those accepted so far, nil if it does not.
func (g *judge) verdict(item string) error {
	names := declares(item)
	var items []string
	for _, old := range g.items { // cells may declare again what earlier ones did
		again := false
		for name := range declares(old) {
			base, _, _ := strings.Cut(name, ".")
			again = again || names[name] || names[base]
		}
		if !again {
			items = append(items, old)
		}
	}
	items = append(items, item)
	err := g.check(items)
	if err == nil {
		g.items = items
	}
	return err
}

// declares names what an item declares at package level, methods as "T.m".
func declares(item string) map[string]bool {
	names := map[string]bool{}
	f, _ := parser.ParseFile(token.NewFileSet(), "item", "package p\n"+item, 0)
	if f == nil {
		return names
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) == 1 {
				name = receiver(d) + "." + name
			}
			names[name] = name != "_"
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						names[n.Name] = n.Name != "_"
					}
				}
			}
		}
	}
	return names
}

// check checks items as a program: declarations, and a function with the rest,
// each in a block within that of the one before.
func (g *judge) check(items []string) error {
	imports, decls, body, depth := "", "", "", 0
	for _, item := range items {
		switch {
		case strings.HasPrefix(code(item), "import"):
			imports += item + "\n"
		case interp.Declares(item) || strings.HasPrefix(code(item), "var"):
			decls += item + "\n"
		default:
			body += "{\n" + item + "\n"
			depth++
		}
	}
	body += strings.Repeat("}\n", depth)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "spec", fmt.Sprintf("package main\n%s\n%s\nfunc main() {\n%s\n}", imports, decls, body), 0)
	if err != nil {
		var list scanner.ErrorList
		if errors.As(err, &list) {
			return list[0]
		}
		return err
	}
	var first error
	conf := types.Config{Importer: g.importer, GoVersion: "go1.26", Error: func(err error) {
		text := err.Error()
		for _, harmless := range []string{"declared and not used", "imported and not used", "is not used"} {
			if strings.HasSuffix(text, harmless) || strings.Contains(text, harmless+":") {
				return
			}
		}
		if first == nil {
			first = err
		}
	}}
	_, _ = conf.Check("main", fset, []*ast.File{f}, nil) // errors come by conf.Error
	return first
}

// code is item without the comments before it.
func code(item string) string {
	for {
		item = strings.TrimSpace(item)
		switch {
		case strings.HasPrefix(item, "//"):
			_, item, _ = strings.Cut(item, "\n")
		case strings.HasPrefix(item, "/*"):
			_, item, _ = strings.Cut(item, "*/")
		default:
			return item
		}
	}
}

// goroot is where the Go that runs the tests has its sources and documents. It is
// asked for before any example can change the environment.
var goroot = func() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		panic(fmt.Sprintf("go env GOROOT: %v", err))
	}
	return strings.TrimSpace(string(out))
}()
