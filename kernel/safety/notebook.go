package safety

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"
)

// step is one code cell of a runbook's file.
type step struct {
	id, source string
	at         int // position among all cells of the file
	repeatable bool
}

// file is what a notebook's file says of the runbook. It is read again when it
// has changed.
type file struct {
	path    string // empty: not known
	changed time.Time
	size    int64
	runbook bool
	steps   []step
}

// refresh reads the file if it has changed. One that cannot be read, because it
// was renamed or is being written, leaves what was known.
func (f *file) refresh() {
	if f.path == "" {
		return
	}
	info, err := os.Stat(f.path)
	if err != nil || info.ModTime().Equal(f.changed) && info.Size() == f.size {
		return
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return
	}
	if runbook, steps, ok := parseNotebook(data); ok {
		f.changed, f.size = info.ModTime(), info.Size()
		f.runbook, f.steps = f.runbook || runbook, steps
	}
}

// number is what people call the step at an index: its place, or where a cell of
// the notebook gives itself a number, the step's own; 0 if it has none.
func (f *file) number(at int) int {
	own := func(s step) int { return readDirectives(s.source).step }
	if slices.ContainsFunc(f.steps, func(s step) bool { return own(s) > 0 }) {
		return own(f.steps[at])
	}
	return at + 1
}

// parseNotebook reads a notebook as far as runbooks need it.
func parseNotebook(data []byte) (runbook bool, steps []step, ok bool) {
	var nb struct {
		Metadata struct {
			Fabricbook struct {
				Runbook json.RawMessage `json:"runbook"`
			} `json:"fabricbook"`
		} `json:"metadata"`
		Cells []struct {
			Type     string          `json:"cell_type"`
			ID       string          `json:"id"`
			Source   json.RawMessage `json:"source"`
			Metadata struct {
				Tags []string `json:"tags"`
			} `json:"metadata"`
		} `json:"cells"`
	}
	if json.Unmarshal(data, &nb) != nil {
		return false, nil, false
	}
	for at, c := range nb.Cells {
		source := joined(c.Source)
		if c.Type != "code" || strings.TrimSpace(source) == "" {
			continue
		}
		if command, _ := readCommand(source); command.alone && command.verb != "skip" {
			continue
		}
		steps = append(steps, step{c.ID, source, at, slices.Contains(c.Metadata.Tags, "repeatable")})
	}
	switch declared := string(nb.Metadata.Fabricbook.Runbook); declared {
	case "", "null", "false":
	default:
		runbook = true
	}
	return runbook, steps, true
}

// joined decodes a source, which is a text or a list of lines.
func joined(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var lines []string
	_ = json.Unmarshal(raw, &lines) // what is neither is an empty cell
	return strings.Join(lines, "")
}

// find returns the index of a cell among the steps, by its id or else its source,
// -1 if it is none.
func (f *file) find(c Cell) int {
	return slices.IndexFunc(f.steps, func(s step) bool {
		if c.ID != "" && s.id != "" {
			return s.id == c.ID
		}
		return s.source == c.Source
	})
}
