package runbooks

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
)

// live is a fake that plans and applies by netlib, so that plans go stale and
// come to nothing as they do with a controller.
func live(t *testing.T) *fake {
	f := &fake{}
	f.plan = func(r api.PlanRequest) (api.Plan, error) {
		_, done, err := r.Edit.Apply(f.intent)
		var wrong *netlib.Error
		if errors.As(err, &wrong) {
			return api.Plan{}, &client.Error{Op: "plan", Status: 422, Problem: api.Problem{Type: api.ProblemInvalid, Title: "the edit is refused", Errors: wrong.Problems}}
		}
		p := api.Plan{Title: r.Title, Base: f.intent.Revision, Edit: done}
		for _, s := range done.Segments {
			p.Objects = append(p.Objects, api.ObjectChange{Action: api.Create, Ref: netlib.Ref{Kind: netlib.KindSegment, Name: s.Name}, Summary: s.Subnets[0].String()})
		}
		for _, n := range done.Nodes {
			p.Objects = append(p.Objects, api.ObjectChange{Action: api.Create, Ref: netlib.Ref{Kind: netlib.KindNode, Name: n.Name}})
		}
		return p, nil
	}
	f.apply = func(p api.Plan) (api.Change, error) {
		if p.Base != f.intent.Revision {
			return api.Change{}, &client.Error{Op: "apply plan", Status: 409, Problem: api.Problem{Type: api.ProblemStale, Title: "stale"}}
		}
		next, _, err := p.Edit.Apply(f.intent)
		if err != nil {
			t.Fatal(err)
		}
		f.take(next)
		c := api.Change{Revision: next.Revision, Title: p.Title, Applied: epoch}
		for _, n := range next.Nodes {
			c.Nodes = append(c.Nodes, api.NodeAck{Node: n.Name, Done: true, Took: time.Millisecond})
		}
		c.Took = 2 * time.Millisecond
		f.progress = []api.Change{c}
		return c, nil
	}
	return f
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	captured(t)
	f := live(t)
	fab := f.fabric()
	plan := fab.Plan("web").Node("node-1", "192.0.2.1").Segment("web", "10.0.11.0/24")
	if s := plan.String(); !strings.Contains(s, "2 changes planned") {
		t.Errorf("the plan shows\n%s", s)
	}
	if c := plan.Apply(); c.Summary() != "in force on 1 of 1 nodes after 2.0 ms" {
		t.Errorf("first: %s", c.Summary())
	}
	for range 2 {
		if c := plan.Apply(); !c.Unchanged || c.Summary() != "nothing to change" {
			t.Errorf("again: %+v", c)
		}
	}
	if s := plan.String(); !strings.Contains(s, "nothing to change") {
		t.Errorf("the plan shows after Apply\n%s", s)
	}
	if f.intent.Revision != 1 {
		t.Errorf("revision %d, want 1", f.intent.Revision)
	}
}

func TestApplyFollowsAnUnrelatedChange(t *testing.T) {
	captured(t)
	f := live(t)
	fab := f.fabric()
	plan := fab.Plan("web").Segment("web", "10.0.11.0/24")
	plan.Effect()
	fab.Plan("other").Segment("other", "10.0.99.0/24").Apply()
	if c := plan.Apply(); c.Unchanged || f.intent.Revision != 2 {
		t.Errorf("got %+v at revision %d: the effect is the same, so it should be applied", c, f.intent.Revision)
	}
}

func TestApplyRefusesAnotherEffectThanWasShown(t *testing.T) {
	captured(t)
	f := live(t)
	fab := f.fabric()
	plan := fab.Plan("web").Segment("web", "10.0.11.0/24").Segment("db", "10.0.12.0/24")
	_ = plan.HTML()
	fab.Plan("half").Segment("db", "10.0.12.0/24").Apply()
	err := Try(func() { plan.Apply() })
	if err == nil || !strings.Contains(err.Error(), "has changed since this plan was shown") {
		t.Fatalf("got %v", err)
	}
	if f.intent.Revision != 1 {
		t.Errorf("revision %d: something was applied", f.intent.Revision)
	}
	if s := plan.String(); !strings.Contains(s, "1 change planned") {
		t.Errorf("shown again:\n%s", s)
	}
	plan.Apply()
	if _, ok := f.intent.Segment("web"); !ok {
		t.Error("the plan shown again was not applied")
	}
}

func TestRefusedPlanNamesEachFieldAndFix(t *testing.T) {
	captured(t)
	f := live(t)
	fab := f.fabric()
	fab.Plan("lab").Segment("lab", "10.0.0.0/16").Router("all", "lab").Apply()
	plan := fab.Plan("web").Segment("web", "10.0.11.0/24").Router("all", "lab", "web").Port("w", "nowhere", "node-9")
	text := plan.String()
	err := Try(func() { plan.Apply() })
	if err == nil || !strings.Contains(text, "refused") {
		t.Fatalf("err %v, shown\n%s", err, text)
	}
	for _, want := range []string{`10.0.11.0/24`, `lab`, `nowhere`, `node-9`} {
		if !strings.Contains(err.Error(), want) || !strings.Contains(text, want) {
			t.Errorf("%q is missing in the error\n%v\nor in the display\n%s", want, err, text)
		}
	}
	var typed *Error
	if !errors.As(err, &typed) || len(typed.Problems) < 3 || !client.IsInvalid(err) {
		t.Errorf("%#v: want every problem, and the client's error within", err)
	}
}

func TestBuilderMakesTheEdit(t *testing.T) {
	fab := (&fake{}).fabric()
	got := dataCentre(fab).Edit()
	if n := []int{len(got.Nodes), len(got.Segments), len(got.Groups), len(got.Routers), len(got.Ports), len(got.Gateways)}; !slices.Equal(n, []int{3, 4, 4, 1, 4, 1}) {
		t.Errorf("counts %v", n)
	}
	db := got.Groups[1]
	want := []netlib.Rule{{Direction: "in", Protocol: "tcp", PortFrom: 22, PortTo: 22, Group: "dc-web-sg"}, {Direction: "in", Protocol: "tcp", PortFrom: 22, PortTo: 22, Group: "mgmt-sg"}}
	if !reflect.DeepEqual(db.Rules, want) {
		t.Errorf("dc-db-sg: %+v", db.Rules)
	}
	again := fab.Plan("x").Segment("a", "10.0.0.0/24").Target("64512:1").Port("p", "a", "n", "z", "a", "z").Segment("a", "10.0.1.0/24").Address("10.0.1.9").Edit()
	if len(again.Segments) != 1 || again.Segments[0].Subnets[0].String() != "10.0.1.0/24" || len(again.Segments[0].Targets.Both) != 0 {
		t.Errorf("a segment given again: %+v", again.Segments)
	}
}

func TestBuilderProblems(t *testing.T) {
	fab := (&fake{}).fabric()
	for name, c := range map[string]struct {
		plan *Plan
		want string
	}{
		"prefix":         {fab.Plan("x").Segment("a", "10.0.0.0/33"), `segment "a": subnets[0]: "10.0.0.0/33" is neither a prefix nor an address; write 10.0.12.0/24 or 10.0.12.4`},
		"host bits":      {fab.Plan("x").Segment("a", "10.0.0.1/24"), "write 10.0.0.0/24"},
		"no subnet":      {fab.Plan("x").Segment("a"), "no subnet is given"},
		"target":         {fab.Plan("x").Router("r").Target("201"), `router "r": targets: route target "201" has another form; write ASN:NUMBER`},
		"misplaced":      {fab.Plan("x").Node("n", "192.0.2.1").Target("64512:201"), "Target: it does not follow what it speaks of; put it right after a Router or a Segment"},
		"tunnel":         {fab.Plan("x").Node("n", "nowhere"), `node "n": tunnel: "nowhere" is not an address`},
		"address":        {fab.Plan("x").Port("p", "s", "n").Address("x"), `port "p": address`},
		"label":          {fab.Plan("x").Gateway("g", "192.0.2.9").Route("h", "10.0.0.0/8", 3), "3 is not an MPLS label"},
		"tcp port":       {fab.Plan("x").SecurityGroup("g", Allow(TCP(70000), FromAnywhere())), "from 1 to 65535"},
		"range":          {fab.Plan("x").SecurityGroup("g", Allow(TCPRange(90, 80), FromAnywhere())), "tcp/90-80"},
		"nobody":         {fab.Plan("x").SecurityGroup("g", Allow(TCP(22))), "names nobody; add FromGroup, FromPrefix or FromAnywhere()"},
		"empty peers":    {fab.Plan("x").SecurityGroup("g", Allow(TCP(22), FromGroup())), "empty list of peers"},
		"peer prefix":    {fab.Plan("x").SecurityGroup("g", Allow(TCP(22), FromPrefix("10.0.0.0.0"))), "neither a prefix nor an address"},
		"delete kind":    {fab.Plan("x").Delete("vlan", "1"), `kind "vlan" is unknown; use segment, router, group, port, node or gateway`},
		"address nobody": {fab.Plan("x").Address("10.0.0.3"), "put it right after a Port"},
		"group nobody":   {fab.Plan("x").Group("g"), "put it right after a Port"},
		"route nobody":   {fab.Plan("x").Route("h", "10.0.0.0/8", 0), "put it right after a Gateway"},
	} {
		err := Try(func() { c.plan.Apply() })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v\nwant %s", name, err, c.want)
		}
		if !strings.Contains(c.plan.String(), "refused") {
			t.Errorf("%s: shown as\n%s", name, c.plan)
		}
	}
}

func TestApplyTellsOfNodesThatDoNotFollow(t *testing.T) {
	shown := captured(t)
	f := live(t)
	apply := f.apply
	f.apply = func(p api.Plan) (api.Change, error) {
		c, err := apply(p)
		c.Nodes = []api.NodeAck{{Node: "node-1"}, {Node: "node-2", Done: true, Error: "device busy"}}
		f.progress = []api.Change{c}
		f.waitErr = &client.Error{Op: "wait for change 1", Problem: api.Problem{Title: "stored, but not in force on every node", Errors: []netlib.Problem{{Field: "node node-2", Detail: "device busy", Fix: "the node keeps trying"}}}}
		return c, err
	}
	err := Try(func() { f.fabric().Plan("web").Segment("web", "10.0.11.0/24").Apply() })
	if err == nil || !strings.Contains(err.Error(), "node-2: device busy; the node keeps trying") {
		t.Errorf("got %v", err)
	}
	if len(*shown) != 1 || !strings.Contains((*shown)[0].Bundle.Text(), "✗ in force on 0 of 2 nodes") {
		t.Errorf("shown %+v", *shown)
	}
}

func TestApplyGivesUpOnSilentNodes(t *testing.T) {
	captured(t)
	f := live(t)
	apply := f.apply
	f.apply = func(p api.Plan) (api.Change, error) {
		c, err := apply(p)
		c.Nodes = []api.NodeAck{{Node: "node-1", Done: true}, {Node: "node-2"}}
		f.progress = []api.Change{c}
		return c, err
	}
	f.waitErr = &client.Error{Op: "wait", Err: context.DeadlineExceeded, Problem: api.Problem{Title: "given up"}}
	err := Try(func() { f.fabric().Plan("web").Segment("web", "10.0.11.0/24").Apply() })
	if err == nil || !strings.Contains(err.Error(), "stored") || !strings.Contains(err.Error(), "node-2") {
		t.Errorf("got %v", err)
	}
}

// TestProgressUpdatesOnePlace applies with three steps and finds one display
// that is replaced in its place.
func TestProgressUpdatesOnePlace(t *testing.T) {
	shown := captured(t)
	f := live(t)
	apply := f.apply
	f.apply = func(p api.Plan) (api.Change, error) {
		c, err := apply(p)
		begin, half := c, c
		begin.Nodes = []api.NodeAck{{Node: "node-1"}, {Node: "node-2"}}
		half.Nodes = []api.NodeAck{{Node: "node-1", Done: true}, {Node: "node-2"}}
		c.Nodes = []api.NodeAck{{Node: "node-1", Done: true}, {Node: "node-2", Done: true}}
		f.progress = []api.Change{begin, half, c}
		return c, err
	}
	f.fabric().Plan("web").Segment("web", "10.0.11.0/24").Apply()
	if len(*shown) < 2 {
		t.Fatalf("%d publications, want the first and the last at least", len(*shown))
	}
	for i, p := range *shown {
		if p.ID != (*shown)[0].ID || p.Update != (i > 0) {
			t.Errorf("publication %d: id %q, update %v", i, p.ID, p.Update)
		}
	}
	if last := (*shown)[len(*shown)-1].Bundle.Text(); !strings.Contains(last, "✓ in force on 2 of 2 nodes after 2.0 ms") {
		t.Errorf("the last is\n%s", last)
	}
}

// captured receives what cells show until the test ends.
func captured(t *testing.T) *[]display.Publication {
	t.Helper()
	var all []display.Publication
	before := display.SetPublisher(func(p display.Publication) { all = append(all, p) })
	t.Cleanup(func() { display.SetPublisher(before) })
	return &all
}

// TestOneNameTwice refuses two objects of one name in a plan, and takes the second as a
// correction once the plan was shown.
func TestOneNameTwice(t *testing.T) {
	f := &fake{plan: func(r api.PlanRequest) (api.Plan, error) { return api.Plan{Edit: r.Edit}, nil }}
	p := f.fabric().Plan("x").Segment("lab", "10.0.0.0/16").Segment("lab", "10.1.0.0/16")
	if s := p.String(); !strings.Contains(s, `segment "lab": name`) || !strings.Contains(s, "two of this name") || !strings.Contains(s, "rename") {
		t.Errorf("shown as\n%s", s)
	}
	p.Segment("lab", "10.2.0.0/99")
	if s := p.String(); strings.Contains(s, "two of this name") || !strings.Contains(s, "10.2.0.0/99") {
		t.Errorf("shown as\n%s", s)
	}
	p.Segment("lab", "10.2.0.0/16")
	if e := p.Edit(); strings.Contains(p.String(), "refused") || len(e.Segments) != 1 || e.Segments[0].Subnets[0].String() != "10.2.0.0/16" {
		t.Errorf("corrected: %+v\n%s", e, p)
	}
}
