package controller

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/dataplane/agent"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// Delays before a plane that failed is started again.
const (
	firstRestart = 100 * time.Millisecond
	lastRestart  = 10 * time.Second
)

// patience is the attempt from which on a failure is told: a removed node may still
// hold the tunnel address that this one was given.
const patience = 3

// clearTime bounds the emptying of a removed node's plane.
const clearTime = 10 * time.Second

// fleet runs the agents of the nodes in this process. Set and remove are called by
// the loop alone.
type fleet struct {
	start func(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error)
	board *board
	log   *slog.Logger
	wg    sync.WaitGroup

	mu      sync.Mutex // of members, which probes read
	members map[string]*member
	ended   map[string]<-chan struct{} // of removed members that may not have ended yet
}

// member is one node's agent with its plane.
type member struct {
	name   string
	tunnel netip.Addr
	link   *link
	stop   context.CancelFunc
	done   chan struct{} // closed when its plane is closed
	remove chan uint64   // holds the revision that removed it, before stop
}

func newFleet(cfg Config, b *board) *fleet {
	return &fleet{
		start: cfg.Embedded, board: b, log: cfg.Log,
		members: map[string]*member{}, ended: map[string]<-chan struct{}{},
	}
}

// wait returns when every agent has ended.
func (f *fleet) wait() { f.wg.Wait() }

// set gives a node its State, starting its agent where none runs for this tunnel
// address.
func (f *fleet) set(ctx context.Context, s dataplane.State) {
	f.board.want(s.Node, s.Revision)
	m := f.member(s.Node)
	if m != nil && m.tunnel != s.Tunnel {
		f.end(m)
		m = nil
	}
	if m == nil {
		m = f.add(ctx, s.Node, s.Tunnel)
	}
	m.link.put(&s)
}

// remove ends a node's agent after emptying its plane.
func (f *fleet) remove(name string, rev uint64) {
	m := f.member(name)
	if m == nil {
		f.board.gone(name, rev)
		return
	}
	m.remove <- rev
	f.end(m)
}

func (f *fleet) member(name string) *member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.members[name]
}

func (f *fleet) end(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.stop()
	delete(f.members, m.name)
	f.ended[m.name] = m.done
}

// add starts a member. It begins when its predecessor of the same name has ended.
func (f *fleet) add(ctx context.Context, name string, tunnel netip.Addr) *member {
	ctx, stop := context.WithCancel(ctx)
	m := &member{name: name, tunnel: tunnel, link: newLink(f.board), stop: stop, done: make(chan struct{}), remove: make(chan uint64, 1)}
	f.mu.Lock()
	before := f.ended[name]
	delete(f.ended, name)
	f.members[name] = m
	f.mu.Unlock()
	f.wg.Go(func() {
		defer close(m.done)
		defer stop()
		if before != nil {
			<-before
		}
		f.run(ctx, m)
		select {
		case rev := <-m.remove:
			f.board.gone(name, rev)
		default:
		}
	})
	return m
}

// run keeps a member's plane and agent at work until ctx ends.
func (f *fleet) run(ctx context.Context, m *member) {
	delay := firstRestart
	for attempt := 1; ctx.Err() == nil; attempt++ {
		begun := time.Now()
		err := f.once(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > lastRestart {
			delay, attempt = firstRestart, 1
		}
		f.log.Error("node's agent ended; starting it again", "node", m.name, "error", err, "after", delay)
		if attempt >= patience {
			f.board.failed(m.name, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		delay = min(2*delay, lastRestart)
	}
}

// once starts the plane and runs the agent until either ends.
func (f *fleet) once(ctx context.Context, m *member) error {
	plane, err := f.start(ctx, m.name, m.tunnel)
	if err != nil {
		return err
	}
	f.board.restarted(m.name)
	m.link.renew()
	a := agent.New(m.name, plane, m.link, f.log)
	a.Heartbeat = heartbeat
	err = a.Run(ctx)
	if ctx.Err() != nil {
		err = f.clear(ctx, m, plane)
	}
	if err = errors.Join(err, plane.Close()); err != nil && ctx.Err() != nil {
		f.log.Error("node's dataplane did not end cleanly", "node", m.name, "error", err)
	}
	return err
}

// clear empties the plane of a member that was removed from the intent. At the end
// of the process the forwarding stays, where it can.
func (f *fleet) clear(ctx context.Context, m *member, plane dataplane.Plane) error {
	select {
	case rev := <-m.remove:
		m.remove <- rev
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
		defer cancel()
		_, err := plane.Apply(ctx, dataplane.State{Node: m.name, Tunnel: m.tunnel, MTU: compile.MTU, Revision: rev})
		return err
	default:
		return nil
	}
}

// probe sends packets from a port of a node and waits for the result.
func (f *fleet) probe(ctx context.Context, node string, p dataplane.Probe) (dataplane.ProbeResult, error) {
	m := f.member(node)
	if m == nil {
		return dataplane.ProbeResult{}, &unavailableError{what: "no agent runs for node " + node, fix: "see the node's error in the status"}
	}
	return m.link.probe(ctx, p)
}
