package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
)

// equalStates compares what two States forward, not their revisions. Slices that
// are shared cost nothing.
func equalStates(a, b dataplane.State) bool {
	return a.Node == b.Node && a.Tunnel == b.Tunnel && a.MTU == b.MTU &&
		equalSlices(a.VRFs, b.VRFs, equalVRFs) &&
		equalSlices(a.Ports, b.Ports, equalPorts) &&
		slices.Equal(a.Labels, b.Labels) &&
		equalSlices(a.Filters, b.Filters, func(a, b dataplane.Filter) bool {
			return a.Name == b.Name && slices.Equal(a.Rules, b.Rules)
		})
}

func equalVRFs(a, b dataplane.VRF) bool {
	return a.Name == b.Name && a.ID == b.ID && slices.Equal(a.Subnets, b.Subnets) &&
		equalSlices(a.Routes, b.Routes, func(a, b dataplane.Route) bool {
			return a.Prefix == b.Prefix && slices.Equal(a.NextHops, b.NextHops)
		}) &&
		equalSlices(a.Sets, b.Sets, func(a, b dataplane.Set) bool {
			return a.Name == b.Name && (sameSlice(a.Members, b.Members) || slices.Equal(a.Members, b.Members))
		})
}

func equalPorts(a, b dataplane.Port) bool {
	return a.Name == b.Name && a.VRF == b.VRF && a.Interface == b.Interface && a.MAC == b.MAC &&
		slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Filters, b.Filters)
}

func equalSlices[T any](a, b []T, equal func(T, T) bool) bool {
	return sameSlice(a, b) || slices.EqualFunc(a, b, equal)
}

// sameSlice reports whether a and b are one and the same slice.
func sameSlice[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// compareHops orders the next hops of a route: local ports by name behind tunnels
// by address and label.
func compareHops(a, b dataplane.NextHop) int {
	return cmp.Or(
		strings.Compare(a.Port, b.Port),
		a.Tunnel.Compare(b.Tunnel),
		cmp.Compare(a.Label, b.Label),
	)
}
