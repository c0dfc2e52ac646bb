package notebooks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Inject returns the notebook with a cell tagged injected-parameters that sets
// params, in their order: right after the cell tagged parameters, whose defaults
// it replaces; in place of an earlier injected cell; or first, where the notebook
// has neither (papermill's convention). Each parameter becomes one variable with
// a literal value; see Param.Literal. notes become comment lines in the cell, one
// each. With no params and no notes an earlier injected cell is removed.
func Inject(nb Notebook, params []Param, notes ...string) (Notebook, error) {
	source, err := injectedSource(params, notes)
	if err != nil {
		return Notebook{}, err
	}
	cells := make([]Cell, 0, len(nb.Cells)+1)
	at := -1
	for _, c := range nb.Cells {
		if c.Type == Code && c.HasTag(TagInjected) {
			if at < 0 {
				at = len(cells)
			}
			continue
		}
		cells = append(cells, c)
	}
	if i := slices.IndexFunc(cells, isParameters); i >= 0 {
		at = i + 1
	} else if at < 0 {
		at = 0
	}
	out := Notebook{Metadata: nb.Metadata, Cells: cells}
	if source != "" {
		cell := CodeCell(out.NewID(TagInjected), source, TagInjected)
		out.Cells = slices.Insert(cells, at, cell)
	}
	return out, nil
}

func isParameters(c Cell) bool { return c.Type == Code && c.HasTag(TagParameters) }

func injectedSource(params []Param, notes []string) (string, error) {
	if len(params) == 0 && len(notes) == 0 {
		return "", nil
	}
	var b strings.Builder
	b.WriteString("// Parameters of this run. They replace the defaults above.")
	for _, n := range notes {
		b.WriteString("\n// " + comment(n))
	}
	if len(params) == 0 {
		return b.String(), nil
	}
	b.WriteString("\nvar (")
	seen := map[string]bool{}
	for _, p := range params {
		if err := CheckName(p.Name); err != nil {
			return "", err
		}
		if seen[p.Name] {
			return "", fmt.Errorf("parameter %q is given twice; give it once", p.Name)
		}
		seen[p.Name] = true
		lit, err := p.Literal()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n\t%s %s = %s", p.Name, p.Type.Go(), lit)
	}
	b.WriteString("\n)")
	return b.String(), nil
}

// comment makes one line of text that cannot end a // comment.
func comment(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// Declared is a parameter that a notebook declares in its cell tagged parameters.
type Declared struct {
	Name    string
	Type    ParamType // String, Int, Float or Bool; empty where the type cannot be read off
	Default string    // as in the source
	Help    string    // the comment at the end of its line
}

// Parameters lists what the notebook's parameters cell declares, in its order:
// `name := literal`, `var name = literal`, `var name type`. It returns nil where
// no cell is tagged parameters.
func (nb Notebook) Parameters() ([]Declared, error) {
	i := slices.IndexFunc(nb.Cells, isParameters)
	if i < 0 {
		return nil, nil
	}
	const head = "package p\nfunc _() {\n"
	src := head + nb.Cells[i].Source + "\n}\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, &Error{Cell: i, Path: "source", Detail: fmt.Sprintf("the cell tagged %q does not parse as Go statements: %v", TagParameters, err)}
	}
	d := declarations{fset: fset, src: src, comments: map[int]string{}}
	for _, group := range file.Comments {
		for _, c := range group.List {
			text := strings.TrimSpace(strings.TrimSuffix(strings.TrimLeft(c.Text, "/*"), "*/"))
			d.comments[fset.Position(c.Pos()).Line] = text
		}
	}
	for _, s := range file.Decls[0].(*ast.FuncDecl).Body.List {
		d.statement(s)
	}
	return d.list, nil
}

type declarations struct {
	fset     *token.FileSet
	src      string
	comments map[int]string // by line
	list     []Declared
}

func (d *declarations) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		for i, l := range s.Lhs {
			if name, ok := l.(*ast.Ident); ok && len(s.Rhs) == len(s.Lhs) {
				d.add(name, nil, s.Rhs[i])
			}
		}
	case *ast.DeclStmt:
		gen, ok := s.Decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			return
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				var value ast.Expr
				if len(v.Values) == len(v.Names) {
					value = v.Values[i]
				}
				d.add(name, v.Type, value)
			}
		}
	}
}

func (d *declarations) add(name *ast.Ident, typ, value ast.Expr) {
	p := Declared{Name: name.Name, Type: typeOf(typ, value), Help: d.comments[d.fset.Position(name.Pos()).Line]}
	if value != nil {
		p.Default = d.src[d.fset.Position(value.Pos()).Offset:d.fset.Position(value.End()).Offset]
	}
	d.list = append(d.list, p)
}

// typeOf reads a parameter's type off its declaration.
func typeOf(typ, value ast.Expr) ParamType {
	if typ != nil {
		if id, ok := typ.(*ast.Ident); ok {
			for _, t := range []ParamType{String, Int, Float, Bool} {
				if id.Name == t.Go() {
					return t
				}
			}
		}
		return ""
	}
	switch v := value.(type) {
	case *ast.BasicLit:
		switch v.Kind {
		case token.STRING:
			return String
		case token.INT:
			return Int
		case token.FLOAT:
			return Float
		}
	case *ast.UnaryExpr:
		if t := typeOf(nil, v.X); v.Op == token.SUB && (t == Int || t == Float) {
			return t
		}
	case *ast.Ident:
		if v.Name == "true" || v.Name == "false" {
			return Bool
		}
	}
	return ""
}

// Accepts reports why a notebook that declares these parameters cannot take p:
// the name is not declared (the nearest is suggested) or has another Go type.
func Accepts(declared []Declared, p Param) error {
	var names []string
	for _, d := range declared {
		if d.Name != p.Name {
			names = append(names, d.Name)
			continue
		}
		if d.Type != "" && d.Type.Go() != p.Type.Go() {
			return fmt.Errorf("parameter %q: the notebook declares it as %s, it is given as %s", p.Name, d.Type, p.Type)
		}
		return nil
	}
	if len(declared) == 0 {
		return fmt.Errorf("parameter %s: the notebook declares none; tag the cell with the defaults %q", excerpt(p.Name), TagParameters)
	}
	return fmt.Errorf("parameter %s: the notebook does not declare it; %s", excerpt(p.Name), Suggest(p.Name, names))
}
