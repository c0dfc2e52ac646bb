package interp

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// hole stands where the cursor is while a cell is looked at.
const hole = "hole" + mark

// mostCode is the size in bytes of a cell beyond which nobody types in it: reading
// it again and again would hold up other cells.
const mostCode = 256 << 10

// Complete proposes what can stand at cursor, the likeliest first: members after a
// dot, fields in a struct literal, types where a type must stand, names in scope
// with those first whose type fits; paths inside an import, keys of a live map
// inside its index; commands, programs and files in lines that are no Go.
func (e *Engine) Complete(ctx context.Context, code string, cursor int) (engine.Completions, error) {
	cursor = clampCursor(code, cursor)
	if len(code) > mostCode {
		return engine.Completions{Start: cursor, End: cursor}, nil
	}
	if start, ok := commandLineAt(code, cursor); ok {
		return completeCommand(code, start, cursor), ctx.Err()
	}
	code = takeCommands(code, true)
	if c, ok := e.completeImport(code, cursor); ok {
		return c, nil
	}
	none := engine.Completions{Start: cursor, End: cursor}
	switch within, begin := textAt(code[:cursor]); within {
	case codeText:
	case stringText:
		return e.completeKey(code, begin, cursor), ctx.Err()
	default:
		return none, nil
	}
	start, end := wordBefore(code, cursor), wordAfter(code, cursor)
	if endsOperand(code, start, end) {
		return none, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var items []proposal
	for text := range attempts(code, start, end) {
		if ctx.Err() != nil {
			break
		}
		v := e.session.look(text)
		if s := v.spot(); s != nil {
			if found, ok := e.propose(v, s, code[start:cursor]); ok {
				items = found
				break
			}
		}
	}
	if strings.HasPrefix(strings.TrimLeft(code[end:], " \t"), ":") {
		for i := range items {
			items[i].Text = strings.TrimSuffix(items[i].Text, ": ")
		}
	}
	return engine.Completions{Start: start, End: end, Items: matching(items, code[start:cursor])}, ctx.Err()
}

// endsOperand tells whether the word at [start, end) is, or stands directly behind,
// a number or a string: nothing completes those.
func endsOperand(code string, start, end int) bool {
	if start < end && code[start] >= '0' && code[start] <= '9' {
		return true
	}
	return start > 0 && strings.IndexByte("\"`'", code[start-1]) >= 0
}

// proposal is a completion with its place among others: lower ranks come first.
type proposal struct {
	engine.Completion
	rank int
}

// The ranks of proposals: a name ranks by where it comes from.
const (
	rankLocal   = iota // declared in this cell
	rankSession        // declared in earlier cells
	rankImport         // imported packages
	rankDotted         // names of packages imported with "."
	rankKnown          // names that need no import
	rankWord           // Go's own names and keywords
	rankForeign        // packages that are not imported

	rankField = -200 // of the struct literal around
	rankLive  = -100 // keys that a live map has

	// Added for what fits comes before all that does not.
	bonusFits  = -50
	bonusGives = -25 // functions whose result fits, types of which a literal does, nil
)

// propose lists what can stand at s; false where another reading of the cell may
// know more.
func (e *Engine) propose(v *view, s *spot, prefix string) ([]proposal, bool) {
	sess := e.session
	switch s.kind {
	case spotNew:
		return nil, true
	case spotLabel:
		return labels(s), true
	case spotMember:
		return sess.proposeMembers(v, s)
	}
	var items []proposal
	if lit := s.fields; lit != nil {
		for _, f := range lit {
			c := sess.completion(f, nil)
			c.Text += ": "
			items = append(items, proposal{c, rankField})
		}
		if s.strict {
			return items, true
		}
	}
	for _, key := range e.liveKeys(v, s) {
		items = append(items, proposal{key, rankLive})
	}
	return append(items, sess.proposeNames(v, s, prefix)...), true
}

// labels are those of the statements around s.
func labels(s *spot) (items []proposal) {
	for _, n := range s.above {
		switch n := n.(type) {
		case *ast.LabeledStmt:
			items = append(items, proposal{engine.Completion{Text: n.Label.Name, Type: "label"}, len(items)})
		case *ast.FuncLit, *ast.FuncDecl:
			return items
		}
	}
	return items
}

// proposeMembers lists what can follow the dot before the hole.
func (s *session) proposeMembers(v *view, at *spot) (items []proposal, found bool) {
	sel := at.above[0].(*ast.SelectorExpr)
	if id, ok := sel.X.(*ast.Ident); ok {
		if p, ok := v.info.Uses[id].(*types.PkgName); ok {
			return s.ofPackage(at, p.Imported(), ""), true
		}
		if v.info.Uses[id] == nil {
			seen := map[string]bool{}
			for _, path := range s.packagesNamed(id.Name) {
				if p, err := s.importPackage(path); err == nil {
					items = append(items, s.ofPackage(at, p, path)...)
				}
			}
			items = slices.DeleteFunc(items, func(p proposal) bool {
				again := seen[p.Text]
				seen[p.Text] = true
				return again
			})
			return items, len(items) > 0
		}
	}
	tv, ok := v.info.Types[sel.X]
	if !ok || tv.Type == nil {
		return nil, false
	}
	for _, o := range membersOf(tv.Type, s.pkg) {
		if _, isMethod := o.(*types.Func); tv.IsType() && !isMethod {
			continue
		}
		items = append(items, proposal{s.completion(o, tv.Type), fitRank(at, o, rankLocal)})
	}
	return items, len(items) > 0
}

// ofPackage lists what p exports; path is set where it must be imported first.
func (s *session) ofPackage(at *spot, p *types.Package, path string) (items []proposal) {
	for _, name := range exported(p) {
		o := p.Scope().Lookup(name)
		if _, isType := o.(*types.TypeName); at.typ && !isType {
			continue
		}
		c := s.completion(o, nil)
		if path != "" {
			c.Signature = strings.TrimSpace(c.Signature + " (import \"" + path + "\")")
		}
		items = append(items, proposal{c, fitRank(at, o, rankLocal)})
	}
	return items
}

// fitRank is the rank of o at a spot; rank is what it has where its type does not
// fit.
func fitRank(at *spot, o types.Object, rank int) int {
	if _, isType := o.(*types.TypeName); isType {
		_, basic := o.Type().(*types.Basic)
		switch {
		case at.typ:
			return rank + bonusFits
		case at.want != nil && !basic && types.Identical(o.Type(), at.want):
			return rank + bonusGives
		}
		return rank
	}
	if at.fits == nil || o.Type() == nil || o.Type() == types.Typ[types.Invalid] {
		return rank
	}
	if at.fits(o.Type()) {
		if _, isNil := o.(*types.Nil); isNil {
			return rank + bonusGives
		}
		return rank + bonusFits
	}
	if f, ok := o.(*types.Func); ok {
		if r := f.Signature().Results(); r.Len() == 1 && at.want != nil && at.fits(r.At(0).Type()) {
			return rank + bonusGives
		}
	}
	return rank
}

// proposeNames lists the names that are in scope at the hole.
func (s *session) proposeNames(v *view, at *spot, prefix string) []proposal {
	n := &names{session: s, at: at, seen: map[string]bool{}}
	pos := at.hole.Pos()
	for scope := v.pkg.Scope().Innermost(pos); scope != nil && scope != types.Universe; scope = scope.Parent() {
		for _, name := range scope.Names() {
			o := scope.Lookup(name)
			_, isPackage := o.(*types.PkgName)
			if v.standIns[o] == nil && !isPackage && !at.declares(o) && (o.Parent() == v.pkg.Scope() || o.Pos() < pos) {
				n.object(name, o, rankLocal)
			}
		}
	}
	n.meanings(v.imports, rankImport)
	n.meanings(s.names, rankSession)
	n.constants(v)
	for i := len(v.dots) - 1; i >= 0; i-- {
		for _, name := range exported(v.dots[i]) {
			n.object(name, v.dots[i].Scope().Lookup(name), rankDotted)
		}
	}
	for name := range s.known {
		m, _ := s.predeclared(name)
		n.meanings(map[string]meaning{name: m}, rankKnown)
	}
	for _, name := range types.Universe.Names() {
		if name == "iota" && !at.inConst() {
			continue
		}
		n.object(name, types.Universe.Lookup(name), rankWord)
	}
	n.keywords()
	if prefix != "" {
		n.foreign()
	}
	return n.items
}

// names collects the names that can stand at a spot, each once.
type names struct {
	session *session
	at      *spot
	seen    map[string]bool
	items   []proposal
}

func (n *names) add(c engine.Completion, rank int) {
	if c.Text != "_" && !n.seen[c.Text] && !strings.Contains(c.Text, mark) {
		n.seen[c.Text] = true
		n.items = append(n.items, proposal{c, rank})
	}
}

// object adds o, which the cell calls name, unless a type must stand there and o is
// none.
func (n *names) object(name string, o types.Object, rank int) {
	if _, isType := o.(*types.TypeName); n.at.kind == spotType && !isType {
		n.seen[name] = true
		return
	}
	c := n.session.completion(o, nil)
	c.Text = name
	n.add(c, fitRank(n.at, o, rank))
}

// meanings adds names of the session or of imports. Packages rank as such.
func (n *names) meanings(all map[string]meaning, rank int) {
	for name, m := range all {
		switch {
		case m.pkg != nil:
			n.add(engine.Completion{Text: name, Type: "module", Signature: m.pkg.Path()}, max(rank, rankImport))
		case m.object != nil:
			n.object(name, m.object, rank)
		}
	}
}

// constants adds those of the wanted type's package, as "time.Second".
func (n *names) constants(v *view) {
	named, ok := types.Unalias(n.at.want).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg() == n.session.pkg {
		return
	}
	pkg := named.Obj().Pkg()
	for _, all := range []map[string]meaning{v.imports, n.session.names} {
		for as, m := range all {
			if m.pkg != pkg {
				continue
			}
			for _, name := range exported(pkg) {
				if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && types.Identical(c.Type(), named) {
					item := n.session.completion(c, nil)
					item.Text = as + "." + name
					n.add(item, rankSession+bonusFits)
				}
			}
		}
	}
}

// keywords adds those that can stand there.
func (n *names) keywords() {
	words := []string{"chan", "func", "interface", "map", "struct"}
	switch {
	case n.at.kind == spotStatement:
		words = nil
		for t := token.BREAK; t <= token.VAR; t++ {
			words = append(words, t.String())
		}
	case len(n.at.above) > 0:
		if _, ok := n.at.above[0].(*ast.ForStmt); ok {
			words = append(words, "range")
		}
	}
	for _, w := range words {
		n.add(engine.Completion{Text: w, Type: "keyword"}, rankWord)
	}
}

// foreign adds the packages that the cell would have to import.
func (n *names) foreign() {
	for _, path := range n.session.paths {
		n.add(engine.Completion{Text: n.session.nameOfPath(path), Type: "module", Signature: "import \"" + path + "\""}, rankForeign)
	}
}

// completion describes o; recv is the type on which it would be selected.
func (s *session) completion(o types.Object, recv types.Type) engine.Completion {
	c := engine.Completion{Text: o.Name(), Type: "variable"}
	switch o := o.(type) {
	case *types.Func:
		c.Type = "function"
		if o.Signature().Recv() != nil {
			c.Type = "method"
		}
	case *types.Builtin, *types.Nil:
		if w, ok := words[o.Name()]; ok {
			c.Signature = w.form
		}
		if c.Type = "function"; o.Name() == "nil" {
			c.Type = "constant"
		}
		return c
	case *types.TypeName:
		c.Type = "type"
		if o.Pkg() != nil {
			c.Signature = kindOfType(o.Type())
		}
		return c
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
	if d, ok := s.docOf(o, recv); ok {
		c.Signature = d.Signature
	} else if o.Type() != nil {
		c.Signature = plain(types.TypeString(o.Type(), types.RelativeTo(s.pkg)))
	}
	return c
}

// kindOfType tells briefly what a declared type is.
func kindOfType(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return "struct"
	case *types.Interface:
		return "interface"
	case *types.Signature:
		return "func"
	default:
		return plain(types.TypeString(u, func(p *types.Package) string { return p.Name() }))
	}
}

// matching keeps the items that begin with prefix, first those that do so in the
// same case; where none does, those that hold it, or its letters in order, or that
// are a letter or two off. Each group comes by rank and name.
func matching(items []proposal, prefix string) []engine.Completion {
	lower := strings.ToLower(prefix)
	groups := make([][]proposal, 5)
	for _, p := range items {
		text := strings.ToLower(p.Text)
		switch {
		case strings.HasPrefix(p.Text, prefix):
			groups[0] = append(groups[0], p)
		case strings.HasPrefix(text, lower):
			groups[1] = append(groups[1], p)
		case len(lower) < 2 || p.rank == rankForeign:
		case strings.Contains(text, lower):
			groups[2] = append(groups[2], p)
		case text[0] == lower[0] && hasLetters(text, lower):
			groups[3] = append(groups[3], p)
		case len(lower) > 3 && editDistance(lower, text[:min(len(text), len(lower))], 3) < 3:
			groups[4] = append(groups[4], p)
		}
	}
	var out []engine.Completion
	for i, group := range groups {
		if len(out) > 0 && i != 1 {
			break
		}
		if own := slices.DeleteFunc(slices.Clone(group), func(p proposal) bool { return p.rank == rankForeign }); len(own)+len(out) > 0 {
			group = own
		}
		slices.SortFunc(group, func(a, b proposal) int {
			if a.rank != b.rank {
				return a.rank - b.rank
			}
			return strings.Compare(a.Text, b.Text)
		})
		for _, p := range group {
			out = append(out, p.Completion)
		}
	}
	return out
}

// hasLetters tells whether letters stand in text in that order.
func hasLetters(text, letters string) bool {
	for _, r := range letters {
		i := strings.IndexRune(text, r)
		if i < 0 {
			return false
		}
		text = text[i+len(string(r)):]
	}
	return true
}
