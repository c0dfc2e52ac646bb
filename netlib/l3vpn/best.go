package l3vpn

import "cmp"

// Compare orders paths of one prefix, the better one first: negative where a is
// better than b. Paths that differ only in what comes after MED share the load.
// The order is total: distinguishers break the last tie.
func Compare(a, b *Route) int {
	return cmp.Or(
		compareCost(a, b),
		before(local(a), local(b)),
		before(a.External, b.External),
		a.RouterID.Compare(b.RouterID),
		cmp.Compare(len(a.ClusterList), len(b.ClusterList)),
		a.RD.Compare(b.RD),
		a.NextHop.Compare(b.NextHop),
		cmp.Compare(a.Label, b.Label),
	)
}

// compareCost is the part of the order after which equal paths share the load.
func compareCost(a, b *Route) int {
	c := cmp.Or(
		before(!a.Infeasible, !b.Infeasible),
		cmp.Compare(b.LocalPref, a.LocalPref),
		cmp.Compare(b.Sequence, a.Sequence),
		before(!a.Stale, !b.Stale),
	)
	if c == 0 && !(a.Chain && b.Chain) {
		c = cmp.Compare(len(a.ASPath), len(b.ASPath))
	}
	return cmp.Or(c, cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.MED, b.MED))
}

func local(r *Route) bool { return !r.RouterID.IsValid() }

// before orders true before false.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
