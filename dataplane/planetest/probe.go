package planetest

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
)

// try is a probe on its way to an expectation.
type try struct {
	l    *lab
	text string
	res  dataplane.ProbeResult
	err  error
}

// ping sends one echo request from a port, changed by options.
func (l *lab) ping(from, to string, options ...func(*dataplane.Probe)) try {
	l.Helper()
	return l.probe(dataplane.Probe{Port: from, To: address(to), Protocol: dataplane.ICMP}, options...)
}

// connect tries one TCP connection from a port.
func (l *lab) connect(from, to string, port uint16, options ...func(*dataplane.Probe)) try {
	l.Helper()
	return l.probe(dataplane.Probe{Port: from, To: address(to), Protocol: dataplane.TCP, DstPort: port}, options...)
}

func (l *lab) probe(p dataplane.Probe, options ...func(*dataplane.Probe)) try {
	l.Helper()
	p.Count, p.Timeout = 1, l.h.Timeout
	for _, o := range options {
		o(&p)
	}
	node := l.nodeOf(p.Port)
	prober, ok := l.planes[node].(dataplane.Prober)
	if !ok {
		l.Fatalf("node %s: %T sends no probes", node, l.planes[node])
	}
	t := try{l: l, text: fmt.Sprintf("%s@%s: %s %s", p.Port, node, p.Protocol, p.To)}
	if p.DstPort != 0 {
		t.text += fmt.Sprintf(" port %d", p.DstPort)
	}
	t.res, t.err = prober.Probe(l.Context(), p)
	if t.err != nil {
		l.Fatalf("%s: %v", t.text, t.err)
	}
	return t
}

func (l *lab) nodeOf(port string) string {
	l.Helper()
	for node, s := range l.states {
		for _, p := range s.Ports {
			if p.Name == port {
				return node
			}
		}
	}
	l.Fatalf("no node has port %s", port)
	return ""
}

// passes expects that every packet was answered.
func (t try) passes() {
	t.l.Helper()
	if t.res.Received != t.res.Sent || t.res.Sent == 0 || len(t.res.Times) != t.res.Received {
		t.l.Errorf("%s\n%d packets transmitted, %d received (%s); want all\n%s", t.text, t.res.Sent, t.res.Received, t.res.Reason, t.l.dump())
	}
}

// fails expects that no packet was answered and that the reason holds what.
func (t try) fails(what string) {
	t.l.Helper()
	if t.res.Received != 0 || !strings.Contains(t.res.Reason, what) || t.res.Refused > 0 != strings.Contains(t.res.Reason, "refused") {
		t.l.Errorf("%s\n%d packets transmitted, %d received (%q); want none, because of %q\n%s", t.text, t.res.Sent, t.res.Received, t.res.Reason, what, t.l.dump())
	}
}

// refused expects that every packet arrived and that its host refused it.
func (t try) refused() {
	t.l.Helper()
	t.fails("connection refused")
	if t.res.Refused != t.res.Sent {
		t.l.Errorf("%s\n%d packets transmitted, %d told as refused; want all\n%s", t.text, t.res.Sent, t.res.Refused, t.l.dump())
	}
}

// passesIf expects one or the other.
func (t try) passesIf(allowed bool) {
	t.l.Helper()
	if allowed {
		t.passes()
	} else {
		t.fails("timeout")
	}
}

// dump shows what the nodes were told.
func (l *lab) dump() string {
	var b strings.Builder
	for _, s := range l.states {
		b.WriteString(s.Text())
	}
	return b.String()
}

func address(s string) netip.Addr { return netip.MustParseAddr(s) }
