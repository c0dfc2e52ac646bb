package planetest

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
)

// guarded is twoSegments with a filter on db-2 and one on web-1.
func guarded(db, web []dataplane.Rule) fabric {
	f := twoSegments(true)
	f.filters = []dataplane.Filter{allow("db-sg", db...), allow("web-sg", web...)}
	f.ports[0].filters = []string{"web-sg"}
	f.ports[4].filters = []string{"db-sg"}
	return f
}

func in(p dataplane.Protocol, remote string) dataplane.Rule {
	r := dataplane.Rule{Direction: dataplane.Ingress, Protocol: p}
	if remote != "" {
		r.Prefix = netip.MustParsePrefix(remote)
	}
	return r
}

func testFilterPrefix(_ *testing.T, l *lab) {
	l.apply(guarded([]dataplane.Rule{in(dataplane.ICMP, "10.0.11.0/28"), in(dataplane.TCP, "10.0.11.4/32")}, []dataplane.Rule{outAll}))
	l.ping("web-1", "10.0.12.4").passes()
	l.ping("web-2", "10.0.12.4").passes()
	l.ping("db-1", "10.0.12.4").fails("timeout")
	l.connect("web-1", "10.0.12.4", 22).fails("timeout")
	l.connect("web-2", "10.0.12.4", 22).passes()
	if n := l.counters("b").Drops["filter in"]; n < 2 {
		l.Errorf("node b: %d packets dropped by filters, want at least 2", n)
	}
}

func testFilterSet(_ *testing.T, l *lab) {
	db := dataplane.Rule{Direction: dataplane.Ingress, Protocol: dataplane.TCP, PortFrom: 22, PortTo: 22, Set: "web-sg"}
	f := guarded([]dataplane.Rule{db}, []dataplane.Rule{outAll})
	l.apply(f)
	l.connect("web-1", "10.0.12.4", 22).passes()
	l.connect("web-3", "10.0.12.4", 22).fails("timeout")
	f.rev++
	f.ports = slices.Clone(f.ports)
	f.ports[2].filters = []string{"web-sg"}
	l.apply(f)
	l.connect("web-3", "10.0.12.4", 22).passes()
	l.ping("web-3", "10.0.12.4").fails("timeout")
}

func testFilterPort(_ *testing.T, l *lab) {
	r := in(dataplane.TCP, "0.0.0.0/0")
	r.PortFrom, r.PortTo = 20, 30
	l.apply(guarded([]dataplane.Rule{r}, []dataplane.Rule{outAll}))
	l.connect("web-1", "10.0.12.4", 22).passes()
	l.connect("web-1", "10.0.12.4", 9999).fails("timeout")
	r.PortTo = 9999
	f := guarded([]dataplane.Rule{r}, []dataplane.Rule{outAll})
	f.rev++
	l.apply(f)
	l.connect("web-1", "10.0.12.4", 9999).refused()
}

func testStateful(_ *testing.T, l *lab) {
	l.apply(guarded([]dataplane.Rule{outAll}, []dataplane.Rule{in(dataplane.Any, "")}))
	l.ping("db-2", "10.0.11.3").passes()
	l.connect("db-2", "10.0.11.3", 22).passes()
	l.connect("db-2", "10.0.11.3", 9999).refused()
	l.ping("web-2", "10.0.12.4").fails("timeout")
	l.connect("web-2", "10.0.12.4", 22).fails("timeout")
	l.ping("web-1", "10.0.12.4").fails("timeout")
	if n := l.counters("a").Drops["filter out"]; n != 1 {
		l.Errorf("node a: %d packets held back by the filter out of web-1, want 1", n)
	}
}

func testRevoked(_ *testing.T, l *lab) {
	l.apply(guarded([]dataplane.Rule{in(dataplane.ICMP, "")}, []dataplane.Rule{outAll}))
	l.ping("web-1", "10.0.12.4").passes()
	f := guarded(nil, []dataplane.Rule{outAll})
	f.rev++
	l.apply(f)
	l.ping("web-1", "10.0.12.4").fails("timeout")
	f.rev++
	f.ports = slices.Clone(f.ports)
	f.ports[4].filters = nil
	l.apply(f)
	l.ping("web-1", "10.0.12.4").passes()
}
