package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// owner is the one goroutine that changes the plane.
type owner struct {
	*Agent
	trying   *dataplane.State // the last State taken
	wait     time.Duration    // before it is tried again
	counting bool             // a report of counters is due after probes
}

// own applies what is offered, tries again what failed, and reports.
func (a *Agent) own(ctx context.Context) error {
	o := owner{Agent: a}
	if err := o.begin(ctx); err != nil {
		return err
	}
	heartbeat := time.NewTicker(max(a.Heartbeat, time.Millisecond))
	defer heartbeat.Stop()
	retry, counted := stopped(), stopped()
	defer retry.Stop()
	defer counted.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.wake:
			if s := a.take(); s != nil {
				o.trying, o.wait = s, firstRetry
				err = o.apply(ctx, retry)
			}
		case <-retry.C:
			err = o.apply(ctx, retry)
		case <-a.probed:
			if !o.counting {
				o.counting = true
				counted.Reset(countersAfter)
			}
		case <-counted.C:
			o.counting = false
			err = o.beat(ctx)
		case <-heartbeat.C:
			err = o.beat(ctx)
		}
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// begin reports what the plane holds from before.
func (o *owner) begin(ctx context.Context) error {
	s, failed := o.plane.Read(ctx)
	if err := o.link.Report(ctx, o.learn(s, s.Revision, failed)); err != nil {
		return fmt.Errorf("first report: %w", err)
	}
	return nil
}

// apply makes the plane forward what is wanted and reports what came of it.
func (o *owner) apply(ctx context.Context, retry *time.Timer) error {
	retry.Stop()
	start := time.Now()
	is, err := o.plane.Apply(ctx, *o.trying)
	took := time.Since(start)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	revision := o.trying.Revision
	if err != nil {
		revision = o.report().Revision
		retry.Reset(o.wait)
		o.log.Error("state is not in force", "revision", o.trying.Revision, "error", err, "retry", o.wait)
		o.wait = min(2*o.wait, lastRetry)
	} else {
		o.log.Debug("state is in force", "revision", revision, "took", took)
	}
	r := o.learn(is, revision, err)
	r.Took = took
	return o.link.Report(ctx, r)
}

// beat reports health with the counters.
func (o *owner) beat(ctx context.Context) error {
	r := o.report()
	if c, ok := o.plane.(dataplane.Counting); ok {
		counters, err := c.Counters(ctx)
		switch {
		case err == nil:
			r.Counters = &counters
		case ctx.Err() == nil && r.Error == "":
			r.Error = errors.Join(errors.New("counters cannot be read"), err).Error()
		}
	}
	return o.link.Report(ctx, r)
}
