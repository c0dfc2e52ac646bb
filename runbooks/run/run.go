package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/notebooks"
)

// Run executes the notebook's code cells in order on a new engine and stops at
// the first that fails, unless it is tagged raises-exception. Earlier outputs are
// cleared. It returns the executed notebook and what became of it; err is only
// for what kept it from running or from being saved (parameters refused, no
// engine, a full disk), and then too the notebook holds what was reached.
// Cancelling ctx interrupts the running cell and ends the run.
func Run(ctx context.Context, nb notebooks.Notebook, factory engine.Factory, o Options) (notebooks.Notebook, Result, error) {
	nb, err := prepare(nb, o.Params)
	if err != nil {
		return nb, Result{Status: NotRun}, err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, errTime{"the run", o.Timeout})
		defer cancel()
	}
	r := newRunner(nb, o)
	if err := r.save(); err != nil {
		return r.finish(NotRun, err)
	}
	// The engine outlives ctx, so that it can be asked to stop a cell in order.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	if r.engine, err = start(ctx, life, factory, r.rec); err != nil {
		return r.finish(notStarted(ctx), fmt.Errorf("the engine does not start: %w", err))
	}
	defer func() { _ = r.engine.Close() }() // the cells have ended; nothing hangs on how it goes
	status, err := r.cells(ctx)
	return r.finish(status, err)
}

// prepare clears the notebook and injects the parameters.
func prepare(nb notebooks.Notebook, params []notebooks.Param) (notebooks.Notebook, error) {
	if err := nb.Validate(); err != nil {
		return nb, err
	}
	nb = nb.Cleared()
	if len(params) == 0 {
		return nb, nil
	}
	declared, err := nb.Parameters()
	if err != nil {
		return nb, err
	}
	for _, p := range params {
		if err := notebooks.Accepts(declared, p); err != nil {
			return nb, err
		}
	}
	return notebooks.Inject(nb, params)
}

// start makes the engine and gives up when ctx ends first.
func start(ctx, life context.Context, factory engine.Factory, sink engine.Sink) (engine.Engine, error) {
	type made struct {
		engine engine.Engine
		err    error
	}
	done := make(chan made, 1)
	go func() {
		e, err := factory(life, sink)
		done <- made{e, err}
	}()
	select {
	case m := <-done:
		return m.engine, m.err
	case <-ctx.Done():
		go func() {
			if m := <-done; m.err == nil {
				_ = m.engine.Close() // nobody waits for it any more
			}
		}()
		return nil, context.Cause(ctx)
	}
}

func notStarted(ctx context.Context) Status {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return KernelDied
}

// stopped is the status of what ended because ctx did.
func stopped(ctx context.Context) Status {
	var over errTime
	if errors.As(context.Cause(ctx), &over) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return TimedOut
	}
	return Interrupted
}

// errTime is the cause of a context that ran out of time.
type errTime struct {
	what  string
	limit time.Duration
}

func (e errTime) Error() string {
	return fmt.Sprintf("%s took longer than %v", e.what, e.limit)
}

type runner struct {
	o       Options
	nb      notebooks.Notebook // Cells is owned by the runner
	engine  engine.Engine
	rec     *recorder
	result  Result
	counter int // execution count of the last cell
}

func newRunner(nb notebooks.Notebook, o Options) *runner {
	if o.Grace <= 0 {
		o.Grace = 5 * time.Second
	}
	if o.OutputLimit <= 0 {
		o.OutputLimit = 16 << 20
	}
	nb.Cells = slices.Clone(nb.Cells)
	r := &runner{o: o, nb: nb, rec: newRecorder(o.OutputLimit)}
	r.result = Result{Status: Running, Started: time.Now().UTC()}
	for i, c := range nb.Cells {
		if c.Type == notebooks.Code {
			r.result.Cells = append(r.result.Cells, CellResult{Index: i, ID: c.ID, Summary: summary(c.Source), Status: NotRun})
		}
	}
	return r
}

// summary is the first line of code behind the imports, or of what there is.
func summary(source string) string {
	first, imports := "", false
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case imports:
			imports = line != ")"
		case strings.HasPrefix(line, "//"), strings.HasPrefix(line, "import "):
			imports = strings.HasPrefix(line, "import (") && !strings.HasSuffix(line, ")")
			if first == "" {
				first = line
			}
		default:
			return line
		}
	}
	return first
}

// cells runs the code cells and returns how the run ended.
func (r *runner) cells(ctx context.Context) (Status, error) {
	for n := range r.result.Cells {
		c := &r.result.Cells[n]
		cell := r.nb.Cells[c.Index]
		select {
		case <-ctx.Done():
			return stopped(ctx), nil
		default:
		}
		if cell.HasTag(notebooks.TagSkip) || strings.TrimSpace(cell.Source) == "" {
			c.Status = Skipped
			r.progress(n)
			continue
		}
		c.Status = Running
		r.progress(n)
		r.cell(ctx, cell, c)
		r.progress(n)
		if err := r.save(); err != nil {
			return c.Status, err
		}
		if c.Status != OK && !c.Expected {
			return c.Status, nil
		}
	}
	return OK, nil
}

// cell runs one cell and writes down what became of it.
func (r *runner) cell(ctx context.Context, cell notebooks.Cell, c *CellResult) {
	r.counter++
	c.Execution, c.Started = r.counter, time.Now().UTC()
	r.rec.begin(r.counter, c.Index)
	cellCtx := ctx
	if r.o.CellTimeout > 0 {
		var cancel context.CancelFunc
		cellCtx, cancel = context.WithTimeoutCause(ctx, r.o.CellTimeout, errTime{"the cell", r.o.CellTimeout})
		defer cancel()
	}
	out, answered := r.execute(cellCtx, engine.Cell{Number: r.counter, ID: cell.ID, Source: cell.Source})
	c.Duration = time.Since(c.Started)
	c.Status = OK
	if out.Failure != nil {
		c.Status = judge(cellCtx, out.Failure.Kind)
		c.Error = &CellError{Name: string(out.Failure.Kind), Message: out.Failure.Message}
		if c.Status == TimedOut {
			c.Error.Message = context.Cause(cellCtx).Error()
		}
	}
	if !answered {
		c.Status = KernelDied
	}
	c.Expected = c.Status == Failed && cell.HasTag(notebooks.TagRaises)
	r.rec.end(r.counter, out)
}

// judge turns a failure of a cell into a status.
func judge(ctx context.Context, kind engine.Kind) Status {
	switch kind {
	case engine.Lost:
		return KernelDied
	case engine.Interrupted:
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		return Interrupted
	}
	return Failed
}

// execute runs a cell and waits for it, beyond the end of ctx for the grace at
// most; answered is false where the engine did not stop in that time.
func (r *runner) execute(ctx context.Context, cell engine.Cell) (out engine.Outcome, answered bool) {
	done := make(chan engine.Outcome, 1)
	go func() { done <- r.rec.masked(r.engine.Execute(ctx, cell)) }()
	select {
	case out := <-done:
		return out, true
	case <-ctx.Done():
	}
	grace := time.NewTimer(r.o.Grace)
	defer grace.Stop()
	select {
	case out := <-done:
		return out, true
	case <-grace.C:
		message := fmt.Sprintf("%v, and the engine did not stop the cell within %v", context.Cause(ctx), r.o.Grace)
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Lost, Message: message, Traceback: []string{message}}}, false
	}
}

func (r *runner) progress(n int) {
	if r.o.Progress != nil {
		r.o.Progress(Progress{Number: n + 1, Total: len(r.result.Cells), Cell: r.result.Cells[n]})
	}
}

func (r *runner) save() error {
	if r.o.Save == nil {
		return nil
	}
	if err := r.o.Save(r.document()); err != nil {
		return fmt.Errorf("saving the executed notebook: %w", err)
	}
	return nil
}

// finish closes the result, saves once more and returns what Run returns.
func (r *runner) finish(status Status, err error) (notebooks.Notebook, Result, error) {
	r.result.Status = status
	r.result.Ended = time.Now().UTC()
	r.result.Duration = r.result.Ended.Sub(r.result.Started)
	err = errors.Join(err, r.save())
	return r.document(), r.result, err
}
