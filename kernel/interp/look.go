package interp

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// view is a cell that is being written, as far as it can be understood.
type view struct {
	*checked
	fset    *token.FileSet
	files   []*ast.File
	lines   []int              // where each line of the code begins
	imports map[string]meaning // of the cell itself
	dots    []*types.Package   // of the session and of the cell
}

// look parses and checks code as far as possible, without running any of it.
func (s *session) look(code string) *view {
	v := &view{fset: token.NewFileSet(), lines: lineStarts(code), dots: s.dots}
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
	v.imports, v.dots = imports, s.dots
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
	if p.Line < 1 || p.Line > len(v.lines) {
		return -1
	}
	return v.lines[p.Line-1] + p.Column - 1
}

// lineStarts are the offsets at which the lines of code begin.
func lineStarts(code string) []int {
	starts := []int{0}
	for i := range len(code) {
		if code[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
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

// attempts are readings of a cell whose [start, end) is being written, with the
// hole there, from the whole cell to the operand alone: what stands around it need
// not be Go yet.
func attempts(code string, start, end int) iter.Seq[string] {
	return func(yield func(string) bool) {
		before, after := code[:start], code[end:]
		for _, h := range []string{hole, hole + "()"} { // "go x" is no statement, "go x()" is
			if !yield(before+h+after) || !yield(before+h+closers(before)) {
				return
			}
		}
		items := split(before)
		if len(items) == 0 {
			return
		}
		last := items[len(items)-1]
		sound := soundBefore(before, items[:len(items)-1])
		if !yield(sound + before[len(sound):] + hole + closers(before[last.start:])) {
			return
		}
		operand := operandStart(before[last.start:]) + last.start
		yield(sound + strings.Map(blank, before[len(sound):operand]) + before[operand:] + hole + closers(before[operand:]))
	}
}

func blank(r rune) rune {
	if r == '\n' || r == '\r' {
		return r
	}
	return ' '
}

// soundBefore is a cell up to the end of items, without those that do not parse.
func soundBefore(code string, items []item) string {
	if len(items) == 0 {
		return ""
	}
	good := slices.DeleteFunc(slices.Clone(items), func(it item) bool {
		_, err := parseCell(token.NewFileSet(), "look", code[it.start:it.end])
		return err != nil
	})
	return masked(code, 0, items[len(items)-1].end, good, func(kind) bool { return true })
}

// operandStart is where the operand begins that goes on up to the end of code, as
// far as brackets and dots tell.
func operandStart(code string) int {
	depth, at := 0, len(code)
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:at])
		switch {
		case strings.ContainsRune(")]}", r):
			depth++
		case depth == 0 && r != '.' && !isWord(r):
			return at
		case strings.ContainsRune("([{", r):
			depth--
		}
		at -= n
	}
	return at
}

// Kinds of text in a cell.
const (
	codeText   = 'c'
	stringText = 's'
	otherText  = 'o' // comments and characters
)

// textAt tells in what kind of text the end of code lies, and where that begins.
func textAt(code string) (within rune, begin int) {
	file := token.NewFileSet().AddFile("", -1, len(code))
	open := false
	var s scanner.Scanner
	s.Init(file, []byte(code), func(_ token.Position, msg string) {
		open = open || strings.HasSuffix(msg, "not terminated")
	}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		switch {
		case tok == token.EOF:
			return codeText, len(code)
		case !open && (tok != token.COMMENT || !strings.HasPrefix(lit, "//") || strings.HasSuffix(code, "\n") || at+len(lit) < len(code)):
			continue
		case tok == token.STRING && (code[at] == '`' || !strings.Contains(code[at:], "\n")):
			return stringText, at
		case at+len(lit) >= len(code):
			return otherText, at
		}
		open = false
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
