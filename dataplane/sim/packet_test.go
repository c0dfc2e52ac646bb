package sim

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"testing"
)

func TestEncapsulation(t *testing.T) {
	p := newEcho(0x0a000b03, 0x0a000c03, 63, 7, 1, 0)
	f := p.encapsulate(0xc0000201, 0xc0000202, 40, 63)
	got := hex.EncodeToString(f.bytes())
	for _, part := range []struct {
		what     string
		from, to int
		want     string
	}{
		{"version, length of 56, Don't Fragment", 0, 8, "4500003800004000"},
		{"TTL 64, GRE", 8, 10, "402f"},
		{"tunnel ends", 12, 20, "c0000201c0000202"},
		{"GRE without options, MPLS", 20, 24, "00008847"},
		{"label 40, bottom of stack, TTL 63", 24, 28, "0002813f"},
		{"inner version, length of 28", 28, 32, "4500001c"},
		{"inner TTL 63, ICMP", 36, 38, "3f01"},
		{"inner addresses", 40, 48, "0a000b030a000c03"},
		{"echo 7/1", 48, 56, "0800f7f700070001"},
	} {
		if g := got[2*part.from : 2*part.to]; g != part.want {
			t.Errorf("%s: bytes %d to %d are %s, want %s", part.what, part.from, part.to, g, part.want)
		}
	}
	d, err := decodeTunnel(f.bytes())
	if err != nil || d.label != 40 || d.ttl != 63 || !d.bottom || d.inner != overhead || d.src != 0xc0000201 || d.dst != 0xc0000202 {
		t.Errorf("decoded as %+v, %v", d, err)
	}
	if !bytes.Equal(f.bytes()[d.inner:d.end], p.bytes()) {
		t.Error("the inner packet changed on the way")
	}
}

func TestGREWithChecksum(t *testing.T) {
	f := newEcho(1, 2, 64, 7, 1, 0).encapsulate(3, 4, 99, 64).bytes()
	b := append([]byte(nil), f[:ipv4Size]...)
	gre := []byte{0x80, 0, 0x88, 0x47, 0, 0, 0, 0}
	gre = append(gre, f[ipv4Size+greSize:]...)
	binary.BigEndian.PutUint16(gre[4:], checksum(gre, 0))
	b = append(b, gre...)
	encodeIPv4(b, 3, 4, protoGRE, 64)
	d, err := decodeTunnel(b)
	if err != nil || d.label != 99 || d.inner != overhead+4 {
		t.Errorf("decoded as %+v, %v", d, err)
	}
	b[ipv4Size+5] ^= 1
	if _, err := decodeTunnel(b); err == nil {
		t.Error("a wrong GRE checksum was not seen")
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := func() []byte { return newEcho(1, 2, 64, 7, 1, 40).encapsulate(3, 4, 99, 64).bytes() }
	reseal := func(b []byte) {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], checksum(b[:ipv4Size], 0))
	}
	if _, err := decodeTunnel(good()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		spoil func(b []byte) []byte
	}{
		{"short", func(b []byte) []byte { return b[:19] }},
		{"cut", func(b []byte) []byte { return b[:len(b)-1] }},
		{"version", func(b []byte) []byte { b[0] = 0x65; reseal(b); return b }},
		{"header length", func(b []byte) []byte { b[0] = 0x44; reseal(b); return b }},
		{"checksum", func(b []byte) []byte { b[10] ^= 1; return b }},
		{"fragment", func(b []byte) []byte { b[6] |= 0x20; reseal(b); return b }},
		{"protocol", func(b []byte) []byte { b[9] = protoUDP; reseal(b); return b }},
		{"GRE key", func(b []byte) []byte { b[ipv4Size] = 0x20; return b }},
		{"GRE version", func(b []byte) []byte { b[ipv4Size+1] = 1; return b }},
		{"GRE protocol", func(b []byte) []byte { b[ipv4Size+3] = 0; return b }},
	} {
		if d, err := decodeTunnel(c.spoil(good())); err == nil {
			t.Errorf("%s: accepted as %+v", c.what, d)
		}
	}
}

func TestSetTTL(t *testing.T) {
	for ttl := range 255 {
		p := newEcho(0x0a0000ff, 0xffff0000, uint8(ttl+1), 7, 1, 0)
		setTTL(p.bytes(), uint8(ttl))
		if h, err := decodeIPv4(p.bytes()); err != nil || int(h.ttl) != ttl {
			t.Fatalf("TTL set to %d: %+v, %v", ttl, h, err)
		}
	}
}

func TestTransportChecksums(t *testing.T) {
	p := newTCP(0x0a000b03, 0x0a000c03, 64, tcp{src: 1000, dst: 22, seq: 7, flags: tcpSYN}, 41)
	h, err := decodeIPv4(p.bytes())
	if err != nil {
		t.Fatal(err)
	}
	if s, err := decodeTCP(p.bytes(), h); err != nil || s.src != 1000 || s.dst != 22 || s.seq != 7 || s.flags != tcpSYN || s.data != 1 {
		t.Errorf("decoded as %+v, %v", s, err)
	}
	p.bytes()[ipv4Size+4] ^= 1
	if _, err := decodeTCP(p.bytes(), h); err == nil {
		t.Error("a wrong TCP checksum was not seen")
	}
	u := newUDP(1, 2, 64, 1000, 53, 0, []byte{1}).bytes()[ipv4Size:]
	if checksum(u, pseudo(1, 2, protoUDP, len(u))) != 0 {
		t.Error("UDP checksum is wrong")
	}
}

// seeds are packets of every kind that the codec knows.
func seeds(f *testing.F) {
	echo := newEcho(0x0a000b03, 0x0a000b04, 64, 7, 1, 0)
	h, err := decodeIPv4(echo.bytes())
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range []packet{
		echo,
		newTCP(0x0a000b03, 0x0a000b04, 64, tcp{src: 1000, dst: 22, flags: tcpSYN}, 0),
		newUDP(0x0a000b03, 0x0a000b04, 64, 1000, 53, 0, nil),
		newICMPError(0x0a000b01, echo.bytes(), h, icmpUnreachable, codeHostUnreachable, 0),
		newEcho(0x0a000b03, 0x0a000b04, 64, 7, 1, 0).encapsulate(tun("a"), tun("b"), 41, 64),
	} {
		f.Add(bytes.Clone(p.bytes()))
	}
}

func tun(node string) uint32 { return toUint32(tunnelOf(node)) }

// FuzzDecode holds every decoder to its bounds.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := decodeTunnel(b); err == nil && (d.inner > d.end || d.end > len(b)) {
			t.Fatalf("%+v in %d bytes", d, len(b))
		}
		_, _ = decodeQuoted(b)
		_, _ = decodeGRE(b)
		h, err := decodeIPv4(b)
		if err != nil {
			return
		}
		if h.header > h.length || h.length > len(b) {
			t.Fatalf("%+v in %d bytes", h, len(b))
		}
		_, _ = decodeTCP(b, h)
		k, c := flowOf(b, h, egress)
		flowOf(b, h, ingress)
		flowHash(b, h)
		if c == opens && (k.local != h.src || k.remote != h.dst) {
			t.Fatalf("flow %+v of %+v", k, h)
		}
	})
}

// FuzzRespond: what a host answers is a packet, addressed back.
func FuzzRespond(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPacket(len(b))
		copy(p.bytes(), b)
		h, err := decodeIPv4(p.bytes())
		if err != nil {
			return
		}
		p.buf = p.buf[:p.off+h.length]
		a, ok := respond(p, h, map[uint16]bool{22: true, 53: true})
		if !ok {
			return
		}
		if g, err := decodeIPv4(a.bytes()); err != nil || g.dst != h.src || g.src != h.dst || g.length != len(a.bytes()) {
			t.Fatalf("%+v answered by %+v, %v", h, g, err)
		}
	})
}
