package interp

import (
	"go/scanner"
	"go/token"
	"go/types"
	"strings"
	"unicode/utf8"
)

// openCall is where a cursor stands in the arguments of a call, or in a literal.
type openCall struct {
	start    int  // of the function's or type's name
	argument int  // which of them, from 0
	literal  bool // it is a literal, T{...}
}

// bracket is an open bracket in a cell that is being written.
type bracket struct {
	tok    token.Token
	name   int // start of the identifier before it, -1 if there is none
	commas int
	body   bool // of a function
}

// callAt finds the innermost call or literal that is open at the end of code.
func callAt(code string) (openCall, bool) {
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), nil, 0)
	var open []bracket
	name, inFunc := -1, false
	closed := -1 // name before the last bracket that was closed by "]"
	for {
		pos, tok, lit := s.Scan()
		at := -1
		switch tok {
		case token.EOF:
			return innermost(open)
		case token.IDENT:
			at = file.Offset(pos)
		case token.FUNC:
			inFunc = true
		case token.LPAREN, token.LBRACK, token.LBRACE:
			if tok == token.LPAREN && name < 0 {
				name = closed // f[int](
			}
			open = append(open, bracket{tok: tok, name: name, body: tok == token.LBRACE && inFunc})
			inFunc = inFunc && tok != token.LBRACE
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if n := len(open); n > 0 {
				if tok == token.RBRACK {
					closed = open[n-1].name
				}
				open = open[:n-1]
			}
		case token.COMMA:
			if n := len(open); n > 0 {
				open[n-1].commas++
			}
		case token.SEMICOLON:
			if lit == ";" && len(open) > 0 && open[len(open)-1].tok == token.LPAREN {
				open = open[:len(open)-1]
			}
		}
		if tok != token.RBRACK {
			closed = -1
		}
		name = at
	}
}

func innermost(open []bracket) (openCall, bool) {
	for i := len(open) - 1; i >= 0; i-- {
		b := open[i]
		switch {
		case b.body:
			return openCall{}, false
		case b.tok == token.LPAREN && b.name >= 0:
			return openCall{start: b.name, argument: b.commas}, true
		case b.tok == token.LBRACE && b.name >= 0:
			return openCall{start: b.name, literal: true}, true
		}
	}
	return openCall{}, false
}

// mark puts carets under the parameter of f for which an argument stands, if o is
// a function whose signature is on one line.
func (n *note) mark(o types.Object, argument int) {
	_, isFunc := o.Type().Underlying().(*types.Signature)
	if _, isBuiltin := o.(*types.Builtin); !isFunc && !isBuiltin || strings.Contains(n.signature, "\n") {
		return
	}
	from, to, ok := parameterAt(n.signature, o.Name(), argument)
	if ok && from < to {
		n.marks = strings.Repeat(" ", utf8.RuneCountInString(n.signature[:from])) + strings.Repeat("^", utf8.RuneCountInString(n.signature[from:to]))
	}
}

// parameterAt is where a parameter stands in the signature of a function called
// name. The last one of a variadic function stands for all that follow.
func parameterAt(signature, name string, argument int) (from, to int, ok bool) {
	open := strings.Index(signature, name)
	if open < 0 {
		return 0, 0, false
	}
	open += len(name)
	if strings.HasPrefix(signature[open:], " func") { // a variable
		open += len(" func")
	}
	if strings.HasPrefix(signature[open:], "[") {
		open += closing(signature[open:]) + 1
	}
	if !strings.HasPrefix(signature[open:], "(") {
		return 0, 0, false
	}
	end := open + closing(signature[open:])
	from, depth := open+1, 0
	for i := open + 1; i <= end; i++ {
		switch signature[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth >= 0 && (signature[i] != ',' || depth > 0) {
			continue
		}
		last := i == end && strings.Contains(signature[from:i], "...")
		if argument == 0 || last {
			return from, i, true
		}
		argument--
		from = i + len(", ")
	}
	return 0, 0, false
}

// closing is where the bracket is closed with which text begins.
func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}
