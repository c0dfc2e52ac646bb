package controller

import (
	"context"
	"errors"
	"sync"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/dataplane/agent"
)

// link joins the controller with an agent in the same process. Of several States
// that were not taken yet only the newest is handed over.
type link struct {
	board *board

	mu     sync.Mutex
	state  *dataplane.State // newest
	fresh  bool             // not handed over yet
	probes []agent.ProbeOrder
	asked  map[uint64]chan<- agent.ProbeAnswer // each with room for one
	last   uint64                              // identifier of the last probe
	wake   chan struct{}                       // holds a token while there may be an order
}

var _ agent.Link = (*link)(nil)

func newLink(b *board) *link {
	return &link{board: b, asked: map[uint64]chan<- agent.ProbeAnswer{}, wake: make(chan struct{}, 1)}
}

// put makes s the next State to hand over.
func (l *link) put(s *dataplane.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.fresh = s, true
	l.ring()
}

// renew hands the newest State over once more, to an agent that was started anew.
func (l *link) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = l.state != nil
	l.ring()
}

func (l *link) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Next blocks until there is an order.
func (l *link) Next(ctx context.Context) (agent.Order, error) {
	for {
		if o, ok := l.take(); ok {
			return o, nil
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return agent.Order{}, ctx.Err()
		}
	}
}

func (l *link) take() (o agent.Order, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fresh:
		l.fresh, o.State = false, l.state
	case len(l.probes) > 0:
		p := l.probes[0]
		l.probes, o.Probe = l.probes[1:], &p
	default:
		return o, false
	}
	return o, true
}

// Report hands a report to the board and an answer to the probe that waits for it.
func (l *link) Report(_ context.Context, r agent.Report) error {
	if r.Probe != nil {
		l.answer(*r.Probe)
	}
	l.board.report(r)
	return nil
}

func (l *link) answer(a agent.ProbeAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.asked[a.ID]; c != nil {
		c <- a
		delete(l.asked, a.ID)
	}
}

// probe orders a probe and waits for its answer.
func (l *link) probe(ctx context.Context, p dataplane.Probe) (dataplane.ProbeResult, error) {
	answer := make(chan agent.ProbeAnswer, 1)
	l.mu.Lock()
	l.last++
	id := l.last
	l.asked[id] = answer
	l.probes = append(l.probes, agent.ProbeOrder{ID: id, Probe: p})
	l.ring()
	l.mu.Unlock()
	select {
	case a := <-answer:
		if a.Error != "" {
			return a.Result, errors.New(a.Error)
		}
		return a.Result, nil
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.asked, id)
		l.mu.Unlock()
		return dataplane.ProbeResult{}, ctx.Err()
	}
}
