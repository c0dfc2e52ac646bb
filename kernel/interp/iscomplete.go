package interp

import (
	"errors"
	"go/scanner"
	"go/token"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// IsComplete tells whether code can run as it stands, from its syntax alone.
func (e *Engine) IsComplete(code string) engine.Completeness {
	if lines := strings.Split(strings.TrimRight(code, " \t\r\n"), "\n"); isCommand(lines[len(lines)-1]) && strings.HasSuffix(code, "\\") {
		return engine.Completeness{Status: "incomplete"}
	}
	code = takeCommands(code, true)
	open, more := unfinished(code)
	if more {
		return engine.Completeness{Status: "incomplete", Indent: strings.Repeat("\t", max(open, 1))}
	}
	if open < 0 {
		return engine.Completeness{Status: "invalid"}
	}
	fset := token.NewFileSet()
	_, err := parseCell(fset, "cell", code)
	var list scanner.ErrorList
	switch {
	case err == nil:
		return engine.Completeness{Status: "complete"}
	case errors.As(err, &list) && atEnd(list[0].Pos, code):
		return engine.Completeness{Status: "incomplete"}
	}
	return engine.Completeness{Status: "invalid"}
}

// unfinished scans code: how many brackets are open at the end, and whether the
// last token asks for more.
func unfinished(code string) (open int, more bool) {
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(_ token.Position, msg string) {
		if strings.Contains(msg, "raw string literal not terminated") || strings.Contains(msg, "comment not terminated") {
			more = true
		}
	}, 0)
	last := token.SEMICOLON
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return open, more || open > 0 || wantsMore(last)
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			open--
		}
		if tok != token.SEMICOLON || lit == ";" {
			last = tok
		} else {
			last = token.SEMICOLON
		}
	}
}

// wantsMore tells whether a statement cannot end with tok.
func wantsMore(tok token.Token) bool {
	switch tok {
	case token.INC, token.DEC, token.SEMICOLON, token.RPAREN, token.RBRACK, token.RBRACE, token.ELLIPSIS, token.ILLEGAL:
		return false
	}
	if tok.IsOperator() {
		return true
	}
	switch tok {
	case token.FUNC, token.TYPE, token.VAR, token.CONST, token.IMPORT, token.IF, token.FOR, token.SWITCH, token.SELECT,
		token.ELSE, token.RANGE, token.GO, token.DEFER, token.STRUCT, token.INTERFACE, token.MAP, token.CHAN, token.PACKAGE:
		return true
	}
	return false
}

// atEnd tells whether pos lies behind the last token of code.
func atEnd(pos token.Position, code string) bool {
	lines := strings.Split(strings.TrimRight(code, " \t\r\n"), "\n")
	return pos.Line > len(lines) || pos.Line == len(lines) && pos.Column > len(lines[len(lines)-1])
}
