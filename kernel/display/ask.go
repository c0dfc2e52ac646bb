package display

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// Asker asks the person in front of the notebook for one line; with password
// the front end does not show what is typed.
type Asker func(prompt string, password bool) (string, error)

var asker atomic.Pointer[Asker]

// SetAsker makes a the one that Input and Password ask, nil the terminal again,
// and returns the one before.
func SetAsker(a Asker) (before Asker) {
	var installed *Asker
	if a != nil {
		installed = &a
	}
	if old := asker.Swap(installed); old != nil {
		return *old
	}
	return nil
}

// Input asks the person in front of the notebook for one line.
func Input(prompt string) (string, error) { return ask(prompt, false) }

// Password asks for one line that is not shown while it is typed.
func Password(prompt string) (string, error) { return ask(prompt, true) }

func ask(prompt string, password bool) (string, error) {
	if installed := asker.Load(); installed != nil {
		return (*installed)(prompt, password)
	}
	if password {
		return "", fmt.Errorf("password %q: only a notebook's front end can hide what is typed; give it by the environment here", prompt)
	}
	fmt.Fprint(os.Stderr, prompt)
	return readLine(terminal())
}

// terminal is standard input, read ahead by one reader for all questions.
var terminal = sync.OnceValue(func() *bufio.Reader { return bufio.NewReader(os.Stdin) })

// readLine reads a line without its end; the last one may lack the end.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err == io.EOF && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
