package l3vpn

import (
	"iter"
	"net/netip"
	"slices"
	"sort"

	"github.com/fabricbook/fabricbook/netlib"
)

// Table is one VRF: the routes that it imports, sorted by prefix, within a prefix
// best path first. It shares its routes with other tables: read only.
type Table struct {
	Name   string
	Import []netlib.RouteTarget // sorted
	Export []netlib.RouteTarget // sorted
	Paths  []*Route
}

// NewTable is the VRF with these targets over all routes of the fabric.
func NewTable(name string, targets netlib.Targets, all []*Route) Table {
	t := Table{Name: name, Import: targets.Imports(), Export: targets.Exports()}
	for _, r := range all {
		if Meet(t.Import, r.Targets) {
			t.Paths = append(t.Paths, r)
		}
	}
	Sort(t.Paths)
	return t
}

// Sort brings paths into a table's order.
func Sort(paths []*Route) {
	slices.SortFunc(paths, func(a, b *Route) int {
		if c := a.Prefix.Compare(b.Prefix); c != 0 {
			return c
		}
		return Compare(a, b)
	})
}

// Meet reports whether two sorted lists of targets have one in common.
func Meet(a, b []netlib.RouteTarget) bool {
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].Compare(b[0]); {
		case c == 0:
			return true
		case c < 0:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return false
}

// Connect returns a's targets after a was connected to b: a imports what b has
// both ways, and nothing of what b only exports or only imports.
func Connect(a, b netlib.Targets) netlib.Targets {
	a.Import = netlib.Targets{Both: a.Import, Import: b.Both}.Imports()
	return a
}

// All yields every path, and whether it is in use: the best one and those that
// share the load with it.
func (t Table) All() iter.Seq2[Route, bool] {
	return func(yield func(Route, bool) bool) {
		for paths := t.Paths; len(paths) > 0; {
			n := 1
			for n < len(paths) && paths[n].Prefix == paths[0].Prefix {
				n++
			}
			used := len(InUse(paths[:n]))
			for i, r := range paths[:n] {
				if !yield(*r, i < used) {
					return
				}
			}
			paths = paths[n:]
		}
	}
}

// InUse is the leading part of one prefix's sorted paths that carries traffic:
// the best and its equals (ECMP). It is empty where none is feasible.
func InUse(paths []*Route) []*Route {
	if len(paths) == 0 || paths[0].Infeasible {
		return nil
	}
	n := 1
	for n < len(paths) && compareCost(paths[0], paths[n]) == 0 {
		n++
	}
	return paths[:n]
}

// Lookup returns the paths in use for an address: of the longest prefix that
// holds it and has a feasible path, the best path and those equal to it (ECMP).
func (t Table) Lookup(a netip.Addr) []*Route {
	for bits := a.BitLen(); bits >= 0; {
		i := LongestMatch(len(t.Paths), func(i int) netip.Prefix { return t.Paths[i].Prefix }, a, bits)
		if i < 0 {
			return nil
		}
		p := t.Paths[i].Prefix
		if best := t.Best(p); len(best) > 0 {
			return best
		}
		bits = p.Bits() - 1
	}
	return nil
}

// Best returns the paths in use for exactly this prefix.
func (t Table) Best(p netip.Prefix) []*Route {
	i := sort.Search(len(t.Paths), func(i int) bool { return t.Paths[i].Prefix.Compare(p) >= 0 })
	j := i
	for j < len(t.Paths) && t.Paths[j].Prefix == p {
		j++
	}
	return InUse(t.Paths[i:j])
}

// LongestMatch searches n sorted prefixes for the longest one, of at most bits
// bits, that holds a. It returns its (last) index, or -1.
func LongestMatch(n int, prefix func(int) netip.Prefix, a netip.Addr, bits int) int {
	for bits >= 0 {
		bound, err := a.Prefix(bits)
		if err != nil {
			return -1
		}
		// The last prefix not behind bound: whatever holds a and is longer would
		// stand between the two.
		i := sort.Search(n, func(i int) bool { return prefix(i).Compare(bound) > 0 }) - 1
		if i < 0 || prefix(i).Addr().Is4() != a.Is4() {
			return -1
		}
		p := prefix(i)
		if p.Contains(a) {
			return i
		}
		bits = min(bits-1, p.Bits(), commonBits(p.Addr(), a))
		n = i + 1
	}
	return -1
}

// commonBits counts the leading bits that two addresses of one family share.
func commonBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	n := 0
	for i := range x {
		d := x[i] ^ y[i]
		for bit := byte(0x80); bit != 0; bit >>= 1 {
			if d&bit != 0 {
				return n
			}
			n++
		}
	}
	return n
}
