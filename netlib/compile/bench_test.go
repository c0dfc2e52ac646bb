package compile_test

import (
	"fmt"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/compile/fabrictest"
)

// BenchmarkOnePort is what one more port costs, from the edit to the States. In
// the joined fabric one router joins all segments, so that every VRF of every node
// gets the new route.
func BenchmarkOnePort(b *testing.B) {
	for _, ports := range []int{100, 10_000} {
		f, _ := apply(b, netlib.Fabric{}, fabrictest.Large(ports))
		c := compile.Full(f, nil)
		b.Run(fmt.Sprintf("apply/%d", ports), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, _, err := fabrictest.OnePort(f, i).Apply(f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("next/%d", ports), func(b *testing.B) { benchmarkNext(b, c) })
		all := netlib.Router{Name: "all"}
		for _, s := range f.Segments {
			all.Segments = append(all.Segments, s.Name)
		}
		joined, _ := apply(b, f, netlib.Edit{Routers: []netlib.Router{all}})
		b.Run(fmt.Sprintf("next joined/%d", ports), func(b *testing.B) { benchmarkNext(b, compile.Full(joined, nil)) })
		b.Run(fmt.Sprintf("full/%d", ports), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compile.Full(f, nil)
			}
		})
	}
}

func benchmarkNext(b *testing.B, c *compile.Compiled) {
	g, e := apply(b, c.Fabric(), fabrictest.OnePort(c.Fabric(), 0))
	b.ReportAllocs()
	for b.Loop() {
		if _, changed := c.Next(g, e); len(changed) == 0 {
			b.Fatal("nothing changed")
		}
	}
}
