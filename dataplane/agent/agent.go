package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Times of an agent that are not of the operator's choosing.
const (
	DefaultHeartbeat = 5 * time.Second

	countersAfter = 250 * time.Millisecond // from a probe to the report of what it counted
	firstRetry    = time.Second            // of a State that failed; doubled up to lastRetry
	lastRetry     = 30 * time.Second
	maxProbes     = 16   // under way at a time
	maxWaiting    = 4096 // under way or waiting
)

// Agent runs one node.
type Agent struct {
	// Heartbeat is the time between reports without other cause. Set it before Run.
	Heartbeat time.Duration

	node  string
	plane dataplane.Plane
	link  Link
	log   *slog.Logger

	mu     sync.Mutex
	newest *dataplane.State // waits for the plane; replaced by a newer one
	known  Report           // what every report begins with
	wake   chan struct{}    // holds a token while newest waits
	probed chan struct{}    // holds a token after a probe, until its counts were reported
}

// New makes the agent of one node. It starts nothing and does not close the plane.
// A nil log is slog.Default.
func New(node string, plane dataplane.Plane, link Link, log *slog.Logger) *Agent {
	if log == nil {
		log = slog.Default()
	}
	return &Agent{
		Heartbeat: DefaultHeartbeat,
		node:      node, plane: plane, link: link, log: log.With("node", node),
		known: Report{Node: node},
		wake:  make(chan struct{}, 1), probed: make(chan struct{}, 1),
	}
}

// Run reports what the plane holds, then takes orders until ctx ends (then it returns nil) or the link fails. Of
// several States that wait only the newest is applied; one that failed is tried
// again until a newer one comes. Probes run beside applies.
func (a *Agent) Run(ctx context.Context) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { stop(a.listen(running, &wg)) })
	wg.Go(func() { stop(a.own(running)) })
	wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("agent of node %q: %w", a.node, context.Cause(running))
}

// listen takes orders from the link.
func (a *Agent) listen(ctx context.Context, wg *sync.WaitGroup) error {
	slots, waiting := make(chan struct{}, maxProbes), make(chan struct{}, maxWaiting)
	for {
		o, err := a.link.Next(ctx)
		if err != nil {
			return fmt.Errorf("next order: %w", err)
		}
		if o.State != nil {
			a.offer(o.State)
		}
		if o.Probe == nil {
			continue
		}
		select {
		case waiting <- struct{}{}:
			wg.Go(func() {
				defer func() { <-waiting }()
				a.probeInTurn(ctx, *o.Probe, slots)
			})
		default:
			a.answer(ctx, ProbeAnswer{ID: o.Probe.ID, Error: fmt.Sprintf("node %q has %d probes waiting; try again later", a.node, maxWaiting)})
		}
	}
}

func (a *Agent) probeInTurn(ctx context.Context, o ProbeOrder, slots chan struct{}) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
		a.probe(ctx, o)
	case <-ctx.Done():
	}
}

// offer makes s the State to apply next.
func (a *Agent) offer(s *dataplane.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.newest = s
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Agent) take() *dataplane.State {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.newest
	a.newest = nil
	return s
}

func (a *Agent) probe(ctx context.Context, o ProbeOrder) {
	ans := ProbeAnswer{ID: o.ID}
	prober, ok := a.plane.(dataplane.Prober)
	if !ok {
		ans.Error = fmt.Sprintf("the dataplane of node %q cannot send probes", a.node)
	} else {
		var err error
		if ans.Result, err = prober.Probe(ctx, o.Probe); err != nil {
			ans.Error = err.Error()
		}
	}
	a.answer(ctx, ans)
	select {
	case a.probed <- struct{}{}:
	default:
	}
}

func (a *Agent) answer(ctx context.Context, ans ProbeAnswer) {
	r := a.report()
	r.Probe = &ans
	if err := a.link.Report(ctx, r); err != nil && ctx.Err() == nil {
		a.log.Error("report of a probe failed", "error", err)
	}
}

// report is what is known of the node.
func (a *Agent) report() Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known
}

// learn notes what the plane says that it holds.
func (a *Agent) learn(s dataplane.State, revision uint64, err error) Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = Report{Node: a.node, Revision: revision, VRFs: len(s.VRFs), Ports: len(s.Ports), Routes: routes(s)}
	if err != nil {
		a.known.Error = err.Error()
	}
	return a.known
}

func routes(s dataplane.State) (n int) {
	for _, v := range s.VRFs {
		n += len(v.Routes)
	}
	return n
}
