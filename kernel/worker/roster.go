package worker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// roster knows which cells run. What nobody can tell apart, as text on standard
// output, belongs to the one that began last.
type roster struct {
	mu    sync.Mutex
	cells []int // that run, in the order in which they began
	last  int   // that ran last where none runs
}

// begin enters a cell.
func (r *roster) begin(cell int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cells, r.last = append(r.cells, cell), cell
}

// end strikes a cell out.
func (r *roster) end(cell int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := slices.Index(r.cells, cell); at >= 0 {
		r.cells = slices.Delete(r.cells, at, at+1)
	}
	r.last = cell
}

// current is the cell that began last of those that run, or that ran last.
func (r *roster) current() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.cells); n > 0 {
		return r.cells[n-1]
	}
	return r.last
}

// blame says in words which cells could have ended the process, cell among them.
func (r *roster) blame(cell int) string {
	r.mu.Lock()
	cells := slices.Clone(r.cells)
	r.mu.Unlock()
	if !slices.Contains(cells, cell) {
		cells = append(cells, cell)
	}
	if len(cells) == 1 {
		return fmt.Sprintf("Cell %d", cell)
	}
	slices.Sort(cells)
	words := make([]string, len(cells))
	for i, c := range cells {
		words[i] = fmt.Sprint(c)
	}
	n := len(words) - 1
	return "One of the cells " + strings.Join(words[:n], ", ") + " and " + words[n]
}
