package interp

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/visualfc/gid"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// attached are the engines of this process. What a cell does through package
// display goes to the engine whose cell that is.
var attached struct {
	sync.Mutex
	engines []*Engine
	before  hooks
}

// hooks are the functions that package display calls.
type hooks struct {
	publish display.Publisher
	ask     display.Asker
	link    display.Link
	keep    display.Keeper
}

// install sets h and returns what was set before.
func (h hooks) install() hooks {
	return hooks{display.SetPublisher(h.publish), display.SetAsker(h.ask), display.SetLink(h.link), display.SetKeeper(h.keep)}
}

func (e *Engine) attach() {
	attached.Lock()
	defer attached.Unlock()
	if len(attached.engines) == 0 {
		attached.before = hooks{publish, ask, nil, keep}.install()
		if attached.before.link != nil { // else no front end takes widgets
			display.SetLink(tell)
		}
	}
	attached.engines = append(attached.engines, e)
}

func (e *Engine) detach() {
	attached.Lock()
	defer attached.Unlock()
	attached.engines = slices.DeleteFunc(attached.engines, func(x *Engine) bool { return x == e })
	if len(attached.engines) == 0 {
		attached.before.install()
	}
}

// caller finds the cell that the calling goroutine belongs to, or else one that
// runs. The engine is nil where no cell ran yet.
func caller() (e *Engine, t *task, before hooks) {
	attached.Lock()
	engines, before := slices.Clone(attached.engines), attached.before
	attached.Unlock()
	for _, e := range engines {
		if t, ok := e.tasks.owners.Load(gid.Get()); ok {
			return e, t.(*task), before
		}
	}
	for _, e := range engines {
		if t := e.tasks.current(); t != nil {
			return e, t, before
		}
	}
	return nil, nil, before
}

func publish(p display.Publication) {
	e, t, before := caller()
	switch {
	case e != nil:
		e.publish(t.cell, p)
	case before.publish != nil:
		before.publish(p)
	case !p.Clear:
		fmt.Fprintln(os.Stdout, p.Bundle.Text())
	}
}

func (e *Engine) publish(cell int, p display.Publication) {
	e.out.sync()
	if p.Clear {
		e.sink.Emit(engine.Event{Cell: cell, Clear: &engine.Clear{Wait: p.Wait}})
		return
	}
	e.sink.Emit(engine.Event{Cell: cell, Display: &engine.Display{Bundle: p.Bundle, ID: p.ID, Update: p.Update}})
}

func ask(prompt string, password bool) (string, error) {
	e, t, before := caller()
	switch {
	case e != nil:
		e.out.sync()
		return t.ask(e.sink, prompt, password)
	case before.ask != nil:
		return before.ask(prompt, password)
	}
	return "", fmt.Errorf("input: no cell runs that could ask %q", prompt)
}

// ask asks the person in front of the notebook. A stopped cell halts.
func (t *task) ask(sink engine.Sink, prompt string, password bool) (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-t.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	line, err := sink.Ask(ctx, t.cell, prompt, password)
	if t.stopping.Load() {
		panic(halted{})
	}
	return line, err
}

func tell(m display.CommMessage) {
	e, t, before := caller()
	if e == nil {
		before.link(m)
		return
	}
	e.out.sync()
	e.sink.Emit(engine.Event{Cell: t.cell, Comm: &m})
}

func keep(secret string) {
	e, t, before := caller()
	switch {
	case e != nil:
		e.sink.Emit(engine.Event{Cell: t.cell, Secret: secret})
	case before.keep != nil:
		before.keep(secret)
	}
}
