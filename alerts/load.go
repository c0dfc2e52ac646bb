package alerts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/prometheus/alertmanager/pkg/labels"

	"github.com/fabricbook/fabricbook/notebooks"
)

// LoadRules reads a rules file. name is what errors call it. Every notebook that
// the rules name must be on the shelf and declare the parameters that the rules
// give it. The error joins all that is wrong, each with line and column.
//
//	rules:
//	  - matchers: ['alertname="PortUnreachable"', 'severity=~"warning|critical"']
//	    notebook: alert-port-unreachable
//	    parameters:
//	      port: string                                   # the label "port"
//	      count: {label: attempts, type: int, default: 3}
//	      summary: {annotation: summary, type: string}
//	      since: {field: startsAt, type: time}
//	default:                                               # where no rule matches; may be absent
//	  notebook: alert-port-unreachable
func LoadRules(data []byte, name string, shelf Templates) (*Rules, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	l := &loader{name: name, shelf: shelf}
	rules := &Rules{}
	switch {
	case len(file.Docs) > 1:
		l.wrong(file.Docs[1].Body, "", "the file holds several YAML documents; keep one")
	case len(file.Docs) == 1 && file.Docs[0].Body != nil:
		rules.rules = l.file(file.Docs[0].Body)
	}
	if len(rules.rules) == 0 && len(l.errs) == 0 {
		return nil, fmt.Errorf("%s: there is no rule; add one under rules, or a default", name)
	}
	return rules, errors.Join(l.errs...)
}

type loader struct {
	name  string
	shelf Templates
	errs  []error
}

// wrong notes a problem at a node.
func (l *loader) wrong(at ast.Node, path, format string, args ...any) {
	where := l.name
	if at != nil && at.GetToken() != nil {
		p := at.GetToken().Position
		where = fmt.Sprintf("%s:%d:%d", l.name, p.Line, p.Column)
	}
	if path != "" {
		where += ": " + path
	}
	l.errs = append(l.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// field is one key of a mapping.
type field struct {
	name string
	key  ast.Node
	node ast.Node
}

// fields returns a mapping's keys in their order; nil where n is none, which is
// then noted.
func (l *loader) fields(n ast.Node, path string, allowed ...string) []field {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		l.wrong(n, path, "want a mapping of %s", orAny(allowed))
		return nil
	}
	var out []field
	for _, v := range values {
		f := field{name: v.Key.GetToken().Value, key: v.Key, node: v.Value}
		switch {
		case slices.ContainsFunc(out, func(o field) bool { return o.name == f.name }):
			l.wrong(f.key, path, "%q stands twice", f.name)
		case len(allowed) > 0 && !slices.Contains(allowed, f.name):
			l.wrong(f.key, path, "unknown field %q; %s", f.name, notebooks.Suggest(f.name, allowed))
		default:
			out = append(out, f)
		}
	}
	return out
}

func orAny(allowed []string) string {
	if len(allowed) == 0 {
		return "names"
	}
	return strings.Join(allowed, ", ")
}

// text reads a scalar.
func (l *loader) text(n ast.Node, path string) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(s.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	l.wrong(n, path, "want text")
	return "", false
}

func (l *loader) list(n ast.Node, path, of string) []ast.Node {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		l.wrong(n, path, "want a list of %s", of)
		return nil
	}
	return s.Values
}

func (l *loader) file(n ast.Node) []Rule {
	var rules []Rule
	var fallback *Rule
	for _, f := range l.fields(n, "", "rules", "default") {
		if f.name == "default" {
			r := l.rule(f.node, "default", "notebook", "parameters")
			r.Name, fallback = "default", &r
			continue
		}
		for i, item := range l.list(f.node, "rules", "rules") {
			path := fmt.Sprintf("rules[%d]", i)
			r := l.rule(item, path, "name", "matchers", "notebook", "parameters")
			if len(r.Matchers) == 0 && !l.seen(path) {
				l.wrong(item, path, "has no matchers, so every alert would match; add matchers or make it the default")
			}
			rules = append(rules, r)
		}
	}
	if fallback != nil {
		rules = append(rules, *fallback)
	}
	return rules
}

// seen reports whether something at path was noted already.
func (l *loader) seen(path string) bool {
	return slices.ContainsFunc(l.errs, func(err error) bool { return strings.Contains(err.Error(), ": "+path) })
}

func (l *loader) rule(n ast.Node, path string, allowed ...string) Rule {
	r := Rule{Name: path}
	var book notebooks.Notebook
	known := false
	var params *field
	for _, f := range l.fields(n, path, allowed...) {
		at := path + "." + f.name
		switch f.name {
		case "name":
			r.Name, _ = l.text(f.node, at)
		case "matchers":
			r.Matchers = l.matchers(f.node, at)
		case "notebook":
			r.Notebook, book, known = l.notebook(f.node, at)
		case "parameters":
			params = &f
		}
	}
	if r.Notebook == "" && !l.seen(path+".notebook") {
		l.wrong(n, path, "names no notebook; add notebook: NAME")
	}
	if params != nil {
		r.Parameters = l.parameters(params.node, path+".parameters", book, known)
	}
	return r
}

// matchers reads one string of matchers or a list of them, in Alertmanager's
// syntax.
func (l *loader) matchers(n ast.Node, path string) labels.Matchers {
	items := []ast.Node{n}
	if s, ok := n.(*ast.SequenceNode); ok {
		items = s.Values
	}
	var all labels.Matchers
	for _, item := range items {
		text, ok := l.text(item, path)
		if !ok {
			continue
		}
		ms, err := labels.ParseMatchers(text)
		if err != nil {
			l.wrong(item, path, `%v; write label="value", label!="value", label=~"regexp" or label!~"regexp"`, err)
			continue
		}
		all = append(all, ms...)
	}
	return all
}

func (l *loader) notebook(n ast.Node, path string) (string, notebooks.Notebook, bool) {
	name, ok := l.text(n, path)
	if !ok {
		return "", notebooks.Notebook{}, false
	}
	name = strings.TrimSuffix(name, notebooks.Ext)
	if !slices.Contains(l.shelf.Names(), name) {
		l.wrong(n, path, "there is no notebook %q; %s", name, notebooks.Suggest(name, l.shelf.Names()))
		return name, notebooks.Notebook{}, false
	}
	nb, err := l.shelf.Open(name)
	if err != nil {
		l.wrong(n, path, "%v", err)
		return name, nb, false
	}
	return name, nb, true
}

func (l *loader) parameters(n ast.Node, path string, book notebooks.Notebook, known bool) []Mapping {
	var declared []notebooks.Declared
	if known {
		var err error
		if declared, err = book.Parameters(); err != nil {
			l.wrong(n, path, "%v", err)
			known = false
		}
	}
	var out []Mapping
	for _, f := range l.fields(n, path) {
		m, ok := l.mapping(f, path+"."+f.name)
		if !ok {
			continue
		}
		if err := notebooks.CheckName(m.Name); err != nil {
			l.wrong(f.key, path, "%v", err)
			continue
		}
		p := notebooks.Param{Name: m.Name, Type: m.Type}
		if known {
			if err := notebooks.Accepts(declared, p); err != nil {
				l.wrong(f.key, path, "%v", err)
			}
		}
		if m.Default != nil {
			p.Value = *m.Default
			if _, err := p.Literal(); err != nil {
				l.wrong(f.node, path, "default of %v", err)
			}
		}
		out = append(out, m)
	}
	return out
}

// mapping reads `name: type`, which takes the label of that name, or
// `name: {label: ..., type: ..., default: ...}`.
func (l *loader) mapping(f field, path string) (Mapping, bool) {
	before := len(l.errs)
	m := Mapping{Name: f.name, Type: notebooks.String}
	switch f.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		l.sources(f.node, path, &m)
	default:
		m.Label = f.name
		l.paramType(f.node, path, &m)
	}
	return m, len(l.errs) == before
}

func (l *loader) sources(n ast.Node, path string, m *Mapping) {
	count := 0
	for _, f := range l.fields(n, path, "label", "annotation", "field", "type", "default") {
		at := path + "." + f.name
		if f.name == "type" {
			l.paramType(f.node, at, m)
			continue
		}
		text, ok := l.text(f.node, at)
		if !ok {
			continue
		}
		if f.name == "default" {
			m.Default = &text
			continue
		}
		count++
		switch f.name {
		case "label":
			m.Label = text
		case "annotation":
			m.Annotation = text
		case "field":
			m.Field = text
			if !slices.Contains(Fields(), text) {
				l.wrong(f.node, at, "unknown field %q; %s", text, notebooks.Suggest(text, Fields()))
			}
		}
		if f.name != "field" && !labelName.MatchString(text) {
			l.wrong(f.node, at, "%q is no name of a label or annotation", text)
		}
	}
	switch {
	case count == 0 && !l.seen(path):
		m.Label = m.Name
	case count > 1:
		l.wrong(n, path, "takes its value from more than one place; keep one of label, annotation and field")
	}
}

var labelName = regexp.MustCompile(`^[^\x00-\x1f\x7f]+$`)

func (l *loader) paramType(n ast.Node, path string, m *Mapping) {
	text, ok := l.text(n, path)
	if !ok {
		return
	}
	m.Type = notebooks.ParamType(text)
	if m.Type.Go() == "" {
		var names []string
		for _, t := range notebooks.ParamTypes() {
			names = append(names, string(t))
		}
		l.wrong(n, path, "unknown type %q; %s", text, notebooks.Suggest(text, names))
	}
}
