package interp_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// leastShare is the share of programs that must run as cells, in per cent.
const leastShare = 95

// neverRuns names the examples of the standard library that cannot run as cells,
// by package or package.Example, with the reason.
var neverRuns = map[string]string{
	"errors.ExampleAs_custom_match":     "prints the name of its package",
	"errors.ExampleAsType_custom_match": "prints the name of its package",
	"log.ExampleLogger":                 "prints the name of its file",
	"log.ExampleLogger_Output":          "prints the name of its file",
	"log/slog.Example_wrapping":         "logs a program counter",
	"runtime.ExampleFrames":             "prints the names of its functions",
}

// TestStandardExamples runs the Example functions of every bound package of the
// standard library, as they stand in GOROOT: imports, helpers and the function's
// body are cells. What they print must be what their Output comment says.
func TestStandardExamples(t *testing.T) {
	var c corpus
	for _, path := range interp.Standard() {
		dir := filepath.Join(goroot, "src", path)
		if path == "unsafe" {
			continue
		}
		c.examples(t, path, dir)
	}
	c.report(t, "standard library's examples")
}

// corpus counts programs.
type corpus struct {
	passed, failed int
	excluded       map[string]int
}

func (c *corpus) exclude(reason string) {
	if c.excluded == nil {
		c.excluded = map[string]int{}
	}
	c.excluded[reason]++
}

func (c *corpus) report(t *testing.T, what string) {
	all := c.passed + c.failed
	if all == 0 {
		t.Fatalf("%s: none was found", what)
	}
	share := 100 * float64(c.passed) / float64(all)
	t.Logf("%s: %d of %d (%.1f %%)", what, c.passed, all, share)
	for _, reason := range slices.Sorted(maps.Keys(c.excluded)) {
		t.Logf("not counted: %4d %s", c.excluded[reason], reason)
	}
	if share < leastShare {
		t.Errorf("%s: %.1f %% ran, want %d %%", what, share, leastShare)
	}
}

// examples runs those of one package in one session.
func (c *corpus) examples(t *testing.T, path, dir string) {
	p := readTests(t, dir)
	if len(p.examples) == 0 {
		return
	}
	t.Chdir(dir)
	if path == "time" { // its own tests set that too
		zone, err := time.LoadLocation("America/Los_Angeles")
		if err != nil {
			t.Fatal(err)
		}
		defer func(before *time.Location) { time.Local = before }(time.Local)
		time.Local = zone
	}
	s := newSession(t)
	defer s.engine.Close()
	for _, e := range p.examples {
		reason := p.cannot(path, e)
		if reason != "" {
			c.exclude(reason)
			continue
		}
		if problem := p.play(s, e); problem != "" {
			c.failed++
			t.Logf("%s.Example%s: %s", path, e.Name, problem)
		} else {
			c.passed++
		}
	}
}

// testPackage is the external tests of a package, as far as examples need them.
type testPackage struct {
	fset     *token.FileSet
	examples []*doc.Example
	files    map[*doc.Example]*ast.File
	decls    map[string]declaration
	sent     map[string]bool // declarations and imports that the session has
}

type declaration struct {
	file *ast.File
	node ast.Decl
	spec ast.Spec // of a GenDecl
}

func readTests(t *testing.T, dir string) *testPackage {
	p := &testPackage{fset: token.NewFileSet(), files: map[*doc.Example]*ast.File{}, decls: map[string]declaration{}, sent: map[string]bool{}}
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if ok, err := build.Default.MatchFile(dir, filepath.Base(name)); err != nil || !ok {
			continue
		}
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f.Name.Name, "_test") {
			continue
		}
		p.declare(f)
		for _, e := range doc.Examples(f) {
			e.Code = p.decls["Example"+e.Name].node.(*ast.FuncDecl).Body // of a whole file otherwise
			p.examples = append(p.examples, e)
			p.files[e] = f
		}
	}
	return p
}

func (p *testPackage) declare(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d) + "." + name
			}
			p.decls[name] = declaration{f, d, nil}
		case *ast.GenDecl:
			if d.Tok == token.CONST && d.Lparen.IsValid() { // iota: all or nothing
				for _, spec := range d.Specs {
					for _, n := range spec.(*ast.ValueSpec).Names {
						p.decls[n.Name] = declaration{f, d, nil}
					}
				}
				continue
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					p.decls[spec.Name.Name] = declaration{f, d, spec}
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						p.decls[n.Name] = declaration{f, d, spec}
					}
				}
			}
		}
	}
}

func receiver(f *ast.FuncDecl) string {
	name := ""
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	return name
}

// cannot tells why an example is not counted, empty if it is.
func (p *testPackage) cannot(path string, e *doc.Example) string {
	if e.Output == "" && !e.EmptyOutput {
		return "says not what it prints"
	}
	for _, key := range []string{path, path + ".Example" + e.Name} {
		if reason := neverRuns[key]; reason != "" {
			return reason
		}
	}
	for _, spec := range p.imports(e) {
		name, _ := strconv.Unquote(spec.Path.Value)
		if !slices.Contains(interp.Standard(), name) {
			return "imports a package that is not bound"
		}
	}
	return ""
}

// needed are the declarations that n reaches, by name, in the order of the source.
func (p *testPackage) needed(n ast.Node) []string {
	found := map[string]bool{}
	var visit func(n ast.Node)
	visit = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || found[id.Name] {
				return true
			}
			d, ok := p.decls[id.Name]
			if !ok {
				return true
			}
			found[id.Name] = true
			visit(d.body())
			for name, m := range p.decls {
				if strings.HasPrefix(name, id.Name+".") {
					found[name] = true
					visit(m.node)
				}
			}
			return true
		})
	}
	visit(n)
	names := slices.Collect(maps.Keys(found))
	slices.SortFunc(names, func(a, b string) int { return int(p.decls[a].body().Pos() - p.decls[b].body().Pos()) })
	return names
}

func (d declaration) body() ast.Node {
	if d.spec != nil {
		return d.spec
	}
	return d.node
}

// imports are the imports of every file that the example takes code from.
func (p *testPackage) imports(e *doc.Example) []*ast.ImportSpec {
	used := map[string]bool{}
	collect := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				used[id.Name] = true
			}
			return true
		})
	}
	collect(e.Code)
	files := map[*ast.File]bool{p.files[e]: true}
	for _, name := range p.needed(e.Code) {
		collect(p.decls[name].body())
		files[p.decls[name].file] = true
	}
	var specs []*ast.ImportSpec
	seen := map[string]bool{}
	for f := range files {
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			name := filepath.Base(path)
			if name == "v2" {
				name = filepath.Base(filepath.Dir(path))
			}
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if key := name + " " + path; (used[name] || name == "_" || name == ".") && !seen[key] {
				seen[key] = true
				specs = append(specs, spec)
			}
		}
	}
	slices.SortFunc(specs, func(a, b *ast.ImportSpec) int { return strings.Compare(a.Path.Value, b.Path.Value) })
	return specs
}

// play runs an example and returns what is wrong, empty if nothing.
func (p *testPackage) play(s *session, e *doc.Example) string {
	source := ""
	for _, spec := range p.imports(e) {
		source += "import " + p.text(spec) + "\n"
	}
	if problem := s.cell(source); problem != "" {
		return problem
	}
	source = ""
	for _, name := range p.needed(e.Code) {
		d := p.decls[name]
		text := p.text(d.body())
		if d.spec != nil {
			text = d.node.(*ast.GenDecl).Tok.String() + " " + text
		}
		if !p.sent[text] {
			p.sent[text] = true
			source += text + "\n"
		}
	}
	if problem := s.cell(source); problem != "" {
		return problem
	}
	body := e.Code.(*ast.BlockStmt)
	if problem := s.cell(p.source(body.Lbrace+1, body.Rbrace)); problem != "" {
		return problem
	}
	got, want := strings.TrimSpace(s.sink.text(s.number, "stdout")), strings.TrimSpace(e.Output)
	if e.Unordered {
		got, want = sortedLines(got), sortedLines(want)
	}
	if got != want {
		return fmt.Sprintf("printed %q, want %q", got, want)
	}
	return ""
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// text is the source of n.
func (p *testPackage) text(n ast.Node) string { return p.source(n.Pos(), n.End()) }

func (p *testPackage) source(from, to token.Pos) string {
	start := p.fset.Position(from)
	data, err := os.ReadFile(start.Filename)
	if err != nil {
		return err.Error()
	}
	return string(data[start.Offset : start.Offset+int(to-from)])
}

// cell runs a cell and returns how it failed, empty if it did not.
func (s *session) cell(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out := s.runContext(ctx, source); out.Failure != nil && out.Failure.Kind != engine.Exited {
		return strings.Join(out.Failure.Traceback, "\n\t")
	}
	return ""
}
