package store

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fabricbook/fabricbook/netlib"
)

// Replay is the intent after e. It only merges: e was validated and completed
// when it was applied, and what was once accepted must load for ever, also where
// a later version would refuse it. Its slices are f's where nothing changed.
func Replay(f netlib.Fabric, e Entry) (netlib.Fabric, error) {
	if e.Revision != f.Revision+1 {
		return f, fmt.Errorf("replay entry %d on revision %d: %w", e.Revision, f.Revision, errStored)
	}
	gone := map[netlib.Kind]map[string]bool{}
	for _, r := range e.Edit.Delete {
		if gone[r.Kind] == nil {
			gone[r.Kind] = map[string]bool{}
		}
		gone[r.Kind][r.Name] = true
	}
	f.Revision, f.ASN, f.Next = e.Revision, e.ASN, e.Next
	f.Nodes = merge(f.Nodes, e.Edit.Nodes, gone[netlib.KindNode], nodeName)
	f.Segments = merge(f.Segments, e.Edit.Segments, gone[netlib.KindSegment], segmentName)
	f.Routers = merge(f.Routers, e.Edit.Routers, gone[netlib.KindRouter], routerName)
	f.Groups = merge(f.Groups, e.Edit.Groups, gone[netlib.KindGroup], groupName)
	f.Ports = merge(f.Ports, e.Edit.Ports, gone[netlib.KindPort], portName)
	f.Gateways = merge(f.Gateways, e.Edit.Gateways, gone[netlib.KindGateway], gatewayName)
	return f, nil
}

func nodeName(n netlib.Node) string           { return n.Name }
func segmentName(s netlib.Segment) string     { return s.Name }
func routerName(r netlib.Router) string       { return r.Name }
func groupName(g netlib.SecurityGroup) string { return g.Name }
func portName(p netlib.Port) string           { return p.Name }
func gatewayName(g netlib.Gateway) string     { return g.Name }

// merge is have without gone, with put in place of or beside it, by name. Deletes
// come before creations, so that an edit may do both to one name.
func merge[T any](have, put []T, gone map[string]bool, name func(T) string) []T {
	if len(put) == 0 && len(gone) == 0 {
		return have
	}
	put = slices.Clone(put)
	slices.SortFunc(put, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	out := make([]T, 0, len(have)+len(put))
	for _, h := range have {
		for len(put) > 0 && name(put[0]) < name(h) {
			out, put = append(out, put[0]), put[1:]
		}
		switch {
		case len(put) > 0 && name(put[0]) == name(h):
			out, put = append(out, put[0]), put[1:]
		case !gone[name(h)]:
			out = append(out, h)
		}
	}
	return append(out, put...)
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
