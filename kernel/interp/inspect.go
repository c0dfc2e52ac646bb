package interp

import (
	"context"
	"go/ast"
	"go/doc/comment"
	"go/types"
	"iter"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// Inspect describes what stands at cursor: a name, a keyword, a package's path, a
// line that is no Go; or else the function in whose arguments cursor stands, with
// the parameter marked. It tells signature and documentation, for variables their
// value, for types their methods, for packages what is in them; with detail 1 the
// source of what a cell declared.
func (e *Engine) Inspect(ctx context.Context, code string, cursor, detail int) (display.Bundle, bool) {
	cursor = clampCursor(code, cursor)
	if len(code) > mostCode {
		return display.Bundle{}, false
	}
	if start, ok := commandLineAt(code, cursor); ok {
		return inspectCommand(code[start:])
	}
	code = takeCommands(code, true)
	e.mu.Lock()
	defer e.mu.Unlock()
	if path, ok := importAt(code, cursor); ok {
		return e.session.inspectPath(path)
	}
	within, _ := textAt(code[:cursor])
	start, end := wordBefore(code, cursor), wordAfter(code, cursor)
	if within == codeText && start < end && (code[start] < '0' || code[start] > '9') {
		if b, ok := e.inspectName(ctx, code, start, end, detail); ok {
			return b, true
		}
	}
	if within == otherText {
		return display.Bundle{}, false
	}
	call, ok := callAt(code[:cursor])
	if !ok {
		return display.Bundle{}, false
	}
	for text := range attempts(code[:cursor], cursor, cursor) {
		v := e.session.look(text)
		if o, recv := v.objectAt(call.start); o != nil && ctx.Err() == nil {
			n := e.session.about(v, o, recv)
			if call.literal && n.kind != "type" {
				break
			}
			n.mark(o, call.argument)
			return n.bundle(), true
		}
	}
	return display.Bundle{}, false
}

// inspectName describes the name at [start, end).
func (e *Engine) inspectName(ctx context.Context, code string, start, end, detail int) (display.Bundle, bool) {
	s := e.session
	for text := range readings(code, start, end) {
		v := s.look(text)
		o, recv := v.objectAt(start)
		if o == nil || ctx.Err() != nil {
			continue
		}
		n := s.about(v, o, recv)
		if detail > 0 {
			n.source(s, o)
		}
		e.addValue(n, v, o, start)
		return n.bundle(), true
	}
	if w, ok := words[code[start:end]]; ok && (start == 0 || code[start-1] != '.') {
		return w.note().bundle(), true
	}
	return s.inspectForeign(code, start, end)
}

// readings are those of a cell around the word at [start, end), from the whole cell
// to what parses before it and the operand that the word ends.
func readings(code string, start, end int) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(code) || !yield(code[:end]+closers(code[:end])) {
			return
		}
		last := ""
		for text := range attempts(code, start, end) {
			last = text
		}
		yield(strings.Replace(last, hole, code[start:end], 1))
	}
}

// objectAt is what the identifier at an offset means, and the type to which it
// belongs as a field or method, if it does.
func (v *view) objectAt(offset int) (o types.Object, recv types.Type) {
	var literal types.Type
	v.find(func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if v.offset(n.Sel.Pos()) == offset {
				recv = v.ownerOf(n)
			}
		case *ast.CompositeLit:
			for _, elt := range n.Elts {
				if kv, ok := elt.(*ast.KeyValueExpr); ok && v.offset(kv.Key.Pos()) == offset {
					literal = v.info.TypeOf(n)
				}
			}
		case *ast.Ident:
			if v.offset(n.Pos()) == offset && !strings.Contains(n.Name, mark) {
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
	if f, ok := o.(*types.Var); ok && f.IsField() && recv == nil {
		recv = literal
	}
	return o, recv
}

// ownerOf is the type that has the field or method which sel selects, be it by way
// of embedded fields.
func (v *view) ownerOf(sel *ast.SelectorExpr) types.Type {
	selection := v.info.Selections[sel]
	if selection == nil {
		return v.info.Types[sel.X].Type
	}
	t := selection.Recv()
	for _, i := range selection.Index()[:len(selection.Index())-1] {
		st, ok := pointedTo(t).Underlying().(*types.Struct)
		if !ok {
			break
		}
		t = st.Field(i).Type()
	}
	return t
}

// note is what there is to say of something.
type note struct {
	kind      string // "type", "package" or empty
	signature string // Go
	marks     string // below the signature: carets under a parameter
	text      string // a documentation comment
	facts     []fact
	lists     []list
	example   string // Go
	from      string
}

// fact is a line of a note: "value: 3".
type fact struct{ name, text string }

// list is a titled list of Go names or declarations in a note.
type list struct {
	title  string
	items  []string
	inline bool // names, several on a line
}

// bundle shows n for consoles and, as Markdown, for pages.
func (n *note) bundle() display.Bundle {
	signature := n.signature
	if n.marks != "" {
		signature += "\n" + n.marks
	}
	plainParts, mdParts := []string{signature}, []string{fenced(signature)}
	add := func(text, md string) {
		if text = strings.TrimSpace(text); text != "" {
			plainParts, mdParts = append(plainParts, text), append(mdParts, strings.TrimSpace(md))
		}
	}
	var facts, mdFacts []string
	for _, f := range n.facts {
		facts = append(facts, f.name+": "+f.text)
		mdFacts = append(mdFacts, "- "+f.name+": `"+strings.ReplaceAll(f.text, "`", "'")+"`")
	}
	add(strings.Join(facts, "\n"), strings.Join(mdFacts, "\n"))
	add(comments(n.text))
	if n.example != "" {
		add("Example:\n"+indent(n.example), "**Example**\n\n"+fenced(n.example))
	}
	for _, l := range n.lists {
		if l.inline {
			add(l.title+":"+wrapped("  ", l.items), "**"+l.title+"**: `"+strings.Join(l.items, "` `")+"`")
		} else {
			add(l.title+":\n"+indent(strings.Join(l.items, "\n")), "**"+l.title+"**\n\n"+fenced(strings.Join(l.items, "\n")))
		}
	}
	add(n.from, n.from)
	return display.Text(strings.Join(plainParts, "\n\n")).With(display.MIMEMarkdown, strings.Join(mdParts, "\n\n"))
}

func fenced(code string) string { return "```go\n" + code + "\n```" }

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// comments is a documentation comment as text and as Markdown.
func comments(text string) (plainText, markdown string) {
	parser := comment.Parser{LookupSym: func(string, string) bool { return true }}
	d := parser.Parse(text)
	p := &comment.Printer{
		TextWidth: listWidth, HeadingLevel: 4,
		HeadingID:  func(*comment.Heading) string { return "" },
		DocLinkURL: func(*comment.DocLink) string { return "" },
	}
	return string(p.Text(d)), string(p.Markdown(d))
}

// note is what there is to say of a word of the language.
func (w word) note() *note {
	return &note{signature: w.form, text: w.text, example: w.example, from: "part of the language"}
}
