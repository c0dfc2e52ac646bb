package fabricbook_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fabricbook/fabricbook/"

// law says what the packages at or below a path may import of this module. The
// longest path that a package lies under is the one that holds for it.
type law struct {
	path string
	may  []string // prefixes below the module; nil: nothing of ours
}

// laws is the table of rooms. A package may always import those below itself.
var laws = []law{
	{"dataplane", nil},
	{"dataplane/sim", []string{"dataplane"}},
	{"dataplane/agent", []string{"dataplane"}},
	{"dataplane/planetest", []string{"dataplane"}},
	{"netlib", nil},
	{"netlib/api", []string{"netlib", "dataplane"}},
	{"netlib/manifest", []string{"netlib"}},
	{"netlib/l3vpn", []string{"netlib"}},
	{"netlib/compile", []string{"netlib", "netlib/l3vpn", "dataplane"}},
	{"netlib/verify", []string{"netlib", "netlib/api", "netlib/compile", "netlib/l3vpn", "dataplane"}},
	{"netlib/change", []string{"netlib", "netlib/api", "netlib/compile", "netlib/verify", "netlib/l3vpn", "dataplane"}},
	{"netlib/store", []string{"netlib"}},
	{"netlib/client", []string{"netlib", "netlib/api", "dataplane"}},
	{"netlib/controller", []string{"netlib", "netlib/api", "netlib/l3vpn", "netlib/compile", "netlib/verify", "netlib/change", "netlib/store", "dataplane", "dataplane/agent"}},
	{"kernel", []string{"kernel/..."}},
	{"notebooks", nil},
	{"runbooks", []string{"netlib", "netlib/api", "netlib/client", "netlib/manifest", "dataplane", "notebooks", "kernel/display"}},
	{"runbooks/show", nil},
	{"runbooks/picture", []string{"netlib", "netlib/api", "runbooks/show"}},
	{"runbooks/run", []string{"notebooks", "kernel/engine", "kernel/display", "kernel/safety"}},
	{"alerts", []string{"notebooks"}},
	{"cmd", []string{"..."}},
}

// owners names the only packages that may import a library.
var owners = map[string][]string{
	"go.etcd.io/":                        {"netlib/store"},
	"github.com/go-zeromq/zmq4":          {"kernel/zmq"},
	"github.com/goplus/":                 {"kernel/interp"},
	"github.com/danielgtaylor/huma":      {"netlib/controller"},
	"github.com/prometheus/alertmanager": {"alerts"},
	"github.com/spf13/":                  {"cmd"},
	"gonum.org/":                         {"cmd/fabricbook/symbols"},
	"github.com/osrg/gobgp":              {"netlib/bgp/gobgp"},
	"github.com/vishvananda/netlink":     {"dataplane/linux"},
	"github.com/google/nftables":         {"dataplane/linux"},
}

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
	DepOnly    bool
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func allowed(may []string, path string) bool {
	return slices.ContainsFunc(may, func(m string) bool {
		if m == "..." {
			return true
		}
		if dir, deep := strings.CutSuffix(m, "/..."); deep {
			return under(path, dir)
		}
		return path == m
	})
}

func TestImportsKeepToTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == strings.TrimSuffix(p.ImportPath, "/") && !strings.HasPrefix(p.ImportPath, module) {
			continue // the module's root holds tests only
		}
		var rule *law
		for i := range laws {
			if under(path, laws[i].path) && (rule == nil || len(laws[i].path) > len(rule.path)) {
				rule = &laws[i]
			}
		}
		if rule == nil {
			t.Errorf("%s: no law covers this package; add it to the table of rooms", path)
			continue
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, module); ok && !under(ours, path) && !allowed(rule.may, ours) {
				t.Errorf("%s imports %s, which room %s may not", path, ours, rule.path)
			}
			for lib, who := range owners {
				if strings.HasPrefix(imp, lib) && !slices.ContainsFunc(who, func(w string) bool { return under(path, w) }) {
					t.Errorf("%s imports %s, which only %s may", path, imp, strings.Join(who, ", "))
				}
			}
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		name := filepath.Base(p.ImportPath)
		if slices.Contains([]string{"util", "utils", "common", "types", "helpers", "misc"}, name) {
			t.Errorf("%s: %q says nothing about what is in it", p.ImportPath, name)
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Errorf("%s: wants a doc.go with the package comment: %v", p.ImportPath, err)
			continue
		}
		if want := len(strings.Fields(comment(f))); want < 12 {
			t.Errorf("%s: the package comment has %d words; say what it is for and what it must not know", p.ImportPath, want)
		}
	}
}

func comment(f *ast.File) string {
	if f.Doc == nil {
		return ""
	}
	return f.Doc.Text()
}

// TestTextSpeaksOfTheProductAlone keeps paths of a developer's machine out.
func TestTextSpeaksOfTheProductAlone(t *testing.T) {
	bad := []string{"/wo" + "rk/", "GOPROXY" + "=", "--index" + "-url"}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", ".venv", ".venv-test", ".data", "bin", "artifacts", "node_modules"}, d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || !slices.Contains([]string{".go", ".md", ".sh", ".py", ".yaml", ".yml", ".ipynb", ""}, filepath.Ext(path)) {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range bad {
			if strings.Contains(string(b), s) {
				t.Errorf("%s contains %q", path, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
