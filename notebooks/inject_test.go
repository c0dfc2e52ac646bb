package notebooks

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"strconv"
	"strings"
	"testing"
)

func withParameters(source string) Notebook {
	return Notebook{Cells: []Cell{MarkdownCell("top", "# x"), CodeCell("p", source, TagParameters), CodeCell("next", "fmt.Println(port)")}}
}

func ids(nb Notebook) string {
	var out []string
	for _, c := range nb.Cells {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func TestInjectFollowsTheParametersCell(t *testing.T) {
	nb := withParameters(`port := "x"`)
	one, err := Inject(nb, []Param{{"port", String, "web-1"}, {"count", Int, "0x10"}, {"limit", Float, "0.5"}, {"dry", Bool, "true"}, {"net", Prefix, "10.0.0.0/8"}}, "A note\nin two lines")
	if err != nil {
		t.Fatal(err)
	}
	want := "// Parameters of this run. They replace the defaults above.\n// A note\\nin two lines\nvar (\n\tport string = \"web-1\"\n\tcount int = 16\n\tlimit float64 = 0.5\n\tdry bool = true\n\tnet string = \"10.0.0.0/8\"\n)"
	if ids(one) != "top p injected-parameters next" || one.Cells[2].Source != want || !one.Cells[2].HasTag(TagInjected) {
		t.Fatalf("cells %s\n%s", ids(one), one.Cells[2].Source)
	}
	if ids(nb) != "top p next" {
		t.Error("Inject changed the notebook that it was given")
	}
	two, err := Inject(one, []Param{{"port", String, "db-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if ids(two) != "top p injected-parameters next" || !strings.Contains(two.Cells[2].Source, `"db-1"`) || strings.Contains(two.Cells[2].Source, "web-1") {
		t.Errorf("a second injection must replace the first: %s\n%s", ids(two), two.Cells[2].Source)
	}
	none, err := Inject(two, nil)
	if err != nil || ids(none) != "top p next" {
		t.Errorf("without parameters the injected cell goes: %s %v", ids(none), err)
	}
}

func TestInjectWithoutParametersCell(t *testing.T) {
	nb := Notebook{Cells: []Cell{MarkdownCell("injected-parameters", "taken"), CodeCell("a", "")}}
	got, err := Inject(nb, []Param{{"x", Int, "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if ids(got) != "injected-parameters-2 injected-parameters a" {
		t.Errorf("cells %s", ids(got))
	}
	got.Cells = append(got.Cells[1:2:2], got.Cells[0], got.Cells[2])
	if got, _ = Inject(got, []Param{{"x", Int, "2"}}); ids(got) != "injected-parameters injected-parameters-2 a" {
		t.Errorf("an earlier injected cell keeps its place: %s", ids(got))
	}
}

func TestInjectRefuses(t *testing.T) {
	for _, c := range []struct {
		params []Param
		want   string
	}{
		{[]Param{{"a b", String, ""}}, `for example "a_b"`},
		{[]Param{{"x = 1; y", String, ""}}, "not a Go identifier"},
		{[]Param{{"func", String, ""}}, "Go keyword"},
		{[]Param{{"string", String, ""}}, "has a meaning in Go"},
		{[]Param{{"init", String, ""}}, "has a meaning in Go"},
		{[]Param{{"_", String, ""}}, "has a meaning in Go"},
		{[]Param{{"", String, ""}}, "needs a name"},
		{[]Param{{"x", Int, "1"}, {"x", Int, "2"}}, "given twice"},
		{[]Param{{"x", Int, "1; os.Exit(1)"}}, `"1; os.Exit(1)" is not an integer`},
		{[]Param{{"x", Int, "9223372036854775808"}}, "not an integer of 64 bits"},
		{[]Param{{"x", Float, "NaN"}}, "not a finite number"},
		{[]Param{{"x", Float, "Inf"}}, "not a finite number"},
		{[]Param{{"x", Bool, "T"}}, "not true or false"},
		{[]Param{{"x", Addr, "10.0.0.256"}}, "not an IP address"},
		{[]Param{{"x", Prefix, "10.0.0.0"}}, "not a prefix"},
		{[]Param{{"x", Duration, "5"}}, "not a duration"},
		{[]Param{{"x", Time, "yesterday"}}, "not a time"},
		{[]Param{{"x", "regexp", "."}}, `type "regexp" is unknown`},
		{[]Param{{"x", Int, strings.Repeat("é", 100)}}, `..." is not`},
	} {
		_, err := Inject(Notebook{}, c.params)
		if want := strings.Replace(c.want, `..."`, `"...`, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want an error with %q, got %v", c.params, want, err)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"port": "port", "pod-name": "pod_name", "9lives": "_9lives", "": "__", "_": "__", "func": "func_", "string": "string_", "a.b/c": "a_b_c", "größe": "gr__e", "main": "main_", "-": "__", "x9": "x9",
	} {
		if got := Identifier(text); got != want {
			t.Errorf("Identifier(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestParameters(t *testing.T) {
	nb := withParameters("port := \"web-1\" // the workload\nvar count, big int\nvar limit = -0.5\nvar dry bool = true\nitems := []string{}\nconst c = 1\nn := 3 /* how many */\nx, y := 1, \"a\"")
	got, err := nb.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	want := []Declared{
		{"port", String, `"web-1"`, "the workload"}, {"count", Int, "", ""}, {"big", Int, "", ""}, {"limit", Float, "-0.5", ""}, {"dry", Bool, "true", ""},
		{"items", "", "[]string{}", ""}, {"n", Int, "3", "how many"}, {"x", Int, "1", ""}, {"y", String, `"a"`, ""},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if _, err := withParameters("port :=").Parameters(); err == nil || !strings.Contains(err.Error(), "cells[1].source") {
		t.Errorf("a cell that does not parse: %v", err)
	}
	if got, err := (Notebook{Cells: []Cell{CodeCell("a", "x := 1")}}).Parameters(); got != nil || err != nil {
		t.Errorf("no parameters cell: %v %v", got, err)
	}
}

func TestAccepts(t *testing.T) {
	declared := []Declared{{Name: "severity", Type: String}, {Name: "count", Type: Int}, {Name: "any"}}
	for _, c := range []struct {
		p    Param
		want string
	}{
		{Param{"severity", String, ""}, ""},
		{Param{"severity", Prefix, ""}, ""},
		{Param{"any", Bool, ""}, ""},
		{Param{"count", String, ""}, "declares it as int, it is given as string"},
		{Param{"sevrity", String, ""}, `did you mean "severity"?`},
	} {
		err := Accepts(declared, c.p)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.p, err, c.want)
		}
	}
	if err := Accepts(nil, Param{"x", Int, "1"}); err == nil || !strings.Contains(err.Error(), "declares none") {
		t.Errorf("got %v", err)
	}
}

// evaluate type-checks an injected cell and returns the values of its variables,
// failing on anything but variables with constant values.
func evaluate(t *testing.T, source string) map[string]constant.Value {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", "package p\n"+source+"\n", parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if _, err := (&types.Config{}).Check("p", fset, []*ast.File{file}, info); err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	values := map[string]constant.Value{}
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			t.Fatalf("the cell holds more than variables:\n%s", source)
		}
		for _, s := range gen.Specs {
			v := s.(*ast.ValueSpec)
			if len(v.Names) != 1 || len(v.Values) != 1 {
				t.Fatalf("the cell holds an odd variable:\n%s", source)
			}
			switch lit := v.Values[0].(type) {
			case *ast.BasicLit, *ast.Ident:
			case *ast.UnaryExpr:
				if _, ok := lit.X.(*ast.BasicLit); !ok {
					t.Fatalf("the value is no literal:\n%s", source)
				}
			default:
				t.Fatalf("the value is no literal:\n%s", source)
			}
			values[v.Names[0].Name] = info.Types[v.Values[0]].Value
		}
	}
	return values
}

// Hostile text can never become code: the injected cell is variables with literals
// and comments, whatever value, name and note say, and each literal has the value.
func FuzzInject(f *testing.F) {
	for _, s := range []string{"web-1", "\"; os.RemoveAll(\"/\"); _ = \"", "`", "a\nb", "\x00\xff\xfe", "\u2028\u202e", "*/ os.Exit(1) /*", "// x", "%s", "$ rm -rf /", "%cd /", "-1", "1e9", "0x1p-2", "true", "10.0.0.1/8", "5m", "\\", "\r\nvar y = 1", "日本語"} {
		f.Add(s, "port", s)
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, value, name, note string) {
		name = Identifier(name)
		if err := CheckName(name); err != nil {
			t.Fatalf("Identifier gives a name that is refused: %v", err)
		}
		for _, typ := range ParamTypes() {
			nb, err := Inject(Notebook{}, []Param{{name, typ, value}}, note)
			if err != nil {
				if typ == String {
					t.Fatalf("every text is a string: %v", err)
				}
				continue
			}
			checkInjected(t, nb.Cells[0].Source, name, typ, value)
			if _, err := Encode(nb); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func checkInjected(t *testing.T, source, name string, typ ParamType, value string) {
	t.Helper()
	for line := range strings.SplitSeq(source, "\n") {
		if line != ")" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "var (") && !strings.HasPrefix(line, "\t"+name+" ") {
			t.Fatalf("a line that Inject did not write: %q in\n%s", line, source)
		}
	}
	values := evaluate(t, source)
	got, ok := values[name]
	if !ok || len(values) != 1 {
		t.Fatalf("variables %v in\n%s", values, source)
	}
	switch typ {
	case String:
		if constant.StringVal(got) != value {
			t.Fatalf("%q became %q", value, constant.StringVal(got))
		}
	case Int:
		n, _ := constant.Int64Val(got)
		want, err := strconv.ParseInt(strings.TrimSpace(value), 0, 64)
		if err != nil || n != want {
			t.Fatalf("%q became %d", value, n)
		}
	case Float:
		x, _ := constant.Float64Val(got)
		want, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || x != want && math.Abs(x-want) > 0 {
			t.Fatalf("%q became %g", value, x)
		}
	case Bool:
		if strconv.FormatBool(constant.BoolVal(got)) != strings.TrimSpace(value) {
			t.Fatalf("%q became %v", value, got)
		}
	default:
		again, err := Param{name, typ, constant.StringVal(got)}.Literal()
		if err != nil || again != strconv.Quote(constant.StringVal(got)) {
			t.Fatalf("%q became %s, which is not canonical: %s %v", value, got, again, err)
		}
	}
}
