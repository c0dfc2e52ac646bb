package compile

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// topology says which VRF imports from which sources. It depends on segments,
// routers, gateways and the targets of learned routes, not on ports.
type topology struct {
	vrfs    []vrf          // segments, then the VRFs of gateways, then sources of learned routes
	index   map[string]int // by key
	class   []int          // of each VRF; -1 for learned routes, which nothing reads
	members [][]int        // of each class: the sources that it imports, as indexes of vrfs
}

// vrf is a VRF of the fabric: it imports, and its source exports.
type vrf struct {
	key     string
	targets netlib.Targets
	exports []netlib.RouteTarget
	segment netlib.Segment // where it is a segment's
	gateway string         // where it is a gateway's
	number  uint32         // of the VRF on its nodes
	name    string         // of the VRF on its nodes
	static  []netlib.StaticRoute
	learned []l3vpn.Route
}

func segmentKey(name string) string       { return "segment/" + name }
func gatewayKey(gateway, v string) string { return "gateway/" + gateway + "/" + v }

func (c *Compiled) compileTopology(prev *Compiled, d *delta) {
	if !d.topology && prev.topology.index != nil {
		c.topology = prev.topology
		return
	}
	t := &topology{index: map[string]int{}}
	t.addSegments(c.fabric)
	for _, g := range c.fabric.Gateways {
		t.addGateway(g)
	}
	consumers := len(t.vrfs)
	t.addLearned(c.learned)
	imports, exports := make([][]netlib.RouteTarget, consumers), make([][]netlib.RouteTarget, len(t.vrfs))
	for i := range t.vrfs {
		t.index[t.vrfs[i].key] = i
		exports[i] = t.vrfs[i].exports
		if i < consumers {
			imports[i] = t.vrfs[i].targets.Imports()
		}
	}
	t.classify(netlib.Reach(imports, exports))
	c.topology = t
}

func (t *topology) addSegments(f netlib.Fabric) {
	targets := f.VRFTargets()
	for i, s := range f.Segments {
		t.vrfs = append(t.vrfs, vrf{
			key: segmentKey(s.Name), targets: targets[i], exports: targets[i].Exports(),
			segment: s, number: s.ID, name: s.Name,
		})
	}
}

// addGateway adds a VRF for each distinct set of targets of its static routes,
// numbered in the order of these sets.
func (t *topology) addGateway(g netlib.Gateway) {
	by := map[string][]netlib.StaticRoute{}
	for _, s := range g.Static {
		name := targetsName(s.Targets)
		by[name] = append(by[name], s)
	}
	first := len(t.vrfs)
	for name, static := range by {
		t.vrfs = append(t.vrfs, vrf{
			key: gatewayKey(g.Name, name), targets: netlib.Targets{Both: static[0].Targets}, exports: static[0].Targets,
			gateway: g.Name, name: name, static: static,
		})
	}
	own := t.vrfs[first:]
	slices.SortFunc(own, func(a, b vrf) int {
		return slices.CompareFunc(a.exports, b.exports, netlib.RouteTarget.Compare)
	})
	for i := range own {
		own[i].number = uint32(i + 1)
	}
}

func (t *topology) addLearned(learned []l3vpn.Route) {
	by := map[string]int{}
	for _, r := range learned {
		key := "learned/" + targetsName(r.Targets)
		i, ok := by[key]
		if !ok {
			i = len(t.vrfs)
			by[key] = i
			t.vrfs = append(t.vrfs, vrf{key: key, exports: r.Targets})
		}
		t.vrfs[i].learned = append(t.vrfs[i].learned, r)
	}
}

// classify puts VRFs that import from the same sources into one class.
func (t *topology) classify(reach [][]int) {
	classes := map[string]int{}
	t.class = make([]int, len(reach))
	var key []byte
	for i, sees := range reach {
		key = key[:0]
		for _, s := range sees {
			key = binary.AppendUvarint(key, uint64(s))
		}
		class, ok := classes[string(key)]
		if !ok {
			class = len(t.members)
			classes[string(key)] = class
			t.members = append(t.members, sees)
		}
		t.class[i] = class
	}
}

func targetsName(targets []netlib.RouteTarget) string {
	var b strings.Builder
	for i, t := range targets {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(t.String())
	}
	return b.String()
}
