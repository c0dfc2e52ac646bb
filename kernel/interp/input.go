package interp

import (
	"fmt"
	"io"
	"sync"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// input is standard input for fmt.Scan and its like: each line is asked of the
// person in front of the notebook.
type input struct {
	sink  engine.Sink
	tasks *tasks

	mu   sync.Mutex
	rest []byte // of the last line
}

// Read gives what is left of the last line, or asks for the next.
func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.rest) == 0 {
		t := in.tasks.owner()
		if t == nil || !t.asks {
			return 0, io.EOF
		}
		line, err := t.ask(in.sink, "", false)
		if err != nil {
			return 0, err
		}
		in.rest = []byte(line + "\n")
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

func (in *input) externals() map[string]any {
	return map[string]any{
		"fmt.Scan":   func(a ...any) (int, error) { return fmt.Fscan(in, a...) },
		"fmt.Scanln": func(a ...any) (int, error) { return fmt.Fscanln(in, a...) },
		"fmt.Scanf":  func(f string, a ...any) (int, error) { return fmt.Fscanf(in, f, a...) },
	}
}
