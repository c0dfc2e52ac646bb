package interp

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"go/types"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/goplus/ixgo"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// sources keeps the text of cells by the name that positions carry.
type sources struct {
	mu   sync.Mutex
	text map[string]string
}

func (s *sources) set(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == nil {
		s.text = map[string]string{}
	}
	s.text[name] = text
}

// line is line n of a cell, counted from 1.
func (s *sources) line(name string, n int) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(s.text[name], "\n")
	if n < 1 || n > len(lines) || s.text[name] == "" {
		return "", false
	}
	return strings.TrimRight(lines[n-1], "\r"), true
}

// excerpt is the source line at pos with a caret below its column.
func (s *sources) excerpt(pos token.Position) []string {
	line, ok := s.line(pos.Filename, pos.Line)
	if !ok {
		return nil
	}
	caret := []rune{}
	for i, r := range line {
		if i >= pos.Column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		caret = append(caret, r)
	}
	return []string{"    " + line, "    " + string(caret) + "^"}
}

// problem is one error in a cell's source.
type problem struct {
	pos token.Position
	msg string
}

const maxProblems = 10

// sourceFailure reports problems, the first as the message, with their places.
func (s *sources) sourceFailure(kind engine.Kind, problems []problem) *engine.Failure {
	f := &engine.Failure{Kind: kind, Message: "unknown error"}
	if len(problems) > 0 {
		first := problems[0]
		f.Message = fmt.Sprintf("%s: %s", place(first.pos), strings.ReplaceAll(first.msg, "\n", " "))
	}
	for i, p := range problems {
		if i == maxProblems {
			f.Traceback = append(f.Traceback, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		f.Traceback = append(f.Traceback, fmt.Sprintf("%s: %s", place(p.pos), p.msg))
		f.Traceback = append(f.Traceback, s.excerpt(p.pos)...)
	}
	return f
}

func place(p token.Position) string {
	if !p.IsValid() {
		return "cell"
	}
	return fmt.Sprintf("%s:%d:%d", p.Filename, p.Line, p.Column)
}

// syntaxProblems reads the errors of the parser.
func syntaxProblems(err error, source string) []problem {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []problem{{msg: err.Error()}}
	}
	list.RemoveMultiples()
	var out []problem
	lines := strings.Split(strings.TrimRight(source, " \t\r\n"), "\n")
	for _, e := range list {
		p := problem{e.Pos, e.Msg}
		if e.Pos.Line > len(lines) { // in what the cell was wrapped in
			p.pos.Line, p.pos.Column = len(lines), len(lines[len(lines)-1])+1
			p.msg = strings.NewReplacer("found '}'", "found the end of the cell", "found 'EOF'", "found the end of the cell").Replace(p.msg)
		}
		out = append(out, p)
	}
	return out
}

// compileProblems reads the errors of the type checker, with what may help.
func (s *session) compileProblems(errs []types.Error, c *checked) []problem {
	var out []problem
	seen := map[problem]bool{}
	for _, e := range errs {
		p := problem{s.fset.Position(e.Pos), plain(e.Msg)}
		p.msg += s.hint(p.msg, c)
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// hint is what a reader would like to be told about an error.
func (s *session) hint(msg string, c *checked) string {
	if name, ok := strings.CutPrefix(msg, "undefined: "); ok {
		pkg, member, qualified := strings.Cut(name, ".")
		if qualified {
			return didYouMean(member, s.members(pkg, c))
		}
		for _, path := range s.paths {
			if path == name || strings.HasSuffix(path, "/"+name) {
				return fmt.Sprintf(" (missing: import %q)", path)
			}
		}
		return didYouMean(name, s.visible(c))
	}
	if before, _, ok := strings.Cut(msg, " undefined (type "); ok && strings.Contains(msg, "has no field or method") {
		return didYouMean(before[strings.LastIndex(before, ".")+1:], s.selectable(msg, c))
	}
	if parts := sameNames.FindStringSubmatch(msg); parts != nil && parts[1] == parts[2] {
		return fmt.Sprintf(" (the type %s was declared again since: run the cell of the older use again)", parts[1])
	}
	return ""
}

// panicFailure reports a panic with the frames of cells only.
func panicFailure(t *task, value any, frames []frame, where string) *engine.Failure {
	f := &engine.Failure{Kind: engine.Panic, Message: where + "panic: " + panicText(value)}
	f.Traceback = []string{f.Message}
	for i, fr := range frames {
		if i == maxProblems*2 {
			f.Traceback = append(f.Traceback, fmt.Sprintf("    ... %d more frames", len(frames)-i))
			break
		}
		line := fmt.Sprintf("  %s:%d in %s", fr.file, fr.line, fr.function)
		f.Traceback = append(f.Traceback, line)
		if text, ok := t.sources.line(fr.file, fr.line); ok {
			f.Traceback = append(f.Traceback, "    "+strings.TrimSpace(text))
		}
	}
	return f
}

// panicText is the value of a panic as a reader wants it.
func panicText(v any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T (its text cannot be had)", v)
		}
	}()
	switch v := v.(type) {
	case ixgo.PanicError:
		return panicText(v.Value)
	case *reflect.ValueError:
		return "runtime error: invalid memory address or nil pointer dereference"
	case runtime.Error:
		return v.Error()
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	case nil:
		return "nil"
	}
	return fmt.Sprintf("%#v", v)
}

func exitFailure(_ *task, code int) *engine.Failure {
	msg := "os.Exit(" + strconv.Itoa(code) + ")"
	return &engine.Failure{Kind: engine.Exited, Message: msg, Traceback: []string{msg + " ended the cell; the session goes on"}}
}

func interruptedFailure(t *task) *engine.Failure {
	return &engine.Failure{Kind: engine.Interrupted, Message: t.name + " was interrupted", Traceback: []string{t.name + " was interrupted; variables keep what they were set to"}}
}

// frame is one call of a cell's code.
type frame struct {
	function, file string
	line           int
}

// framesOf lists the cells' calls on the stack of fr, innermost first.
func framesOf(fr *ixgo.Frame) []frame {
	if fr == nil {
		return nil
	}
	var out []frame
	for _, f := range fr.CallerFrames() {
		out = appendFrame(out, f.Function, f.File, f.Line)
	}
	return out
}

// parseStack reads a stack as ixgo prints it, which is as Go prints it.
func parseStack(stack []byte) []frame {
	var out []frame
	lines := strings.Split(string(stack), "\n")
	for i := 0; i+1 < len(lines); i++ {
		place, ok := strings.CutPrefix(lines[i+1], "\t")
		if !ok {
			continue
		}
		place, _, _ = strings.Cut(place, " +0x")
		colon := strings.LastIndex(place, ":")
		if colon < 0 {
			continue
		}
		n, err := strconv.Atoi(place[colon+1:])
		if err == nil {
			out = appendFrame(out, strings.TrimSuffix(lines[i], "()"), place[:colon], n)
		}
	}
	return out
}

func appendFrame(list []frame, function, file string, line int) []frame {
	if !strings.HasPrefix(file, cellPrefix) {
		return list
	}
	function = plain(strings.TrimPrefix(function, "main."))
	switch {
	case function == "cell":
		function = "the cell"
	case strings.HasPrefix(function, "cell."):
		function = "a function literal"
	}
	f := frame{function, file, line}
	if n := len(list); n > 0 && list[n-1] == f {
		return list
	}
	return append(list, f)
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") + "\n" }
