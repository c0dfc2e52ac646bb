package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
)

// Replay is the intent after entries, which follow f and each other. It only
// merges: an entry's edit was validated and completed when it was applied, and what
// was once accepted must load for ever, also where a later version would refuse it.
// Its slices are f's where nothing changed. The cost is one pass over f, however
// many the entries.
func Replay(f netlib.Fabric, entries ...Entry) (netlib.Fabric, error) {
	var (
		nodes    = pile[netlib.Node]{kind: netlib.KindNode, name: nodeName}
		segments = pile[netlib.Segment]{kind: netlib.KindSegment, name: segmentName}
		routers  = pile[netlib.Router]{kind: netlib.KindRouter, name: routerName}
		groups   = pile[netlib.SecurityGroup]{kind: netlib.KindGroup, name: groupName}
		ports    = pile[netlib.Port]{kind: netlib.KindPort, name: portName}
		gateways = pile[netlib.Gateway]{kind: netlib.KindGateway, name: gatewayName}
	)
	for _, e := range entries {
		if e.Revision != f.Revision+1 {
			return f, fmt.Errorf("replay entry %d on revision %d: %w", e.Revision, f.Revision, errStored)
		}
		f.Revision, f.ASN, f.Next = e.Revision, e.ASN, e.Next
		nodes.add(e.Edit.Nodes, e.Edit.Delete)
		segments.add(e.Edit.Segments, e.Edit.Delete)
		routers.add(e.Edit.Routers, e.Edit.Delete)
		groups.add(e.Edit.Groups, e.Edit.Delete)
		ports.add(e.Edit.Ports, e.Edit.Delete)
		gateways.add(e.Edit.Gateways, e.Edit.Delete)
	}
	f.Nodes = nodes.merge(f.Nodes)
	f.Segments = segments.merge(f.Segments)
	f.Routers = routers.merge(f.Routers)
	f.Groups = groups.merge(f.Groups)
	f.Ports = ports.merge(f.Ports)
	f.Gateways = gateways.merge(f.Gateways)
	return f, nil
}

func nodeName(n netlib.Node) string           { return n.Name }
func segmentName(s netlib.Segment) string     { return s.Name }
func routerName(r netlib.Router) string       { return r.Name }
func groupName(g netlib.SecurityGroup) string { return g.Name }
func portName(p netlib.Port) string           { return p.Name }
func gatewayName(g netlib.Gateway) string     { return g.Name }

// pile is what entries do to the objects of one kind, by name: the object, or nil
// where it is deleted.
type pile[T any] struct {
	kind netlib.Kind
	name func(T) string
	last map[string]*T
}

// add lays one edit on the pile. Deletes come before creations, so that an edit may
// do both to one name.
func (p *pile[T]) add(put []T, gone []netlib.Ref) {
	if p.last == nil {
		p.last = make(map[string]*T, len(put))
	}
	for _, r := range gone {
		if r.Kind == p.kind {
			p.last[r.Name] = nil
		}
	}
	for i := range put {
		p.last[p.name(put[i])] = &put[i]
	}
}

// merge is have, which is sorted by name, as the pile leaves it.
func (p *pile[T]) merge(have []T) []T {
	if len(p.last) == 0 {
		return have
	}
	out := make([]T, 0, len(have)+len(p.last))
	for _, name := range slices.Sorted(maps.Keys(p.last)) {
		i, found := slices.BinarySearchFunc(have, name, func(o T, n string) int { return strings.Compare(p.name(o), n) })
		out = append(out, have[:i]...)
		if found {
			i++
		}
		if o := p.last[name]; o != nil {
			out = append(out, *o)
		}
		have = have[i:]
	}
	return append(out, have...)
}

// checkNames refuses objects without a name and two of one name, on which merge
// relies.
func checkNames(e netlib.Edit) error {
	for _, err := range []error{
		unique(e.Nodes, nodeName), unique(e.Segments, segmentName), unique(e.Routers, routerName),
		unique(e.Groups, groupName), unique(e.Ports, portName), unique(e.Gateways, gatewayName),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func unique[T any](list []T, name func(T) string) error {
	names := make([]string, 0, len(list))
	for _, o := range list {
		names = append(names, name(o))
	}
	slices.Sort(names)
	return ascending(names, func(s string) string { return s })
}

// checkSorted refuses a fabric whose objects are not in the order of their names.
func checkSorted(f netlib.Fabric) error {
	for _, err := range []error{
		ascending(f.Nodes, nodeName), ascending(f.Segments, segmentName), ascending(f.Routers, routerName),
		ascending(f.Groups, groupName), ascending(f.Ports, portName), ascending(f.Gateways, gatewayName),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func ascending[T any](list []T, name func(T) string) error {
	last := ""
	for _, o := range list {
		if n := name(o); n <= last {
			return fmt.Errorf("%T %q after %q: %w", o, n, last, errStored)
		}
		last = name(o)
	}
	return nil
}
