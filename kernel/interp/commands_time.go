package interp

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// timeName is the line that measures.
const timeName = "%time"

// timeEnd is its argument in the call that ends a measurement.
const timeEnd = "end"

var timedLine = regexp.MustCompile(`^%time[ \t]+\S`)

// timedAt is where the statement begins in a line that measures one.
func timedAt(line string) (at int, ok bool) {
	m := timedLine.FindStringIndex(line)
	if m == nil {
		return 0, false
	}
	return m[1] - 1, true
}

// timed is line i of a cell, whose statement begins at an offset, with the calls
// that measure it. The statement keeps its position. A statement that is the last
// of the cell, and one that goes on below, are measured up to the cell's end: so
// the former can be its result.
func timed(lines []string, i, at int, blank bool) string {
	line := lines[i]
	if blank {
		return strings.Repeat(" ", at) + line[at:]
	}
	statement := withoutComment(line[at:])
	open, _ := brackets(statement)
	last := strings.TrimSpace(strings.Join(lines[i+1:], "")) == ""
	end := ""
	if len(open) == 0 && !last {
		end = ";" + commandCall(timeName+" "+timeEnd)
	}
	return fmt.Sprintf("%s;/*line :%d:%d*/%s%s%s", commandCall(timeName), i+1, at+1, statement, end, lineEnd(line))
}

// withoutComment is a line of code up to the comment at its end.
func withoutComment(line string) string {
	code := strings.TrimRight(withoutTexts(line), " \t\r\n")
	return line[:len(code)]
}

// measure begins a measurement, or ends it.
func measure(e *Engine, t *task, arg string) error {
	if arg == timeEnd {
		e.showTime(t)
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock = time.Now()
	return nil
}

// showTime ends a measurement, if one has begun.
func (e *Engine) showTime(t *task) {
	t.mu.Lock()
	began := t.clock
	t.clock = time.Time{}
	t.mu.Unlock()
	if !began.IsZero() {
		e.out.write(t.cell, "stdout", "took "+readable(time.Since(began))+"\n")
	}
}

// readable is d with three digits.
func readable(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
