package interp

import (
	"go/types"
	"slices"
	"strings"
)

// didYouMean is " (did you mean x?)" for the candidate nearest to name, or empty.
// Short names have nothing near but themselves in other case.
func didYouMean(name string, candidates []string) string {
	best, distance, common := "", max(1, len(name)/3)+1, 0
	if len(name) < 3 {
		distance = 1
	}
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		d := editDistance(strings.ToLower(name), strings.ToLower(c), distance+1)
		if shared := sharedEnds(name, c); c != name && (d < distance || d == distance && best != "" && shared > common) {
			best, distance, common = c, d, shared
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// sharedEnds counts the bytes that two names share at their beginning and end.
func sharedEnds(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	for i := 1; i <= min(len(a), len(b))-n && a[len(a)-i] == b[len(b)-i]; i++ {
		n++
	}
	return n
}

// editDistance counts insertions, deletions, substitutions and exchanges of
// neighbours that make b of a; limit stands for anything beyond it.
func editDistance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	rows := [3][]int{make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(s); i++ {
		before, last, row := rows[(i+2)%3], rows[(i)%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return min(rows[(len(s)+1)%3][len(t)], limit)
}

// members lists what package pkg exports, by the name that the cell uses.
func (s *session) members(pkg string, c *checked) []string {
	if p, ok := c.pkg.Scope().Lookup(pkg).(*types.PkgName); ok {
		return exported(p.Imported())
	}
	if m, ok := s.names[pkg]; ok && m.pkg != nil {
		return exported(m.pkg)
	}
	return nil
}

func exported(p *types.Package) []string {
	var names []string
	for _, n := range p.Scope().Names() {
		if p.Scope().Lookup(n).Exported() {
			names = append(names, n)
		}
	}
	return names
}

// visible lists the names that a cell can use at top level.
func (s *session) visible(c *checked) []string {
	var names []string
	for n := range s.names {
		names = append(names, n)
	}
	for _, n := range c.pkg.Scope().Names() {
		if !strings.Contains(n, mark) {
			names = append(names, n)
		}
	}
	for n := range s.known {
		names = append(names, n)
	}
	for _, p := range s.dots {
		names = append(names, exported(p)...)
	}
	return append(names, types.Universe.Names()...)
}

// selectable lists fields and methods of the type of an expression.
func (s *session) selectable(expr string, c *checked) []string {
	for e, tv := range c.info.Types {
		if types.ExprString(e) == expr && tv.Type != nil {
			var names []string
			for _, m := range membersOf(tv.Type, s.pkg) {
				names = append(names, m.Name())
			}
			return names
		}
	}
	return nil
}

// membersOf lists the fields and methods that a selector on a value of type t
// can name in package from, sorted by name.
func membersOf(t types.Type, from *types.Package) []types.Object {
	found := map[string]types.Object{}
	add := func(o types.Object) {
		if _, ok := found[o.Name()]; !ok && (o.Exported() || o.Pkg() != nil && o.Pkg().Path() == from.Path()) {
			found[o.Name()] = o
		}
	}
	target := t
	if p, ok := t.Underlying().(*types.Pointer); ok {
		target = p.Elem()
	}
	methods := target
	if !types.IsInterface(target) {
		methods = types.NewPointer(target)
	}
	set := types.NewMethodSet(methods)
	for i := range set.Len() {
		add(set.At(i).Obj())
	}
	seen := map[types.Type]bool{}
	var fields func(types.Type)
	fields = func(t types.Type) {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok || seen[t] {
			return
		}
		seen[t] = true
		for f := range st.Fields() {
			add(f)
		}
		for f := range st.Fields() {
			if f.Embedded() {
				fields(f.Type())
			}
		}
	}
	fields(target)
	out := make([]types.Object, 0, len(found))
	for _, o := range found {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b types.Object) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}
