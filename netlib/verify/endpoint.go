package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// endpoint is where a flow begins or ends: a port of a node, the host behind a
// gateway's static route, or an address alone (node empty).
type endpoint struct {
	name string
	node string // node or gateway that forwards for it
	port string // in that node's State
	addr netip.Addr
}

// find returns the port or gateway host of that name.
func find(c *compile.Compiled, name string) (endpoint, bool) {
	f := c.Fabric()
	if p, ok := f.Port(name); ok {
		return endpoint{name, p.Node, name, p.Address}, true
	}
	if g, s, ok := f.Static(name); ok {
		return host(g, s), true
	}
	return endpoint{}, false
}

func host(g netlib.Gateway, s netlib.StaticRoute) endpoint {
	e := endpoint{name: g.Host(s), node: g.Name, port: g.Host(s)}
	if a := compile.HostAddresses(s.Prefix); len(a) > 0 {
		e.addr = a[0]
	}
	return e
}

// endpoints are all ports and gateway hosts, ports first, each sorted by name.
func endpoints(f netlib.Fabric) []endpoint {
	out := make([]endpoint, 0, len(f.Ports)+len(f.Gateways))
	for _, p := range f.Ports {
		out = append(out, endpoint{p.Name, p.Node, p.Name, p.Address})
	}
	n := len(out)
	for _, g := range f.Gateways {
		for _, s := range g.Static {
			out = append(out, host(g, s))
		}
	}
	slices.SortFunc(out[n:], func(a, b endpoint) int { return strings.Compare(a.name, b.name) })
	return out
}

func source(c *compile.Compiled, field, name string) (endpoint, error) {
	e, ok := find(c, name)
	switch {
	case !ok:
		return e, unknown(c, field, name)
	case !e.addr.IsValid():
		return e, problem(field, fmt.Sprintf("%q stands for a default route and has no address of its own", name), "name a host route")
	}
	return e, nil
}

func destination(c *compile.Compiled, field, name string) (endpoint, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return endpoint{name: name, addr: a}, nil
	}
	return source(c, field, name)
}

func unknown(c *compile.Compiled, field, name string) error {
	f := c.Fabric()
	fix := "name a port, a host behind a gateway, or (as destination) an address"
	guess := netlib.Nearest(name, func(yield func(string) bool) {
		for n := range f.Names(netlib.KindPort) {
			if !yield(n) {
				return
			}
		}
		for _, g := range f.Gateways {
			for _, s := range g.Static {
				if !yield(g.Host(s)) {
					return
				}
			}
		}
	})
	if guess != "" {
		fix = fmt.Sprintf("did you mean %q?", guess)
	}
	return problem(field, fmt.Sprintf("there is no port or outside host %q", name), fix)
}

// site is an endpoint's place in its node's State.
type site struct {
	state *dataplane.State
	port  *dataplane.Port
	vrf   *dataplane.VRF
}

func vrfOf(s *dataplane.State, name string) *dataplane.VRF {
	i, ok := slices.BinarySearchFunc(s.VRFs, name, func(v dataplane.VRF, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return nil
	}
	return &s.VRFs[i]
}

func portOf(s *dataplane.State, name string) *dataplane.Port {
	i, ok := slices.BinarySearchFunc(s.Ports, name, func(p dataplane.Port, name string) int { return strings.Compare(p.Name, name) })
	if !ok {
		return nil
	}
	return &s.Ports[i]
}

func filterOf(s *dataplane.State, name string) *dataplane.Filter {
	i, ok := slices.BinarySearchFunc(s.Filters, name, func(f dataplane.Filter, name string) int { return strings.Compare(f.Name, name) })
	if !ok {
		return nil
	}
	return &s.Filters[i]
}

func labelOf(s *dataplane.State, value uint32) *dataplane.Label {
	i, ok := slices.BinarySearchFunc(s.Labels, value, func(l dataplane.Label, v uint32) int { return int(l.Value) - int(v) })
	if !ok {
		return nil
	}
	return &s.Labels[i]
}
