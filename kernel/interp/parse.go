package interp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// parsed is a cell as syntax. Its trees are its own and are rewritten by the
// later steps. Positions are those of the cell: file Cell.name, line, column.
type parsed struct {
	name    string
	source  string
	imports []*ast.ImportSpec
	decls   []ast.Decl   // types, constants, functions and methods
	body    []ast.Stmt   // statements in order
	loose   []*ast.Ident // names in body that nothing before them in the cell declares
	whole   bool         // a package clause heads it: it is a file of Go
	runMain bool         // a whole program was pasted: main is to be called
	inits   []*ast.FuncDecl
	lbrace  token.Pos
	rbrace  token.Pos
}

// parseMode keeps the resolution of names within a file: it tells which names in
// the statements refer to a variable declared above them.
const parseMode = parser.ParseComments | parser.AllErrors

// parseCell parses source as a cell that calls itself name.
func parseCell(fset *token.FileSet, name, source string) (*parsed, error) {
	p := &parsed{name: name, source: source}
	items := split(source)
	if err := p.parseDecls(fset, items); err != nil {
		return nil, err
	}
	if err := p.parseBody(fset, items); err != nil {
		return nil, err
	}
	p.takeInits()
	return p, nil
}

// parseLoosely parses what it can of a cell that is being written.
func parseLoosely(fset *token.FileSet, name, source string) *parsed {
	p := &parsed{name: name, source: source}
	items := split(source)
	_ = p.parseDecls(fset, items) // what parses is kept
	_ = p.parseBody(fset, items)
	return p
}

func (p *parsed) parseDecls(fset *token.FileSet, items []item) error {
	imports, err := p.parseItems(fset, items, importing) // first, wherever the cell has them
	if imports == nil {
		return err
	}
	p.imports = imports.Imports
	file, errDecls := p.parseItems(fset, items, declaration)
	if file == nil {
		return errDecls
	}
	if err == nil {
		err = errDecls
	}
	p.decls = append(p.decls, file.Decls...)
	for _, it := range items {
		p.whole = p.whole || it.kind == clause
	}
	for _, d := range p.decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			p.runMain = p.whole
		}
	}
	return err
}

// parseItems parses the items of one kind as a file.
func (p *parsed) parseItems(fset *token.FileSet, items []item, wanted kind) (*ast.File, error) {
	text := masked(p.source, items, func(k kind) bool { return k == wanted })
	return parser.ParseFile(fset, p.name, fmt.Sprintf("package main;/*line %s:1:1*/%s", p.name, text), parseMode)
}

func (p *parsed) parseBody(fset *token.FileSet, items []item) error {
	text := masked(p.source, items, func(k kind) bool { return k == statement })
	file, err := p.parseStatements(fset, text)
	values := false
	if err != nil && strings.Contains(err.Error(), "expected 1 expression") {
		if listed, ok := p.asCall(text, items); ok {
			if f, again := p.parseStatements(fset, listed); again == nil {
				file, err, values = f, nil, true
			}
		}
	}
	if file == nil || len(file.Decls) == 0 {
		return err
	}
	if err == nil && len(file.Decls) != 1 { // a closing brace too many ended our function
		return fmt.Errorf("%s: unexpected }", fset.Position(file.Decls[0].End()-1))
	}
	f, ok := file.Decls[0].(*ast.FuncDecl)
	if !ok || f.Body == nil {
		return err
	}
	body := f.Body
	p.body, p.lbrace, p.rbrace, p.loose = body.List, body.Lbrace, body.Rbrace, file.Unresolved
	if values {
		body.List[len(body.List)-1].(*ast.ExprStmt).X.(*ast.CallExpr).Fun.(*ast.Ident).Name = valuesName
	}
	return err
}

func (p *parsed) parseStatements(fset *token.FileSet, text string) (*ast.File, error) {
	return parser.ParseFile(fset, p.name, fmt.Sprintf("package main;func _(){/*line %s:1:1*/%s\n}", p.name, text), parseMode)
}

// valuesName is called by cells that end with several values, "a, b": Go has no
// such statement, notebooks do.
const valuesName = "values" + mark

// asCall writes the last statement of text, "a, b", as the call of a function.
func (p *parsed) asCall(text string, items []item) (string, bool) {
	for i := len(items) - 1; i >= 0; i-- {
		if it := items[i]; it.kind == statement {
			before := text[:it.start]
			line := strings.Count(before, "\n") + 1
			column := it.start - strings.LastIndex(before, "\n")
			return fmt.Sprintf("%svalues(/*line %s:%d:%d*/%s)%s", before, p.name, line, column, text[it.start:it.end], text[it.end:]), true
		}
	}
	return "", false
}

// takeInits sets aside the cell's init functions: they run first, and nothing
// else can call them.
func (p *parsed) takeInits() {
	for _, d := range p.decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && f.Type.TypeParams == nil {
			f.Name.Name = "initꞏ" + strconv.Itoa(len(p.inits))
			p.inits = append(p.inits, f)
		}
	}
}

// masked is source with all items blanked out but those that keep chooses.
// Lines and columns stay what they are.
func masked(source string, items []item, keep func(kind) bool) string {
	out := []byte(source)
	for i := range out {
		if out[i] != '\n' && out[i] != '\r' {
			out[i] = ' '
		}
	}
	for _, it := range items {
		if keep(it.kind) {
			copy(out[it.start:it.end], source[it.start:it.end])
			if it.end < len(source) && source[it.end] == ';' {
				out[it.end] = ';'
			}
		}
	}
	return string(out)
}

// baseTypeName is the name of the type that a method's receiver names.
func baseTypeName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) != 1 {
		return ""
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.ParenExpr:
			t = x.X
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// importPath is the path that spec names.
func importPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return strings.Trim(spec.Path.Value, "\"`")
	}
	return path
}
