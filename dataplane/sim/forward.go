package sim

import "github.com/fabricbook/fabricbook/dataplane"

// handle does one step for one packet.
func (n *node) handle(r *run, e event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
	case e.port == nil:
		n.fromUnderlay(r, e.packet)
	case n.ports[e.port.spec.Name] != e.port:
		n.drop(r, unknownPort, e.port)
	default:
		n.fromPort(r, e.port, e.packet)
	}
}

func (n *node) drop(r *run, why reason, p *port) {
	n.drops[why]++
	r.lost = loss{why: why, node: n.name}
	if p != nil {
		r.lost.port = p.spec.Name
	}
}

// fromPort takes a packet that a workload sent.
func (n *node) fromPort(r *run, p *port, pkt packet) {
	h, err := decodeIPv4(pkt.bytes())
	if err != nil {
		n.drop(r, malformed, p)
		return
	}
	pkt.buf = pkt.buf[:pkt.off+h.length]
	add(&p.out, h.length)
	v := n.vrfs[p.spec.VRF]
	switch {
	case v == nil:
		n.drop(r, noRoute, p)
	case h.fragment:
		n.drop(r, fragment, p)
	case !p.owns(h.src):
		n.drop(r, spoofed, p)
	case v.own[h.dst] > 0 && alwaysAllowed(pkt.bytes(), h):
		n.answer(r, v, p, pkt, h)
	case !n.admit(p, pkt.bytes(), h, egress, r.now):
		n.drop(r, filterOut, p)
	case v.own[h.dst] > 0:
		n.answer(r, v, p, pkt, h)
	case h.ttl <= 1:
		n.drop(r, ttlExceeded, p)
		n.complain(r, v, p, pkt, h, n.gateway(v, h.src), icmpTimeExceeded, 0, 0)
	default:
		setTTL(pkt.bytes(), h.ttl-1)
		h.ttl--
		n.forward(r, v, p, pkt, h, "")
	}
}

// alwaysAllowed reports whether filters let the packet pass between a workload
// and its own gateway and service addresses: ICMP and DNS.
func alwaysAllowed(b []byte, h ipv4) bool {
	if h.proto == protoICMP {
		return true
	}
	k, c := flowOf(b, h, egress)
	return c != invalid && (h.proto == protoUDP || h.proto == protoTCP) && k.remotePort == 53
}

// fromUnderlay takes a frame that came to this node's tunnel address.
func (n *node) fromUnderlay(r *run, pkt packet) {
	t, err := decodeTunnel(pkt.bytes())
	if err != nil {
		n.drop(r, malformed, nil)
		return
	}
	if t.dst != toUint32(n.tunnel) {
		n.drop(r, unknownTunnel, nil)
		return
	}
	l := n.labels[t.label]
	if l == nil || !t.bottom {
		n.drop(r, unknownLabel, nil)
		return
	}
	pkt = packet{pkt.buf[:pkt.off+t.end], pkt.off + t.inner}
	h, err := decodeIPv4(pkt.bytes())
	if err != nil {
		n.drop(r, malformed, nil)
		return
	}
	pkt.buf = pkt.buf[:pkt.off+h.length]
	add(&l.count, h.length)
	n.fromLabel(r, l, pkt, h, min(t.ttl, h.ttl))
}

// fromLabel looks a packet up whose label was popped. The label's time to live
// becomes the packet's (RFC 3443 section 3.1, uniform model).
func (n *node) fromLabel(r *run, l *label, pkt packet, h ipv4, ttl uint8) {
	v := n.vrfs[l.spec.VRF]
	switch {
	case v == nil:
		n.drop(r, noRoute, nil)
	case h.fragment:
		n.drop(r, fragment, nil)
	case ttl <= 1:
		n.drop(r, ttlExceeded, nil)
		n.complain(r, v, nil, pkt, h, n.gateway(v, h.dst), icmpTimeExceeded, 0, 0)
	case v.own[h.dst] > 0:
		n.answer(r, v, nil, pkt, h)
	default:
		setTTL(pkt.bytes(), ttl-1)
		h.ttl = ttl - 1
		n.forward(r, v, nil, pkt, h, l.spec.Port)
	}
}

// forward looks the destination up in v and sends the packet on. from is the port
// that it came from, or nil. Among equal next hops the port prefer wins: the one
// that the label was given out for.
func (n *node) forward(r *run, v *vrf, from *port, pkt packet, h ipv4, prefer string) {
	speaker := h.src
	if from == nil {
		speaker = h.dst
	}
	if h.length > n.mtu {
		n.drop(r, tooBig, from)
		n.complain(r, v, from, pkt, h, n.gateway(v, speaker), icmpUnreachable, codeTooBig, uint32(n.mtu))
		return
	}
	e, ok := v.routes.lookup(h.dst)
	if !ok {
		n.drop(r, noRoute, from)
		n.complain(r, v, from, pkt, h, n.gateway(v, speaker), icmpUnreachable, codeNetUnreachable, 0)
		return
	}
	hop, ok := e.choose(pkt.bytes(), h, prefer)
	if !ok {
		n.drop(r, unreachable, from)
		n.complain(r, v, from, pkt, h, n.gateway(v, speaker), icmpUnreachable, codeHostUnreachable, 0)
		return
	}
	n.toHop(r, hop, pkt, h, false)
}

// choose picks one next hop by the flow, so that a flow keeps its path.
func (e *route) choose(b []byte, h ipv4, prefer string) (dataplane.NextHop, bool) {
	switch len(e.hops) {
	case 0:
		return dataplane.NextHop{}, false
	case 1:
		return e.hops[0], true
	}
	if prefer != "" {
		for _, hop := range e.hops {
			if hop.Port == prefer {
				return hop, true
			}
		}
	}
	return e.hops[flowHash(b, h)%uint32(len(e.hops))], true
}

// toHop delivers to a local port or into a tunnel. own says that the packet is
// the node's own word, which filters do not hold back.
func (n *node) toHop(r *run, hop dataplane.NextHop, pkt packet, h ipv4, own bool) {
	if hop.Port == "" {
		if !r.transmit(hop.Tunnel, pkt.encapsulate(toUint32(n.tunnel), toUint32(hop.Tunnel), hop.Label, h.ttl)) {
			n.drop(r, unknownTunnel, nil)
		}
		return
	}
	p := n.ports[hop.Port]
	switch {
	case p == nil:
		n.drop(r, unknownPort, nil)
	case !own && !n.admit(p, pkt.bytes(), h, ingress, r.now):
		n.drop(r, filterIn, p)
	default:
		n.deliver(r, p, pkt, h)
	}
}

// deliver hands a packet to the workload of p and takes what it sends in answer.
func (n *node) deliver(r *run, p *port, pkt packet, h ipv4) {
	add(&p.in, h.length)
	if !p.owns(h.dst) {
		n.drop(r, notForWorkload, p)
		return
	}
	if p == r.watch {
		if replies, taken := r.got(pkt, h); taken {
			for _, a := range replies {
				r.send(n, p, a)
			}
			return
		}
	}
	if a, ok := respond(pkt, h, n.fabric.listen); ok {
		r.send(n, p, a)
	}
}

// answer is the node's own host at the gateway and service addresses: it answers
// echo requests and refuses everything else.
func (n *node) answer(r *run, v *vrf, from *port, pkt packet, h ipv4) {
	a, ok := respond(pkt, h, nil)
	if !ok {
		return
	}
	n.speak(r, v, from, a)
}

// complain sends an ICMP error about a packet to its source, from the node's own
// address src. Errors and broken packets get none (RFC 1122 section 3.2.2).
func (n *node) complain(r *run, v *vrf, from *port, pkt packet, h ipv4, src uint32, kind, code uint8, rest uint32) {
	b := pkt.bytes()
	if h.proto == protoICMP && (h.length < h.header+icmpSize || icmpIsError(b[h.header])) || h.length < h.header+8 {
		return
	}
	n.speak(r, v, from, newICMPError(src, b, h, kind, code, rest))
}

// speak sends a packet of the node itself: back to the port that asked, else by
// the VRF's routes.
func (n *node) speak(r *run, v *vrf, to *port, pkt packet) {
	h, err := decodeIPv4(pkt.bytes())
	if err != nil {
		n.drop(r, malformed, to)
		return
	}
	if to != nil {
		n.deliver(r, to, pkt, h)
		return
	}
	e, ok := v.routes.lookup(h.dst)
	if !ok || len(e.hops) == 0 {
		n.drop(r, noRoute, nil)
		return
	}
	hop, _ := e.choose(pkt.bytes(), h, "")
	n.toHop(r, hop, pkt, h, true)
}
