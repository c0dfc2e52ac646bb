package interp

import (
	"fmt"
	"go/token"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

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

func (s *sources) of(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text[name]
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

// problem is one error in a cell's source.
type problem struct {
	pos  token.Position
	msg  string
	more string // lines that help, shown below the source line
	hint string // what the reader can do, one line
}

const maxProblems = 10

// sourceFailure reports problems, the first as the message, with their places.
func (s *sources) sourceFailure(kind engine.Kind, problems []problem) *engine.Failure {
	f := &engine.Failure{Kind: kind, Message: "unknown error"}
	if len(problems) > 0 {
		first := problems[0]
		f.Message = fmt.Sprintf("%s: %s", place(first.pos), strings.Join(strings.Fields(first.msg), " "))
	}
	for i, p := range problems {
		if i == maxProblems {
			f.Traceback = append(f.Traceback, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		f.Traceback = append(f.Traceback, fmt.Sprintf("%s: %s", place(p.pos), p.msg))
		f.Traceback = append(f.Traceback, s.excerpt(p.pos)...)
		if p.more != "" {
			f.Traceback = append(f.Traceback, strings.Split(p.more, "\n")...)
		}
		if p.hint != "" {
			f.Traceback = append(f.Traceback, "  hint: "+p.hint)
		}
	}
	return f
}

func place(p token.Position) string {
	if !p.IsValid() {
		return "cell"
	}
	return fmt.Sprintf("%s:%d:%d", p.Filename, p.Line, p.Column)
}

// panicFailure reports a panic with the frames of cells only. A panic with an
// error, which is how a verb tells that it failed, reads as that error; what Go
// itself panics with, and other values, read as Go prints them.
func panicFailure(t *task, value any, frames []frame, where string) *engine.Failure {
	f := &engine.Failure{Kind: engine.Panic, Message: where + "panic: " + panicText(value)}
	if isError(value) {
		f.Kind, f.Message = engine.Raised, panicText(value)
		if where != "" {
			f.Message = "in a " + where[:len(where)-1] + ": " + f.Message
		}
	}
	f.Traceback = strings.Split(strings.TrimRight(f.Message, "\n"), "\n")
	frames = slices.DeleteFunc(frames, func(fr frame) bool { // the end of a cell, where deferred functions run
		_, exists := t.sources.line(fr.file, fr.line)
		return !exists
	})
	for i, fr := range frames {
		if i == maxProblems*2 {
			f.Traceback = append(f.Traceback, fmt.Sprintf("    ... %d more frames", len(frames)-i))
			break
		}
		f.Traceback = append(f.Traceback, fmt.Sprintf("  %s:%d in %s", fr.file, fr.line, fr.function))
		f.Traceback = append(f.Traceback, t.sources.call(fr, i == 0)...)
	}
	if hint := t.sources.panicHint(value, frames); hint != "" {
		f.Traceback = append(f.Traceback, "  hint: "+hint)
	}
	return f
}

// isError tells errors that programs panic with from those of Go itself.
func isError(v any) bool {
	switch v := v.(type) {
	case ixgo.PanicError:
		return isError(v.Value)
	case runtime.Error, *reflect.ValueError:
		return false
	case error:
		return true
	}
	return false
}

// call is the source line of a frame, with a caret below the call if that is
// wanted and its column known.
func (s *sources) call(fr frame, caret bool) []string {
	text, ok := s.line(fr.file, fr.line)
	if !ok {
		return nil
	}
	if !caret || fr.column < 1 || fr.column > len(text) {
		text, _ = window(strings.TrimSpace(text), 0)
		return []string{"    " + text}
	}
	column := startOfOperand(text, fr.column-1)
	trimmed := strings.TrimLeft(text, " \t")
	if isCommand(trimmed) { // the column is that of what stands for it
		column = 0
	}
	trimmed, at := window(trimmed, max(0, column-(len(text)-len(trimmed))))
	return []string{"    " + trimmed, "    " + below(trimmed[:at]) + "^"}
}

// startOfOperand goes from the bracket of a call or an index, which is where the
// compiler places those, back to what is called or indexed.
func startOfOperand(line string, at int) int {
	if line[at] != '(' && line[at] != '[' {
		return at
	}
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(line[:at])
		if r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		at -= size
	}
	if line[at] == '.' { // a method of what a call before it returned
		at++
	}
	return at
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
		text := strings.Replace(v.Error(), "runtime error: runtime error: ", "runtime error: ", 1) // as the engine has it
		return ownNames(strings.Replace(text, "runtime error: interface conversion: ", "interface conversion: ", 1))
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	case nil:
		return "panic called with nil argument"
	}
	return fmt.Sprintf("%#v", v)
}

func exitFailure(code int) *engine.Failure {
	msg := "os.Exit(" + strconv.Itoa(code) + ")"
	return &engine.Failure{Kind: engine.Exited, Message: msg, Traceback: []string{msg + " ended the cell; the session goes on"}}
}

func interruptedFailure(t *task) *engine.Failure {
	return &engine.Failure{Kind: engine.Interrupted, Message: t.name + " was interrupted", Traceback: []string{t.name + " was interrupted; variables keep what they were set to"}}
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") + "\n" }
