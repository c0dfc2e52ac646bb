package sim

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// Sizes of headers in bytes.
const (
	ipv4Size  = 20
	greSize   = 4
	labelSize = 4
	icmpSize  = 8
	tcpSize   = 20
	udpSize   = 8

	// overhead is what MPLS over GRE adds to a packet (RFC 4023).
	overhead = ipv4Size + greSize + labelSize
)

// Protocol numbers and type values.
const (
	protoICMP = 1
	protoTCP  = 6
	protoUDP  = 17
	protoGRE  = 47

	etherMPLS = 0x8847 // MPLS unicast (RFC 3032 section 5)
)

// ICMP types and codes (RFC 792, RFC 1191).
const (
	icmpEchoReply       = 0
	icmpUnreachable     = 3
	icmpEcho            = 8
	icmpTimeExceeded    = 11
	icmpParameter       = 12
	codeNetUnreachable  = 0
	codeHostUnreachable = 1
	codePortUnreachable = 3
	codeTooBig          = 4
)

// TCP flags (RFC 9293 section 3.1).
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
	tcpACK = 0x10
)

var (
	errShort    = errors.New("packet is shorter than its headers say")
	errVersion  = errors.New("packet is not IPv4")
	errChecksum = errors.New("header checksum is wrong")
	errTunnel   = errors.New("frame is not MPLS in GRE")
)

// packet is bytes with room in front for the headers of a tunnel.
type packet struct {
	buf []byte
	off int
}

// newPacket makes a zeroed packet of n bytes.
func newPacket(n int) packet { return packet{make([]byte, overhead+n), overhead} }

// bytes is the packet from its outermost header on.
func (p packet) bytes() []byte { return p.buf[p.off:] }

// ipv4 is a decoded header (RFC 791).
type ipv4 struct {
	src, dst uint32
	length   int // of the whole packet
	header   int // where the payload starts
	fragment bool
	ttl      uint8
	proto    uint8
}

// decodeIPv4 reads the header of b. Bytes behind the packet's own length are not
// part of it.
func decodeIPv4(b []byte) (ipv4, error) {
	if len(b) < ipv4Size {
		return ipv4{}, errShort
	}
	h := ipv4{
		src:      binary.BigEndian.Uint32(b[12:]),
		dst:      binary.BigEndian.Uint32(b[16:]),
		length:   int(binary.BigEndian.Uint16(b[2:])),
		header:   int(b[0]&15) * 4,
		fragment: binary.BigEndian.Uint16(b[6:])&0x3fff != 0,
		ttl:      b[8],
		proto:    b[9],
	}
	switch {
	case b[0]>>4 != 4:
		return ipv4{}, errVersion
	case h.header < ipv4Size, h.length < h.header, h.length > len(b):
		return ipv4{}, errShort
	case checksum(b[:h.header], 0) != 0:
		return ipv4{}, errChecksum
	}
	return h, nil
}

// encodeIPv4 writes a header of 20 bytes to b, which is the whole packet. Don't
// Fragment is set.
func encodeIPv4(b []byte, src, dst uint32, proto, ttl uint8) {
	b[0], b[1] = 0x45, 0
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[4:], 0x4000)
	b[8], b[9], b[10], b[11] = ttl, proto, 0, 0
	binary.BigEndian.PutUint32(b[12:], src)
	binary.BigEndian.PutUint32(b[16:], dst)
	binary.BigEndian.PutUint16(b[10:], checksum(b[:ipv4Size], 0))
}

// setTTL changes the time to live and adapts the checksum (RFC 1624).
func setTTL(b []byte, ttl uint8) {
	was := uint32(b[8])<<8 | uint32(b[9])
	now := uint32(ttl)<<8 | uint32(b[9])
	sum := uint32(^binary.BigEndian.Uint16(b[10:])) + (^was & 0xffff) + now
	binary.BigEndian.PutUint16(b[10:], ^fold(sum))
	b[8] = ttl
}

// checksum is the Internet checksum (RFC 1071) of b; sum is that of a pseudo
// header. Over data that holds a right checksum it is 0.
func checksum(b []byte, sum uint32) uint16 {
	for len(b) >= 2 {
		sum += uint32(b[0])<<8 | uint32(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return ^fold(sum)
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// pseudo is the sum of the pseudo header of TCP and UDP (RFC 9293 section 3.1).
func pseudo(src, dst uint32, proto uint8, length int) uint32 {
	return src>>16 + src&0xffff + dst>>16 + dst&0xffff + uint32(proto) + uint32(length)
}

// encapsulate puts the label and the headers of the tunnel in front of the packet.
func (p packet) encapsulate(src, dst, label uint32, ttl uint8) packet {
	p.off -= overhead
	b := p.bytes()
	encodeIPv4(b, src, dst, protoGRE, 64)
	binary.BigEndian.PutUint32(b[ipv4Size:], etherMPLS) // no flags, version 0 (RFC 2784 section 2)
	binary.BigEndian.PutUint32(b[ipv4Size+greSize:], label<<12|1<<8|uint32(ttl))
	return p
}

// tunnelled is a decoded frame of the underlay.
type tunnelled struct {
	src, dst uint32
	label    uint32
	ttl      uint8 // of the label
	bottom   bool  // no further label below
	inner    int   // where what the label covers starts
	end      int   // and where it ends
}

// decodeTunnel reads the outer header, GRE (RFC 2784) and the first label stack
// entry (RFC 3032 section 2.1) of a frame.
func decodeTunnel(b []byte) (tunnelled, error) {
	h, err := decodeIPv4(b)
	if err != nil {
		return tunnelled{}, err
	}
	if h.proto != protoGRE || h.fragment {
		return tunnelled{}, errTunnel
	}
	n, err := decodeGRE(b[h.header:h.length])
	if err != nil {
		return tunnelled{}, err
	}
	at := h.header + n
	if h.length < at+labelSize {
		return tunnelled{}, errShort
	}
	e := binary.BigEndian.Uint32(b[at:])
	return tunnelled{h.src, h.dst, e >> 12, uint8(e), e>>8&1 == 1, at + labelSize, h.length}, nil
}

// decodeGRE returns the length of the header in front of MPLS. Of the optional
// fields only the checksum is known (RFC 2784 section 2.3).
func decodeGRE(b []byte) (int, error) {
	if len(b) < greSize {
		return 0, errShort
	}
	flags := binary.BigEndian.Uint16(b)
	if flags&0x7fff != 0 || binary.BigEndian.Uint16(b[2:]) != etherMPLS {
		return 0, errTunnel
	}
	if flags == 0 {
		return greSize, nil
	}
	if len(b) < greSize+4 {
		return 0, errShort
	}
	if checksum(b, 0) != 0 {
		return 0, errChecksum
	}
	return greSize + 4, nil
}

// encodeICMP writes type, code, the four bytes that depend on the type, and the
// checksum to b, the ICMP message with its data.
func encodeICMP(b []byte, kind, code uint8, rest uint32) {
	b[0], b[1], b[2], b[3] = kind, code, 0, 0
	binary.BigEndian.PutUint32(b[4:], rest)
	binary.BigEndian.PutUint16(b[2:], checksum(b, 0))
}

// icmpIsError reports whether messages of this type quote another packet.
func icmpIsError(kind uint8) bool {
	return kind == icmpUnreachable || kind == icmpTimeExceeded || kind == icmpParameter
}

// tcp is the part of a TCP header that a port check needs.
type tcp struct {
	src, dst uint16
	seq, ack uint32
	flags    uint8
	data     int // bytes of payload
}

// decodeTCP reads a segment and verifies its checksum.
func decodeTCP(b []byte, h ipv4) (tcp, error) {
	b = b[h.header:h.length]
	if len(b) < tcpSize {
		return tcp{}, errShort
	}
	header := int(b[12]>>4) * 4
	if header < tcpSize || header > len(b) {
		return tcp{}, errShort
	}
	if checksum(b, pseudo(h.src, h.dst, protoTCP, len(b))) != 0 {
		return tcp{}, errChecksum
	}
	return tcp{
		src: binary.BigEndian.Uint16(b), dst: binary.BigEndian.Uint16(b[2:]),
		seq: binary.BigEndian.Uint32(b[4:]), ack: binary.BigEndian.Uint32(b[8:]),
		flags: b[13], data: len(b) - header,
	}, nil
}

// newTCP makes a segment of size bytes, header of IP included.
func newTCP(src, dst uint32, ttl uint8, t tcp, size int) packet {
	p := newPacket(max(size, ipv4Size+tcpSize))
	b := p.bytes()
	encodeIPv4(b, src, dst, protoTCP, ttl)
	s := b[ipv4Size:]
	binary.BigEndian.PutUint16(s, t.src)
	binary.BigEndian.PutUint16(s[2:], t.dst)
	binary.BigEndian.PutUint32(s[4:], t.seq)
	binary.BigEndian.PutUint32(s[8:], t.ack)
	s[12], s[13] = tcpSize/4<<4, t.flags
	binary.BigEndian.PutUint16(s[14:], 65535)
	binary.BigEndian.PutUint16(s[16:], checksum(s, pseudo(src, dst, protoTCP, len(s))))
	return p
}

// newUDP makes a datagram of size bytes, header of IP included, that begins with
// data.
func newUDP(src, dst uint32, ttl uint8, sport, dport uint16, size int, data []byte) packet {
	p := newPacket(max(size, ipv4Size+udpSize))
	b := p.bytes()
	encodeIPv4(b, src, dst, protoUDP, ttl)
	s := b[ipv4Size:]
	binary.BigEndian.PutUint16(s, sport)
	binary.BigEndian.PutUint16(s[2:], dport)
	binary.BigEndian.PutUint16(s[4:], uint16(len(s)))
	copy(s[udpSize:], data)
	sum := checksum(s, pseudo(src, dst, protoUDP, len(s)))
	if sum == 0 {
		sum = 0xffff // 0 says that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(s[6:], sum)
	return p
}

// newEcho makes an echo request of size bytes, header of IP included.
func newEcho(src, dst uint32, ttl uint8, id, seq uint16, size int) packet {
	p := newPacket(max(size, ipv4Size+icmpSize))
	b := p.bytes()
	for i := ipv4Size + icmpSize; i < len(b); i++ {
		b[i] = byte(i)
	}
	encodeICMP(b[ipv4Size:], icmpEcho, 0, uint32(id)<<16|uint32(seq))
	encodeIPv4(b, src, dst, protoICMP, ttl)
	return p
}

// newICMPError makes a message about the packet b with header h, quoting its
// header and eight bytes (RFC 792).
func newICMPError(src uint32, b []byte, h ipv4, kind, code uint8, rest uint32) packet {
	quote := b[:min(h.length, h.header+8)]
	p := newPacket(ipv4Size + icmpSize + len(quote))
	m := p.bytes()
	copy(m[ipv4Size+icmpSize:], quote)
	encodeICMP(m[ipv4Size:], kind, code, rest)
	encodeIPv4(m, src, h.src, protoICMP, 64)
	return p
}

// decodeQuoted reads the header that an ICMP error quotes; its payload may be cut.
func decodeQuoted(b []byte) (ipv4, error) {
	if len(b) < ipv4Size {
		return ipv4{}, errShort
	}
	header := int(b[0]&15) * 4
	if b[0]>>4 != 4 || header < ipv4Size || len(b) < header+8 {
		return ipv4{}, errShort
	}
	return ipv4{
		src: binary.BigEndian.Uint32(b[12:]), dst: binary.BigEndian.Uint32(b[16:]),
		length: len(b), header: header, ttl: b[8], proto: b[9],
		fragment: binary.BigEndian.Uint16(b[6:])&0x1fff != 0,
	}, nil
}

func toUint32(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func toAddr(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}
