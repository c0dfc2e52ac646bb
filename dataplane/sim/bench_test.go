package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
)

// BenchmarkForward carries one packet from workload to workload, through two
// nodes, the tunnel and a stateful filter.
func BenchmarkForward(b *testing.B) {
	for _, size := range []int{64, 1472} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			p := benchPair(b)
			r := run{fabric: p.fabric, now: time.Now(), watch: p.b.ports["server"]}
			delivered := 0
			r.got = func(packet, ipv4) ([]packet, bool) { delivered++; return nil, true }
			sender := p.a.ports["client"]
			pkt := newUDP(cl, sv, 64, 1000, 2000, size, nil)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				setTTL(pkt.bytes(), 64)
				r.send(p.a, sender, pkt)
				r.drain()
			}
			b.ReportMetric(float64(delivered)/b.Elapsed().Seconds(), "packets/s")
			if delivered != b.N {
				b.Fatalf("%d of %d packets arrived", delivered, b.N)
			}
		})
	}
}

// BenchmarkPing is a whole probe: request and reply.
func BenchmarkPing(b *testing.B) {
	p := benchPair(b)
	probe := dataplane.Probe{Port: "client", To: serverAddr, Protocol: dataplane.ICMP, Count: 1}
	b.ReportAllocs()
	for b.Loop() {
		if r, err := p.a.Probe(context.Background(), probe); err != nil || r.Received != 1 {
			b.Fatal(r, err)
		}
	}
}

func benchPair(b *testing.B) *pair {
	p := &pair{fabric: New(), rules: []dataplane.Rule{{Direction: dataplane.Ingress, Protocol: dataplane.Any}}}
	for _, name := range []string{"a", "b"} {
		plane, err := p.fabric.Start(context.Background(), name, tunnelOf(name))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := plane.Apply(context.Background(), p.state(name)); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = plane.Close() })
	}
	p.a, p.b = p.fabric.at(tunnelOf("a")), p.fabric.at(tunnelOf("b"))
	return p
}

// BenchmarkApplyOneMore installs one more port, and takes it away again, among
// many in VRFs of a hundred, or all in one.
func BenchmarkApplyOneMore(b *testing.B) {
	for _, c := range []struct{ ports, perVRF int }{{100, 100}, {10_000, 100}, {10_000, 10_000}} {
		b.Run(fmt.Sprintf("ports=%d/perVRF=%d", c.ports, c.perVRF), func(b *testing.B) {
			plane, err := New().Start(context.Background(), "a", tunnelOf("a"))
			if err != nil {
				b.Fatal(err)
			}
			s := manyPorts(c.ports, c.perVRF)
			states := [2]dataplane.State{s, oneMore(s)}
			if _, err := plane.Apply(context.Background(), s); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				if _, err := plane.Apply(context.Background(), states[i%2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkApplyAll installs everything on an empty node.
func BenchmarkApplyAll(b *testing.B) {
	s := manyPorts(10_000, 100)
	for b.Loop() {
		plane, err := New().Start(context.Background(), "a", tunnelOf("a"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := plane.Apply(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
}
