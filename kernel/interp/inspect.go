package interp

import (
	"context"
	"go/ast"
	"go/types"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// Inspect describes the name at cursor, or else the function in whose arguments
// cursor stands: signature and documentation; with detail 1 the source of what a
// cell declared.
func (e *Engine) Inspect(ctx context.Context, code string, cursor, detail int) (display.Bundle, bool) {
	cursor = clampCursor(code, cursor)
	code = takeCommands(code, true)
	start, end := wordBefore(code, cursor), wordAfter(code, cursor)
	if start == end || code[start] >= '0' && code[start] <= '9' {
		var ok bool
		if start, end, ok = callee(code, cursor); !ok {
			return display.Bundle{}, false
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, text := range []string{code, code[:end] + closers(code[:end])} {
		v := e.session.look(text)
		if o, recv := v.objectAt(start); o != nil && ctx.Err() == nil {
			return e.session.describe(v, o, recv, detail), true
		}
	}
	return display.Bundle{}, false
}

// objectAt is what the identifier at an offset means, and the type on which it
// is selected, if it is.
func (v *view) objectAt(offset int) (o types.Object, recv types.Type) {
	v.find(func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if v.offset(n.Sel.Pos()) == offset {
				if tv, ok := v.info.Types[n.X]; ok {
					recv = tv.Type
				}
			}
		case *ast.Ident:
			if v.offset(n.Pos()) == offset && !strings.Contains(n.Name, mark+"again") {
				if found := v.info.ObjectOf(n); found != nil {
					o = found
				}
			}
		}
		return o == nil
	})
	if meant, ok := v.standIns[o]; ok {
		o = meant
	}
	return o, recv
}

// describe is what there is to say of o.
func (s *session) describe(v *view, o types.Object, recv types.Type, detail int) display.Bundle {
	doc, ok := s.docOf(o, recv)
	if !ok {
		doc = s.sessionDoc(v, o)
	}
	signature := doc.Signature
	if detail > 0 {
		if n := s.nodes[s.nodeObject(o)]; n != nil {
			signature = s.sourceOf(n)
		}
	}
	from := ""
	if p := o.Pkg(); p != nil && p.Path() != s.pkg.Path() {
		from = "from package " + p.Path()
	}
	plainText, markdown := signature, "```go\n"+signature+"\n```"
	for _, part := range []string{doc.Text, from} {
		if part != "" {
			plainText += "\n\n" + part
			markdown += "\n\n" + part
		}
	}
	return display.Text(plainText).With(display.MIMEMarkdown, markdown)
}

// sessionDoc describes what has no documentation of its own: what cells declare.
func (s *session) sessionDoc(v *view, o types.Object) Doc {
	qualify := func(p *types.Package) string {
		if p.Path() == s.pkg.Path() {
			return ""
		}
		return p.Name()
	}
	d := Doc{Signature: plain(types.ObjectString(o, qualify))}
	if p, ok := o.(*types.PkgName); ok {
		d.Signature = "package " + p.Imported().Name() + " (" + p.Imported().Path() + ")"
	}
	if n := s.nodes[s.nodeObject(o)]; n != nil {
		for _, decl := range n.decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name != s.nameOf(o) && plain(f.Name.Name) != o.Name() {
				continue
			}
			d.Text = commentOf(decl)
			break
		}
	}
	return d
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

// sourceOf is the text of a node's declarations, as the cell has it.
func (s *session) sourceOf(n *node) string {
	var parts []string
	lines := strings.Split(n.source, "\n")
	for _, d := range n.decls {
		first, last := s.fset.Position(d.Pos()).Line, s.fset.Position(d.End()).Line
		if first >= 1 && last <= len(lines) && first <= last {
			parts = append(parts, strings.Join(lines[first-1:last], "\n"))
		}
	}
	return strings.Join(parts, "\n\n")
}
