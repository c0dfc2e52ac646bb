package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

var (
	outAny  = dataplane.Rule{Direction: dataplane.Egress, Protocol: dataplane.Any}
	inICMP  = dataplane.Rule{Direction: dataplane.Ingress, Protocol: dataplane.ICMP}
	inTCP22 = dataplane.Rule{Direction: dataplane.Ingress, Protocol: dataplane.TCP, PortFrom: 22, PortTo: 22}
	cl, sv  = toUint32(clientAddr), toUint32(serverAddr)
)

func echoReply(src, dst uint32, id uint16) packet {
	p := newEcho(src, dst, 64, id, 1, 0)
	encodeICMP(p.bytes()[ipv4Size:], icmpEchoReply, 0, uint32(id)<<16|1)
	return p
}

func segment(src, dst uint32, from, to uint16, flags uint8) packet {
	return newTCP(src, dst, 64, tcp{src: from, dst: to, seq: 1, ack: 1, flags: flags}, 0)
}

// about is an error that quotes p, sent by the host that p went to.
func about(p packet) packet {
	h, err := decodeIPv4(p.bytes())
	if err != nil {
		panic(err)
	}
	return newICMPError(h.dst, p.bytes(), h, icmpUnreachable, codePortUnreachable, 0)
}

// step is one packet and whether it must arrive.
type step struct {
	what   string
	server bool // sent by the server, who is guarded
	packet packet
	want   bool
}

func (p *pair) steps(list []step) {
	p.Helper()
	for i, s := range list {
		n := p.a
		if s.server {
			n = p.b
		}
		if got := p.reach(n, s.packet); got != s.want {
			p.Errorf("step %d, %s: delivered %v, want %v", i+1, s.what, got, s.want)
		}
	}
}

func TestFlows(t *testing.T) {
	datagram := func() packet { return newUDP(sv, cl, 64, 1000, 2000, 0, nil) }
	for _, c := range []struct {
		name  string
		rules []dataplane.Rule
		steps []step
	}{
		{"echo reply needs its request", []dataplane.Rule{outAny, inICMP}, []step{
			{"reply nobody asked for", false, echoReply(cl, sv, 7), false},
			{"request", true, newEcho(sv, cl, 64, 7, 1, 0), true},
			{"reply to another request", false, echoReply(cl, sv, 8), false},
			{"reply", false, echoReply(cl, sv, 7), true},
		}},
		{"a request back is a flow of its own", []dataplane.Rule{outAny}, []step{
			{"request", true, newEcho(sv, cl, 64, 7, 1, 0), true},
			{"request with the same id from outside", false, newEcho(cl, sv, 64, 7, 1, 0), false},
		}},
		{"errors belong to a flow", []dataplane.Rule{outAny, inICMP}, []step{
			{"error about nothing", false, about(datagram()), false},
			{"datagram", true, datagram(), true},
			{"error about it", false, about(datagram()), true},
			{"error about an echo", false, about(newEcho(sv, cl, 64, 7, 1, 0)), false},
			{"echo", true, newEcho(sv, cl, 64, 7, 1, 0), true},
			{"error about that echo", false, about(newEcho(sv, cl, 64, 7, 1, 0)), true},
		}},
		{"errors out of a guarded port", []dataplane.Rule{inTCP22}, []step{
			{"error about nothing", true, about(segment(cl, sv, 1000, 22, tcpSYN)), false},
			{"connection", false, segment(cl, sv, 1000, 22, tcpSYN), true},
			{"error about it", true, about(segment(cl, sv, 1000, 22, tcpSYN)), true},
		}},
		{"a connection is not a way back in", []dataplane.Rule{outAny}, []step{
			{"SYN out", true, segment(sv, cl, 1000, 22, tcpSYN), true},
			{"SYN in with the ports turned round", false, segment(cl, sv, 22, 1000, tcpSYN), false},
			{"SYN/ACK", false, segment(cl, sv, 22, 1000, tcpSYN|tcpACK), true},
			{"ACK of another connection", false, segment(cl, sv, 22, 1001, tcpACK), false},
		}},
		{"datagrams", []dataplane.Rule{outAny}, []step{
			{"answer before the question", false, newUDP(cl, sv, 64, 2000, 1000, 0, nil), false},
			{"question", true, datagram(), true},
			{"answer", false, newUDP(cl, sv, 64, 2000, 1000, 0, nil), true},
		}},
		{"broken", []dataplane.Rule{outAny, {Direction: dataplane.Ingress, Protocol: dataplane.Any}}, []step{
			{"whole", false, segment(cl, sv, 1000, 22, tcpSYN), true},
			{"TCP without ports", false, stub(protoTCP), false},
			{"ICMP without type", false, stub(protoICMP), false},
			{"another protocol", false, stub(89), true},
		}},
	} {
		t.Run(c.name, func(t *testing.T) { newPair(t, c.rules...).steps(c.steps) })
	}
}

// stub is a packet with four bytes of payload.
func stub(proto uint8) packet {
	p := newPacket(ipv4Size + 4)
	encodeIPv4(p.bytes(), cl, sv, proto, 64)
	return p
}

func TestFlowsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, outAny)
		reply := func() packet { return echoReply(cl, sv, 7) }
		answer := func() packet { return segment(cl, sv, 22, 1000, tcpACK) }
		p.steps([]step{
			{"echo", true, newEcho(sv, cl, 64, 7, 1, 0), true},
			{"reply", false, reply(), true},
			{"SYN", true, segment(sv, cl, 1000, 22, tcpSYN), true},
		})
		time.Sleep(icmpIdle - time.Second)
		p.steps([]step{{"reply in time", false, reply(), true}, {"SYN/ACK in time", false, segment(cl, sv, 22, 1000, tcpACK|tcpSYN), true}})
		time.Sleep(icmpIdle + time.Second)
		p.steps([]step{{"reply too late", false, reply(), false}, {"ACK of an open connection", false, answer(), true}})
		p.steps([]step{{"RST", true, segment(sv, cl, 1000, 22, tcpRST), true}})
		time.Sleep(tcpClosed + time.Second)
		p.steps([]step{{"ACK after it was closed", false, answer(), false}})
	})
}

// Rules that change hold for flows under way; other changes leave them alone.
func TestFlowsAndApply(t *testing.T) {
	p := newPair(t, inTCP22)
	syn := func() packet { return segment(cl, sv, 1000, 22, tcpSYN) }
	reply := func() packet { return segment(sv, cl, 22, 1000, tcpACK) }
	p.steps([]step{{"SYN", false, syn(), true}, {"reply", true, reply(), true}})

	other := p.state("b")
	other.Revision++
	other.Filters = append(other.Filters[:1:1], dataplane.Filter{Name: "sg-2"})
	p.apply(p.b, other)
	p.steps([]step{{"reply after an unrelated change", true, reply(), true}, {"new flow out", true, segment(sv, cl, 23, 1000, tcpACK), false}})

	p.rules = []dataplane.Rule{inICMP}
	p.apply(p.b, p.state("b"))
	p.steps([]step{{"reply after its rule went", true, reply(), false}, {"segment after its rule went", false, segment(cl, sv, 1000, 22, tcpACK), false}})
}

func TestFlowTableIsBounded(t *testing.T) {
	var table flowTable
	now := time.Now()
	for i := range maxFlows {
		if !table.open(flowKey{remote: uint32(i)}, &flow{expires: now.Add(time.Minute)}, now) {
			t.Fatalf("full at %d flows", i)
		}
	}
	if table.open(flowKey{remote: maxFlows}, &flow{expires: now.Add(time.Minute)}, now) {
		t.Errorf("more than %d flows", maxFlows)
	}
	later := now.Add(2 * time.Minute)
	if !table.open(flowKey{remote: maxFlows}, &flow{expires: later.Add(time.Minute)}, later) || len(table.flows) != 1 {
		t.Errorf("%d flows after all had expired, want 1", len(table.flows))
	}
}

func TestHashIsTheSameBothWays(t *testing.T) {
	hash := func(p packet) uint32 {
		h, err := decodeIPv4(p.bytes())
		if err != nil {
			t.Fatal(err)
		}
		return flowHash(p.bytes(), h)
	}
	buckets := make(map[uint32]int)
	for i := range uint16(1000) {
		there, back := segment(cl, sv, 40000+i, 22, tcpSYN), segment(sv, cl, 22, 40000+i, tcpACK)
		if hash(there) != hash(back) {
			t.Fatalf("connection %d: %x there, %x back", i, hash(there), hash(back))
		}
		if hash(newEcho(cl, sv, 64, i, 1, 0)) != hash(echoReply(sv, cl, i)) {
			t.Fatalf("echo %d differs from its reply", i)
		}
		buckets[hash(there)%4]++
	}
	for b := range uint32(4) {
		if buckets[b] < 200 {
			t.Errorf("path %d of 4 gets %d of 1000 connections", b, buckets[b])
		}
	}
}
