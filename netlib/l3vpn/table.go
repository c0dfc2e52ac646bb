package l3vpn

import (
	"iter"
	"net/netip"

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

// All yields every path, and whether it is in use: the best one and those that
// share the load with it.
func (t Table) All() iter.Seq2[Route, bool] { return func(func(Route, bool) bool) {} }

// Lookup returns the paths in use for an address: of the longest prefix that
// holds it, the best path and those equal to it (ECMP).
func (t Table) Lookup(a netip.Addr) []*Route { return nil }

// Best returns the paths in use for exactly this prefix.
func (t Table) Best(p netip.Prefix) []*Route { return nil }
