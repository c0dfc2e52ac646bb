package interp

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// syntaxProblems reads the errors of the parser: one for each line, without those
// that only follow from one before.
func syntaxProblems(err error, source string) []problem {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []problem{{msg: err.Error()}}
	}
	lines := strings.Split(strings.TrimRight(source, " \t\r\n"), "\n")
	var out []problem
	for _, e := range causes(list) {
		p := problem{pos: e.Pos, msg: e.Msg}
		if e.Pos.Line > len(lines) { // in what the cell was wrapped in
			if len(out) > 0 {
				break
			}
			p.pos.Line, p.pos.Column = len(lines), len(lines[len(lines)-1])+1
			p.msg = atTheEnd.Replace(p.msg)
		}
		line := ""
		if p.pos.Line >= 1 {
			line = lines[p.pos.Line-1]
		}
		explainSyntax(&p, source, line)
		out = append(out, p)
	}
	return out
}

var atTheEnd = strings.NewReplacer("found '}'", "found the end of the cell", "found 'EOF'", "found the end of the cell")

// causes are the first errors of each line, or that of the scanner where it saw
// something that is no part of Go.
func causes(list scanner.ErrorList) scanner.ErrorList {
	list.Sort()
	var out scanner.ErrorList
	for _, e := range list {
		n := len(out)
		switch {
		case n == 0 || out[n-1].Pos.Line != e.Pos.Line:
			out = append(out, e)
		case isScanError(e.Msg) && !isScanError(out[n-1].Msg):
			out[n-1] = e
		}
	}
	return out
}

func isScanError(msg string) bool {
	return strings.HasPrefix(msg, "illegal character") || strings.HasPrefix(msg, "curly quotation mark") || strings.HasSuffix(msg, "not terminated")
}

// explainSyntax completes p with what a reader can do about it; line is the source
// line at its place.
func explainSyntax(p *problem, source, line string) {
	column := min(max(p.pos.Column-1, 0), len(line))
	if strings.HasPrefix(p.msg, "illegal character") || strings.HasPrefix(p.msg, "curly quotation mark") {
		r, _ := utf8.DecodeRuneInString(line[column:])
		if unicode.Is(unicode.Cf, r) || r > utf8.RuneSelf {
			p.msg, p.hint = explainRune(r)
			return
		}
	}
	if strings.HasPrefix(p.msg, "illegal rune literal") || strings.HasPrefix(p.msg, "rune literal") {
		p.msg += ": single quotes hold one character"
	}
	if len(source) > mostCode {
		return
	}
	if !isScanError(p.msg) && explainBrackets(p, source) {
		return
	}
	code := withoutTexts(line)
	for _, h := range habits {
		m := h.line.FindStringSubmatchIndex(code)
		if m == nil || h.msg != "" && !strings.Contains(p.msg, h.msg) {
			continue
		}
		if len(m) > 2 && m[2] >= 0 && h.msg == "" && token.IsKeyword(line[m[2]:m[3]]) {
			continue
		}
		p.hint = string(h.line.ExpandString(nil, h.hint, line, m))
		return
	}
}

// withoutTexts is a line with what its texts and comments say overwritten, each
// offset staying what it is.
func withoutTexts(line string) string {
	out := []byte(line)
	quote := byte(0)
	for i := 0; i < len(out); i++ {
		switch c := line[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			out[i] = '_'
		case c == '"' || c == '`':
			quote = c
		case strings.HasPrefix(line[i:], "//"):
			return string(out[:i]) + strings.Repeat(" ", len(line)-i)
		}
	}
	return string(out)
}

// habit is a line of another language, or a slip, and what is written in Go.
type habit struct {
	line *regexp.Regexp
	msg  string // that the parser's message must hold, if any
	hint string
}

func habitOf(line, msg, hint string) habit { return habit{regexp.MustCompile(line), msg, hint} }

const conditional = "Go has no conditional expression: declare the variable, then write if ... { x = 1 } else { x = 2 }"

var habits = []habit{
	habitOf(`^\s*#`, "", "comments begin with //, shell commands with $$"),
	habitOf(`^\s*\?(\w+)`, "", "to see what a name is, write ${1}?"),
	habitOf(`^\s*from\s+\S+\s+import\b|^\s*import\s+[A-Za-z_][\w.]*\s*(as\s+\w+\s*)?$`, "", `Go imports packages by a path in quotes: import "strings"`),
	habitOf(`^\s*import\s*\(.*",`, "", `each path stands on a line of its own, or behind a semicolon: import ("fmt"; "os")`),
	habitOf(`^\s*print\s+(.*?)\s*$`, "", "Go calls functions with parentheses: fmt.Println(${1})"),
	habitOf(`^\s*for\s+(\w+)\s+in\s+range\((.+?)\)\s*[:{]`, "", "write: for ${1} := range ${2} {"),
	habitOf(`^\s*for\s+(\w+)\s+in\s+(.+?)\s*[:{]`, "", "Go goes over elements by range: for _, ${1} := range ${2} {"),
	habitOf(`^\s*for\s+(\w+\s*,\s*\w+)\s+in\s+(.+?)\s*[:{]`, "", "Go goes over elements by range: for ${1} := range ${2} {"),
	habitOf(`^\s*(?:foreach|forEach)\b`, "", "Go goes over elements by range: for _, x := range list {"),
	habitOf(`^\s*while\s+[Tt]rue\s*[:{]`, "", "Go's only loop is for: for {"),
	habitOf(`^\s*while\s+(.+?)\s*[:{]`, "", "Go's only loop is for: for ${1} {"),
	habitOf(`^\s*(?:def|function|fn|fun)\s+(\w+)\s*\(`, "", "functions are declared by func: func ${1}(x int) int { return x }"),
	habitOf(`^\s*class\s+(\w+)`, "", "Go has no classes: type ${1} struct { ... }, and methods: func (x *${1}) Name() { ... }"),
	habitOf(`^\s*(?:\}\s*)?(?:elif|elsif|elseif)\b`, "", "write: } else if condition {"),
	habitOf(`^\s*else\b`, "", "else stands on the line of the closing brace: } else {"),
	habitOf(`^\s*(?:\}\s*)?(?:try|catch|except|finally)\b`, "", "Go has no exceptions: functions return an error as their last result: x, err := f(); if err != nil { ... }"),
	habitOf(`^\s*(?:throw|raise)\b`, "", `return an error, or end the cell by panic(errors.New("text"))`),
	habitOf(`^\s*(?:let|val|auto|mut)\s+(?:mut\s+)?(\w+)\s*=\s*(.*)$`, "", "write: ${1} := ${2}"),
	habitOf(`^\s*(?:int|long|short|float|double|bool|boolean|char|string|String|int64|float64)\s+(\w+)\s*=\s*(.*?);?$`, "", "the type stands behind the name, and mostly need not be written: ${1} := ${2}"),
	habitOf(`^\s*(\w+)\s+([\w.*\[\]]+)\s*:=\s*(.*)$`, "", "with a type, write: var ${1} ${2} = ${3}"),
	habitOf(`^\s*var\s+(\w+)\s*=\s*([^,]+),\s*(\w+)\s*=\s*(.*)$`, "", "write: var ${1}, ${3} = ${2}, ${4}"),
	habitOf(`=\s*if\b|\?.*:|=\s*\S.*\sif\s.+\selse\s`, "", conditional),
	habitOf(`\blambda\b|=>`, "", "a function without a name is written func(x int) int { return x }"),
	habitOf(`->`, "", "fields and methods follow a dot, also behind a pointer"),
	habitOf(`^\s*\w+!\(`, "", "Go has no macros: fmt.Println(...)"),
	habitOf(`\bnot\s+\w`, "", "Go writes not as !, and as &&, or as ||"),
	habitOf(`\s(?:and|or)\s`, "", "Go writes and as &&, or as ||, not as !"),
	habitOf(`(?:^|[^\w"])f"`, "", `values go into text by fmt.Sprintf("width %d, name %s", width, name)`),
	habitOf(`'([^']{2,})'`, "illegal rune", `text stands in double quotes: "${1}"`),
	habitOf(`'([^']{2,})'`, "rune literal", `text stands in double quotes: "${1}"`),
	habitOf(`\+\+|--`, "", "x++ is a statement of its own and stands behind the variable: write it on its own line"),
	habitOf(`[=(,]\s*\{\s*"[^"]*"\s*:`, "operand", `a literal begins with its type: map[string]int{"a": 1}`),
	habitOf(`[=(,]\s*\{`, "operand", "a literal begins with its type: []int{1, 2}, Port{Name: \"a\"}"),
	habitOf(`[=(,]\s*\[(.*),(.*)\]`, "comma", "a literal begins with its type: []int{1, 2, 3}"),
	habitOf(`^\s*(?:if|for)\b.*[^=!<>:]=[^=]`, "assignment", "== compares, = assigns"),
	habitOf(`^\s*(?:if|for|switch|func)\b`, "unexpected newline", "the { stands on the line that it belongs to"),
	habitOf(`^\s*(?:if|for|switch|func|else)\b.*:\s*(?:\S.*)?$`, "found ':'", "blocks stand in braces: ... { ... }"),
	habitOf(`^\s*(?:if|for|switch|func)\b.*:\s*$`, "", "blocks stand in braces: ... { ... }"),
	habitOf(`\bfunc\s+(\w+)\s*\(`, "expected '('", "a function inside of another has no name: ${1} := func() { ... }"),
	habitOf(`\b(defer|go)\b`, "must be function call", "write the call with its parentheses: ${1} f()"),
	habitOf(`^\s*(?:if|switch)\s+(\w+)\s*:=\s*([^{;]+?)\s*\{`, "assignment", "the condition stands behind a semicolon: if ${1} := ${2}; ${1} > 0 {"),
	habitOf(`\bstruct\s*\{.*=`, "found '='", "fields have no values by themselves: give them where a value is made, T{Field: value}"),
	habitOf(`^\s*(?:const|var)\s*\(.*,`, "", "declarations in parentheses stand on lines of their own, or are separated by semicolons"),
	habitOf(`^\s*range\s+(\S+)`, "", "range is a part of for: for i, x := range ${1} {"),
	habitOf(`\bstruct\s*\{.*,`, "found ','", "fields are separated by semicolons or ends of lines"),
	habitOf(``, "in composite literal", "over several lines every element ends with a comma, also the last; or the closing brace stands behind it"),
	habitOf(``, "raw string literal not terminated", "the text has no closing `"),
	habitOf(``, "string literal not terminated", `the text has no closing ": it ends on its line; text of several lines stands in backquotes`),
	habitOf(``, "comment not terminated", "the comment has no closing */"),
	habitOf(`\b0[0-9]*[89]`, "octal", "numbers that begin with 0 are octal: leave the 0 out"),
	habitOf(``, "missing ',' in", "a comma or an operator is missing before this"),
	habitOf(``, "expected ';', found", "the statement has ended before this: an operator, a comma, or the end of a line is missing"),
	habitOf(``, "unknown escape", "write a backslash as \\\\, or the text in backquotes"),
}

// explainBrackets tells of brackets that are open at the end, or that close
// nothing; false where that is not what is wrong.
func explainBrackets(p *problem, source string) bool {
	open, extra := brackets(takeCommands(source, true))
	lines := strings.Split(source, "\n")
	at := func(offset int) (line, column int) {
		before := source[:offset]
		return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
	}
	switch {
	case extra >= 0:
		p.pos.Line, p.pos.Column = at(extra)
		p.msg = fmt.Sprintf("unexpected %c", source[extra])
		p.hint = fmt.Sprintf("this %c closes nothing", source[extra])
		return true
	case len(open) > 0 && p.pos.Line >= len(lines) || len(open) > 0 && strings.Contains(p.msg, "before newline"):
		last := open[len(open)-1]
		line, column := at(last)
		closing := map[byte]string{'(': ")", '[': "]", '{': "}"}[source[last]]
		p.hint = fmt.Sprintf("the %c in line %d, column %d, has no %s", source[last], line, column, closing)
		return true
	}
	return false
}

// brackets finds the offsets of the brackets that are open at the end of source,
// and of the first that closes nothing, -1 if there is none.
func brackets(source string) (open []int, extra int) {
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), nil, 0)
	opens := map[byte]byte{')': '(', ']': '[', '}': '{'}
	for {
		pos, tok, _ := s.Scan()
		at := file.Offset(pos)
		switch tok {
		case token.EOF:
			return open, -1
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, at)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if n := len(open); n == 0 || source[open[n-1]] != opens[source[at]] {
				return open, at
			}
			open = open[:len(open)-1]
		}
	}
}

// lookalikes are what people mean by characters that are no part of Go.
var lookalikes = map[rune]string{
	'“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '″': `"`, '‘': "'", '’': "'", '‚': "'", '′': "'", '´': "'",
	'–': "-", '—': "-", '−': "-", '‐': "-", '‑': "-", '×': "*", '·': "*", '÷': "/", '≤': "<=", '≥': ">=", '≠': "!=",
	'…': "...", '→': "->", '←': "<-", '、': ",", '。': ".", '「': `"`, '」': `"`, '【': "[", '】': "]", '∧': "&&", '∨': "||", '¬': "!",
}

// explainRune tells of a character that is no part of Go, as web pages, word
// processors and keyboards of other scripts make them.
func explainRune(r rune) (msg, hint string) {
	code := fmt.Sprintf("U+%04X", r)
	switch ascii, known := lookalikes[r]; {
	case unicode.Is(unicode.Zs, r):
		return "a space that is none of Go's (" + code + ")", "it was probably pasted from a page: replace it by an ordinary space"
	case !unicode.IsGraphic(r):
		return "an invisible character (" + code + ")", "it was probably pasted from a page: delete it, or type the line again"
	case known && strings.ContainsAny(ascii, `"'`):
		return fmt.Sprintf("the quotation mark %c (%s) is none of Go's", r, code), `text stands in straight quotes: "text"`
	case known:
		return fmt.Sprintf("the character %c (%s) is no part of Go", r, code), "write " + ascii
	case r >= 0xFF01 && r <= 0xFF5E:
		return fmt.Sprintf("the full-width character %c (%s) is no part of Go", r, code), fmt.Sprintf("write %c, with the keyboard set to half-width", r-0xFEE0)
	}
	return fmt.Sprintf("the character %c (%s) is no part of Go", r, code), "it can stand in texts and comments only"
}
