package interp

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/visualfc/gid"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// publishers are the engines of this process. What a cell shows goes to the
// engine whose cell that is.
var publishers struct {
	sync.Mutex
	engines []*Engine
	before  display.Publisher
}

func (e *Engine) startPublishing() {
	publishers.Lock()
	defer publishers.Unlock()
	if len(publishers.engines) == 0 {
		publishers.before = display.SetPublisher(publish)
	}
	publishers.engines = append(publishers.engines, e)
}

func (e *Engine) stopPublishing() {
	publishers.Lock()
	defer publishers.Unlock()
	publishers.engines = slices.DeleteFunc(publishers.engines, func(x *Engine) bool { return x == e })
	if len(publishers.engines) == 0 {
		display.SetPublisher(publishers.before)
	}
}

// publish hands p to the engine that runs the calling goroutine, or else to one
// that runs a cell.
func publish(p display.Publication) {
	publishers.Lock()
	engines, before := slices.Clone(publishers.engines), publishers.before
	publishers.Unlock()
	for _, e := range engines {
		if t, ok := e.tasks.owners.Load(gid.Get()); ok {
			e.publish(t.(*task).cell, p)
			return
		}
	}
	for _, e := range engines {
		if t := e.tasks.current.Load(); t != nil {
			e.publish(t.cell, p)
			return
		}
	}
	if before != nil {
		before(p)
	} else if !p.Clear {
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
