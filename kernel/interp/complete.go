package interp

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// hole stands where the cursor is while a cell is looked at.
const hole = "hole" + mark

// Complete proposes what can stand at cursor: members after a dot, else names in
// scope, or paths inside an import.
func (e *Engine) Complete(ctx context.Context, code string, cursor int) (engine.Completions, error) {
	cursor = clampCursor(code, cursor)
	code = takeCommands(code, true)
	if c, ok := e.completeImport(code, cursor); ok {
		return c, nil
	}
	start := wordBefore(code, cursor)
	end := wordAfter(code, cursor)
	if inText(code[:start]) {
		return engine.Completions{Start: cursor, End: cursor}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var items []engine.Completion
	before := strings.TrimRight(code[:start], " \t\r\n")
	for _, text := range []string{code[:start] + hole + code[end:], code[:start] + hole + closers(code[:start])} {
		v := e.session.look(text)
		var found bool
		if strings.HasSuffix(before, ".") {
			items, found = e.session.completeMember(v)
		} else {
			items, found = e.session.completeName(v)
		}
		if found {
			break
		}
	}
	return engine.Completions{Start: start, End: end, Items: matching(items, code[start:cursor])}, ctx.Err()
}

var importLine = regexp.MustCompile(`(?m)(?:^|import\s|;)\s*(?:[\w.]+\s+)?"([\w./-]*)$`)

// completeImport proposes paths if cursor stands in one.
func (e *Engine) completeImport(code string, cursor int) (engine.Completions, bool) {
	within := false
	for _, it := range split(code) {
		within = within || it.kind == importing && it.start < cursor && cursor <= it.end+1
	}
	m := importLine.FindStringSubmatchIndex(code[:cursor])
	if !within || m == nil {
		return engine.Completions{}, false
	}
	c := engine.Completions{Start: m[2], End: cursor}
	for _, path := range e.session.paths { // set once, before any cell
		if strings.HasPrefix(path, code[m[2]:cursor]) {
			c.Items = append(c.Items, engine.Completion{Text: path, Type: "module"})
		}
	}
	return c, true
}

// inText tells whether the end of code lies in a string or comment.
func inText(code string) bool {
	line := code[strings.LastIndexByte(code, '\n')+1:]
	if strings.Count(line, `"`)-strings.Count(line, `\"`)&1 == 1 && strings.Count(line, `"`)%2 == 1 {
		return true
	}
	return strings.Count(code, "`")%2 == 1 || strings.Contains(line, "//") && !strings.Contains(line, `"`)
}

// completeMember proposes what can follow the dot before the hole.
func (s *session) completeMember(v *view) (items []engine.Completion, found bool) {
	v.find(func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != hole {
			return !found
		}
		found = true
		if id, ok := sel.X.(*ast.Ident); ok {
			if p, ok := v.info.Uses[id].(*types.PkgName); ok {
				for _, name := range exported(p.Imported()) {
					items = append(items, s.completion(p.Imported().Scope().Lookup(name), nil))
				}
				return false
			}
		}
		if tv, ok := v.info.Types[sel.X]; ok && tv.Type != nil {
			for _, o := range membersOf(tv.Type, s.pkg) {
				items = append(items, s.completion(o, tv.Type))
			}
		}
		return false
	})
	return items, found && len(items) > 0
}

// completeName proposes the names that are in scope at the hole.
func (s *session) completeName(v *view) (items []engine.Completion, found bool) {
	at := token.NoPos
	v.find(func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == hole {
			at = id.Pos()
		}
		return true
	})
	seen := map[string]bool{}
	add := func(c engine.Completion) {
		if !seen[c.Text] && !strings.Contains(c.Text, mark) && c.Text != "_" {
			seen[c.Text] = true
			items = append(items, c)
		}
	}
	for scope := v.pkg.Scope().Innermost(at); scope != nil && scope != types.Universe; scope = scope.Parent() {
		for _, name := range scope.Names() {
			if o := scope.Lookup(name); o.Parent() == v.pkg.Scope() || o.Pos() < at {
				c := s.completion(o, nil)
				c.Text = name
				add(c)
			}
		}
	}
	for name, m := range s.names {
		if m.pkg != nil {
			add(engine.Completion{Text: name, Type: "module", Signature: m.pkg.Path()})
		} else {
			c := s.completion(m.object, nil)
			c.Text = name
			add(c)
		}
	}
	for name := range s.known {
		if m, _ := s.predeclared(name); m.pkg != nil {
			add(engine.Completion{Text: name, Type: "module", Signature: m.pkg.Path()})
		} else if m.object != nil {
			add(s.completion(m.object, nil))
		}
	}
	for _, p := range s.dots {
		for _, name := range exported(p) {
			add(s.completion(p.Scope().Lookup(name), nil))
		}
	}
	for _, name := range types.Universe.Names() {
		add(s.completion(types.Universe.Lookup(name), nil))
	}
	for t := token.BREAK; t <= token.VAR; t++ {
		add(engine.Completion{Text: t.String(), Type: "keyword"})
	}
	return items, at.IsValid()
}

// completion proposes o; recv is the type on which it would be selected.
func (s *session) completion(o types.Object, recv types.Type) engine.Completion {
	c := engine.Completion{Text: o.Name(), Type: "variable"}
	switch o := o.(type) {
	case *types.Func:
		c.Type = "function"
		if o.Signature().Recv() != nil {
			c.Type = "method"
		}
	case *types.Builtin:
		c.Type = "function"
	case *types.TypeName:
		c.Type = "type"
	case *types.Const:
		c.Type = "constant"
	case *types.PkgName:
		c.Type, c.Signature = "module", o.Imported().Path()
		return c
	case *types.Var:
		if o.IsField() {
			c.Type = "field"
		}
	}
	if d, ok := s.docOf(o, recv); ok && c.Type != "type" {
		c.Signature = d.Signature
	} else if o.Type() != nil && c.Type != "type" {
		c.Signature = plain(types.TypeString(o.Type(), types.RelativeTo(s.pkg)))
	}
	return c
}

// matching keeps the items that begin with prefix, first those that do so in the
// same case, each group sorted.
func matching(items []engine.Completion, prefix string) []engine.Completion {
	lower := strings.ToLower(prefix)
	out := slices.DeleteFunc(items, func(c engine.Completion) bool { return !strings.HasPrefix(strings.ToLower(c.Text), lower) })
	slices.SortFunc(out, func(a, b engine.Completion) int {
		if x, y := strings.HasPrefix(a.Text, prefix), strings.HasPrefix(b.Text, prefix); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Text, b.Text)
	})
	return out
}
