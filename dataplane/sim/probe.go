package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// DefaultTimeout is how long a probe's packet may take where none is given.
const DefaultTimeout = time.Second

// Probe sends packets as the port's workload. Times are real; a packet that is
// lost is known to be lost at once, so that no probe waits for its timeout.
func (n *node) Probe(ctx context.Context, p dataplane.Probe) (dataplane.ProbeResult, error) {
	a, err := n.newAttempt(ctx, p)
	if err != nil {
		return dataplane.ProbeResult{}, err
	}
	var res dataplane.ProbeResult
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	for range max(p.Count, 1) {
		if err := ctx.Err(); err != nil {
			return res, fmt.Errorf("sim: probe from %q: %w", p.Port, err)
		}
		res.Sent++
		took, reason := a.try()
		switch {
		case reason != "":
			res.Reason = reason
			if a.closed {
				res.Refused++
			}
		case took > timeout:
			res.Reason = fmt.Sprintf("timeout (answered after %s)", took)
		default:
			res.Received++
			res.Times = append(res.Times, took)
		}
	}
	return res, nil
}

// attempt is one packet of a probe at a time.
type attempt struct {
	node  *node
	port  *port
	probe dataplane.Probe
	src   uint32
	dst   uint32
	local bool // the destination is the workload's own address

	id, seq  uint16 // of echo; id is also what the source port is made from
	answered bool
	refused  string
	closed   bool // refused by the destination itself: nothing listens there
}

func (n *node) newAttempt(ctx context.Context, p dataplane.Probe) (*attempt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.open(ctx); err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) (*attempt, error) {
		return nil, fmt.Errorf("sim: probe from %q: %s", p.Port, fmt.Sprintf(format, args...))
	}
	port := n.ports[p.Port]
	if port == nil {
		return bad("node %q has no such port; name one of its ports", n.name)
	}
	src := source(p, port)
	_, known := protocols[p.Protocol]
	switch {
	case !src.IsValid():
		return bad("the port has no address of its own; give the probe a source")
	case !p.To.Is4() || !src.Is4():
		return bad("from %s to %s: the simulated dataplane sends IPv4 only; give IPv4 addresses", src, p.To)
	case !known:
		return bad("protocol %q cannot be sent; use icmp, tcp or udp", p.Protocol)
	case p.Protocol != dataplane.ICMP && p.DstPort == 0:
		return bad("dstPort is 0; give the port to try, 1 to 65535")
	case p.Size < 0 || p.Size > 65535-overhead:
		return bad("size %d is out of range; use at most %d bytes", p.Size, 65535-overhead)
	}
	n.ident++
	a := &attempt{node: n, port: port, probe: p, src: toUint32(src), dst: toUint32(p.To), id: n.ident}
	a.local = slices.Contains(port.spec.Addresses, p.To) // a network behind the port is reached by routes
	if a.probe.TTL == 0 {
		a.probe.TTL = 64
	}
	return a, nil
}

// source is the address to send from: the first that the port may use.
func source(p dataplane.Probe, from *port) netip.Addr {
	switch {
	case p.Source.IsValid():
		return p.Source
	case len(from.spec.Addresses) > 0:
		return from.spec.Addresses[0]
	case len(from.spec.Prefixes) > 0:
		return from.spec.Prefixes[0].Addr()
	}
	return netip.Addr{}
}

// try sends one packet and tells how long its answer took, or why there is none.
func (a *attempt) try() (time.Duration, string) {
	a.seq++
	a.answered, a.refused, a.closed = false, "", false
	r := run{fabric: a.node.fabric, now: time.Now(), watch: a.port, got: a.got}
	if a.local {
		a.loop()
	} else {
		r.send(a.node, a.port, a.packet())
		r.drain()
	}
	took := time.Since(r.now)
	switch {
	case a.answered:
		return took, ""
	case a.refused != "":
		return took, a.refused
	case r.lost == loss{}:
		return took, "timeout"
	case r.lost.port != "":
		return took, fmt.Sprintf("timeout (%s at port %s of node %s)", r.lost.why, r.lost.port, r.lost.node)
	}
	return took, fmt.Sprintf("timeout (%s at node %s)", r.lost.why, r.lost.node)
}

// loop is the workload's own loopback: packets to itself do not leave it.
func (a *attempt) loop() {
	p := a.packet()
	h, err := decodeIPv4(p.bytes())
	if err != nil {
		return
	}
	if p, ok := respond(p, h, a.node.fabric.listen); ok {
		if h, err = decodeIPv4(p.bytes()); err == nil {
			a.got(p, h)
		}
	}
}

// sourcePort differs from packet to packet and lies in the dynamic range.
func (a *attempt) sourcePort() uint16 { return 49152 + (a.id*251+a.seq)%16384 }

func (a *attempt) isn() uint32 { return uint32(a.id)<<16 | uint32(a.seq) }

func (a *attempt) packet() packet {
	switch a.probe.Protocol {
	case dataplane.TCP:
		t := tcp{src: a.sourcePort(), dst: a.probe.DstPort, seq: a.isn(), flags: tcpSYN}
		return newTCP(a.src, a.dst, a.probe.TTL, t, a.probe.Size)
	case dataplane.UDP:
		return newUDP(a.src, a.dst, a.probe.TTL, a.sourcePort(), a.probe.DstPort, a.probe.Size, nil)
	}
	return newEcho(a.src, a.dst, a.probe.TTL, a.id, a.seq, a.probe.Size)
}

// got sees what is delivered to the workload and takes what answers the packet.
func (a *attempt) got(p packet, h ipv4) ([]packet, bool) {
	b := p.bytes()
	m := b[h.header:h.length]
	switch {
	case h.proto == protoICMP && len(m) >= icmpSize && checksum(m, 0) == 0:
		return nil, a.gotICMP(m, h)
	case h.src != a.dst || h.dst != a.src:
		return nil, false
	case h.proto == protoTCP && a.probe.Protocol == dataplane.TCP:
		if t, err := decodeTCP(b, h); err == nil && t.src == a.probe.DstPort && t.dst == a.sourcePort() {
			return a.gotTCP(t)
		}
	case h.proto == protoUDP && a.probe.Protocol == dataplane.UDP && len(m) >= udpSize:
		if binary.BigEndian.Uint16(m) == a.probe.DstPort && binary.BigEndian.Uint16(m[2:]) == a.sourcePort() &&
			checksum(m, pseudo(h.src, h.dst, protoUDP, len(m))) == 0 {
			a.answered = true
			return nil, true
		}
	}
	return nil, false
}

// gotTCP completes the handshake and resets the connection, as a port check does.
func (a *attempt) gotTCP(t tcp) ([]packet, bool) {
	switch {
	case t.ack != a.isn()+1 || t.flags&tcpACK == 0:
		return nil, false
	case t.flags&tcpRST != 0:
		a.refused, a.closed = "connection refused", true
		return nil, true
	case t.flags&tcpSYN == 0:
		return nil, false
	}
	a.answered = true
	segment := func(flags uint8) packet {
		return newTCP(a.src, a.dst, 64, tcp{src: t.dst, dst: t.src, seq: a.isn() + 1, ack: t.seq + 1, flags: flags}, 0)
	}
	return []packet{segment(tcpACK), segment(tcpRST | tcpACK)}, true
}

func (a *attempt) gotICMP(m []byte, h ipv4) bool {
	if m[0] == icmpEchoReply {
		if a.probe.Protocol != dataplane.ICMP || h.src != a.dst ||
			binary.BigEndian.Uint16(m[4:]) != a.id || binary.BigEndian.Uint16(m[6:]) != a.seq {
			return false
		}
		a.answered = true
		return true
	}
	if !icmpIsError(m[0]) || !a.quoted(m[icmpSize:]) {
		return false
	}
	by := toAddr(h.src)
	switch {
	case m[0] == icmpTimeExceeded:
		a.refused = fmt.Sprintf("time exceeded at %s", by)
	case m[1] == codeTooBig:
		a.refused = fmt.Sprintf("packet too big, MTU %d at %s", binary.BigEndian.Uint16(m[6:]), by)
	case m[1] == codePortUnreachable:
		a.refused, a.closed = fmt.Sprintf("port unreachable at %s", by), h.src == a.dst
	default:
		a.refused = fmt.Sprintf("destination unreachable by %s", by)
	}
	return true
}

// quoted reports whether an error quotes the packet that is under way.
func (a *attempt) quoted(b []byte) bool {
	h, err := decodeQuoted(b)
	if err != nil || h.src != a.src || h.dst != a.dst || h.proto != protocols[a.probe.Protocol] {
		return false
	}
	p := b[h.header:]
	if h.proto == protoICMP {
		return binary.BigEndian.Uint16(p[4:]) == a.id && binary.BigEndian.Uint16(p[6:]) == a.seq
	}
	return binary.BigEndian.Uint16(p) == a.sourcePort() && binary.BigEndian.Uint16(p[2:]) == a.probe.DstPort
}
