package runbooks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane/sim"
	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/netlib/controller"
	"github.com/fabricbook/fabricbook/netlib/store"
	. "github.com/fabricbook/fabricbook/runbooks"
)

const token = "a token only for these tests"

// realFabric is connected to a real controller with an embedded store and a
// simulated dataplane, all ended with the test.
func realFabric(t testing.TB) *Fabric {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctl, err := controller.New(controller.Config{Token: token, Store: s, Embedded: sim.New().Start, Plane: "sim", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("controller: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ctl.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("controller: %v", err)
	}
	before := display.SetPublisher(func(display.Publication) {})
	t.Cleanup(func() { display.SetPublisher(before) })
	return ConnectTo(ctl.URL(), token)
}

func nodes(fab *Fabric) *Plan {
	return fab.Plan("two nodes").Node("node-1", "192.0.2.1").Node("node-2", "192.0.2.2")
}

func dataCentre(fab *Fabric) *Plan {
	return fab.Plan("data centre").
		Segment("dc-web-network", "10.0.11.0/24").
		Segment("dc-db-network", "10.0.12.0/24").
		Segment("office-network", "10.0.13.0/24").
		Segment("mgmt-network", "10.0.14.0/24").
		Router("dc-router", "dc-web-network", "dc-db-network", "office-network", "mgmt-network").Target("64512:201").
		SecurityGroup("dc-web-sg", Allow(TCP(22), FromGroup("mgmt-sg"))).
		SecurityGroup("dc-db-sg", Allow(TCP(22), FromGroup("dc-web-sg", "mgmt-sg"))).
		SecurityGroup("office-sg", Allow(AnyProtocol(), FromAnywhere())).
		SecurityGroup("mgmt-sg", Allow(AnyProtocol(), FromPrefix("172.31.9.34/32"))).
		Port("web-1", "dc-web-network", "node-1", "dc-web-sg").
		Port("office-1", "office-network", "node-1", "office-sg").
		Port("db-1", "dc-db-network", "node-2", "dc-db-sg").
		Port("mgmt-1", "mgmt-network", "node-2", "mgmt-sg").
		Gateway("outside-router", "192.0.2.254").
		Route("check-host", "172.31.9.34/32", 299776, "64512:201")
}

// TestDataCentre is scenario S1 by the verbs of its notebook.
func TestDataCentre(t *testing.T) {
	fab := realFabric(t)
	if c := nodes(fab).Apply(); !strings.HasPrefix(c.Summary(), "in force on 2 of 2 nodes after ") {
		t.Errorf("two nodes: %s", c)
	}
	dc := dataCentre(fab)
	for _, want := range []string{"create", "dc-router", "node-1", "Newly reaches", "mgmt-1"} {
		if s := dc.String(); !strings.Contains(s, want) {
			t.Errorf("the plan does not show %q:\n%s", want, s)
		}
	}
	if c := dc.Apply(); c.Unchanged || !c.InForce() {
		t.Errorf("apply: %s", c)
	}
	if c := dataCentre(fab).Apply(); !c.Unchanged {
		t.Errorf("the same again: %s", c)
	}
	if s := fab.String(); !strings.Contains(s, "in force") || !strings.Contains(s, "4 ports") {
		t.Errorf("status:\n%s", s)
	}
	for _, segment := range fab.Segments().Rows {
		var got []string
		for _, r := range fab.Segment(segment.Name).Routes().Routes {
			got = append(got, fmt.Sprintf("%s %s", r.Prefix, r.Node))
		}
		slices.Sort(got)
		want := []string{"10.0.11.3/32 node-1", "10.0.12.3/32 node-2", "10.0.13.3/32 node-1", "10.0.14.3/32 node-2", "172.31.9.34/32 outside-router"}
		if !slices.Equal(got, want) {
			t.Errorf("routes of %s: %q", segment.Name, got)
		}
	}
	resolved := fab.Segment("dc-web-network").NextHop("db-1", "node-1").String()
	for _, want := range []string{"192.0.2.2", "label", "db-1"} {
		if !strings.Contains(resolved, want) {
			t.Errorf("the next hop does not show %q:\n%s", want, resolved)
		}
	}
	reachability(t, fab)
	oneMoreNode(t, fab)
	cleanUp(t, fab)
}

func reachability(t *testing.T, fab *Fabric) {
	t.Helper()
	for _, c := range []struct {
		probe *Probe
		ok    bool
	}{
		{fab.Ping("web-1", "office-1"), true},
		{fab.Ping("office-1", "web-1"), false},
		{fab.Check("web-1", "db-1", TCP(22)), true},
		{fab.Check("office-1", "db-1", TCP(22)), false},
		{fab.Check("office-1", "172.31.9.34", TCP(22)), true},
	} {
		if c.probe.OK() != c.ok {
			t.Errorf("want reached %v:\n%s", c.ok, c.probe)
		}
	}
	if tr := fab.Trace("web-1", "db-1", TCP(22)); !tr.Allowed || !strings.Contains(tr.String(), "dc-db-sg") {
		t.Errorf("trace:\n%s", tr)
	}
	if tr := fab.Trace("office-1", "db-1", TCP(22)); tr.Allowed || !strings.Contains(tr.String(), "stops here") {
		t.Errorf("trace:\n%s", tr)
	}
	m := fab.MatrixOf([]string{"web-1", "db-1", "office-1", "mgmt-1", "check-host"}, ICMP(), TCP(22), TCP(5432))
	open := []string{"* -> office-1", "* -> check-host", "check-host -> mgmt-1"}
	ssh := append([]string{"mgmt-1 -> web-1", "web-1 -> db-1", "mgmt-1 -> db-1"}, open...)
	if err := Try(func() { m.Expect(ICMP(), open...).Expect(TCP(22), ssh...).Expect(TCP(5432), open...) }); err != nil || !m.Live || len(m.Disagreements()) > 0 {
		t.Errorf("%v\n%s", err, m)
	}
	if len(fab.Ports().Rows) != 4 || fab.Ports().Rows[0].Interface == "" {
		t.Errorf("ports:\n%s", fab.Ports())
	}
}

func oneMoreNode(t *testing.T, fab *Fabric) {
	t.Helper()
	c := fab.Plan("third node").Node("node-3", "192.0.2.3").Port("web-2", "dc-web-network", "node-3", "dc-web-sg").Apply()
	if !strings.HasPrefix(c.Summary(), "in force on 3 of 3 nodes") {
		t.Errorf("%s", c)
	}
	m := fab.MatrixOf([]string{"web-1", "web-2", "db-1", "mgmt-1"}, TCP(22))
	err := Try(func() {
		m.Expect(TCP(22), "mgmt-1 -> web-1", "mgmt-1 -> web-2", "mgmt-1 -> db-1", "web-1 -> db-1", "web-2 -> db-1")
	})
	if err != nil || len(m.Disagreements()) > 0 {
		t.Errorf("%v\n%s", err, m)
	}
	if s := fab.Topology().String(); !strings.Contains(s, "port web-2  dc-web-network  10.0.11.4") {
		t.Errorf("topology:\n%s", s)
	}
}

func cleanUp(t *testing.T, fab *Fabric) {
	t.Helper()
	gone := func() *Plan {
		return fab.Plan("clean up").Delete("port", "web-1", "web-2", "db-1", "office-1", "mgmt-1").Delete("gateway", "outside-router").
			Delete("router", "dc-router").Delete("segment", "dc-web-network", "dc-db-network", "office-network", "mgmt-network").
			Delete("group", "dc-web-sg", "dc-db-sg", "office-sg", "mgmt-sg").Delete("node", "node-1", "node-2", "node-3")
	}
	gone().Apply()
	if c := gone().Apply(); !c.Unchanged {
		t.Errorf("cleaned up again: %s", c)
	}
	if s := fab.Status(); s.Counts.Ports+s.Counts.Nodes+s.Counts.Segments != 0 {
		t.Errorf("left:\n%s", s)
	}
}

// TestBadInputIsNamed gives the real controller what issue 2 lists, and finds
// the field and a fix, and nothing applied.
func TestBadInputIsNamed(t *testing.T) {
	fab := realFabric(t)
	nodes(fab).Segment("lab", "10.0.0.0/16").Router("all", "lab").Port("lab-1", "lab", "node-1").Apply()
	before := fab.Status().Revision
	for name, c := range map[string]struct {
		plan *Plan
		want string
	}{
		"overlap":         {fab.Plan("x").Segment("web", "10.0.11.0/24").Router("all", "lab", "web"), "overlap"},
		"unknown segment": {fab.Plan("x").Port("p", "wbe", "node-1"), `wbe`},
		"unknown node":    {fab.Plan("x").Port("p", "lab", "node-9"), `node-9`},
		"outside":         {fab.Plan("x").Port("p", "lab", "node-1").Address("10.9.0.3"), "10.9.0.3"},
		"taken address":   {fab.Plan("x").Port("p", "lab", "node-1").Address("10.0.0.3"), "lab-1"},
		"target":          {fab.Plan("x").Segment("web", "10.1.0.0/24").Target("64512:8000001"), "8000001"},
		"name":            {fab.Plan("x").Segment("no spaces", "10.1.0.0/24"), "no spaces"},
		"still used":      {fab.Plan("x").Delete("segment", "lab"), "lab"},
		"tunnel twice":    {fab.Plan("x").Node("node-3", "192.0.2.1"), "192.0.2.1"},
	} {
		err := Try(func() { c.plan.Apply() })
		var e *Error
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if !errors.As(err, &e) || len(e.Problems) == 0 || e.Problems[0].Field == "" || e.Problems[0].Fix == "" {
			t.Errorf("%s: no field or no fix in\n%v", name, err)
		}
		if s := c.plan.String(); !strings.Contains(s, "refused") {
			t.Errorf("%s: shown as\n%s", name, s)
		}
	}
	if now := fab.Status().Revision; now != before {
		t.Errorf("revision %d after bad input, before %d", now, before)
	}
}

// TestVerbsEndWithTheirContext stops a fabric's context; its verbs say so.
func TestVerbsEndWithTheirContext(t *testing.T) {
	fab := realFabric(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Try(func() { fab.WithContext(ctx).Segments() }); err == nil || !strings.Contains(err.Error(), "stopped before the controller answered") {
		t.Errorf("got %v", err)
	}
}
