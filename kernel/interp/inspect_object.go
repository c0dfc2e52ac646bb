package interp

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// valueWidth is how many characters of a value are shown where it is described.
const valueWidth = 400

// about collects what there is to say of o; recv is the type whose field or method
// it is, if it is one.
func (s *session) about(v *view, o types.Object, recv types.Type) *note {
	if p, ok := o.(*types.PkgName); ok {
		return s.aboutPackage(p.Imported().Path())
	}
	if w, ok := words[o.Name()]; ok && o.Parent() == types.Universe {
		return w.note()
	}
	n := &note{}
	if d, ok := s.docOf(o, recv); ok {
		n.signature, n.text = d.Signature, d.Text
	} else {
		n.signature = plain(types.ObjectString(o, s.unqualified))
		if f, ok := o.(*types.Var); ok && f.IsField() {
			n.text = fieldComment(s.fieldAt(v, o))
		} else {
			n.text = s.commentOn(o)
		}
		if node := s.nodes[s.nodeObject(o)]; node != nil && o.Pkg() == s.pkg && isTypeName(o) {
			n.signature = s.linesOf(node, s.declOf(o), false)
		}
	}
	switch o := o.(type) {
	case *types.TypeName:
		n.kind = "type"
		s.addMethods(n, o.Type())
	case *types.Const:
		if !strings.Contains(n.signature, "=") {
			n.facts = append(n.facts, fact{"value", constText(o)})
		}
	}
	n.from = s.origin(v, o)
	return n
}

func isTypeName(o types.Object) bool {
	_, ok := o.(*types.TypeName)
	return ok
}

// constText is the value of a constant, of a duration as people write it.
func constText(c *types.Const) string {
	if n, exact := constant.Int64Val(c.Val()); exact && types.TypeString(c.Type(), nil) == "time.Duration" {
		return time.Duration(n).String()
	}
	return c.Val().String()
}

// origin tells where o was declared.
func (s *session) origin(v *view, o types.Object) string {
	if p := o.Pkg(); p != nil && p.Path() != s.pkg.Path() {
		return "from package " + p.Path()
	}
	if at := s.fset.Position(o.Pos()); strings.HasPrefix(at.Filename, cellPrefix) && o.Pkg() == s.pkg {
		return "declared in " + at.Filename + ", line " + strconv.Itoa(at.Line)
	}
	if o.Pkg() == v.pkg && o.Pos().IsValid() {
		return "declared in this cell, line " + strconv.Itoa(v.fset.Position(o.Pos()).Line)
	}
	return ""
}

// source puts in the place of n's signature the source of o, where a cell has it.
func (n *note) source(s *session, o types.Object) {
	if node := s.nodes[s.nodeObject(o)]; node != nil {
		if _, isVar := o.(*types.Var); !isVar {
			n.signature, n.text = s.sourceOf(node), ""
		}
	}
}

// addValue adds the live value of a variable of the session, or of a field or
// element that can be reached from one, to n.
func (e *Engine) addValue(n *note, v *view, o types.Object, start int) {
	x, ok := o.(*types.Var)
	if !ok || !e.quiet() {
		return
	}
	var at ast.Expr
	v.find(func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			if v.offset(node.Sel.Pos()) == start {
				at = node
			}
		case *ast.Ident:
			if at == nil && v.offset(node.Pos()) == start && !x.IsField() {
				at = node
			}
		}
		return at == nil
	})
	if at == nil {
		return
	}
	value, ok := e.session.valueOf(v, at)
	if !ok {
		return
	}
	if _, isInterface := x.Type().Underlying().(*types.Interface); isInterface {
		n.facts = append(n.facts, fact{"holds", typeText(value.Type())})
	}
	if l := size(value); l != "" {
		n.facts = append(n.facts, fact{"length", l})
	}
	n.facts = append(n.facts, fact{"value", brief(value, valueWidth)})
}

// addMethods lists the methods of a type, those of the pointer included.
func (s *session) addMethods(n *note, t types.Type) {
	if types.IsInterface(t) {
		return // they stand in its declaration
	}
	l := list{title: "Methods"}
	set := types.NewMethodSet(types.NewPointer(t))
	for m := range set.Methods() {
		f := m.Obj().(*types.Func)
		if !f.Exported() && f.Pkg() != s.pkg {
			continue
		}
		if d, ok := s.docOf(f, nil); ok {
			l.items = append(l.items, d.Signature)
		} else {
			l.items = append(l.items, plain(types.ObjectString(f, s.unqualified)))
		}
	}
	if len(l.items) > 0 {
		n.lists = append(n.lists, l)
	}
}

// aboutPackage tells what a package is for and what is in it.
func (s *session) aboutPackage(path string) *note {
	n := &note{kind: "package", signature: "package " + s.nameOfPath(path) + ` // import "` + path + `"`}
	if d, ok := s.docs.of(path, ""); ok {
		n.text = d.Text
	}
	p, err := s.importPackage(path)
	if err != nil {
		return n
	}
	groups := []list{{title: "Functions", inline: true}, {title: "Types", inline: true}, {title: "Variables", inline: true}, {title: "Constants", inline: true}}
	for _, name := range exported(p) {
		i := 0
		switch p.Scope().Lookup(name).(type) {
		case *types.TypeName:
			i = 1
		case *types.Var:
			i = 2
		case *types.Const:
			i = 3
		}
		groups[i].items = append(groups[i].items, name)
	}
	n.lists = slices.DeleteFunc(groups, func(l list) bool { return len(l.items) == 0 })
	return n
}

// inspectForeign describes a package that is not imported, or a name in one.
func (s *session) inspectForeign(code string, start, end int) (display.Bundle, bool) {
	name := code[start:end]
	if start > 0 && code[start-1] == '.' {
		from := wordBefore(code, start-1)
		for _, path := range s.packagesNamed(code[from : start-1]) {
			if d, ok := s.docs.of(path, name); ok {
				n := &note{signature: d.Signature, text: d.Text, from: `from package ` + path + `, which is not imported yet: import "` + path + `"`}
				return n.bundle(), true
			}
		}
		return display.Bundle{}, false
	}
	for _, path := range s.packagesNamed(name) {
		n := s.aboutPackage(path)
		n.from = `not imported yet: import "` + path + `"`
		return n.bundle(), true
	}
	return display.Bundle{}, false
}

// inspectPath describes the package at a path.
func (s *session) inspectPath(path string) (display.Bundle, bool) {
	if !slices.Contains(s.paths, path) {
		return display.Bundle{}, false
	}
	return s.aboutPackage(path).bundle(), true
}

// importAt is the path of the import in which cursor stands.
func importAt(code string, cursor int) (string, bool) {
	within, begin := textAt(code[:cursor])
	if within != stringText || !importLine.MatchString(code[:cursor]) || !inImport(code, cursor) {
		return "", false
	}
	path, _, _ := strings.Cut(code[begin+1:], `"`)
	return path, true
}

// inspectCommand describes a line that is no Go.
func inspectCommand(line string) (display.Bundle, bool) {
	line, _, _ = strings.Cut(line, "\n")
	name, _, _ := strings.Cut(line, " ")
	for _, s := range specials {
		if s.name == strings.TrimSpace(name) {
			n := &note{signature: strings.TrimSpace(s.name + " " + s.args), text: s.help, from: "%help lists all such lines"}
			return n.bundle(), true
		}
	}
	if line[0] == '$' {
		n := &note{signature: "$ command", text: shellHelp, from: "%help lists all such lines"}
		return n.bundle(), true
	}
	return display.Bundle{}, false
}

// commentOn is the comment above the declaration of o in a cell.
func (s *session) commentOn(o types.Object) string {
	if d := s.declOf(o); d != nil {
		return commentOf(d)
	}
	return ""
}

// declOf is the declaration of a function, method or type in a cell, nil for all
// else.
func (s *session) declOf(o types.Object) ast.Decl {
	n := s.nodes[s.nodeObject(o)]
	if n == nil {
		return nil
	}
	for _, decl := range n.decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if _, ok := o.(*types.Func); ok && (d.Recv != nil) == (o.(*types.Func).Signature().Recv() != nil) && plain(d.Name.Name) == plain(o.Name()) {
				return d
			}
		case *ast.GenDecl:
			if _, ok := o.(*types.TypeName); ok {
				return d
			}
		}
	}
	return nil
}

func commentOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return strings.TrimSpace(d.Doc.Text())
	case *ast.GenDecl:
		if d.Doc != nil {
			return strings.TrimSpace(d.Doc.Text())
		}
		if t, ok := d.Specs[0].(*ast.TypeSpec); ok {
			return strings.TrimSpace(t.Doc.Text())
		}
	}
	return ""
}

// fieldAt is the declaration of a field in a cell, nil where there is none.
func (s *session) fieldAt(v *view, o types.Object) (found *ast.Field) {
	look := func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok {
			for _, name := range f.Names {
				if name.Pos() == o.Pos() {
					found = f
				}
			}
		}
		return found == nil
	}
	if o.Pkg() == v.pkg {
		v.find(look)
		return found
	}
	for _, n := range s.nodes {
		if t, ok := n.object.(*types.TypeName); ok && t.Pkg() == o.Pkg() {
			for _, d := range n.decls {
				if d.Pos() <= o.Pos() && o.Pos() < d.End() {
					ast.Inspect(d, look)
				}
			}
		}
	}
	return found
}

func fieldComment(f *ast.Field) string {
	if f == nil {
		return ""
	}
	if f.Doc != nil {
		return strings.TrimSpace(f.Doc.Text())
	}
	return strings.TrimSpace(f.Comment.Text())
}

// sourceOf is the text of a node's declarations with their comments, as the cell
// has it.
func (s *session) sourceOf(n *node) string {
	var parts []string
	for _, d := range n.decls {
		if text := s.linesOf(n, d, true); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n\n")
}

// linesOf is the text of one of a node's declarations.
func (s *session) linesOf(n *node, d ast.Decl, withComment bool) string {
	lines := strings.Split(n.source, "\n")
	first, last := s.fset.Position(d.Pos()).Line, s.fset.Position(d.End()).Line
	if c := docStart(d); c.IsValid() && withComment {
		first = s.fset.Position(c).Line
	}
	if first < 1 || last > len(lines) || first > last {
		return ""
	}
	return strings.Join(lines[first-1:last], "\n")
}

// docStart is where the comment above a declaration begins.
func docStart(d ast.Decl) token.Pos {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	}
	return token.NoPos
}
