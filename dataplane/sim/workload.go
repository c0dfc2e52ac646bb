package sim

// respond is the host behind a port: it answers an echo request, the first and
// the later segments of a TCP connection to a port in listen, a datagram to such
// a port with the same data, and refuses what goes to other ports. It keeps no
// state: its initial sequence number follows from the connection's addresses and
// ports. The answer may reuse the memory of pkt.
func respond(pkt packet, h ipv4, listen map[uint16]bool) (packet, bool) {
	switch h.proto {
	case protoICMP:
		return respondICMP(pkt, h)
	case protoTCP:
		return respondTCP(pkt, h, listen)
	case protoUDP:
		return respondUDP(pkt, h, listen)
	}
	return packet{}, false
}

func respondICMP(pkt packet, h ipv4) (packet, bool) {
	b := pkt.bytes()
	m := b[h.header:h.length]
	if len(m) < icmpSize || m[0] != icmpEcho || checksum(m, 0) != 0 {
		return packet{}, false
	}
	if h.header != ipv4Size { // answer without the options
		a := newPacket(ipv4Size + len(m))
		copy(a.bytes()[ipv4Size:], m)
		pkt, b = a, a.bytes()
		m = b[ipv4Size:]
	}
	rest := uint32(m[4])<<24 | uint32(m[5])<<16 | uint32(m[6])<<8 | uint32(m[7])
	encodeICMP(m, icmpEchoReply, 0, rest)
	encodeIPv4(b, h.dst, h.src, protoICMP, 64)
	return packet{pkt.buf, pkt.off}, true
}

func respondTCP(pkt packet, h ipv4, listen map[uint16]bool) (packet, bool) {
	b := pkt.bytes()
	t, err := decodeTCP(b, h)
	if err != nil || t.flags&tcpRST != 0 {
		return packet{}, false
	}
	reply := func(seq, ack uint32, flags uint8) (packet, bool) {
		return newTCP(h.dst, h.src, 64, tcp{src: t.dst, dst: t.src, seq: seq, ack: ack, flags: flags}, 0), true
	}
	next := t.seq + uint32(t.data)
	if t.flags&tcpSYN != 0 {
		next++
	}
	if t.flags&tcpFIN != 0 {
		next++
	}
	isn := flowHash(b, h)
	switch {
	case t.flags&tcpACK != 0 && (!listen[t.dst] || t.flags&tcpSYN != 0 || t.ack-isn < 1 || t.ack-isn > 2):
		return reply(t.ack, 0, tcpRST) // RFC 9293 section 3.5.2
	case !listen[t.dst]:
		return reply(0, next, tcpRST|tcpACK)
	case t.flags&tcpSYN != 0:
		return reply(isn, next, tcpSYN|tcpACK)
	case t.flags&tcpACK == 0:
		return packet{}, false
	case t.flags&tcpFIN != 0:
		return reply(isn+1, next, tcpFIN|tcpACK)
	case t.data > 0:
		return reply(isn+1, next, tcpACK)
	}
	return packet{}, false
}

func respondUDP(pkt packet, h ipv4, listen map[uint16]bool) (packet, bool) {
	b := pkt.bytes()
	d := b[h.header:h.length]
	if len(d) < udpSize {
		return packet{}, false
	}
	length := int(d[4])<<8 | int(d[5])
	if length < udpSize || length > len(d) {
		return packet{}, false
	}
	d = d[:length]
	if (d[6]|d[7]) != 0 && checksum(d, pseudo(h.src, h.dst, protoUDP, length)) != 0 {
		return packet{}, false
	}
	src, dst := uint16(d[0])<<8|uint16(d[1]), uint16(d[2])<<8|uint16(d[3])
	if !listen[dst] {
		return newICMPError(h.dst, b, h, icmpUnreachable, codePortUnreachable, 0), true
	}
	a := newUDP(h.dst, h.src, 64, dst, src, ipv4Size+length, d[udpSize:])
	return a, true
}
