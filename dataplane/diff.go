package dataplane

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// Changes is what makes one State of another: for each kind, in order, the
// objects that differ. It holds pointers into both States. The revision is not
// compared: two States that forward the same have no Changes.
type Changes struct {
	Node    []Pair[Head] // none or one
	VRFs    []VRFChange
	Ports   []Pair[Port]
	Labels  []Pair[Label]
	Filters []Pair[Filter]

	disorder []Problem // lists of the later State that are not sorted
}

// Pair is one object before and after: Old is nil where it is new, New where it
// is gone.
type Pair[T any] struct{ Old, New *T }

// Head is what a State says of the node itself.
type Head struct {
	Node   string
	Tunnel netip.Addr
	MTU    int
}

// VRFChange is one VRF that differs. Where Old or New is nil, the lists hold
// everything that comes or goes with it.
type VRFChange struct {
	Pair[VRF]
	Subnets []Pair[Subnet]
	Routes  []Pair[Route]
	Sets    []SetChange
}

// SetChange is one set that differs, by its members.
type SetChange struct {
	Pair[Set]
	Add, Del []netip.Prefix
}

// Name is the VRF's.
func (v VRFChange) Name() string {
	if v.New != nil {
		return v.New.Name
	}
	return v.Old.Name
}

// Name is the set's.
func (s SetChange) Name() string {
	if s.New != nil {
		return s.New.Name
	}
	return s.Old.Name
}

// Head returns what s says of its node.
func (s State) Head() Head { return Head{s.Node, s.Tunnel, s.MTU} }

// Diff returns what turns before into after. Lists that share their backing array
// (same first element, same length) are the same without being read, so the cost
// follows the lists that were rebuilt, not the size of the States.
func Diff(before, after State) Changes {
	var c Changes
	if b, a := before.Head(), after.Head(); a != b {
		c.Node = []Pair[Head]{{&b, &a}}
	}
	c.note("vrfs", diffList(before.VRFs, after.VRFs, compareVRF, sharedVRF, func(o, n *VRF) {
		if v := c.diffVRF(o, n); !v.empty() {
			c.VRFs = append(c.VRFs, v)
		}
	}))
	c.Ports = pairs(&c, "ports", before.Ports, after.Ports, comparePort, equalPort)
	c.Labels = pairs(&c, "labels", before.Labels, after.Labels, compareLabel, equalLabel)
	c.Filters = pairs(&c, "filters", before.Filters, after.Filters, compareFilter, equalFilter)
	return c
}

// Empty reports whether there is nothing to change.
func (c Changes) Empty() bool {
	return len(c.Node)+len(c.VRFs)+len(c.Ports)+len(c.Labels)+len(c.Filters) == 0
}

func (c *Changes) diffVRF(o, n *VRF) VRFChange {
	v := VRFChange{Pair: Pair[VRF]{o, n}}
	before, after := or(o), or(n)
	field := "vrfs[" + v.Name() + "]"
	v.Subnets = pairs(c, field+".subnets", before.Subnets, after.Subnets, compareSubnet, equalSubnet)
	v.Routes = pairs(c, field+".routes", before.Routes, after.Routes, compareRoute, equalRoute)
	c.note(field+".sets", diffList(before.Sets, after.Sets, compareSet, sharedSet, func(o, n *Set) {
		s := SetChange{Pair: Pair[Set]{o, n}}
		c.note(field+".sets["+s.Name()+"]", diffList(or(o).Members, or(n).Members, comparePrefix, equalPrefix,
			func(o, n *netip.Prefix) {
				if n != nil {
					s.Add = append(s.Add, *n)
				} else {
					s.Del = append(s.Del, *o)
				}
			}))
		if o == nil || n == nil || len(s.Add)+len(s.Del) > 0 {
			v.Sets = append(v.Sets, s)
		}
	}))
	return v
}

func (v VRFChange) empty() bool {
	return v.Old != nil && v.New != nil && v.Old.ID == v.New.ID && len(v.Subnets)+len(v.Routes)+len(v.Sets) == 0
}

func (c *Changes) note(field string, at int) {
	if at >= 0 {
		c.disorder = append(c.disorder, unsorted(field, at))
	}
}

func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func pairs[T any](c *Changes, field string, before, after []T, order func(a, b *T) int, same func(a, b *T) bool) (list []Pair[T]) {
	c.note(field, diffList(before, after, order, same, func(o, n *T) { list = append(list, Pair[T]{o, n}) }))
	return list
}

// diffList emits, in order, each element that is not the same in both sorted
// lists. It returns the index of the first element of after that is out of order
// among those that it had to look at, or -1.
func diffList[T any](before, after []T, order func(a, b *T) int, same func(a, b *T) bool, emit func(o, n *T)) int {
	if shared(before, after) {
		return -1
	}
	lo := 0
	if len(before) > 0 && len(after) > 0 && &before[0] == &after[0] {
		lo = min(len(before), len(after)) // one was appended to the other
	}
	for lo < len(before) && lo < len(after) && same(&before[lo], &after[lo]) {
		lo++
	}
	i, j := len(before), len(after)
	for i > lo && j > lo && same(&before[i-1], &after[j-1]) {
		i, j = i-1, j-1
	}
	bad := firstUnsorted(after[max(lo-1, 0):min(j+1, len(after))], order)
	if bad >= 0 {
		bad += max(lo-1, 0)
	}
	mergeList(before[lo:i], after[lo:j], order, same, emit)
	return bad
}

func mergeList[T any](before, after []T, order func(a, b *T) int, same func(a, b *T) bool, emit func(o, n *T)) {
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i == len(before):
			emit(nil, &after[j])
			j++
		case j == len(after):
			emit(&before[i], nil)
			i++
		default:
			o := order(&before[i], &after[j])
			switch {
			case o < 0:
				emit(&before[i], nil)
				i++
			case o > 0:
				emit(nil, &after[j])
				j++
			default:
				if !same(&before[i], &after[j]) {
					emit(&before[i], &after[j])
				}
				i, j = i+1, j+1
			}
		}
	}
}

func firstUnsorted[T any](list []T, order func(a, b *T) int) int {
	for i := 1; i < len(list); i++ {
		if order(&list[i-1], &list[i]) >= 0 {
			return i
		}
	}
	return -1
}

// Apply returns the State that c makes of before. Lists in which nothing changes
// are shared with before; Revision is before's.
func (c Changes) Apply(before State) State {
	s := before
	for _, p := range c.Node {
		s.Node, s.Tunnel, s.MTU = p.New.Node, p.New.Tunnel, p.New.MTU
	}
	vrfs := make([]Pair[VRF], len(c.VRFs))
	for i, v := range c.VRFs {
		vrfs[i] = Pair[VRF]{v.Old, v.apply()}
	}
	s.VRFs = patch(s.VRFs, vrfs, compareVRF)
	s.Ports = patch(s.Ports, c.Ports, comparePort)
	s.Labels = patch(s.Labels, c.Labels, compareLabel)
	s.Filters = patch(s.Filters, c.Filters, compareFilter)
	return s
}

func (v VRFChange) apply() *VRF {
	if v.New == nil {
		return nil
	}
	r := or(v.Old)
	r.Name, r.ID = v.New.Name, v.New.ID
	r.Subnets = patch(r.Subnets, v.Subnets, compareSubnet)
	r.Routes = patch(r.Routes, v.Routes, compareRoute)
	sets := make([]Pair[Set], len(v.Sets))
	for i, s := range v.Sets {
		sets[i] = Pair[Set]{s.Old, s.apply()}
	}
	r.Sets = patch(r.Sets, sets, compareSet)
	return &r
}

func (s SetChange) apply() *Set {
	if s.New == nil {
		return nil
	}
	var members []Pair[netip.Prefix]
	for i := range s.Add {
		members = append(members, Pair[netip.Prefix]{New: &s.Add[i]})
	}
	for i := range s.Del {
		members = append(members, Pair[netip.Prefix]{Old: &s.Del[i]})
	}
	slices.SortFunc(members, func(a, b Pair[netip.Prefix]) int { return either(a).Compare(*either(b)) })
	return &Set{Name: s.New.Name, Members: patch(or(s.Old).Members, members, comparePrefix)}
}

// patch returns list with sorted changes made, in a new array unless there are
// none.
func patch[T any](list []T, changes []Pair[T], order func(a, b *T) int) []T {
	if len(changes) == 0 {
		return list
	}
	grow := 0
	for _, p := range changes {
		if p.Old == nil {
			grow++
		}
	}
	out := make([]T, 0, len(list)+grow)
	for _, p := range changes {
		key := either(p)
		at := sort.Search(len(list), func(i int) bool { return order(&list[i], key) >= 0 })
		out = append(out, list[:at]...)
		if p.New != nil {
			out = append(out, *p.New)
		}
		if at < len(list) && order(&list[at], key) == 0 {
			at++
		}
		list = list[at:]
	}
	return append(out, list...)
}

func either[T any](p Pair[T]) *T {
	if p.New != nil {
		return p.New
	}
	return p.Old
}

// shared reports whether a and b are one slice.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func equal[T comparable](a, b []T) bool { return shared(a, b) || slices.Equal(a, b) }

// Compare orders next hops: by port, then tunnel, then label. Tunnels come before
// ports.
func (h NextHop) Compare(o NextHop) int {
	return cmp.Or(strings.Compare(h.Port, o.Port), h.Tunnel.Compare(o.Tunnel), cmp.Compare(h.Label, o.Label))
}

func compareVRF(a, b *VRF) int             { return strings.Compare(a.Name, b.Name) }
func comparePort(a, b *Port) int           { return strings.Compare(a.Name, b.Name) }
func compareLabel(a, b *Label) int         { return cmp.Compare(a.Value, b.Value) }
func compareFilter(a, b *Filter) int       { return strings.Compare(a.Name, b.Name) }
func compareSubnet(a, b *Subnet) int       { return a.Prefix.Compare(b.Prefix) }
func compareRoute(a, b *Route) int         { return a.Prefix.Compare(b.Prefix) }
func compareSet(a, b *Set) int             { return strings.Compare(a.Name, b.Name) }
func comparePrefix(a, b *netip.Prefix) int { return a.Compare(*b) }

func sharedVRF(a, b *VRF) bool {
	return a.Name == b.Name && a.ID == b.ID && shared(a.Subnets, b.Subnets) && shared(a.Routes, b.Routes) && shared(a.Sets, b.Sets)
}
func sharedSet(a, b *Set) bool            { return a.Name == b.Name && shared(a.Members, b.Members) }
func equalPrefix(a, b *netip.Prefix) bool { return *a == *b }
func equalLabel(a, b *Label) bool         { return *a == *b }
func equalSubnet(a, b *Subnet) bool       { return *a == *b }
func equalRoute(a, b *Route) bool         { return a.Prefix == b.Prefix && equal(a.NextHops, b.NextHops) }
func equalFilter(a, b *Filter) bool       { return a.Name == b.Name && equal(a.Rules, b.Rules) }
func equalPort(a, b *Port) bool {
	return a.Name == b.Name && a.VRF == b.VRF && a.Interface == b.Interface && a.MAC == b.MAC &&
		equal(a.Addresses, b.Addresses) && equal(a.Prefixes, b.Prefixes) && equal(a.Filters, b.Filters)
}
