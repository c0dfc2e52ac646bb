package interp

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// grace is how long a stopped cell may take to reach a safepoint. What waits in
// a channel or in compiled code for longer is left behind: it halts when it comes
// back.
const grace = 60 * time.Millisecond

// ending is what a cell's goroutine reports.
type ending struct {
	bundle  *display.Bundle
	failure *engine.Failure
}

// run runs p as t until it ends or ctx is done.
func (e *Engine) run(ctx context.Context, t *task, p *program, wanted bool) (*display.Bundle, *engine.Failure) {
	ts := e.tasks
	ts.begin(t, p.stop)
	watch, unwatch := context.WithCancel(context.Background())
	defer unwatch()
	ts.watchDepth(watch)
	done := make(chan ending, 1)
	go e.runCell(t, p, wanted, done)
	end, ok := e.await(ctx, t, done)
	t.ended.Store(true)
	ts.stops.ended(t)
	e.out.sync()
	ts.finish(t, p.stop, !ok || t.stopping.Load())
	if t.stopping.Load() {
		return nil, t.reason()
	}
	return end.bundle, end.failure
}

// await waits for the cell's end; false if it was left behind.
func (e *Engine) await(ctx context.Context, t *task, done <-chan ending) (ending, bool) {
	select {
	case end := <-done:
		return end, true
	case <-t.stopped: // exit, or a panic in one of its goroutines
	case <-ctx.Done():
		e.tasks.stop(t, nil)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case end := <-done:
		return end, true
	case <-timer.C:
		return ending{}, false
	}
}

// reason is why the task was stopped.
func (t *task) reason() *engine.Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure != nil {
		return t.failure
	}
	return interruptedFailure(t)
}

// runCell is the body of a cell's goroutine. It reports on done, whatever the
// cell does.
func (e *Engine) runCell(t *task, p *program, wanted bool, done chan<- ending) {
	debug.SetPanicOnFault(true) // a bad address in the engine becomes a panic
	end := ending{failure: &engine.Failure{Kind: engine.Exited, Message: "runtime.Goexit ended the cell", Traceback: []string{"runtime.Goexit ended the cell"}}}
	t.goroutine = gid.Get()
	e.tasks.owners.Store(t.goroutine, t)
	e.tasks.hold.point(t.goroutine)
	defer func() {
		if r := recover(); r != nil {
			end = ending{failure: t.panicked(p, r)}
		}
		e.tasks.forget()
		done <- end
	}()
	if err := p.interp.RunInit(); err != nil {
		end.failure = t.panicked(p, err)
		return
	}
	if _, err := p.interp.RunFunc(p.entry); err != nil {
		end.failure = t.panicked(p, err)
		return
	}
	end = ending{}
	if wanted {
		end.bundle = t.bundle()
	}
}

// panicked turns what ended the run of p into a failure.
func (t *task) panicked(p *program, r any) *engine.Failure {
	value := r
	var stack []byte
	switch v := r.(type) {
	case ixgo.PanicError:
		value, stack = v.Value, v.Stack()
	case ixgo.FatalError:
		value, stack = v.Value, v.Stack()
	}
	switch v := value.(type) {
	case halted:
		return t.reason()
	case exited:
		return exitFailure(v.code)
	}
	return panicFailure(t, value, parseStack(stack, placesOf(p.interp)), "")
}

// bundle shows the value of the cell's last expression: nothing for none, nil
// or a nil error; several values as text, without an error that is nil.
func (t *task) bundle() *display.Bundle {
	t.mu.Lock()
	values := t.results
	t.results = nil // code that lives on keeps the task
	t.mu.Unlock()
	if n := len(values); n > 1 && values[n-1] == nil {
		values = values[:n-1]
	}
	switch len(values) {
	case 0:
		return nil
	case 1:
		if values[0] == nil {
			return nil
		}
		b := display.Of(values[0])
		return &b
	}
	text := ""
	for i, v := range values {
		if i > 0 {
			text += " "
		}
		text += display.Of(v).Text()
	}
	b := display.Text(text)
	return &b
}
