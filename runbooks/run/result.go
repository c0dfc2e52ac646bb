package run

import (
	"time"

	"github.com/fabricbook/fabricbook/notebooks"
)

// Status is what became of a cell or of a whole run.
type Status string

// Statuses. Running is only ever seen in a file that is saved during the run; a
// file that stays so belongs to a runner that was killed.
const (
	OK          Status = "ok"
	Failed      Status = "failed"      // a cell failed
	Interrupted Status = "interrupted" // the caller stopped it
	TimedOut    Status = "timed-out"   // the cell's or the run's time was over
	KernelDied  Status = "kernel-died" // the engine was lost or did not obey
	Skipped     Status = "skipped"     // cells only: tagged skip-execution, or empty
	NotRun      Status = "not-run"     // cells only: the run had ended before
	Running     Status = "running"
)

// Result is what became of a run.
type Result struct {
	Status   Status        `json:"status"`
	Started  time.Time     `json:"started"` // UTC
	Ended    time.Time     `json:"ended"`
	Duration time.Duration `json:"duration"`
	Cells    []CellResult  `json:"cells"` // code cells, in order
}

// CellResult is what became of one code cell.
type CellResult struct {
	Index     int           `json:"index"` // among all cells of the executed notebook, from 0
	ID        string        `json:"id"`
	Summary   string        `json:"summary"` // first line of code
	Status    Status        `json:"status"`
	Expected  bool          `json:"expected,omitempty"`  // failed, but is tagged raises-exception
	Execution int           `json:"execution,omitempty"` // execution count, 0: was not run
	Started   time.Time     `json:"started,omitzero"`
	Duration  time.Duration `json:"duration,omitempty"`
	Error     *CellError    `json:"error,omitempty"`
}

// CellError is why a cell did not end well.
type CellError struct {
	Name    string `json:"name"`    // as in the notebook: CompileError, Panic
	Message string `json:"message"` // as the engine gave it
}

// Failure is the cell that ended the run, nil if none did.
func (r Result) Failure() *CellResult {
	for i, c := range r.Cells {
		switch c.Status {
		case Failed, Interrupted, TimedOut, KernelDied:
			if !c.Expected {
				return &r.Cells[i]
			}
		}
	}
	return nil
}

// Progress tells that a cell begins (Result.Status is Running) or has ended.
type Progress struct {
	Number int // of this code cell among the code cells, from 1
	Total  int
	Cell   CellResult
}

// Options are how to run. The zero value runs without limits and saves nothing.
type Options struct {
	// Params are injected first. A parameter that the notebook does not declare
	// in its cell tagged parameters, or declares with another type, is refused.
	Params []notebooks.Param
	// Timeout bounds the whole run, CellTimeout each cell; 0 is no limit.
	Timeout, CellTimeout time.Duration
	// Grace is how long the engine may take to stop a cell; then it counts as
	// dead. Default 5 s.
	Grace time.Duration
	// OutputLimit bounds the bytes of output that are kept of one cell; the cell
	// goes on beyond it, and says so on its standard error. Default 16 MiB.
	OutputLimit int
	// Save is called before the first cell, after each cell and at the end with
	// the notebook so far. An error ends the run.
	Save func(notebooks.Notebook) error
	// Progress is called from the goroutine of Run.
	Progress func(Progress)
}
