package worker

import (
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// When stream events count as a flood, and how they are gathered then.
const (
	floodWindow = 2 * time.Millisecond // in which more than floodEvents come
	floodEvents = 20
	floodBytes  = 32 << 10 // gathered at most
)

// flood gathers the text of a cell that prints line by line without pause, which
// would cost a message each. Text outside of a flood is sent at once, so that it
// keeps its order with what host code prints. Its user guards it by a lock.
type flood struct {
	window time.Time // began
	events int       // in it

	cell  int
	name  string
	text  []byte
	timer *time.Timer // calls flush
	armed bool
	flush func()
}

func newFlood(flush func()) *flood { return &flood{flush: flush} }

// gather takes the event if it is part of a flood. What was gathered of another
// cell or stream must have been taken before; gather then declines.
func (f *flood) gather(e engine.Event) bool {
	now := time.Now()
	if now.Sub(f.window) > floodWindow {
		f.window, f.events = now, 0
	}
	f.events++
	other := len(f.text) > 0 && (f.cell != e.Cell || f.name != e.Stream.Name)
	if f.events <= floodEvents || other || len(f.text)+len(e.Stream.Text) > floodBytes {
		return false
	}
	f.cell, f.name = e.Cell, e.Stream.Name
	f.text = append(f.text, e.Stream.Text...)
	if !f.armed {
		f.armed = true
		if f.timer == nil {
			f.timer = time.AfterFunc(floodWindow, f.flush)
		} else {
			f.timer.Reset(floodWindow)
		}
	}
	return true
}

// take returns what was gathered as one event.
func (f *flood) take() (engine.Event, bool) {
	f.armed = false
	if len(f.text) == 0 {
		return engine.Event{}, false
	}
	e := engine.Event{Cell: f.cell, Stream: &engine.Stream{Name: f.name, Text: string(f.text)}}
	f.text = f.text[:0]
	return e, true
}
