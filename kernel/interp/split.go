package interp

import (
	"go/scanner"
	"go/token"
	"strings"
)

// kind is what a top-level item of a cell is.
type kind int

const (
	statement   kind = iota // also var declarations: they run in order
	declaration             // type, const, func: order does not matter
	importing
	clause // package clause
)

// item is one top-level item of a cell: cell[start:end], with the comment
// directly above it.
type item struct {
	kind       kind
	start, end int
}

// split cuts a cell into its top-level items. It looks at tokens and brackets
// only, so that it also works on cells that do not parse.
func split(cell string) []item {
	s := newSplitter(cell)
	for s.next() {
	}
	return s.items
}

type splitter struct {
	cell    string
	file    *token.File
	scan    scanner.Scanner
	items   []item
	tokens  []token.Token // of the present item
	start   int           // of the present item, -1 before its first token
	comment int           // start of the comments directly above, -1 if none
	after   int           // line on which that comment ends
	last    int           // start of the last comment
	lastEnd int           // its end
	depth   int           // open brackets
}

func newSplitter(cell string) *splitter {
	s := &splitter{cell: cell, start: -1, comment: -1}
	s.file = token.NewFileSet().AddFile("", -1, len(cell))
	s.scan.Init(s.file, []byte(cell), func(token.Position, string) {}, scanner.ScanComments)
	return s
}

// next takes one token; false at the end.
func (s *splitter) next() bool {
	pos, tok, lit := s.scan.Scan()
	offset := s.file.Offset(pos)
	switch {
	case tok == token.EOF:
		s.flush(len(s.cell))
		return false
	case tok == token.COMMENT:
		s.seeComment(offset, lit)
		return true
	case s.start < 0 && tok == token.SEMICOLON:
		return true
	case s.start < 0:
		s.begin(offset)
	}
	s.tokens = append(s.tokens, tok)
	switch tok {
	case token.LPAREN, token.LBRACE, token.LBRACK:
		s.depth++
	case token.RPAREN, token.RBRACE, token.RBRACK:
		s.depth--
	case token.SEMICOLON:
		if s.depth <= 0 && (lit != ";" || !inHeader(s.tokens)) {
			s.depth = 0
			if s.last < offset && offset < s.lastEnd { // the end of a line within a comment
				offset = s.last
			}
			s.flush(offset)
		}
	}
	return true
}

func (s *splitter) begin(offset int) {
	s.start = offset
	if s.comment >= 0 && s.file.Line(s.file.Pos(offset)) <= s.after+1 {
		s.start = s.comment
	}
	s.comment = -1
}

func (s *splitter) seeComment(offset int, text string) {
	s.last, s.lastEnd = offset, offset+len(text)
	line := s.file.Line(s.file.Pos(offset))
	if s.comment < 0 || line > s.after+1 {
		s.comment = offset
	}
	s.after = line + strings.Count(text, "\n")
}

func (s *splitter) flush(end int) {
	if s.start >= 0 {
		s.items = append(s.items, item{kindOf(s.tokens), s.start, end})
	}
	s.start, s.comment, s.tokens = -1, -1, nil
}

func kindOf(tokens []token.Token) kind {
	switch tokens[0] {
	case token.IMPORT:
		return importing
	case token.TYPE, token.CONST:
		return declaration
	case token.FUNC:
		if declaresFunc(tokens) {
			return declaration
		}
	case token.PACKAGE:
		return clause
	}
	return statement
}

// declaresFunc tells a function or method declaration from a function literal:
// "func name", or "func (receiver) name (".
func declaresFunc(tokens []token.Token) bool {
	if len(tokens) < 2 || tokens[1] == token.IDENT {
		return len(tokens) >= 2
	}
	depth := 0
	for i, t := range tokens[1:] {
		switch t {
		case token.LPAREN:
			depth++
		case token.RPAREN:
			depth--
		}
		if depth == 0 {
			rest := tokens[1+i+1:]
			return len(rest) >= 2 && rest[0] == token.IDENT && rest[1] == token.LPAREN
		}
	}
	return false
}

// inHeader tells whether an explicit semicolon that ends tokens stands in the
// header of a for, if or switch, where it does not end the statement.
func inHeader(tokens []token.Token) bool {
	if len(tokens) > 2 && tokens[0] == token.IDENT && tokens[1] == token.COLON {
		tokens = tokens[2:]
	}
	switch tokens[0] {
	case token.FOR, token.IF, token.SWITCH:
		return len(tokens) < 2 || tokens[len(tokens)-2] != token.RBRACE
	}
	return false
}
