package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/change"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// catchUpPage is how many entries the loop reads at once.
const catchUpPage = 256

// applyRequest asks the loop to make a plan the intent.
type applyRequest struct {
	ctx   context.Context
	plan  api.Plan
	reply chan<- applyReply // has room for one
}

type applyReply struct {
	change api.Change
	err    error
}

// begin publishes what was loaded and gives every node its State. The nodes are
// not part of any change: what they forwarded before is not known.
func (c *Controller) begin(ctx context.Context, now *compile.Compiled) {
	c.current.Store(now)
	c.board.begin(now.Fabric().Revision)
	for _, name := range append(now.Nodes(), now.Gateways()...) {
		c.dispatch(ctx, now, name)
	}
}

// loop is the only writer of what is published. It takes this controller's own
// changes and, by the store's watch, those of others.
func (c *Controller) loop(ctx context.Context, heads <-chan uint64) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case req := <-c.applies:
			ch, err := c.commit(req.ctx, ctx, req.plan)
			req.reply <- applyReply{ch, err}
		case rev, open := <-heads:
			if !open && ctx.Err() == nil {
				return errors.New("the store was closed")
			}
			if !open {
				return nil
			}
			if rev <= c.current.Load().Fabric().Revision {
				continue // this controller's own
			}
			if err := c.catchUp(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("revision %d of the intent: %w", rev, err)
			}
		}
	}
}

// apply hands a plan to the loop and returns the change as soon as it is stored
// and compiled.
func (c *Controller) apply(ctx context.Context, p api.Plan) (api.Change, error) {
	reply := make(chan applyReply, 1)
	select {
	case c.applies <- applyRequest{ctx, p, reply}:
	case <-ctx.Done():
		return api.Change{}, ctx.Err()
	}
	select {
	case r := <-reply:
		return r.change, r.err
	case <-ctx.Done():
		return api.Change{}, ctx.Err()
	}
}

// commit checks a plan against the published intent, stores it and brings it into
// force. The nodes' work goes on under running; ctx is the request's.
func (c *Controller) commit(ctx, running context.Context, p api.Plan) (api.Change, error) {
	now := c.current.Load()
	fabric, edit, err := change.Check(now, p)
	if err != nil {
		return api.Change{}, err
	}
	if edit.Empty() {
		return c.board.change(fabric.Revision)
	}
	started := time.Now()
	e := store.NewEntry(p.Title, started, edit, fabric)
	err = c.cfg.Store.Commit(ctx, e, fabric)
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		return api.Change{}, &change.StaleError{Base: p.Base, Present: conflict.Present}
	}
	if err != nil {
		return api.Change{}, err
	}
	c.metrics.stored.Observe(time.Since(started).Seconds())
	c.advance(running, fabric, e, started)
	return c.board.change(fabric.Revision)
}

// catchUp takes every entry that the store has beyond what is published.
func (c *Controller) catchUp(ctx context.Context) error {
	for {
		now := c.current.Load().Fabric()
		entries, err := c.cfg.Store.Since(ctx, now.Revision, catchUpPage)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if now, err = store.Replay(now, e); err != nil {
				return err
			}
			c.advance(ctx, now, e, e.Time)
		}
	}
}

// advance compiles one entry, publishes the result and hands each changed node its
// State. Fabric is the intent after the entry; the change counts from started.
func (c *Controller) advance(ctx context.Context, fabric netlib.Fabric, e store.Entry, started time.Time) {
	compiling := time.Now()
	next, changed := c.current.Load().Next(fabric, e.Edit)
	c.metrics.compiled.Observe(time.Since(compiling).Seconds())
	c.board.open(api.Change{Revision: e.Revision, Title: e.Title, Applied: e.Time}, started, c.running(changed))
	c.current.Store(next)
	for _, name := range changed {
		c.dispatch(ctx, next, name)
	}
	c.log.Info("change applied", "revision", e.Revision, "title", e.Title, "nodes", len(changed))
}

// running leaves out names that this process runs no agent for.
func (c *Controller) running(names []string) []string {
	if c.cfg.Embedded == nil {
		return nil
	}
	return names
}

// dispatch gives a node, or a gateway of the simulated fabric, its State, starting
// its agent where there is none; or ends it where the intent no longer has it.
func (c *Controller) dispatch(ctx context.Context, now *compile.Compiled, name string) {
	if c.cfg.Embedded == nil {
		return
	}
	s, ok := now.State(name)
	if !ok {
		c.fleet.remove(name, now.Fabric().Revision)
		return
	}
	c.fleet.set(ctx, s)
}
