package interp

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Lines of a cell that are no Go: "$ command" runs a shell command, "%name" does
// something to the session. They may stand wherever a statement may. This is the
// one place that knows them: takeCommands turns each into the call of a function
// before the cell is split, and command is what that function does.

// commandName is the function that such a line becomes a call of.
const commandName = "command" + mark

// special is a line that begins with "%".
type special struct {
	name, args, help string
	do               func(e *Engine, t *task, arg string) error
	complete         func(prefix string) []engine.Completion // of its argument, nil for none
}

var specials = []special{
	{"%cd", "[path]", "change the current directory, to the home directory without a path", changeDirectory, completeFolder},
	{"%env", "[name[=value]]", "list the environment, print a variable, or set it for cells and commands from here on", environment, completeVariable},
	{"%go111module", "{on|off}", "kept for notebooks of gophernotes: does nothing, cells import what is built in", noModules, nil},
	{"%help", "", "show this text", nil, nil},
	{"%history", "[n]", "print the session's cells, or the last n of them", printHistory, nil},
	{"%packages", "", "list the packages that cells can import", listPackages, nil},
	{"%pwd", "", "print the current directory", printDirectory, nil},
	{timeName, "[statement]", "tell how long the statement takes; alone, or where it goes on below, the rest of the cell", measure, nil},
	{"%vars", "[text]", "list the session's variables, or those whose name holds the text: type, size, value, cell", listVariables, nil},
}

// elsewhere are lines of other kernels, and what does the same here.
var elsewhere = map[string]string{
	"%ls": "write $ ls", "%cat": "write $ cat", "%%bash": "begin each line with $", "%%sh": "begin each line with $", "%%time": "write %time in the first line",
	"%timeit": "write %time", "%%timeit": "write %time", "%who": "write %vars", "%whos": "write %vars", "%lsmagic": "write %help", "%quickref": "write %help", "%magic": "write %help",
	"%hist": "write %history", "%set_env": "write %env name=value", "%reset": "restart the kernel", "%matplotlib": "pictures show themselves", "%pip": "cells import what is built in: %packages",
	"%goget": "cells import what is built in: %packages", "%run": "write $ fabricbook run", "%pdoc": "write name?", "%pinfo": "write name?", "%psource": "write name??",
}

const shellHelp = "run a shell command; its output is shown as it comes, a failure ends the cell"

func help() string {
	var b strings.Builder
	b.WriteString("Lines that are no Go, wherever a statement may stand:\n")
	row := func(line, text string) { fmt.Fprintf(&b, "  %-24s %s\n", line, text) }
	row("$ command", shellHelp)
	for _, s := range specials {
		row(strings.TrimSpace(s.name+" "+s.args), s.help)
	}
	row("name?", "alone in a cell: show what name is; name?? shows its source too")
	b.WriteString("In a runbook also %steps, %unfreeze REASON and %skip REASON, in the first line of a cell.\n")
	return b.String()
}

// takeCommands replaces the lines of a cell that are no Go by Go, line by line.
// With blank they become spaces, save the Go in them, and every offset stays what
// it is.
func takeCommands(cell string, blank bool) string {
	if !strings.ContainsAny(cell, "$%") {
		return cell
	}
	lines := strings.SplitAfter(cell, "\n")
	for _, c := range commandLines(lines) {
		text := strings.TrimLeft(lines[c.first], " \t")
		line, indent := strings.TrimRight(text, " \t\r\n"), lines[c.first][:len(lines[c.first])-len(text)]
		if at, ok := timedAt(text); ok {
			lines[c.first] = timed(lines, c.first, len(indent)+at, blank)
			continue
		}
		for _, more := range lines[c.first+1 : c.last+1] {
			line = strings.TrimSuffix(line, `\`) + " " + strings.TrimSpace(more)
		}
		for j := c.first; j <= c.last; j++ {
			lines[j] = spaces(lines[j])
		}
		if !blank {
			lines[c.first] = indent + commandCall(line) + lineEnd(lines[c.first])
		}
	}
	return strings.Join(lines, "")
}

func commandCall(line string) string { return commandName + "(" + strconv.Quote(line) + ")" }

// commandLine is a line that is no Go with those that go on with it after a "\".
type commandLine struct{ first, last int }

// commandLines finds those among the lines of a cell.
func commandLines(lines []string) (found []commandLine) {
	var inside textState
	for i := 0; i < len(lines); i++ {
		if inside != 0 || !isCommand(strings.TrimLeft(lines[i], " \t")) {
			inside = inside.after(lines[i])
			continue
		}
		c := commandLine{i, i}
		if _, ok := timedAt(strings.TrimLeft(lines[i], " \t")); ok {
			found = append(found, c)
			continue
		}
		for strings.HasSuffix(strings.TrimRight(lines[i], " \t\r\n"), `\`) && i+1 < len(lines) {
			i++
		}
		c.last = i
		found = append(found, c)
	}
	return found
}

// commandLineAt is the start of the line that is no Go in which cursor stands,
// behind its indentation.
func commandLineAt(cell string, cursor int) (start int, ok bool) {
	lines := strings.SplitAfter(cell, "\n")
	begins := make([]int, len(lines)+1)
	for i, l := range lines {
		begins[i+1] = begins[i] + len(l)
	}
	for _, c := range commandLines(lines) {
		start := begins[c.first] + len(lines[c.first]) - len(strings.TrimLeft(lines[c.first], " \t"))
		if at, ok := timedAt(cell[start:begins[c.first+1]]); ok && cursor >= start+at {
			return 0, false // Go stands there
		}
		if start < cursor && (cursor < begins[c.last+1] || c.last == len(lines)-1) {
			return start, true
		}
	}
	return 0, false
}

// isCommand tells a line that is no Go, given without its indentation. No line of
// Go begins with either sign, save inside of a raw string or a comment.
func isCommand(line string) bool {
	if line == "" || line[0] != '$' && line[0] != '%' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(line[1:])
	return line[0] == '$' || len(strings.TrimSpace(line)) == 1 || next >= 'a' && next <= 'z' || next == '%'
}

func lineEnd(line string) string { return line[len(strings.TrimRight(line, "\r\n")):] }

// spaces is a line of the same length with nothing on it.
func spaces(line string) string {
	end := lineEnd(line)
	return strings.Repeat(" ", len(line)-len(end)) + end
}

// textState tells what the end of a line lies in: 0, '`' or '*' for code, a raw
// string or a comment.
type textState byte

// after is the state behind a line that begins in state s.
func (s textState) after(line string) textState {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case s == '`':
			if c == '`' {
				s = 0
			}
		case s == '*':
			if strings.HasPrefix(line[i:], "*/") {
				s = 0
				i++
			}
		case c == '`':
			s = '`'
		case strings.HasPrefix(line[i:], "//"):
			return 0
		case strings.HasPrefix(line[i:], "/*"):
			s = '*'
			i++
		case c == '"' || c == '\'':
			for i++; i < len(line) && line[i] != c; i++ {
				if line[i] == '\\' {
					i++
				}
			}
		}
	}
	return s
}

// unknownCommand is the error for a line that names no command, nil if it does.
func unknownCommand(line string) error {
	name, _, _ := strings.Cut(line, " ")
	if line[0] == '$' || slices.ContainsFunc(specials, func(s special) bool { return s.name == name }) {
		return nil
	}
	if known, ok := elsewhere[name]; ok {
		return fmt.Errorf("there is no %s here (%s); %%help lists what there is", name, known)
	}
	var names []string
	for _, s := range specials {
		names = append(names, s.name)
	}
	return fmt.Errorf("there is no %s%s; %%help lists what there is", name, didYouMean(name, names))
}

// command runs one line. It panics with an error where that fails.
func (e *Engine) command(line string) {
	t := e.tasks.owner()
	if t == nil {
		return
	}
	var err error
	name, arg, _ := strings.Cut(line, " ")
	switch {
	case line[0] == '$':
		err = e.tasks.shell(t, strings.TrimSpace(line[1:]))
	case name == "%help":
		e.out.write(t.cell, "stdout", help())
	default:
		err = unknownCommand(line)
		for _, s := range specials {
			if s.name == name {
				err = s.do(e, t, strings.TrimSpace(arg))
			}
		}
	}
	if err != nil {
		panic(err)
	}
}

func changeDirectory(_ *Engine, _ *task, path string) error {
	if path == "" || path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("%%cd: %w", err)
		}
		path = filepath.Join(home, strings.TrimPrefix(path, "~"))
	}
	if err := os.Chdir(path); err != nil {
		return fmt.Errorf("%%cd: %w", err)
	}
	return nil
}

func printDirectory(e *Engine, t *task, _ string) error {
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("%%pwd: %w", err)
	}
	e.out.write(t.cell, "stdout", dir+"\n")
	return nil
}

func noModules(e *Engine, t *task, arg string) error {
	if arg != "on" && arg != "off" {
		return fmt.Errorf("%%go111module: want on or off, not %q", arg)
	}
	e.out.write(t.cell, "stderr", "%go111module changes nothing here: cells import the packages that are built in\n")
	return nil
}
