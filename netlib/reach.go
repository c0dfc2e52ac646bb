package netlib

import "slices"

// AutomaticTarget is the route target that the fabric gives the segment or
// router with this identifier.
func AutomaticTarget(asn, id uint32) RouteTarget {
	return RouteTarget{ASN: asn, Number: FirstAutomatic(asn) + id}
}

// FirstAutomatic is the lowest second half of the fabric's own targets. Where
// the ASN takes four bytes only two are left for the number (RFC 5668).
func FirstAutomatic(asn uint32) uint32 {
	if asn > maxASN2 {
		return FirstAutomaticTarget4
	}
	return FirstAutomaticTarget
}

// Imports is what a VRF with these targets imports, sorted.
func (t Targets) Imports() []RouteTarget { return sortedTargets(slices.Concat(t.Both, t.Import)) }

// Exports is what a VRF with these targets puts on its routes, sorted.
func (t Targets) Exports() []RouteTarget { return sortedTargets(slices.Concat(t.Both, t.Export)) }

// VRFTargets returns the targets of each segment's VRF in the order of
// f.Segments: the automatic one, the operator's and those of its routers.
func (f Fabric) VRFTargets() []Targets {
	vrfs := make([]Targets, len(f.Segments))
	for i, s := range f.Segments {
		vrfs[i] = Targets{
			Both:   append([]RouteTarget{AutomaticTarget(f.ASN, s.ID)}, s.Targets.Both...),
			Import: s.Targets.Import,
			Export: s.Targets.Export,
		}
	}
	for _, r := range f.Routers {
		own := append([]RouteTarget{AutomaticTarget(f.ASN, r.ID)}, r.Targets...)
		for _, name := range r.Segments {
			if i, ok := search(f.Segments, name); ok {
				vrfs[i].Both = append(vrfs[i].Both, own...)
			}
		}
	}
	for i := range vrfs {
		vrfs[i].Both = sortedTargets(vrfs[i].Both)
	}
	return vrfs
}

// Reach returns for each list of imported targets the indexes, ascending, of the
// lists of exported targets that share one with it.
func Reach(imports, exports [][]RouteTarget) [][]int {
	by := make(map[RouteTarget][]int, len(exports))
	for i, targets := range exports {
		for _, t := range targets {
			by[t] = append(by[t], i)
		}
	}
	out := make([][]int, len(imports))
	for i, targets := range imports {
		n := 0
		for _, t := range targets {
			n += len(by[t])
		}
		sees := make([]int, 0, n)
		for _, t := range targets {
			sees = append(sees, by[t]...)
		}
		slices.Sort(sees)
		out[i] = slices.Compact(sees)
	}
	return out
}
