package runbooks

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

var update = flag.Bool("update", false, "write golden files")

// shown is what every value of this package can do.
type shown interface {
	HTML() string
	String() string
}

// gallery is one value of each display, by golden file.
func gallery(t testing.TB) map[string]shown {
	f := scenario(t)
	fab := f.fabric()
	f.plan = func(r api.PlanRequest) (api.Plan, error) {
		switch r.Title {
		case "refused":
			return api.Plan{}, &netlib.Error{Problems: []netlib.Problem{
				{Field: "segments[dc-web].subnets[0]", Detail: `10.0.11.0/24 overlaps segment "lab" (10.0.0.0/16)`, Fix: `choose another prefix or delete "lab"`},
				{Field: "ports[web-1].node", Detail: `there is no node "node-9"`, Fix: `name one of node-1, node-2, node-3`},
			}}
		case "again":
			return api.Plan{Title: r.Title, Base: f.intent.Revision}, nil
		}
		return effect(f, r.Title), nil
	}
	out := map[string]shown{
		"segments": fab.Segments(), "routers": fab.Routers(), "groups": fab.Groups(), "ports": fab.Ports(), "gateways": fab.Gateways(),
		"segment":     fab.Segment("dc-web-network"),
		"plan":        fab.Plan("data centre").Segment("dc-web-network", "10.0.11.0/24"),
		"plan-again":  fab.Plan("again").Segment("dc-web-network", "10.0.11.0/24"),
		"plan-wrong":  fab.Plan("refused").Segment("dc-web", "10.0.11.0/24"),
		"plan-typing": fab.Plan("typing").Segment("dc-web", "10.0.11.5/24").Target("64512").Port("web-1", "dc-web", "node-1").Address("10.0.11").Target("64512:1"),
		"topology":    fab.Topology(),
	}
	status := fab.Status()
	status.At = epoch.Add(3 * time.Second)
	out["status"] = status
	out["nodes"] = &Nodes{status.Nodes, status}
	bad := *status
	bad.Nodes = append([]api.NodeStatus(nil), status.Nodes...)
	bad.Nodes[1].Up, bad.Nodes[2].Error, bad.Problems = false, "vrf dc-db-network: no such device", []string{`node-2 has not answered for 40 s: start its agent with "fabricbook agent node-2"`}
	out["status-bad"] = &bad
	pending := *status
	pending.Revision++
	out["status-pending"] = &pending
	addRoutes(out)
	addProbes(out)
	addMatrices(f, out)
	addChanges(out)
	return out
}

func addRoutes(out map[string]shown) {
	rt := func(s string) []netlib.RouteTarget {
		t, _ := netlib.ParseRouteTarget(s)
		return []netlib.RouteTarget{t}
	}
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	row := api.RouteRow{Prefix: prefix("10.0.12.3/32"), Node: "node-2", NextHop: addr("192.0.2.2"), Label: 16, Port: "db-1", Interface: "tap-db-1", Segment: "dc-db-network", LocalPref: 200, MED: 100, Targets: rt("64512:201"), Best: true, Origin: "port"}
	second := row
	second.Best, second.Label, second.LocalPref = false, 31, 100
	outside := api.RouteRow{Prefix: prefix("172.31.9.34/32"), Node: "outside-router", NextHop: addr("192.0.2.254"), Label: 299776, LocalPref: 100, MED: 0, Targets: rt("64512:201"), Best: true, Origin: "static"}
	out["routes"] = &RouteTable{api.RouteTable{Segment: "dc-web-network", Revision: 7, Import: rt("64512:8000001"), Export: rt("64512:201"), Routes: []api.RouteRow{row, second, outside}}}
	out["routes-none"] = &RouteTable{api.RouteTable{Segment: "lab", Revision: 7, Import: rt("64512:8000001"), Export: rt("64512:8000001")}}
	out["nexthop"] = &Resolution{api.Resolution{Segment: "dc-web-network", From: "node-1", Prefix: prefix("10.0.12.3/32"), Steps: []api.ResolutionStep{
		{Node: "node-1", What: "vrf", Text: "10.0.12.3/32 -> tunnel 192.0.2.2, label 16"},
		{Node: "node-1", What: "tunnel", Text: "192.0.2.1 -> 192.0.2.2 MPLS over GRE"},
		{Node: "node-2", What: "label", Text: "16 -> vrf dc-db-network, port db-1"},
		{Node: "node-2", What: "interface", Text: "tap-db-1"},
	}}}
}

func addProbes(out map[string]shown) {
	ends := api.Probe{ProbeRequest: api.ProbeRequest{From: "web-1", To: "db-1", Proto: "icmp"}, FromAddr: netip.MustParseAddr("10.0.11.3"), ToAddr: netip.MustParseAddr("10.0.12.3")}
	ok := ends
	ok.Result = dataplane.ProbeResult{Sent: 3, Received: 3, Times: []time.Duration{410 * time.Microsecond, 390 * time.Microsecond, 1210 * time.Microsecond}}
	out["ping"] = &Probe{ok}
	no := ends
	no.Proto, no.Port = "tcp", 5432
	no.Result = dataplane.ProbeResult{Sent: 1, Reason: "timeout"}
	out["check-no"] = &Probe{no}
	refused := no
	refused.Result = dataplane.ProbeResult{Sent: 1, Refused: 1, Reason: "connection refused"}
	out["check-refused"] = &Probe{refused}
	some := ends
	some.Result = dataplane.ProbeResult{Sent: 3, Received: 2, Times: []time.Duration{time.Millisecond, 2 * time.Millisecond}, Reason: "timeout"}
	out["ping-losses"] = &Probe{some}
	hops := []api.Hop{
		{Node: "node-1", Step: "port", Detail: "web-1 10.0.11.3 sends", OK: true},
		{Node: "node-1", Step: "filter", Detail: "dc-web-sg: out any to 0.0.0.0/0", OK: true},
		{Node: "node-1", Step: "vrf", Detail: "dc-web-network: 10.0.12.3/32 via 192.0.2.2 label 16", OK: true},
		{Node: "node-2", Step: "label", Detail: "16 popped: vrf dc-db-network, port db-1", OK: true},
	}
	passes := append(append([]api.Hop(nil), hops...), api.Hop{Node: "node-2", Step: "filter", Detail: "dc-db-sg rule 1: in tcp/22 from group dc-web-sg", OK: true}, api.Hop{Node: "node-2", Step: "deliver", Detail: "tap-db-1", OK: true})
	out["trace"] = &Trace{api.Trace{From: "web-1", To: "db-1", Proto: "tcp/22", Allowed: true, Hops: passes, Reason: "dc-db-sg allows tcp/22 from members of dc-web-sg"}}
	stops := append(append([]api.Hop(nil), hops...), api.Hop{Node: "node-2", Step: "drop", Detail: "no rule of dc-db-sg allows tcp/5432 from 10.0.11.3"})
	out["trace-no"] = &Trace{api.Trace{From: "web-1", To: "db-1", Proto: "tcp/5432", Hops: stops, Reason: "no rule of dc-db-sg allows it in"}}
}

// allows is S1's table; a workload reaches itself.
func allows(from, to, proto string) bool {
	if from == to {
		return true
	}
	switch to {
	case "web-1":
		return from == "mgmt-1" && proto == "tcp/22"
	case "db-1":
		return (from == "mgmt-1" || from == "web-1") && proto == "tcp/22"
	case "mgmt-1":
		return from == "check-host"
	}
	return true
}

func addMatrices(f *fake, out map[string]shown) {
	answer := func(wrong bool) func(api.MatrixRequest) api.Matrix {
		return func(r api.MatrixRequest) api.Matrix {
			m := api.Matrix{Names: r.Names, Protos: r.Protos, Live: r.Live, Took: 74 * time.Millisecond}
			for _, from := range r.Names {
				for _, to := range r.Names {
					for _, proto := range r.Protos {
						ok := allows(from, to, proto)
						c := api.Cell{From: from, To: to, Proto: proto, Allowed: ok, Reached: ok, Reason: "no rule allows it in"}
						if ok {
							c.Reason = "a rule allows it in"
						}
						c.Refused = c.Reached && proto == "tcp/9999"
						if wrong && (from == "office-1" && to == "web-1" || from == "web-1" && to == "office-1") {
							c.Reached = !c.Reached
						}
						m.Cells = append(m.Cells, c)
					}
				}
			}
			return m
		}
	}
	f.matrix = answer(false)
	out["matrix"] = f.fabric().Matrix(ICMP(), TCP(22))
	out["matrix-refused"] = f.fabric().Matrix(TCP(9999))
	f.matrix = answer(true)
	out["matrix-wrong"] = f.fabric().Matrix(TCP(22))
	f.matrix = answer(false)
	var many []netlib.Port
	for i := range 9 {
		many = append(many, netlib.Port{Name: fmt.Sprintf("workload-%d", i+1)})
	}
	wide := &fake{intent: netlib.Fabric{Ports: many}, matrix: answer(false)}
	out["matrix-wide"] = wide.fabric().Matrix()
	out["matrix-none"] = (&fake{}).fabric().Matrix()
}

func addChanges(out map[string]shown) {
	done := api.Change{Revision: 8, Title: "data centre", Applied: epoch, Took: 12400 * time.Microsecond, Nodes: []api.NodeAck{
		{Node: "node-1", Done: true, Took: 3 * time.Millisecond}, {Node: "node-2", Done: true, Took: 12 * time.Millisecond}, {Node: "node-3", Done: true, Took: 900 * time.Microsecond}}}
	objects := []api.ObjectChange{{Action: api.Create, Ref: netlib.Ref{Kind: netlib.KindSegment, Name: "dc-web-network"}, Summary: "10.0.11.0/24"}}
	out["change"] = &Change{Change: done, Objects: objects}
	out["progress-end"] = progressStep{&Change{Change: done}}
	going := done
	going.Took = 0
	going.Nodes = []api.NodeAck{{Node: "node-1", Done: true, Took: 3 * time.Millisecond}, {Node: "node-2"}, {Node: "node-3", Done: true, Error: "label 16: device busy"}}
	out["progress-error"] = progressStep{&Change{Change: going}}
	going.Nodes = []api.NodeAck{{Node: "node-1", Done: true, Took: 3 * time.Millisecond}, {Node: "node-2"}, {Node: "node-3"}}
	out["progress"] = progressStep{&Change{Change: going}}
	out["change-none"] = &Change{Change: api.Change{Revision: 8, Title: "data centre"}, Unchanged: true}
}

func TestDisplays(t *testing.T) {
	for name, value := range gallery(t) {
		golden(t, name+".txt", value.String()+"\n")
		golden(t, name+".html", value.HTML()+"\n")
	}
}

// golden compares got with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is absent: run the test with -update and look at it", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (run with -update and look at the change):\n got: %s\nwant: %s", name, head(got), head(string(want)))
	}
}

func head(s string) string {
	if len(s) > 3000 && !strings.Contains(s[:200], "\n") {
		return s[:3000] + " ..."
	}
	return s
}
