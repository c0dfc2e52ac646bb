package interp

import (
	"go/ast"
	"go/constant"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// quiet tells whether no code of cells can be running, so that live values can be
// read. It holds as long as the caller holds e.mu: a cell that begins waits there.
func (e *Engine) quiet() bool {
	return e.busy.Load() == 0 && e.tasks.awake(1) == 0
}

var pathLike = regexp.MustCompile(`^\.{0,2}/`)

// mostKeys bounds how many keys of a live map are proposed.
const mostKeys = 200

// completeKey proposes what can stand in the string literal that begins at an offset
// and in which cursor stands: files where it begins like a path, else keys of the
// live map whose index it is.
func (e *Engine) completeKey(code string, begin, cursor int) engine.Completions {
	end := cursor
	for end < len(code) && code[end] != '\n' && code[end] != code[begin] {
		end++
	}
	closed := end < len(code) && code[end] == code[begin]
	if !closed {
		end = cursor
	}
	c := engine.Completions{Start: begin + 1, End: end}
	if pathLike.MatchString(code[begin+1 : cursor]) {
		c.Items = completeFile(code[begin+1:cursor], false, plainFiles)
		return c
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rest := end
	if closed {
		rest++
	}
	for text := range attempts(code, begin, rest) {
		v := e.session.look(text)
		if s := v.spot(); s != nil {
			var items []proposal
			for _, key := range e.liveKeys(v, s) {
				if key.Text = key.Text[1 : len(key.Text)-1]; !closed {
					key.Text += code[begin : begin+1]
					if _, ok := s.above[0].(*ast.IndexExpr); ok {
						key.Text += "]"
					}
				}
				items = append(items, proposal{key, rankLive})
			}
			c.Items = matching(items, code[begin+1:cursor])
			return c
		}
	}
	return c
}

// liveKeys are the string keys of the live map that the hole is an index of, as
// literals.
func (e *Engine) liveKeys(v *view, s *spot) (items []engine.Completion) {
	x := indexed(v, s)
	if x == nil || !e.quiet() {
		return nil
	}
	m, ok := e.session.valueOf(v, x)
	if !ok || m.Kind() != reflect.Map || m.Type().Key().Kind() != reflect.String {
		return nil
	}
	for it := m.MapRange(); it.Next() && len(items) < 10*mostKeys; {
		items = append(items, engine.Completion{Text: strconv.Quote(it.Key().String()), Type: "key"})
	}
	slices.SortFunc(items, func(a, b engine.Completion) int { return strings.Compare(a.Text, b.Text) })
	return items[:min(len(items), mostKeys)]
}

// indexed is what the hole is the index of, or a key to delete from; nil if neither.
func indexed(v *view, s *spot) ast.Expr {
	switch p := s.above[0].(type) {
	case *ast.IndexExpr:
		if p.Index == s.hole {
			return p.X
		}
	case *ast.CallExpr:
		if id, ok := p.Fun.(*ast.Ident); ok && id.Name == "delete" && v.isBuiltin(id) && len(p.Args) > 1 && p.Args[1] == s.hole {
			return p.Args[0]
		}
	}
	return nil
}

// valueOf is the live value of an expression of variables, fields, elements and
// constant indexes; false for all others. It runs no code of cells.
func (s *session) valueOf(v *view, e ast.Expr) (value reflect.Value, ok bool) {
	defer func() {
		if recover() != nil { // a nil pointer on the way, or a field that reflection knows otherwise
			value, ok = reflect.Value{}, false
		}
	}()
	value = s.eval(v, e)
	for value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	return value, value.IsValid()
}

// eval is valueOf where it goes well; it panics or returns nothing elsewhere.
func (s *session) eval(v *view, e ast.Expr) reflect.Value {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.eval(v, e.X)
	case *ast.Ident:
		return s.variable(v, e)
	case *ast.StarExpr:
		return s.eval(v, e.X).Elem()
	case *ast.TypeAssertExpr:
		return s.eval(v, e.X).Elem()
	case *ast.SelectorExpr:
		return settled(s.eval(v, e.X)).FieldByName(e.Sel.Name)
	case *ast.IndexExpr:
		x, at := settled(s.eval(v, e.X)), v.info.Types[e.Index].Value
		if x.Kind() == reflect.Map && at != nil && at.Kind() == constant.String && x.Type().Key().Kind() == reflect.String {
			return x.MapIndex(reflect.ValueOf(constant.StringVal(at)).Convert(x.Type().Key()))
		}
		if i, exact := constant.Int64Val(constant.ToInt(at)); exact && x.Kind() != reflect.Map {
			return x.Index(int(i))
		}
	}
	return reflect.Value{}
}

// mostSteps bounds how many pointers and interfaces are followed: they can lead round
// in a ring, as after x = &x.
const mostSteps = 100

// settled is what is behind pointers and interfaces.
func settled(v reflect.Value) reflect.Value {
	for n := 0; n < mostSteps && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface); n++ {
		v = v.Elem()
	}
	return v
}

// variable is the value of a session's variable. One that the cell declares again
// is the one that earlier cells made.
func (s *session) variable(v *view, id *ast.Ident) reflect.Value {
	o := v.info.ObjectOf(id)
	meant, ok := v.standIns[o]
	if !ok && o != nil && o.Parent() == v.pkg.Scope() {
		meant = s.names[id.Name].object
	}
	x, ok := meant.(*types.Var)
	if !ok || s.address[x] == nil {
		return reflect.Value{}
	}
	return reflect.ValueOf(s.address[x]).Elem()
}
