package controller_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/change"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// sizes are the fabrics that one more port is added to.
var sizes = []int{100, 10_000}

// large is a fabric of so many ports: 50 on a node, ten of them from one segment;
// 100 in a segment; four segments behind a router; a security group for each four
// segments that admits its members by ssh.
func large(ports int) netlib.Edit {
	var e netlib.Edit
	nodes, segments := max(2, ports/50), max(4, ports/100)
	for n := range nodes {
		tunnel := netip.AddrFrom4([4]byte{192, 0, byte(2 + n>>8), byte(n)})
		e.Nodes = append(e.Nodes, netlib.Node{Name: fmt.Sprintf("node-%03d", n), Tunnel: tunnel})
	}
	for s := range segments {
		subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(s), 0, 0}), 16)
		e.Segments = append(e.Segments, netlib.Segment{Name: fmt.Sprintf("segment-%03d", s), Subnets: []netip.Prefix{subnet}})
		if s%4 == 0 {
			group := netlib.SecurityGroup{Name: fmt.Sprintf("group-%03d", s/4)}
			group.Rules = []netlib.Rule{
				{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 22, PortTo: 22, Group: group.Name},
				{Direction: netlib.Ingress, Protocol: netlib.ICMP, Prefix: netip.MustParsePrefix("0.0.0.0/0")},
			}
			e.Groups = append(e.Groups, group)
			e.Routers = append(e.Routers, netlib.Router{Name: fmt.Sprintf("router-%03d", s/4)})
		}
		r := &e.Routers[len(e.Routers)-1]
		r.Segments = append(r.Segments, e.Segments[s].Name)
	}
	for p := range ports {
		e.Ports = append(e.Ports, onePort(p, p/10%nodes, p*segments/ports))
	}
	return e
}

func onePort(number, node, segment int) netlib.Port {
	return netlib.Port{
		Name: fmt.Sprintf("port-%05d", number), Node: fmt.Sprintf("node-%03d", node),
		Segment: fmt.Sprintf("segment-%03d", segment), Groups: []string{fmt.Sprintf("group-%03d", segment/4)},
	}
}

func oneMore(number int) netlib.Edit {
	return netlib.Edit{Ports: []netlib.Port{onePort(number, 0, 0)}}
}

// medians collects the times of an operation's parts.
type medians map[string][]time.Duration

func (m medians) time(part string, do func()) {
	started := time.Now()
	do()
	m[part] = append(m[part], time.Since(started))
}

func (m medians) report(b *testing.B) {
	for part, times := range m {
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, part+"-ms")
	}
}

func must[T any](b testing.TB) func(T, error) T {
	return func(v T, err error) T {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
		return v
	}
}

// BenchmarkOneMorePort adds a port through the client until every node concerned
// forwards to it.
func BenchmarkOneMorePort(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("fabric=%d", size), func(b *testing.B) {
			r, ctx := fresh(b), context.Background()
			r.do(b, "all", large(size))
			m, number := medians{}, size
			for b.Loop() {
				var p api.Plan
				var ch api.Change
				m.time("total", func() {
					m.time("plan", func() { p = must[api.Plan](b)(r.Plan(ctx, api.PlanRequest{Edit: oneMore(number)})) })
					m.time("apply", func() { ch = must[api.Change](b)(r.Apply(ctx, p)) })
					m.time("wait", func() { ch = must[api.Change](b)(r.Wait(ctx, ch.Revision, nil)) })
				})
				m["store-to-forwarding"] = append(m["store-to-forwarding"], ch.Took)
				number++
			}
			m.report(b)
		})
	}
}

// BenchmarkParts times what adding a port is made of, without the API.
func BenchmarkParts(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("fabric=%d", size), func(b *testing.B) {
			s, ctx := openStore(b, b.TempDir()), context.Background()
			fabric, all, err := large(size).Apply(netlib.Fabric{})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(ctx, store.NewEntry("all", time.Now(), all, fabric), fabric); err != nil {
				b.Fatal(err)
			}
			now, m, number := compile.Full(fabric, nil), medians{}, size
			for b.Loop() {
				var edit netlib.Edit
				e := oneMore(number)
				m.time("plan", func() { must[api.Plan](b)(change.Plan(now, api.PlanRequest{Edit: e})) })
				m.time("edit", func() { fabric, edit, err = e.Apply(now.Fabric()) })
				if err != nil {
					b.Fatal(err)
				}
				m.time("store", func() { err = s.Commit(ctx, store.NewEntry("", time.Now(), edit, fabric), fabric) })
				if err != nil {
					b.Fatal(err)
				}
				m.time("compile", func() { now, _ = now.Next(fabric, edit) })
				number++
			}
			m.report(b)
		})
	}
}

// BenchmarkLoad reads a large intent at the start of a controller.
func BenchmarkLoad(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("fabric=%d", size), func(b *testing.B) {
			dir, ctx := b.TempDir(), context.Background()
			s := openStore(b, dir)
			fabric, all, err := large(size).Apply(netlib.Fabric{})
			if err == nil {
				err = s.Commit(ctx, store.NewEntry("all", time.Now(), all, fabric), fabric)
			}
			for number := size; err == nil && number < size+100; number++ {
				var edit netlib.Edit
				if fabric, edit, err = oneMore(number).Apply(fabric); err == nil {
					err = s.Commit(ctx, store.NewEntry("", time.Now(), edit, fabric), fabric)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			m := medians{}
			for b.Loop() {
				m.time("open", func() { s = must[*store.Store](b)(store.Open(ctx, store.Config{Dir: dir})) })
				m.time("load", func() { fabric = must[netlib.Fabric](b)(s.Load(ctx)) })
				m.time("compile", func() { compile.Full(fabric, nil) })
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			m.report(b)
		})
	}
}
