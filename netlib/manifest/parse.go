package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fabricbook/fabricbook/netlib"
)

const (
	maxSize  = 16 << 20
	maxDepth = 64 // of nesting; a fabric file needs 6
)

// parse reads the one document of a file; nil without an error is an empty one.
func parse(data []byte, name string) (root ast.Node, err error) {
	fail := func(line, column int, detail, fix string) error {
		return &Error{[]Problem{{Problem: netlib.Problem{Detail: detail, Fix: fix}, File: name, Line: line, Column: column}}}
	}
	defer func() { // the YAML parser indexes without looking in some corners
		if r := recover(); r != nil {
			root, err = nil, fail(0, 0, "not valid YAML", "compare with the example of a fabric file")
		}
	}()
	switch {
	case len(data) > maxSize:
		return nil, fail(0, 0, fmt.Sprintf("the file has %d bytes", len(data)), "split it into several of at most 16 MiB")
	case !utf8.Valid(data):
		return nil, fail(0, 0, "the file is not UTF-8 text", "save it as UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // some editors begin UTF-8 with a byte order mark
	if line := tooDeep(data); line > 0 {
		return nil, fail(line, 1, "the nesting is too deep", "a fabric file needs only a few levels")
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil {
			p := syntax.Token.Position
			detail, fix := syntaxWords(data, p.Line, syntax.Message)
			return nil, fail(p.Line, p.Column, detail, fix)
		}
		return nil, fail(0, 0, "not valid YAML", "compare with the example of a fabric file")
	}
	for _, d := range f.Docs {
		switch {
		case d.Body == nil:
		case root != nil:
			line, column := position(d.Body)
			return nil, fail(line, column, "a second document begins here", "put all objects into one document")
		default:
			root = d.Body
		}
	}
	switch root.(type) {
	case *ast.CommentGroupNode, *ast.NullNode:
		root = nil
	}
	return root, nil
}

// syntaxWords says for people what the parser found in a line.
func syntaxWords(data []byte, line int, message string) (detail, fix string) {
	text := ""
	if lines := bytes.Split(data, []byte("\n")); line > 0 && line <= len(lines) {
		text = string(lines[line-1])
	}
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	switch {
	case strings.Contains(indent, "\t"):
		return "the line is indented with a tab", "indent with spaces"
	case strings.HasPrefix(message, "mapping key "):
		if key, first, ok := strings.Cut(strings.TrimPrefix(message, "mapping key "), " already defined at "); ok {
			first, _, _ = strings.Cut(strings.Trim(first, "[]"), ":")
			return fmt.Sprintf("the field %s is given twice, first in line %s", key, first), "put both into one, or remove one of the two"
		}
	case strings.HasPrefix(message, "could not find end character of"):
		return "a quoted text does not end", "close the quotation mark"
	}
	return "not valid YAML: " + strings.ToValidUTF8(message, "?"), "look at indentation, colons, brackets and quotation marks here and in the line before"
}

// tooDeep returns the line where brackets, or entry and key marks in a row, nest
// deeper than any file needs; 0 where none do. The parser recurses by depth.
func tooDeep(data []byte) int {
	line, brackets := 1, 0
	for _, text := range strings.Split(string(data), "\n") {
		brackets = max(brackets, 0)
		marks := 0
		for _, r := range text {
			switch r {
			case '[', '{':
				brackets++
			case ']', '}':
				brackets--
			case '-', '?', '!', '&', ':':
				marks++
			case ' ', '\t', '\r':
			default:
				marks = 0
			}
			if brackets > maxDepth || marks > maxDepth {
				return line
			}
		}
		if indent := len(text) - len(strings.TrimLeft(text, " ")); indent > 16*maxDepth {
			return line
		}
		line++
	}
	return 0
}

// position is where a node begins, as people see it: for a mapping, its first key.
func position(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return position(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(v.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}

// pairs are the entries of a mapping, in order.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch v := n.(type) {
	case *ast.MappingNode:
		return v.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}, true
	}
	return nil, false
}

// scalar is the text of a plain or quoted value.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// child is the value of a key of a mapping, or nil.
func child(n ast.Node, key string) ast.Node {
	list, _ := pairs(n)
	for _, p := range list {
		if k, ok := scalar(p.Key); ok && k == key {
			return p.Value
		}
	}
	return nil
}

// places finds the nodes of a document that problems' fields name.
type places struct {
	root  ast.Node
	lists map[*ast.SequenceNode]map[string]ast.Node // entries by name, by text and by index
}

// locate finds the node that a field names, or the nearest around it:
// segments[dc-web].subnets[0] is a list, an entry by name, a list, an entry by
// index. It is nil where not even the list is there.
func (p *places) locate(field string) ast.Node {
	if p.root == nil {
		return nil
	}
	at := p.root
	for _, part := range strings.Split(strings.ReplaceAll(field, "[", ".["), ".") {
		var next ast.Node
		if key, ok := strings.CutPrefix(part, "["); ok {
			next = p.entry(at, strings.TrimSuffix(key, "]"))
		} else {
			next = child(at, part)
		}
		if next == nil {
			break
		}
		at = next
	}
	if at == p.root {
		return nil
	}
	return at
}

func (p *places) entry(n ast.Node, key string) ast.Node {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil
	}
	entries, ok := p.lists[list]
	if !ok {
		entries = make(map[string]ast.Node, 2*len(list.Values))
		for i, v := range list.Values {
			entries[strconv.Itoa(i)] = v
		}
		for _, v := range slices.Backward(list.Values) { // the first of one name wins
			if text, ok := scalar(v); ok {
				entries[text] = v
			} else if name, ok := scalar(child(v, "name")); ok {
				entries[name] = v
			}
		}
		p.lists[list] = entries
	}
	return entries[key]
}
