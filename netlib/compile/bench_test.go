package compile_test

import (
	"fmt"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/compile/fabrictest"
)

// BenchmarkOnePort is what one more port costs, from the edit to the States.
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
		b.Run(fmt.Sprintf("next/%d", ports), func(b *testing.B) {
			g, e := apply(b, f, fabrictest.OnePort(f, 0))
			b.ReportAllocs()
			for b.Loop() {
				if _, changed := c.Next(g, e); len(changed) == 0 {
					b.Fatal("nothing changed")
				}
			}
		})
		b.Run(fmt.Sprintf("full/%d", ports), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compile.Full(f, nil)
			}
		})
	}
}
