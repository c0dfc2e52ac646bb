package manifest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fabricbook/fabricbook/netlib"
)

// Decode reads a fabric file. Name is what errors call it. The error is an
// *Error.
func Decode(data []byte, name string) (netlib.Edit, error) {
	root, err := parse(data, name)
	if err != nil {
		return netlib.Edit{}, err
	}
	var e netlib.Edit
	r := &reader{file: name}
	if root != nil {
		r.edit(root, &e)
	}
	if len(r.problems) > 0 {
		return netlib.Edit{}, &Error{r.problems}
	}
	return e, nil
}

// reader walks a document and collects what is wrong with it.
type reader struct {
	file     string
	problems []Problem
}

func (r *reader) bad(n ast.Node, field, detail, fix string) {
	line, column := position(n)
	r.problems = append(r.problems, Problem{
		Problem: netlib.Problem{Field: field, Detail: detail, Fix: fix}, File: r.file, Line: line, Column: column,
	})
}

// unlike says that a node is not of the form that belongs there.
func (r *reader) unlike(n ast.Node, field, want, fix string) {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		r.bad(n, field, "this is "+what(n), "write "+want+" out in full")
	default:
		r.bad(n, field, "this is "+what(n)+", not "+want, fix)
	}
}

// field is one key that a mapping may have, and what reads its value.
type field struct {
	key  string
	read func(n ast.Node, at string)
}

// mapping reads the fields of a mapping; at is its path, empty for the document.
func (r *reader) mapping(n ast.Node, at string, fields ...field) {
	list, ok := pairs(n)
	if !ok {
		r.unlike(n, at, "fields with values", "write KEY: VALUE, with one of "+keysOf(fields))
		return
	}
	seen := map[string]bool{}
	for _, p := range list {
		key, ok := scalar(p.Key)
		if !ok {
			r.bad(p, at, "this key is "+what(p.Key), "use one of "+keysOf(fields))
			continue
		}
		path := join(at, key)
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
		switch {
		case i < 0:
			r.bad(p.Key, path, fmt.Sprintf("there is no field %q here", key), suggestKey(key, fields))
		case seen[key]:
			r.bad(p.Key, path, "the field is given twice", "remove one of the two")
		case p.Value == nil || p.Value.Type() == ast.NullType: // nothing given
		default:
			fields[i].read(p.Value, path)
		}
		seen[key] = true
	}
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

func keysOf(fields []field) string {
	s := make([]string, len(fields))
	for i, f := range fields {
		s[i] = f.key
	}
	return strings.Join(s, ", ")
}

func suggestKey(key string, fields []field) string {
	for _, f := range fields {
		if strings.EqualFold(f.key, strings.TrimSpace(key)) {
			return fmt.Sprintf("did you mean %q?", f.key)
		}
	}
	guess := netlib.Nearest(key, func(yield func(string) bool) {
		for _, f := range fields {
			if !yield(f.key) {
				return
			}
		}
	})
	if guess != "" {
		return fmt.Sprintf("did you mean %q?", guess)
	}
	return "use one of " + keysOf(fields)
}

// maxQuoted is how much of a value an error repeats, in bytes.
const maxQuoted = 80

func quotable(s string) string {
	if len(s) > maxQuoted {
		return strings.ToValidUTF8(s[:maxQuoted], "") + "..."
	}
	return s
}

// what names a node's form for people.
func what(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, which fabric files do not have"
	case *ast.TagNode:
		return "a value with a tag, which fabric files do not have"
	case *ast.NullNode:
		return "empty"
	}
	if s, ok := scalar(n); ok {
		return fmt.Sprintf("the value %q", quotable(s))
	}
	return "something else"
}

func (r *reader) list(n ast.Node, at string, each func(n ast.Node, at string, i int)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		fix := "write a list: [a, b], or one line for each with - before it"
		if text, plain := scalar(n); plain {
			fix = fmt.Sprintf("write it as a list: [%s]", quotable(text))
		}
		r.unlike(n, at, "a list", fix)
		return
	}
	for i, v := range s.Values {
		each(v, fmt.Sprintf("%s[%d]", at, i), i)
	}
}

// objects reads a list of named objects, whose paths hold the name.
func (r *reader) objects(each func(n ast.Node, at string)) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		r.list(n, at, func(v ast.Node, path string, _ int) {
			if name, ok := scalar(child(v, "name")); ok && name != "" {
				path = at + "[" + name + "]"
			}
			each(v, path)
		})
	}
}

func (r *reader) text(to *string) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		s, ok := scalar(n)
		if !ok {
			r.unlike(n, at, "a single value", "write one word")
			return
		}
		*to = s
	}
}

func (r *reader) texts(to *[]string) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		r.list(n, at, func(v ast.Node, path string, _ int) {
			var s string
			r.text(&s)(v, path)
			*to = append(*to, s)
		})
	}
}

// number reads a whole number from 0 to limit.
func (r *reader) number(limit uint32, set func(uint32)) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		s, ok := scalar(n)
		v, err := strconv.ParseUint(s, 10, 32)
		if !ok || err != nil || v > uint64(limit) {
			r.unlike(n, at, fmt.Sprintf("a number from 0 to %d", limit), fmt.Sprintf("write a number from 0 to %d", limit))
			return
		}
		set(uint32(v))
	}
}

func (r *reader) addr(to *netip.Addr) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		s, ok := scalar(n)
		a, err := netip.ParseAddr(s)
		if !ok || err != nil {
			fix := "write it as 192.0.2.1"
			if p, err := netip.ParsePrefix(s); err == nil {
				fix = fmt.Sprintf("write %s, without a length", p.Addr())
			}
			r.unlike(n, at, "an address", fix)
			return
		}
		*to = a
	}
}

func (r *reader) prefix(to *netip.Prefix) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		s, ok := scalar(n)
		p, err := netip.ParsePrefix(s)
		switch {
		case !ok || err != nil:
			fix := "write it as 10.0.11.0/24"
			if a, err := netip.ParseAddr(s); err == nil {
				fix = fmt.Sprintf("give its length, for example %s/%d", a, a.BitLen())
			}
			r.unlike(n, at, "a prefix", fix)
		case p.Masked() != p:
			r.bad(n, at, fmt.Sprintf("%s has host bits set", p), fmt.Sprintf("write %s", p.Masked()))
		default:
			*to = p
		}
	}
}

func (r *reader) targets(to *[]netlib.RouteTarget) func(ast.Node, string) {
	return func(n ast.Node, at string) {
		r.list(n, at, func(v ast.Node, path string, _ int) {
			s, ok := scalar(v)
			t, err := netlib.ParseRouteTarget(s)
			switch {
			case !ok:
				r.unlike(v, path, "a route target", "write ASN:NUMBER in quotes, for example \"64512:201\"")
			case err != nil:
				r.bad(v, path, err.Error(), "write ASN:NUMBER in quotes, for example \"64512:201\"")
			default:
				*to = append(*to, t)
			}
		})
	}
}
