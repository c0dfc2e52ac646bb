package safety

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// addressScheme begins what VS Code sends in the place of a cell's id.
const addressScheme = "vscode-notebook-cell:"

// address is what VS Code names a cell by, as in
// "vscode-notebook-cell:/home/o/change.ipynb#W0sZmlsZQ%3D%3D": the notebook's file
// and a number that the editor gave the cell. Cells that were there when it opened
// the file have their position, from 0; later ones go on from there.
type address struct {
	notebook string
	number   int
}

// parseAddress reads a cell's id as an address; of most front ends it is none.
// Notebooks that lie in no file have none.
func parseAddress(id string) (a address, ok bool) {
	rest, ok := strings.CutPrefix(id, addressScheme)
	if !ok {
		return a, false
	}
	if far, ok := strings.CutPrefix(rest, "//"); ok { // the machine, as VS Code calls it
		_, path, _ := strings.Cut(far, "/")
		rest = "/" + path
	}
	path, fragment, _ := strings.Cut(rest, "#")
	path, err := url.PathUnescape(path)
	if err != nil || !filepath.IsAbs(path) {
		return a, false
	}
	// A letter tells the number's length; after "s" comes the file's scheme.
	digits, _, ok := strings.Cut(fragment, "s")
	number, err := strconv.ParseUint(strings.TrimLeft(digits, "WXYZabcdefz"), 7, 31)
	if err != nil || !ok {
		return a, false
	}
	return address{filepath.Clean(path), int(number)}, true
}

// NotebookOf is the path of the notebook that a cell's id names, empty where it
// names none.
func NotebookOf(cellID string) string {
	a, _ := parseAddress(cellID)
	return a.notebook
}

// identify gives a cell that VS Code names by its address the id that it has in the
// notebook's file, found by its source; c as it is where the file does not tell.
// The file that the first address names is the runbook's where none is known.
func (r *Runbook) identify(c Cell) Cell {
	a, ok := parseAddress(c.ID)
	if !ok {
		return c
	}
	if r.file.path == "" {
		r.file.path = a.notebook
		r.file.refresh()
	}
	if r.file.path != a.notebook {
		return c
	}
	if id := r.addressed(c, a); id != "" {
		r.addresses[c.ID] = id
		c.ID = id
	}
	return c
}

// addressed is the id of the step whose source a cell has. Of several with the same
// source it is the one that the cell was before, that stands at its number, or that
// no other cell is; with none, the one that the cell was before.
func (r *Runbook) addressed(c Cell, a address) string {
	known := r.addresses[c.ID]
	taken := map[string]bool{}
	for _, id := range r.addresses {
		taken[id] = true
	}
	_, rest := readCommand(c.Source)
	best, rank := known, 0
	for _, s := range r.file.steps {
		if s.id == "" || s.source != c.Source && s.source != rest {
			continue
		}
		mine := 1
		switch {
		case s.id == known:
			mine = 4
		case s.at == a.number:
			mine = 3
		case !taken[s.id]:
			mine = 2
		}
		if mine > rank {
			best, rank = s.id, mine
		}
	}
	return best
}
