package sim

import (
	"testing"
)

func TestHostTCP(t *testing.T) {
	listen := map[uint16]bool{22: true}
	answer := func(t *testing.T, s tcp) (tcp, bool) {
		t.Helper()
		p := newTCP(cl, sv, 64, s, ipv4Size+tcpSize+s.data)
		h, err := decodeIPv4(p.bytes())
		if err != nil {
			t.Fatal(err)
		}
		a, ok := respond(p, h, listen)
		if !ok {
			return tcp{}, false
		}
		g, err := decodeIPv4(a.bytes())
		if err != nil || g.src != sv || g.dst != cl {
			t.Fatalf("answer %+v, %v", g, err)
		}
		r, err := decodeTCP(a.bytes(), g)
		if err != nil || r.src != s.dst || r.dst != s.src {
			t.Fatalf("answer %+v, %v", r, err)
		}
		return r, true
	}
	synack, ok := answer(t, tcp{src: 1000, dst: 22, seq: 100, flags: tcpSYN})
	if !ok || synack.flags != tcpSYN|tcpACK || synack.ack != 101 {
		t.Fatalf("SYN answered by %+v", synack)
	}
	next := synack.seq + 1
	for _, c := range []struct {
		what  string
		sent  tcp
		flags uint8 // 0: no answer
		seq   uint32
		ack   uint32
	}{
		{"ACK", tcp{src: 1000, dst: 22, seq: 101, ack: next, flags: tcpACK}, 0, 0, 0},
		{"data", tcp{src: 1000, dst: 22, seq: 101, ack: next, flags: tcpACK, data: 9}, tcpACK, next, 110},
		{"FIN", tcp{src: 1000, dst: 22, seq: 110, ack: next, flags: tcpACK | tcpFIN}, tcpACK | tcpFIN, next, 111},
		{"ACK of the FIN", tcp{src: 1000, dst: 22, seq: 111, ack: next + 1, flags: tcpACK}, 0, 0, 0},
		{"RST", tcp{src: 1000, dst: 22, seq: 101, flags: tcpRST}, 0, 0, 0},
		{"ACK of nothing", tcp{src: 1000, dst: 22, seq: 101, ack: next + 77, flags: tcpACK}, tcpRST, next + 77, 0},
		{"SYN to a closed port", tcp{src: 1000, dst: 23, seq: 100, flags: tcpSYN}, tcpRST | tcpACK, 0, 101},
		{"ACK to a closed port", tcp{src: 1000, dst: 23, seq: 100, ack: 7, flags: tcpACK}, tcpRST, 7, 0},
		{"no flags", tcp{src: 1000, dst: 22, seq: 100}, 0, 0, 0},
	} {
		got, ok := answer(t, c.sent)
		if ok != (c.flags != 0) || got.flags != c.flags || got.seq != c.seq || got.ack != c.ack {
			t.Errorf("%s: answered %v by %+v, want flags %#x seq %d ack %d", c.what, ok, got, c.flags, c.seq, c.ack)
		}
	}
}

func TestHostIgnoresBrokenChecksums(t *testing.T) {
	for _, p := range []packet{
		newEcho(cl, sv, 64, 7, 1, 0),
		newUDP(cl, sv, 64, 1000, 22, 40, nil),
		newTCP(cl, sv, 64, tcp{src: 1000, dst: 22, flags: tcpSYN}, 0),
	} {
		h, err := decodeIPv4(p.bytes())
		if err != nil {
			t.Fatal(err)
		}
		p.bytes()[ipv4Size+4] ^= 0x40
		if _, ok := respond(p, h, map[uint16]bool{22: true}); ok {
			t.Errorf("protocol %d: answered a packet with a wrong checksum", h.proto)
		}
	}
}
