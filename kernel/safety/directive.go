package safety

import (
	"regexp"
	"strconv"
	"strings"
)

// directives are what a cell says about itself in its first comments.
type directives struct {
	runbook, repeatable bool
	step                int // 0: none given
}

var directivePattern = regexp.MustCompile(`^//fabricbook:([a-z]+)(?:\s+([0-9]+))?`)

// readDirectives reads the comments before a cell's first line of code.
func readDirectives(source string) (d directives) {
	if !strings.Contains(source, "//fabricbook:") {
		return d
	}
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "%") {
			return d
		}
		m := directivePattern.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		switch m[1] {
		case "runbook":
			d.runbook = true
		case "repeatable":
			d.repeatable = true
		case "step":
			d.step, _ = strconv.Atoi(m[2]) // too large is none
		}
	}
	return d
}

// command is a line for the runbook at the beginning of a cell.
type command struct {
	verb   string // "unfreeze", "skip", "steps"; empty: none
	reason string
	alone  bool // nothing else stands in the cell
}

// Commands are the lines for the runbook, as a cell begins with them, and what they
// do.
var Commands = [][2]string{
	{"%skip", "REASON: count the cell as done, do not run it"},
	{"%steps", "list the steps and their states"},
	{"%unfreeze", "[all | STEP] REASON: run a step once more that has ended well"},
}

// readCommand reads the command of a cell and returns the source without it; the
// other lines keep their numbers.
func readCommand(source string) (c command, rest string) {
	start := len(source) - len(strings.TrimLeft(source, " \t\r\n"))
	line, after, _ := strings.Cut(source[start:], "\n")
	verb, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch verb {
	case "%unfreeze", "%skip", "%steps":
		c = command{verb: verb[1:], reason: strings.TrimSpace(reason), alone: strings.TrimSpace(after) == ""}
		return c, source[:start] + "\n" + after
	}
	return c, source
}
