package display

import (
	"crypto/rand"
	"fmt"
	"os"
	"sync/atomic"
)

// Publication is one thing that a cell shows. Exactly one of Bundle and Clear
// is meant: Clear empties the output area and has no bundle.
type Publication struct {
	Bundle Bundle
	ID     string // handle's id; empty where it cannot be updated
	Update bool   // replaces what was shown under ID
	Clear  bool
	Wait   bool // with Clear: only when the next output comes
}

// Publisher takes what cells show. It is called on the goroutine that shows
// (so that it can tell which cell that belongs to), from many at a time.
type Publisher func(Publication)

var publisher atomic.Pointer[Publisher]

// SetPublisher makes p the receiver of everything shown in this process, nil
// standard output again, and returns the receiver before.
func SetPublisher(p Publisher) (before Publisher) {
	var installed *Publisher
	if p != nil {
		installed = &p
	}
	if old := publisher.Swap(installed); old != nil {
		return *old
	}
	return nil
}

func publish(p Publication) {
	if installed := publisher.Load(); installed != nil {
		(*installed)(p)
		return
	}
	if !p.Clear {
		fmt.Fprintln(os.Stdout, p.Bundle.Text())
	}
}

// Handle is something shown that can be replaced in its place.
type Handle struct{ id string }

// Show shows v at once and returns a handle to replace it later.
func Show(v any) *Handle {
	b := Of(v)
	id, _ := b.Transient["display_id"].(string)
	if id == "" {
		id = rand.Text()
	}
	publish(Publication{Bundle: b, ID: id})
	return &Handle{id: id}
}

// ID is the display id that the protocol carries.
func (h *Handle) ID() string { return h.id }

// Update shows v in the place of what the handle showed before, wherever in
// the notebook that is.
func (h *Handle) Update(v any) { publish(Publication{Bundle: Of(v), ID: h.id, Update: true}) }

// Clear empties the running cell's output area, with wait only when its next
// output comes, which avoids flicker.
func Clear(wait bool) { publish(Publication{Clear: true, Wait: wait}) }
