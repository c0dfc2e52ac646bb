package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
)

func TestPathOfAPacket(t *testing.T) {
	p := newPair(t)
	got := p.from(p.a, newEcho(cl, sv, 64, 7, 1, 100))
	if want := []string{"10.0.11.3 > 10.0.11.4 ttl 62 len 100 icmp 8/0"}; !slices.Equal(got, want) {
		t.Errorf("server was given %q, want %q", got, want)
	}
}

func TestCapture(t *testing.T) {
	p := newPair(t)
	var file bytes.Buffer
	stop, err := p.fabric.Capture(&file)
	if err != nil {
		t.Fatal(err)
	}
	ping := dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP, Count: 2}
	if r, err := p.a.Probe(t.Context(), ping); err != nil || r.Received != 2 {
		t.Fatalf("ping: %+v, %v", r, err)
	}
	stop()
	if _, err := p.a.Probe(t.Context(), ping); err != nil {
		t.Fatal(err)
	}
	b := file.Bytes()
	if len(b) < 24 || binary.LittleEndian.Uint32(b) != 0xa1b23c4d || binary.LittleEndian.Uint32(b[20:]) != linkRaw {
		t.Fatalf("head of the capture: %x", b[:min(len(b), 24)])
	}
	var seen []string
	for b = b[24:]; len(b) >= 16; {
		n := binary.LittleEndian.Uint32(b[8:])
		d, err := decodeTunnel(b[16 : 16+n])
		if err != nil {
			t.Fatal(err)
		}
		h, err := decodeIPv4(b[16+d.inner : 16+d.end])
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, fmt.Sprintf("%s > %s label %d: %s", toAddr(d.src), toAddr(d.dst), d.label, describe(b[16+d.inner:], h)))
		b = b[16+n:]
	}
	there := "192.0.2.1 > 192.0.2.2 label 41: 10.0.11.3 > 10.0.11.4 ttl 63 len 28 icmp 8/0"
	back := "192.0.2.2 > 192.0.2.1 label 40: 10.0.11.4 > 10.0.11.3 ttl 63 len 28 icmp 0/0"
	if want := []string{there, back, there, back}; !slices.Equal(seen, want) {
		t.Errorf("captured\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

func TestFramesThatAreDropped(t *testing.T) {
	inner := func() packet { return newEcho(cl, sv, 64, 7, 1, 0) }
	notBottom := inner().encapsulate(tun("a"), tun("b"), 41, 64)
	notBottom.bytes()[ipv4Size+greSize+2] &^= 1
	broken := inner()
	broken.bytes()[0] = 0x55
	for _, c := range []struct {
		why   string
		frame packet
	}{
		{"unknown label", inner().encapsulate(tun("a"), tun("b"), 42, 64)},
		{"unknown label", notBottom},
		{"unknown tunnel", inner().encapsulate(tun("a"), tun("c"), 41, 64)},
		{"malformed", packet{make([]byte, 60), 0}},
		{"malformed", broken.encapsulate(tun("a"), tun("b"), 41, 64)},
		{"ttl", inner().encapsulate(tun("a"), tun("b"), 41, 1)},
		{"no route", newEcho(cl, 1, 64, 7, 1, 0).encapsulate(tun("a"), tun("b"), 41, 64)},
		{"mtu", newEcho(cl, sv, 64, 7, 1, 1473).encapsulate(tun("a"), tun("b"), 41, 64)},
	} {
		p := newPair(t)
		r := run{fabric: p.fabric}
		r.send(p.b, nil, c.frame)
		r.drain()
		if d := p.drops(p.b); d[c.why] != 1 || len(d) != 1 {
			t.Errorf("drops %v, want one %q", d, c.why)
		}
	}
}

func TestTunnelWithoutNode(t *testing.T) {
	p := newPair(t)
	if err := p.b.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := p.a.Probe(t.Context(), dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP, Count: 1})
	if err != nil || r.Received != 0 || r.Reason != "timeout (unknown tunnel at node a)" {
		t.Errorf("ping of a node that is gone: %+v, %v", r, err)
	}
	if d := p.drops(p.a); d["unknown tunnel"] != 1 {
		t.Errorf("drops %v", d)
	}
}

func TestTunnelMoves(t *testing.T) {
	p := newPair(t)
	moved := netip.MustParseAddr("192.0.2.77")
	b := p.state("b")
	b.Tunnel = moved
	p.apply(p.b, b)
	a := p.state("a")
	a.VRFs[0].Routes[1].NextHops[0].Tunnel = moved
	p.apply(p.a, a)
	if !p.reach(p.a, newEcho(cl, sv, 64, 7, 1, 0)) {
		t.Error("node b is not reached at its new address")
	}
	b.Tunnel = tunnelOf("a")
	b.VRFs[0].Routes[0].NextHops[0].Tunnel = moved
	if _, err := p.b.Apply(t.Context(), b); err == nil || !strings.Contains(err.Error(), "another node") {
		t.Errorf("taking another node's tunnel: %v", err)
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*dataplane.State)
	}{
		{`given the state of node "b"`, func(s *dataplane.State) { s.Node = "b" }},
		{"IPv4 only", func(s *dataplane.State) {
			s.Ports[0].Addresses = append(s.Ports[0].Addresses, netip.MustParseAddr("2001:db8::3"))
		}},
		{"IPv4 only", func(s *dataplane.State) {
			s.VRFs[0].Routes = append(s.VRFs[0].Routes, dataplane.Route{Prefix: netip.MustParsePrefix("::/0")})
		}},
		{"ports[client].vrf", func(s *dataplane.State) { s.Ports[0].VRF = "db" }},
	} {
		p := newPair(t)
		s := p.state("a")
		c.spoil(&s)
		is, err := p.a.Apply(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if d := dataplane.Diff(is, p.state("a")); !d.Empty() {
			t.Errorf("%s: something was applied: %q", c.want, d.Lines())
		}
	}
}

func TestStartRefuses(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct{ name, tunnel string }{{"a", "192.0.2.9"}, {"c", "192.0.2.1"}, {"c", "224.0.0.1"}, {"c", "2001:db8::1"}} {
		if _, err := p.fabric.Start(t.Context(), c.name, netip.MustParseAddr(c.tunnel)); err == nil {
			t.Errorf("started node %s at %s beside a at 192.0.2.1", c.name, c.tunnel)
		}
	}
	if err := p.a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.fabric.Start(t.Context(), "a", tunnelOf("a")); err != nil {
		t.Errorf("start again after close: %v", err)
	}
}

// What Apply returns, what Read returns and what was asked for are the same,
// whatever came before.
func TestApplyAnySequence(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		p := newPair(t)
		n := p.a
		for step := range 8 {
			s := someOf(r, manyPorts(20, 5))
			s.Revision = uint64(step + 2)
			is, err := n.Apply(t.Context(), s)
			if err != nil {
				t.Fatalf("seed %d step %d: %v", seed, step, err)
			}
			read, err := n.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for what, got := range map[string]dataplane.State{"apply": is, "read": read} {
				if c := dataplane.Diff(s, got); !c.Empty() || got.Revision != s.Revision {
					t.Fatalf("seed %d step %d: %s returned revision %d and differs: %q", seed, step, what, got.Revision, c.Lines())
				}
			}
		}
	}
}

// someOf drops ports with all that refers to them, subsets of members, and VRFs.
func someOf(r *rand.Rand, s dataplane.State) dataplane.State {
	drop := make(map[string]bool)
	gone := s.VRFs[r.IntN(len(s.VRFs))].Name
	for _, p := range s.Ports {
		drop[p.Name] = r.IntN(3) == 0 || p.VRF == gone
	}
	s.VRFs = slices.DeleteFunc(s.VRFs, func(v dataplane.VRF) bool { return v.Name == gone })
	s.Ports = slices.DeleteFunc(s.Ports, func(p dataplane.Port) bool { return drop[p.Name] })
	s.Labels = slices.DeleteFunc(s.Labels, func(l dataplane.Label) bool { return drop[l.Port] })
	for i := range s.VRFs {
		v := &s.VRFs[i]
		v.ID += uint32(r.IntN(2)) * 100
		v.Routes = slices.DeleteFunc(v.Routes, func(e dataplane.Route) bool { return drop[e.NextHops[0].Port] })
		v.Sets[0].Members = slices.DeleteFunc(v.Sets[0].Members, func(netip.Prefix) bool { return r.IntN(2) == 0 })
		if r.IntN(3) == 0 {
			v.Sets = nil
		}
		if r.IntN(2) == 0 {
			net := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 9, byte(i), 0}), 24)
			v.Subnets = []dataplane.Subnet{{Prefix: net, Gateway: net.Addr().Next(), Service: netip.AddrFrom4([4]byte{10, 9, byte(i), byte(2 + r.IntN(2))})}}
		}
	}
	if r.IntN(2) == 0 {
		s.Filters = []dataplane.Filter{{Name: "sg", Rules: s.Filters[0].Rules[:1]}}
	}
	return s
}

func TestApplyKeepsCountersAndFlowsOfOtherPorts(t *testing.T) {
	n, err := New().Start(t.Context(), "a", tunnelOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	s := manyPorts(10, 5)
	node := n.(*node)
	apply := func(s dataplane.State) {
		t.Helper()
		if _, err := n.Apply(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	apply(s)
	before := node.ports["port-000003"]
	apply(oneMore(s))
	if node.ports["port-000003"] != before {
		t.Error("a port was installed again for another one's sake")
	}
	if res, err := node.Probe(t.Context(), dataplane.Probe{Port: "port-000009", To: netip.MustParseAddr("10.0.0.10"), Protocol: dataplane.TCP, DstPort: 22}); err != nil || res.Received != 1 {
		t.Errorf("connection to the new port: %+v, %v", res, err)
	}
	before.in.Packets = 5
	s.Ports = slices.Clone(s.Ports)
	s.Ports[3].VRF = "vrf-00001"
	apply(s)
	if node.ports["port-000003"].in.Packets != 5 {
		t.Error("moving a port lost its counters")
	}
}

func TestProbeOfItself(t *testing.T) {
	p := newPair(t, inICMP)
	for _, c := range []struct {
		probe  dataplane.Probe
		answer bool
	}{
		{dataplane.Probe{Port: "server", To: serverAddr, Protocol: dataplane.ICMP}, true},
		{dataplane.Probe{Port: "server", To: serverAddr, Protocol: dataplane.TCP, DstPort: 22}, true},
		{dataplane.Probe{Port: "server", To: serverAddr, Protocol: dataplane.TCP, DstPort: 9}, false},
	} {
		if r, err := p.b.Probe(t.Context(), c.probe); err != nil || (r.Received == 1) != c.answer {
			t.Errorf("%+v: %+v, %v", c.probe, r, err)
		}
	}
}

func TestProbeUDP(t *testing.T) {
	p := newPair(t)
	probe := dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.UDP, DstPort: 80, Count: 2, Size: 200}
	if r, err := p.a.Probe(t.Context(), probe); err != nil || r.Received != 2 {
		t.Errorf("echo of datagrams: %+v, %v", r, err)
	}
	probe.DstPort = 81
	if r, err := p.a.Probe(t.Context(), probe); err != nil || r.Reason != "port unreachable at 10.0.11.4" {
		t.Errorf("closed port: %+v, %v", r, err)
	}
}

func TestProbeRefuses(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		want  string
		probe dataplane.Probe
	}{
		{"no such port", dataplane.Probe{Port: "server", To: serverAddr, Protocol: dataplane.ICMP}},
		{"IPv4", dataplane.Probe{Port: "client", To: netip.MustParseAddr("::1"), Protocol: dataplane.ICMP}},
		{"protocol", dataplane.Probe{Port: "client", To: serverAddr, Protocol: "sctp"}},
		{"dstPort", dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.TCP}},
		{"size", dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP, Size: 70000}},
	} {
		if _, err := p.a.Probe(t.Context(), c.probe); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one about %s", c.probe, err, c.want)
		}
	}
	nowhere := p.state("a")
	nowhere.Ports[0].Addresses = nil
	p.apply(p.a, nowhere)
	if _, err := p.a.Probe(t.Context(), dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP}); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Errorf("probe from a port without address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.a.Probe(ctx, dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP, Count: 9}); err == nil {
		t.Error("a probe ran after its context had ended")
	}
}

// A port that leads to a
// network answers for all of it.
func TestPortOfANetwork(t *testing.T) {
	p := newPair(t)
	s := p.state("b")
	outside := netip.MustParsePrefix("172.31.0.0/16")
	s.Ports[0].Prefixes = []netip.Prefix{outside}
	s.VRFs[0].Routes = append(s.VRFs[0].Routes, dataplane.Route{Prefix: outside, NextHops: []dataplane.NextHop{{Port: "server"}}})
	p.apply(p.b, s)
	a := p.state("a")
	a.VRFs[0].Routes = append(a.VRFs[0].Routes, dataplane.Route{Prefix: outside, NextHops: []dataplane.NextHop{{Tunnel: tunnelOf("b"), Label: 41}}})
	p.apply(p.a, a)
	for _, to := range []string{"172.31.9.34", "172.31.200.1"} {
		r, err := p.a.Probe(t.Context(), dataplane.Probe{Port: "client", To: netip.MustParseAddr(to), Protocol: dataplane.ICMP})
		if err != nil || r.Received != 1 {
			t.Errorf("ping %s: %+v, %v", to, r, err)
		}
	}
}

// FuzzNode throws bytes at a node from both sides; nothing may panic, and the
// node must forward as before.
func FuzzNode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPair(t, inICMP, outAny)
		for _, from := range []*port{p.b.ports["server"], nil} {
			pkt := newPacket(len(b))
			copy(pkt.bytes(), b)
			r := run{fabric: p.fabric}
			r.send(p.b, from, pkt)
			r.drain()
		}
		if !p.reach(p.a, newEcho(cl, sv, 64, 7, 1, 0)) {
			t.Fatal("the node no longer forwards")
		}
	})
}
