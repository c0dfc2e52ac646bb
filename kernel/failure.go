package kernel

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// Bounds of an error as it is shown: it must leave the notebook readable, and
// what matters of it stands at its ends.
const (
	errorHead = 40      // lines at the beginning
	errorTail = 20      // lines at the end
	errorLine = 4 << 10 // bytes of a line
)

// failureOf is a failure in the terms of the protocol, with a traceback in any
// case.
func failureOf(f *engine.Failure) *wire.Error {
	e := &wire.Error{Name: string(f.Kind), Value: shortened(f.Message), Traceback: f.Traceback}
	if len(e.Traceback) == 0 {
		e.Traceback = []string{e.Name + ": " + e.Value}
	}
	whole := strings.Join(e.Traceback, "\n")
	if short := shortened(whole); short != whole {
		e.Traceback = strings.Split(short, "\n")
	}
	return e
}

// shortened is text without the middle of its lines, and without the middle of
// each line, where these are too many or too long.
func shortened(text string) string {
	lines := strings.Split(text, "\n")
	if cut := len(lines) - errorHead - errorTail; cut > 1 {
		lines = append(append(lines[:errorHead:errorHead], fmt.Sprintf("... %d lines left out", cut)), lines[errorHead+cut:]...)
	}
	for i, l := range lines {
		if len(l) <= errorLine {
			continue
		}
		head, tail := cutBefore(l, errorLine*3/4), cutBefore(l, len(l)-errorLine/4)
		lines[i] = fmt.Sprintf("%s ... %d bytes left out ... %s", l[:head], tail-head, l[tail:])
	}
	return strings.Join(lines, "\n")
}

// cutBefore is the beginning of the character at byte i, so that s can be cut
// there.
func cutBefore(s string, i int) int {
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}
