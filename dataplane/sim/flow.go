package sim

import (
	"encoding/binary"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// How long a flow is remembered after its last packet.
const (
	tcpIdle    = time.Hour
	tcpOpening = 30 * time.Second
	tcpClosed  = 10 * time.Second
	udpIdle    = 3 * time.Minute
	icmpIdle   = 30 * time.Second
	otherIdle  = 10 * time.Minute

	// maxFlows is how many flows one port remembers. Beyond that new ones are
	// dropped until others have expired.
	maxFlows = 1 << 16
)

type direction uint8

const (
	ingress direction = iota // towards the workload
	egress
)

// flowKey names a flow as a port's workload sees it. For ICMP echo, localPort is
// the identifier and remotePort tells which side asks.
type flowKey struct {
	local, remote         uint32
	localPort, remotePort uint16
	proto                 uint8
}

// class is what a packet can do with a flow table.
type class uint8

const (
	opens   class = iota // may open a flow
	ongoing              // TCP past its first segment: may open one that was forgotten
	answers              // echo reply: only with a flow
	reports              // ICMP error: only with the flow that it quotes
	invalid
)

// flowOf names the flow that the packet b belongs to, or for an ICMP error the
// one that it is about.
func flowOf(b []byte, h ipv4, dir direction) (flowKey, class) {
	payload := b[h.header:h.length]
	k, c := flowKey{proto: h.proto}, opens
	src, dst := uint16(0), uint16(0)
	switch h.proto {
	case protoTCP:
		if len(payload) < tcpSize {
			return k, invalid
		}
		if payload[13]&(tcpSYN|tcpACK) != tcpSYN {
			c = ongoing
		}
		src, dst = binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])
	case protoUDP:
		if len(payload) < udpSize {
			return k, invalid
		}
		src, dst = binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])
	case protoICMP:
		if len(payload) < icmpSize {
			return k, invalid
		}
		if icmpIsError(payload[0]) {
			return quotedFlow(payload[icmpSize:], dir)
		}
		k, c = echoKey(payload, dir)
	}
	if h.proto != protoICMP {
		k.localPort, k.remotePort = dst, src
		if dir == egress {
			k.localPort, k.remotePort = src, dst
		}
	}
	k.local, k.remote = h.dst, h.src
	if dir == egress {
		k.local, k.remote = h.src, h.dst
	}
	return k, c
}

// echoKey tells who asks: remotePort is 1 for the workload, 2 for the far end.
func echoKey(payload []byte, dir direction) (flowKey, class) {
	k := flowKey{proto: protoICMP}
	asks := dir
	switch payload[0] {
	case icmpEcho:
	case icmpEchoReply:
		asks = ingress + egress - dir
	default:
		k.remotePort = 3 + uint16(payload[0])
		return k, opens
	}
	k.localPort = binary.BigEndian.Uint16(payload[4:])
	k.remotePort = 2
	if asks == egress {
		k.remotePort = 1
	}
	if payload[0] == icmpEchoReply {
		return k, answers
	}
	return k, opens
}

// quotedFlow names the flow of a packet that went in the opposite direction of
// the error that quotes it.
func quotedFlow(b []byte, dir direction) (flowKey, class) {
	h, err := decodeQuoted(b)
	if err != nil || h.fragment {
		return flowKey{}, invalid
	}
	back := ingress + egress - dir
	p := b[h.header:]
	k := flowKey{local: h.dst, remote: h.src, proto: h.proto}
	if back == egress {
		k.local, k.remote = h.src, h.dst
	}
	switch h.proto {
	case protoTCP, protoUDP:
		k.localPort, k.remotePort = binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint16(p)
		if back == egress {
			k.localPort, k.remotePort = k.remotePort, k.localPort
		}
	case protoICMP:
		e, _ := echoKey(p, back)
		k.localPort, k.remotePort = e.localPort, e.remotePort
	}
	return k, reports
}

// flow is one remembered flow.
type flow struct {
	opener  direction
	policy  uint64 // of the node when the flow was last held against the rules
	expires time.Time
}

// flowTable is a port's flows. Each port has its own, so that equal addresses of
// different VRFs never meet and both ends of a flow on one node are checked.
type flowTable struct {
	flows map[flowKey]*flow
	sweep int       // size at which expired flows are looked for
	rest  time.Time // not again before
}

// find returns the flow if it has not expired.
func (t *flowTable) find(k flowKey, now time.Time) *flow {
	f := t.flows[k]
	if f != nil && now.After(f.expires) {
		delete(t.flows, k)
		return nil
	}
	return f
}

// open remembers a flow; it fails when the table is full.
func (t *flowTable) open(k flowKey, f *flow, now time.Time) bool {
	if t.flows == nil {
		t.flows, t.sweep = make(map[flowKey]*flow), 64
	}
	if len(t.flows) >= t.sweep && !now.Before(t.rest) {
		for k, f := range t.flows {
			if now.After(f.expires) {
				delete(t.flows, k)
			}
		}
		t.sweep = min(max(64, 2*len(t.flows)), maxFlows)
		if len(t.flows) >= maxFlows {
			t.rest = now.Add(time.Second)
		}
	}
	if len(t.flows) >= maxFlows {
		return false
	}
	t.flows[k] = f
	return true
}

func idle(b []byte, h ipv4) time.Duration {
	switch h.proto {
	case protoTCP:
		switch flags := b[h.header+13]; {
		case flags&(tcpRST|tcpFIN) != 0:
			return tcpClosed
		case flags&(tcpSYN|tcpACK) == tcpSYN:
			return tcpOpening
		}
		return tcpIdle
	case protoUDP:
		return udpIdle
	case protoICMP:
		return icmpIdle
	}
	return otherIdle
}

// admit decides whether the packet may pass the port's filters in direction dir,
// and remembers the flow that it opens.
func (n *node) admit(p *port, b []byte, h ipv4, dir direction, now time.Time) bool {
	if len(p.spec.Filters) == 0 {
		return true
	}
	k, c := flowOf(b, h, dir)
	if c == invalid {
		return false
	}
	f := p.flows.find(k, now)
	if f != nil && f.policy != n.policy {
		if !n.allows(p, k, f.opener) {
			delete(p.flows.flows, k)
			f = nil
		} else {
			f.policy = n.policy
		}
	}
	switch {
	case c == reports:
		return f != nil
	case f != nil && (c != opens || f.opener == dir || h.proto != protoTCP):
		f.expires = now.Add(idle(b, h))
		return true
	case c == answers, !n.allows(p, k, dir):
		return false
	case f != nil:
		return true
	}
	return p.flows.open(k, &flow{dir, n.policy, now.Add(idle(b, h))}, now)
}

// allows reports whether any rule of the port's filters lets a flow begin in
// direction dir.
func (n *node) allows(p *port, k flowKey, dir direction) bool {
	v := n.vrfs[p.spec.VRF]
	to := k.localPort
	if dir == egress {
		to = k.remotePort
	}
	for _, name := range p.spec.Filters {
		f := n.filters[name]
		if f == nil {
			continue
		}
		for i := range f.rules {
			if f.rules[i].matches(v, dir, k.proto, k.remote, to) {
				return true
			}
		}
	}
	return false
}

// rule is a dataplane.Rule made quick to match.
type rule struct {
	spec  dataplane.Rule
	dir   direction
	proto uint8 // 0 is any
	base  uint32
	mask  uint32
	never bool // an IPv6 remote
}

func newRule(s dataplane.Rule) rule {
	r := rule{spec: s, proto: protocols[s.Protocol]}
	if s.Direction == dataplane.Egress {
		r.dir = egress
	}
	if s.Prefix.IsValid() {
		r.never = !s.Prefix.Addr().Is4()
	}
	if s.Prefix.IsValid() && !r.never {
		r.base, r.mask = toUint32(s.Prefix.Addr()), mask(s.Prefix.Bits())
	}
	return r
}

var protocols = map[dataplane.Protocol]uint8{dataplane.ICMP: protoICMP, dataplane.TCP: protoTCP, dataplane.UDP: protoUDP}

func (r *rule) matches(v *vrf, dir direction, proto uint8, remote uint32, to uint16) bool {
	if r.never || r.dir != dir || r.proto != 0 && r.proto != proto {
		return false
	}
	if r.spec.PortTo != 0 && (to < r.spec.PortFrom || to > r.spec.PortTo) {
		return false
	}
	if r.spec.Set == "" {
		return remote&r.mask == r.base
	}
	if v == nil || v.sets[r.spec.Set] == nil {
		return false
	}
	_, ok := v.sets[r.spec.Set].lookup(remote)
	return ok
}

// flowHash is the same for both directions of a flow and on every node.
func flowHash(b []byte, h ipv4) uint32 {
	k, c := flowOf(b, h, egress)
	switch {
	case c == invalid:
		k = flowKey{local: h.src, remote: h.dst, proto: h.proto}
	case k.proto == protoICMP:
		k.remotePort = k.localPort
	}
	lo := uint64(k.local)<<16 | uint64(k.localPort)
	hi := uint64(k.remote)<<16 | uint64(k.remotePort)
	if lo > hi {
		lo, hi = hi, lo
	}
	x := lo*0x9e3779b97f4a7c15 ^ hi*0xc2b2ae3d27d4eb4f ^ uint64(k.proto)
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return uint32(x)
}
