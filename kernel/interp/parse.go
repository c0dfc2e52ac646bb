package interp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
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
	keep := func(k kind) bool { return k == wanted }
	start, end := span(p.source, items, keep)
	if start == end {
		return &ast.File{}, nil
	}
	file, err := parser.ParseFile(fset, p.name, "package main;"+p.place(start)+masked(p.source, start, end, items, keep), parseMode)
	if file != nil {
		restoreDoc(fset, file)
	}
	return file, err
}

// restoreDoc gives the first declaration of file the comment above it, which the
// parser takes for part of the comment that place made.
func restoreDoc(fset *token.FileSet, file *ast.File) {
	if len(file.Decls) == 0 || len(file.Comments) == 0 || len(file.Comments[0].List) < 2 {
		return
	}
	doc, list := &ast.CommentGroup{}, file.Comments[0].List[1:]
	above := func(p token.Pos) bool {
		return fset.PositionFor(list[len(list)-1].End(), false).Line+1 == fset.PositionFor(p, false).Line
	}
	take := func(had **ast.CommentGroup, p token.Pos) {
		switch {
		case *had != nil && above((*had).Pos()):
			doc.List = append(append(doc.List, list...), (*had).List...)
			*had = doc
		case *had == nil && above(p):
			doc.List = list
			*had = doc
		}
	}
	switch d := file.Decls[0].(type) {
	case *ast.FuncDecl:
		take(&d.Doc, d.Type.Func)
	case *ast.GenDecl:
		take(&d.Doc, d.TokPos)
	}
}

// place is a comment that tells the parser at which byte of the cell it stands.
func (p *parsed) place(at int) string {
	before := p.source[:at]
	return fmt.Sprintf("/*line %s:%d:%d*/", p.name, strings.Count(before, "\n")+1, at-strings.LastIndexByte(before, '\n'))
}

func (p *parsed) parseBody(fset *token.FileSet, items []item) error {
	start, end := span(p.source, items, isStatement)
	file, err := p.parseStatements(fset, p.place(start)+masked(p.source, start, end, items, isStatement))
	values := false
	if err != nil && strings.Contains(err.Error(), "expected 1 expression") {
		if listed, ok := p.asCall(items); ok {
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

func isStatement(k kind) bool { return k == statement }

func (p *parsed) parseStatements(fset *token.FileSet, text string) (*ast.File, error) {
	return parser.ParseFile(fset, p.name, "package main;func _(){"+text+"\n}", parseMode)
}

// valuesName is called by cells that end with several values, "a, b": Go has no
// such statement, notebooks do.
const valuesName = "values" + mark

// asCall is the statements, the last of which, "a, b", is written as the call of a
// function.
func (p *parsed) asCall(items []item) (string, bool) {
	for i, it := range slices.Backward(items) {
		if it.kind == statement {
			before := masked(p.source, 0, it.start, items[:i], isStatement)
			return p.place(0) + before + "values(" + p.place(it.start) + p.source[it.start:it.end] + ")", true
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

// span is the part of a cell that holds all items of some kinds, and the semicolon
// behind the last. It is empty where there are none.
func span(source string, items []item, keep func(kind) bool) (start, end int) {
	for _, it := range items {
		if keep(it.kind) {
			if end == 0 {
				start = it.start
			}
			end = min(it.end+1, len(source))
		}
	}
	return start, end
}

// masked is source[start:end] with all items blanked out but those that keep chooses.
// Lines and columns stay what they are.
func masked(source string, start, end int, items []item, keep func(kind) bool) string {
	out := []byte(source[start:end])
	done := start
	blank := func(end int) {
		for ; done < end; done++ {
			if c := source[done]; c != '\n' && c != '\r' {
				out[done-start] = ' '
			}
		}
	}
	for _, it := range items {
		if it.start < start || it.end > end || !keep(it.kind) {
			continue
		}
		blank(it.start)
		done = it.end
		if done < end && source[done] == ';' {
			done++
		}
	}
	blank(end)
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
