package run

import (
	"maps"
	"slices"
	"time"

	"github.com/fabricbook/fabricbook/notebooks"
)

// key is where this package writes in a notebook's and a cell's metadata.
const key = "fabricbook"

// document is the notebook so far: outputs, counts, times and statuses.
func (r *runner) document() notebooks.Notebook {
	nb := notebooks.Notebook{Cells: slices.Clone(r.nb.Cells)}
	outputs := r.rec.outputs()
	for _, c := range r.result.Cells {
		cell := &nb.Cells[c.Index]
		cell.Outputs = outputs[c.Index]
		if c.Execution > 0 {
			n := c.Execution
			cell.ExecutionCount = &n
		}
		cell.Metadata = merge(cell.Metadata, c.metadata())
		if times := c.times(); times != nil {
			cell.Metadata = cell.Metadata.With("execution", times)
		}
	}
	nb.Metadata = merge(r.nb.Metadata, r.metadata())
	return nb
}

// merge puts run into the object's own field of this package and keeps what else
// stands there.
func merge(meta notebooks.Object, run map[string]any) notebooks.Object {
	own := map[string]any{}
	switch old := meta[key].(type) {
	case map[string]any:
		own = maps.Clone(old)
	case notebooks.Object:
		own = maps.Clone(old)
	}
	own["run"] = run
	return meta.With(key, own)
}

func (r *runner) metadata() map[string]any {
	m := map[string]any{"status": string(r.result.Status), "started": stamp(r.result.Started)}
	if !r.result.Ended.IsZero() {
		m["ended"], m["seconds"] = stamp(r.result.Ended), seconds(r.result.Duration)
	}
	if len(r.o.Params) > 0 {
		params := map[string]any{}
		for _, p := range r.o.Params {
			params[p.Name] = p.Value
		}
		m["parameters"] = params
	}
	if f := r.result.Failure(); f != nil {
		m["failed"] = f.ID
	}
	return m
}

func (c CellResult) metadata() map[string]any {
	m := map[string]any{"status": string(c.Status)}
	if c.Execution > 0 {
		m["started"], m["seconds"] = stamp(c.Started), seconds(c.Duration)
	}
	if c.Expected {
		m["expected"] = true
	}
	return m
}

// times are the cell's times in the fields that Jupyter front ends write and
// read.
func (c CellResult) times() map[string]any {
	if c.Execution == 0 {
		return nil
	}
	begun, ended := jupyterStamp(c.Started), jupyterStamp(c.Started.Add(c.Duration))
	return map[string]any{
		"iopub.status.busy":   begun,
		"iopub.execute_input": begun,
		"shell.execute_reply": ended,
		"iopub.status.idle":   ended,
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func jupyterStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// seconds rounds to milliseconds.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}
