package verify

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// Flows lists who newly can or no longer can talk, for ICMP and each protocol
// and port that a rule names: at most limit changes, sorted; cut is how many more
// there are.
//
// It does not look at every pair of ports. Ports of one segment with the same
// groups, whose addresses lie in the same prefixes of rules, behave alike; one of
// such a class stands for all. Pairs of classes that the edit does not touch are
// not looked at.
func Flows(before, after *compile.Compiled, limit int) (changes []api.FlowChange, cut int) {
	cmp := newComparison(before, after)
	for _, from := range cmp.classes {
		for _, to := range cmp.classes {
			if !from.touched && !to.touched {
				continue
			}
			for _, change := range cmp.pair(from, to) {
				var more int
				changes, more = expand(changes, from, to, change, limit)
				cut += more
			}
		}
	}
	slices.SortFunc(changes, compareChanges)
	return changes, cut
}

func compareChanges(a, b api.FlowChange) int {
	return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Proto, b.Proto))
}

// expand adds a change of two classes for each pair of their members, up to
// limit in all, and counts the rest.
func expand(changes []api.FlowChange, from, to *class, change api.FlowChange, limit int) ([]api.FlowChange, int) {
	pairs := len(from.members) * len(to.members)
	if from == to {
		pairs -= len(from.members)
	}
	for _, a := range from.members {
		for _, b := range to.members {
			if len(changes) >= limit {
				return changes, pairs
			}
			if a.name != b.name {
				change.From, change.To = a.name, b.name
				changes = append(changes, change)
				pairs--
			}
		}
	}
	return changes, 0
}

// member is one end before and after; node is empty where it does not exist.
type member struct {
	name   string
	before endpoint
	after  endpoint
}

// class is ends that behave alike, before and after.
type class struct {
	touched bool
	members []member // sorted by name
}

// comparison is what Flows works with.
type comparison struct {
	before, after *walker
	protos        []flow
	classes       []*class
}

func newComparison(before, after *compile.Compiled) *comparison {
	a, b := before.Fabric(), after.Fabric()
	c := &comparison{before: newWalker(before), after: newWalker(after), protos: protosOf(a, b)}
	c.classify(a, b)
	return c
}

// pair compares two classes by one member of each, and returns what changes
// without the names.
func (c *comparison) pair(from, to *class) []api.FlowChange {
	src, dst := from.members[0], to.members[0]
	if from == to {
		if len(from.members) < 2 {
			return nil
		}
		dst = to.members[1]
	}
	was := c.before.verdicts(src.before, dst.before, c.protos)
	is := c.after.verdicts(src.after, dst.after, c.protos)
	var out []api.FlowChange
	for i, p := range c.protos {
		if was[i] != is[i] {
			out = append(out, api.FlowChange{Proto: FormatProto(p.proto, p.port), Before: was[i], After: is[i]})
		}
	}
	return out
}

// verdicts is reach for several protocols, following the routes only once.
func (w *walker) verdicts(src, dst endpoint, protos []flow) []bool {
	out := make([]bool, len(protos))
	at, ok := w.site(src)
	if !ok || dst.node == "" || at.owns(dst.addr) {
		return out
	}
	far, ok := w.forward(at, dst.addr)
	if !ok || far.port.Name != dst.port {
		return out
	}
	f := flow{src: src.addr, dst: dst.addr}
	answered := w.answer(far, at, f)
	for i, p := range protos {
		f.proto, f.port = p.proto, p.port
		out[i] = (answered || p.proto == dataplane.UDP) && w.filter(at, f, dataplane.Egress) && w.filter(far, f, dataplane.Ingress)
	}
	return out
}

// protosOf are ICMP and what the rules of both fabrics name. A range stands by
// its first port, a rule for every port by port 0.
func protosOf(fabrics ...netlib.Fabric) []flow {
	type key struct {
		proto dataplane.Protocol
		port  uint16
	}
	seen := map[key]bool{{dataplane.ICMP, 0}: true}
	for _, f := range fabrics {
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Protocol == netlib.TCP || r.Protocol == netlib.UDP {
					seen[key{dataplane.Protocol(r.Protocol), r.PortFrom}] = true
				}
			}
		}
	}
	var out []flow
	for k := range seen {
		out = append(out, flow{proto: k.proto, port: k.port})
	}
	slices.SortFunc(out, func(a, b flow) int {
		return cmp.Or(strings.Compare(string(a.proto), string(b.proto)), cmp.Compare(a.port, b.port))
	})
	return out
}

// classify puts the ends of both fabrics into classes, in order of their first
// member's name.
func (c *comparison) classify(a, b netlib.Fabric) {
	k := newKeys(a, b)
	by := map[string]*class{}
	add := func(m member, was, is string, touched bool) {
		key := was + "\x00" + is
		cl := by[key]
		if cl == nil {
			cl = &class{}
			by[key] = cl
			c.classes = append(c.classes, cl)
		}
		cl.touched = cl.touched || touched || was != is
		cl.members = append(cl.members, m)
	}
	olds, news := k.ends(a), k.ends(b)
	for len(olds) > 0 || len(news) > 0 {
		switch {
		case len(news) == 0 || len(olds) > 0 && olds[0].name < news[0].name:
			add(member{olds[0].name, olds[0].endpoint, endpoint{}}, olds[0].key, "", true)
			olds = olds[1:]
		case len(olds) == 0 || news[0].name < olds[0].name:
			add(member{news[0].name, endpoint{}, news[0].endpoint}, "", news[0].key, true)
			news = news[1:]
		default:
			add(member{news[0].name, olds[0].endpoint, news[0].endpoint}, olds[0].key, news[0].key, olds[0].touched || news[0].touched)
			olds, news = olds[1:], news[1:]
		}
	}
}

// keys makes the keys of classes: what of an end decides how it behaves.
type keys struct {
	prefixes []netip.Prefix  // of rules of either fabric
	segments map[string]bool // whose route targets or subnets differ
	groups   map[string]bool // whose rules differ
	hosts    bool            // routes to hosts behind gateways may differ
}

func newKeys(a, b netlib.Fabric) *keys {
	k := &keys{segments: map[string]bool{}, groups: map[string]bool{}}
	prefixes := map[netip.Prefix]bool{}
	for _, f := range []netlib.Fabric{a, b} {
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Prefix.IsValid() && r.Prefix != netlib.Everywhere {
					prefixes[r.Prefix] = true
				}
			}
		}
	}
	k.prefixes = slices.SortedFunc(maps.Keys(prefixes), netip.Prefix.Compare)
	for _, g := range b.Groups {
		if was, ok := a.Group(g.Name); !ok || !slices.Equal(was.Rules, g.Rules) {
			k.groups[g.Name] = true
		}
	}
	targets := b.VRFTargets()
	old := a.VRFTargets()
	j := 0
	for i, s := range b.Segments {
		for j < len(a.Segments) && a.Segments[j].Name < s.Name {
			j++
		}
		if j == len(a.Segments) || a.Segments[j].Name != s.Name || !slices.Equal(a.Segments[j].Subnets, s.Subnets) ||
			!slices.Equal(old[j].Imports(), targets[i].Imports()) || !slices.Equal(old[j].Exports(), targets[i].Exports()) {
			k.segments[s.Name] = true
		}
	}
	k.hosts = len(k.segments) > 0 || len(a.Segments) != len(b.Segments) || !reflect.DeepEqual(a.Gateways, b.Gateways)
	return k
}

// end is an endpoint with its class's key.
type end struct {
	endpoint
	key     string
	touched bool
}

// ends are all ends of a fabric, sorted by name.
func (k *keys) ends(f netlib.Fabric) []end {
	out := make([]end, 0, len(f.Ports))
	var b []byte
	for _, p := range f.Ports {
		e := end{endpoint: endpoint{p.Name, p.Node, p.Name, p.Address}, touched: k.segments[p.Segment]}
		b = append(append(b[:0], "port/"...), p.Segment...)
		for _, g := range p.Groups {
			b = append(append(b, '/'), g...)
			e.touched = e.touched || k.groups[g]
		}
		e.key = string(k.inPrefixes(b, p.Address))
		out = append(out, e)
	}
	for _, g := range f.Gateways {
		for _, s := range g.Static {
			e := end{endpoint: host(g, s), touched: k.hosts}
			if !e.addr.IsValid() {
				continue
			}
			e.key = fmt.Sprintf("host/%s/%s/%v", g.Name, s.Prefix, s.Targets) // a class of its own: routes may differ
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b end) int { return strings.Compare(a.name, b.name) })
	return out
}

func (k *keys) inPrefixes(b []byte, a netip.Addr) []byte {
	b = append(b, '|')
	for i, p := range k.prefixes {
		if p.Contains(a) {
			b = append(b, byte(i), byte(i>>8))
		}
	}
	return b
}
