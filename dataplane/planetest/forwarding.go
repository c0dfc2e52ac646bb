package planetest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
)

// twoSegments is two workloads of web on two nodes and two of db.
func twoSegments(joined bool) fabric {
	f := fabric{rev: 1, ports: []workload{
		{name: "web-1", node: "a", vrf: "web", addr: "10.0.11.3"},
		{name: "web-2", node: "b", vrf: "web", addr: "10.0.11.4"},
		{name: "web-3", node: "a", vrf: "web", addr: "10.0.11.5"},
		{name: "db-1", node: "a", vrf: "db", addr: "10.0.12.3"},
		{name: "db-2", node: "b", vrf: "db", addr: "10.0.12.4"},
	}}
	if joined {
		f.joined = [][]string{{"web", "db"}}
	}
	return f
}

func testSegment(_ *testing.T, l *lab) {
	l.apply(twoSegments(false))
	l.ping("web-1", "10.0.11.5").passes()
	l.ping("web-1", "10.0.11.4", func(p *dataplane.Probe) { p.Count = 3 }).passes()
	l.connect("web-2", "10.0.11.3", 22).passes()
	l.connect("web-1", "10.0.11.4", 9999).refused()
	l.ping("web-1", "10.0.12.3").fails("unreachable")
	l.ping("web-1", "10.0.11.99").fails("unreachable")
}

func testOwnAddresses(_ *testing.T, l *lab) {
	f := twoSegments(false)
	f.filters = []dataplane.Filter{allow("closed")}
	f.ports[0].filters = []string{"closed"}
	l.apply(f)
	for _, port := range []string{"web-1", "web-2"} {
		l.ping(port, "10.0.11.1").passes()
		l.ping(port, "10.0.11.2").passes()
	}
	l.ping("db-1", "10.0.12.1").passes()
	l.ping("web-1", "10.0.11.4").fails("")
}

func testRouted(_ *testing.T, l *lab) {
	l.apply(twoSegments(true))
	for _, from := range []string{"web-1", "web-2"} {
		for _, to := range []string{"10.0.12.3", "10.0.12.4"} {
			l.ping(from, to).passes()
			l.connect(from, to, 22).passes()
		}
	}
	l.ping("db-2", "10.0.11.5").passes()
	l.apply(twoSegments(false))
	l.ping("web-1", "10.0.12.4").fails("unreachable")
}

func testLabels(_ *testing.T, l *lab) {
	f := twoSegments(true)
	l.apply(f)
	before := l.counters("b").Labels[f.label("db-2")]
	l.ping("web-1", "10.0.12.4", func(p *dataplane.Probe) { p.Count = 5 }).passes()
	after := l.counters("b")
	if n := after.Labels[f.label("db-2")].Packets - before.Packets; n != 5 {
		l.Errorf("node b: label %d counted %d packets of 5", f.label("db-2"), n)
	}
	if p := after.Ports["db-2"]; p.In.Packets != 5 || p.Out.Packets != 5 || p.In.Bytes == 0 {
		l.Errorf("node b: port db-2 counted %+v, want 5 packets each way", p)
	}
	s := f.state("b")
	s.Labels = s.Labels[:1] // db-2's label is gone
	l.applyTo("b", s)
	drops := l.counters("b").Drops["unknown label"]
	l.ping("web-1", "10.0.12.4").fails("timeout")
	if n := l.counters("b").Drops["unknown label"] - drops; n != 1 {
		l.Errorf("node b: %d packets dropped for an unknown label, want 1", n)
	}
	l.ping("web-1", "10.0.11.4").passes()
}

func testSpoofed(_ *testing.T, l *lab) {
	l.apply(twoSegments(true))
	before := l.counters("a").Drops["spoofed source"]
	l.ping("web-1", "10.0.12.4", func(p *dataplane.Probe) { p.Source = address("10.0.11.5") }).fails("timeout")
	if n := l.counters("a").Drops["spoofed source"] - before; n != 1 {
		l.Errorf("node a: %d packets dropped for their source, want 1", n)
	}
	if n := l.counters("b").Ports["db-2"].In.Packets; n != 0 {
		l.Errorf("node b: %d packets with a foreign source were delivered", n)
	}
}

func testECMP(_ *testing.T, l *lab) {
	f := fabric{rev: 1, ports: []workload{
		{name: "client", node: "a", vrf: "web", addr: "10.0.11.3"},
		{name: "server-1", node: "b", vrf: "web", addr: "10.0.11.9"},
		{name: "server-2", node: "c", vrf: "web", addr: "10.0.11.9"},
	}}
	l.apply(f)
	const flows = 200
	for range flows {
		l.connect("client", "10.0.11.9", 22).passes()
	}
	one, two := l.counters("b").Ports["server-1"].In.Packets, l.counters("c").Ports["server-2"].In.Packets
	if one < 3*flows/4 || two < 3*flows/4 {
		l.Errorf("%d connections over two paths: %d and %d packets; want at least %d each", flows, one, two, 3*flows/4)
	}
	l.apply(f.without("server-1"))
	l.connect("client", "10.0.11.9", 22).passes()
}

func testUnreachable(_ *testing.T, l *lab) {
	f := twoSegments(false)
	f.extra = map[string][]dataplane.Route{"web": {{Prefix: netip.MustParsePrefix("10.0.0.0/8")}}}
	l.apply(f)
	l.ping("web-1", "10.9.9.9").fails("destination unreachable by 10.0.11.1")
	l.ping("web-1", "172.31.9.34").fails("destination unreachable by 10.0.11.1")
	l.ping("web-1", "10.0.11.4").passes()
	if d := l.counters("a").Drops; d["unreachable"] != 1 || d["no route"] != 1 {
		l.Errorf("node a: drops %v, want one unreachable and one without route", d)
	}
}

func testTTL(_ *testing.T, l *lab) {
	l.apply(twoSegments(true))
	ttl := func(n uint8) func(*dataplane.Probe) { return func(p *dataplane.Probe) { p.TTL = n } }
	l.ping("web-1", "10.0.12.4", ttl(1)).fails("time exceeded at 10.0.11.1")
	l.ping("web-1", "10.0.12.4", ttl(2)).fails("time exceeded at 10.0.12.1")
	l.ping("web-1", "10.0.12.4", ttl(3)).passes()
}

func testMTU(_ *testing.T, l *lab) {
	l.apply(twoSegments(true))
	size := func(n int) func(*dataplane.Probe) { return func(p *dataplane.Probe) { p.Size = n } }
	for _, to := range []string{"10.0.12.4", "10.0.11.5"} {
		l.ping("web-1", to, size(mtu)).passes()
		l.ping("web-1", to, size(mtu+1)).fails("packet too big, MTU 1472")
	}
}

func testEqualAddresses(_ *testing.T, l *lab) {
	f := fabric{rev: 1, ports: []workload{
		{name: "blue-1", node: "a", vrf: "blue", addr: "10.0.1.3", filters: []string{"open"}},
		{name: "blue-2", node: "b", vrf: "blue", addr: "10.0.1.4", filters: []string{"open"}},
		{name: "red-1", node: "a", vrf: "red", addr: "10.0.1.3", filters: []string{"out"}},
		{name: "red-2", node: "b", vrf: "red", addr: "10.0.1.4", filters: []string{"out"}},
	}, filters: []dataplane.Filter{
		allow("open", outAll, dataplane.Rule{Direction: dataplane.Ingress, Protocol: dataplane.Any}),
		allow("out", outAll),
	}}
	l.apply(f)
	l.ping("blue-1", "10.0.1.4").passes()
	l.ping("red-1", "10.0.1.4").fails("timeout")
	l.connect("red-1", "10.0.1.4", 22).fails("timeout")
	l.connect("blue-1", "10.0.1.4", 22).passes()
	l.ping("red-1", "10.0.1.4").fails("timeout")
	if in := l.counters("b").Ports["red-2"].In.Packets; in != 0 {
		l.Errorf("node b: port red-2 got %d packets of flows that only blue allows", in)
	}
	if in := l.counters("b").Ports["blue-2"].In.Packets; in < 3 {
		l.Errorf("node b: port blue-2 got %d packets, want the ping and the connection", in)
	}
}

// testDataCentre is four segments behind one router, with security groups, and a
// host outside of the fabric that reaches one of them.
func testDataCentre(_ *testing.T, l *lab) {
	f := fabric{rev: 1, joined: [][]string{{"db", "mgmt", "office", "outside", "web"}}, ports: []workload{
		{name: "web", node: "a", vrf: "web", addr: "10.0.11.3", filters: []string{"web-sg"}},
		{name: "db", node: "b", vrf: "db", addr: "10.0.12.3", filters: []string{"db-sg"}},
		{name: "office", node: "a", vrf: "office", addr: "10.0.13.3", filters: []string{"office-sg"}},
		{name: "mgmt", node: "b", vrf: "mgmt", addr: "10.0.14.3", filters: []string{"mgmt-sg"}},
		{name: "check", node: "g", vrf: "outside", addr: "172.31.9.34"},
	}}
	ssh := func(set string) dataplane.Rule {
		return dataplane.Rule{Direction: dataplane.Ingress, Protocol: dataplane.TCP, PortFrom: 22, PortTo: 22, Set: set}
	}
	f.filters = []dataplane.Filter{
		allow("web-sg", outAll, ssh("mgmt-sg")),
		allow("db-sg", outAll, ssh("web-sg"), ssh("mgmt-sg")),
		allow("office-sg", outAll, in(dataplane.Any, "0.0.0.0/0")),
		allow("mgmt-sg", outAll, in(dataplane.Any, "172.31.9.34/32")),
	}
	l.apply(f)
	// Who may connect to port 22 and who may ping, by destination.
	tcp := map[string]string{"web": "mgmt", "db": "web mgmt", "office": "web db mgmt check", "mgmt": "check", "check": "web db office mgmt"}
	icmp := map[string]string{"office": "web db mgmt check", "mgmt": "check", "check": "web db office mgmt"}
	for _, from := range f.ports {
		for _, to := range f.ports {
			if from.name == to.name {
				continue
			}
			l.connect(from.name, to.addr, 22).passesIf(slices.Contains(strings.Fields(tcp[to.name]), from.name))
			l.ping(from.name, to.addr).passesIf(slices.Contains(strings.Fields(icmp[to.name]), from.name))
		}
	}
}
