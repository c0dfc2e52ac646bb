package interp

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"
	"unicode"
	"unicode/utf8"
)

// view is a cell that is being written, as far as it can be understood.
type view struct {
	*checked
	fset  *token.FileSet
	files []*ast.File
	code  string
}

// look parses and checks code as far as possible, without running any of it.
func (s *session) look(code string) *view {
	v := &view{fset: token.NewFileSet(), code: code}
	before := s.dots
	defer func() {
		s.dots = before
		if r := recover(); r != nil || v.checked == nil { // half a program can be too much for the checker
			v.files, v.checked = nil, &checked{pkg: types.NewPackage(s.pkg.Path(), s.pkg.Name()), info: newInfo()}
		}
	}()
	p := parseLoosely(v.fset, "look", code)
	imports, dots, _ := s.resolveImports(p)
	u, _ := hoistVariables(p, 0)
	u.entry = "cell" + mark
	s.dots = append(s.dots[:len(s.dots):len(s.dots)], dots...)
	v.files = apart(u)
	v.checked = s.check(v.fset, u, imports, v.files)
	return v
}

// apart is the cell as two files, declarations and statements, as they were
// parsed: only so do scopes know where they lie.
func apart(u *unit) []*ast.File {
	body := u.file()
	if len(u.decls) == 0 {
		return []*ast.File{body}
	}
	body.Decls = body.Decls[len(u.decls):]
	p := u.decls[0].Pos()
	return []*ast.File{{Package: p, Name: ident(p, "main"), Decls: u.decls, FileStart: p, FileEnd: u.decls[len(u.decls)-1].End(), GoVersion: goVersion}, body}
}

// find calls f for each node of the cell.
func (v *view) find(f func(ast.Node) bool) {
	for _, file := range v.files {
		ast.Inspect(file, f)
	}
}

// offset is where pos lies in the code, -1 if nowhere.
func (v *view) offset(pos token.Pos) int {
	if !pos.IsValid() {
		return -1
	}
	p := v.fset.Position(pos)
	rest := v.code
	base := 0
	for range p.Line - 1 {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return -1
		}
		base += i + 1
		rest = rest[i+1:]
	}
	return base + p.Column - 1
}

// closers is what closes the brackets that are open at the end of code.
func closers(code string) string {
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), nil, 0)
	var open []string
	for {
		_, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return strings.Join(open, "")
		case token.LPAREN:
			open = append([]string{")"}, open...)
		case token.LBRACK:
			open = append([]string{"]"}, open...)
		case token.LBRACE:
			open = append([]string{"}"}, open...)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(open) > 0 {
				open = open[1:]
			}
		}
	}
}

// wordBefore is the start of the identifier that ends at cursor.
func wordBefore(code string, cursor int) int {
	for cursor > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:cursor])
		if !isWord(r) {
			break
		}
		cursor -= n
	}
	return cursor
}

// wordAfter is the end of the identifier that begins at or goes over cursor.
func wordAfter(code string, cursor int) int {
	for cursor < len(code) {
		r, n := utf8.DecodeRuneInString(code[cursor:])
		if !isWord(r) {
			break
		}
		cursor += n
	}
	return cursor
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// callee is the identifier of the function in whose argument list cursor stands.
func callee(code string, cursor int) (start, end int, ok bool) {
	depth := 0
	for i := cursor - 1; i >= 0; i-- {
		switch code[i] {
		case ')', ']', '}':
			depth++
		case '[', '{':
			depth--
		case '(':
			if depth == 0 {
				start := wordBefore(code, i)
				return start, i, start < i
			}
			depth--
		}
	}
	return 0, 0, false
}

// clampCursor makes cursor a place in code between two characters.
func clampCursor(code string, cursor int) int {
	cursor = max(0, min(cursor, len(code)))
	for cursor > 0 && cursor < len(code) && !utf8.RuneStart(code[cursor]) {
		cursor--
	}
	return cursor
}

// docOf finds what is written about o; recv is the type on which it was selected.
func (s *session) docOf(o types.Object, recv types.Type) (Doc, bool) {
	if p, ok := o.(*types.PkgName); ok {
		return s.docs.of(p.Imported().Path(), "")
	}
	if o.Pkg() == nil {
		return Doc{}, false
	}
	key := o.Name()
	owner := ""
	if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
		owner = typeName(f.Signature().Recv().Type())
	} else if f, ok := o.(*types.Var); ok && f.IsField() {
		owner = typeName(recv)
	}
	if owner != "" {
		key = owner + "." + key
	}
	return s.docs.of(o.Pkg().Path(), key)
}

// typeName is the name of a type or of what it points to.
func typeName(t types.Type) string {
	if t == nil {
		return ""
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}
