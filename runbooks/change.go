package runbooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// inForceWithin is how long Apply waits for the nodes.
const inForceWithin = 30 * time.Second

// progressEvery is the least time between two updates of a display.
const progressEvery = 100 * time.Millisecond

// Change is an applied plan and how far it is in force.
type Change struct {
	api.Change
	Objects   []api.ObjectChange `json:"objects,omitempty"`   // what changed
	Unchanged bool               `json:"unchanged,omitempty"` // the fabric was so already

	gateways map[string]bool // names in Nodes that are simulated external routers
}

// follow waits until the change is in force on every node.
func (f *Fabric) follow(stored api.Change, effect api.Plan, progress func(*Change)) (*Change, error) {
	ctx, cancel := context.WithTimeout(f.ctx, inForceWithin)
	defer cancel()
	gateways := f.gatewayNames(ctx, effect)
	wrap := func(c api.Change) *Change { return &Change{Change: c, Objects: effect.Objects, gateways: gateways} }
	change := wrap(stored)
	last, err := f.service.Wait(ctx, stored.Revision, func(c api.Change) {
		change = wrap(c)
		progress(change)
	})
	if err == nil {
		return wrap(last), nil
	}
	e := failure(fmt.Sprintf("apply %q", stored.Title), err)
	if errors.Is(err, context.DeadlineExceeded) && f.ctx.Err() == nil {
		e.Detail = fmt.Sprintf("change %d is stored but after %s not in force on %s", stored.Revision, duration(inForceWithin), listed(change.waiting(), 6))
		e.Fix = "it takes effect there as soon as the node answers; look at the status"
	}
	return change, e
}

// gatewayNames are those before and after the change. A controller that does not
// tell costs nothing but that gateways count as nodes.
func (f *Fabric) gatewayNames(ctx context.Context, effect api.Plan) map[string]bool {
	names := map[string]bool{}
	for _, ref := range effect.Edit.Delete {
		if ref.Kind == netlib.KindGateway {
			names[ref.Name] = true
		}
	}
	if intent, err := f.service.Fabric(ctx); err == nil {
		for _, g := range intent.Gateways {
			names[g.Name] = true
		}
	}
	return names
}

// waiting are the nodes that have not acknowledged.
func (c *Change) waiting() (nodes []string) {
	for _, n := range c.Nodes {
		if !n.Done || n.Error != "" {
			nodes = append(nodes, n.Node)
		}
	}
	return nodes
}

// Summary is one sentence: in force on 3 of 3 nodes after 12 ms. It counts the
// nodes that the change concerns; a simulated gateway is named while it is not
// done.
func (c *Change) Summary() string {
	if c.Unchanged {
		return "nothing to change"
	}
	var nodes, done int
	var gateways []string
	for _, n := range c.Nodes {
		ok := n.Done && n.Error == ""
		switch {
		case c.gateways[n.Node] && !ok:
			gateways = append(gateways, n.Node)
		case c.gateways[n.Node]:
		default:
			nodes++
			if ok {
				done++
			}
		}
	}
	s := fmt.Sprintf("in force on %d of %d nodes", done, nodes)
	if nodes == 0 {
		s = "in force; what the nodes forward stays as it is"
	}
	if len(gateways) > 0 {
		return s + ", not on gateway " + listed(gateways, 3)
	}
	if c.InForce() && c.Took > 0 && nodes > 0 {
		s += " after " + duration(c.Took)
	}
	return s
}

func (c *Change) tone() show.Tone {
	tone := show.Good
	for _, n := range c.Nodes {
		switch {
		case n.Error != "":
			return show.Bad
		case !n.Done:
			tone = show.Pending
		}
	}
	return tone
}

// progress shows a running change in one place of the cell's output.
type progress struct {
	handle *display.Handle
	at     time.Time
}

func newProgress() *progress { return &progress{} }

// show is called on the cell's goroutine with each step. Steps that follow too
// soon are left out, but never the first or the last one.
func (p *progress) show(c *Change) {
	now := time.Now()
	if p.handle != nil && c.tone() == show.Pending && now.Sub(p.at) < progressEvery {
		return
	}
	p.at = now
	step := progressStep{c}
	if p.handle == nil {
		p.handle = display.Show(step)
		return
	}
	p.handle.Update(step)
}

// progressStep is how a running change looks.
type progressStep struct{ change *Change }

func (s progressStep) HTML() string   { return s.change.progressCard().HTML() }
func (s progressStep) String() string { return s.change.progressCard().Text() }

// HTML is the change as a card.
func (c *Change) HTML() string { return c.card().HTML() }

// String is the change as text.
func (c *Change) String() string { return c.card().Text() }
