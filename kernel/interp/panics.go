package interp

import (
	"regexp"
	"strconv"
	"strings"
)

// panicHint is what a reader can do about a panic of Go itself; empty where its
// text says all.
func (s *sources) panicHint(value any, frames []frame) string {
	if isError(value) {
		return ""
	}
	text := panicText(value)
	if m := outOfRange.FindStringSubmatch(text); m != nil {
		if m[1] == "0" {
			return "it is empty: nothing has an index"
		}
		n, _ := strconv.Atoi(m[1]) // of digits
		return "its indexes go from 0 to " + strconv.Itoa(n-1)
	}
	if m := notOfType.FindStringSubmatch(text); m != nil {
		if m[1] == m[2] {
			return "the type " + m[1] + " was declared again since the value was made"
		}
		return "v, ok := x.(" + m[2] + ") tells whether it is one, without a panic"
	}
	if strings.Contains(text, "nil pointer dereference") {
		if x := s.receiver(frames); x != "" {
			return x + " is nil, or what its method uses: has the cell that sets it failed, or not run?"
		}
	}
	operand := s.operand(frames)
	for _, h := range panicHints {
		if strings.Contains(text, h.text) {
			if operand == "" || h.named == "" {
				return h.hint
			}
			return strings.ReplaceAll(h.named, "$x", operand)
		}
	}
	return ""
}

var (
	outOfRange = regexp.MustCompile(`index out of range \[\d+\] with length (\d+)`)
	notOfType  = regexp.MustCompile(`interface conversion: .* is (?:(.*), )?not (\S+?)(?:: missing method \S+| \(types from different scopes\))?$`)
)

// panicHints are hints by what the text of a panic holds; named, if there is one, is
// said where the operand that it is about is known.
var panicHints = []struct{ text, hint, named string }{
	{"assignment to entry in nil map", "a map must be made before it is written to: m = make(map[string]int)", "$x is nil: a map must be made before it is written to, as in $x = make(map[string]int)"},
	{"nil pointer dereference", "a pointer, interface or function is nil where it is used", "$x is nil: set it before it is used, or test $x != nil"},
	{text: "integer divide by zero", hint: "test for 0 before"},
	{text: "close of closed channel", hint: "a channel is closed once, by whoever sends"},
	{text: "send on closed channel", hint: "only the sender closes a channel, behind its last value"},
	{text: "stack overflow", hint: "the function calls itself without an end: one way through it must not"},
	{text: "makeslice: len out of range", hint: "a length is 0 or more, and what fits into memory"},
}

var methodCall = regexp.MustCompile(`^(\pL[\pL\pN_]*)\.[\pL\pN_.]+\(`)

// receiver is the name whose method the innermost frame calls at its place.
func (s *sources) receiver(frames []frame) string {
	if len(frames) == 0 || frames[0].column < 1 {
		return ""
	}
	line, ok := s.line(frames[0].file, frames[0].line)
	if !ok || frames[0].column > len(line) {
		return ""
	}
	m := methodCall.FindStringSubmatch(line[startOfOperand(line, frames[0].column-1):])
	if m == nil {
		return ""
	}
	return m[1]
}

// operand is what stands before the dot or the bracket at which the innermost frame
// is, empty where that cannot be told.
func (s *sources) operand(frames []frame) string {
	if len(frames) == 0 || frames[0].column < 2 {
		return ""
	}
	line, ok := s.line(frames[0].file, frames[0].line)
	at := frames[0].column - 1
	if !ok || at >= len(line) {
		return ""
	}
	if line[at] != '[' {
		if line[at-1] != '.' {
			return ""
		}
		at--
	}
	return line[operandStart(line[:at]):at]
}
