package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Apply installs s as a whole or, when s is not valid, leaves everything as it
// is. The cost follows what differs from the State applied before.
func (n *node) Apply(ctx context.Context, s dataplane.State) (dataplane.State, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.open(ctx); err != nil {
		return dataplane.State{}, err
	}
	c := dataplane.Diff(n.want, s)
	if err := n.check(s, c); err != nil {
		return n.want, err
	}
	if s.Tunnel != n.tunnel {
		if err := n.fabric.move(n, n.tunnel, s.Tunnel); err != nil {
			return n.want, err
		}
	}
	n.install(s, c)
	n.want = s
	if err := n.verify(c); err != nil {
		n.want = n.read()
		return n.want, err
	}
	return s, nil
}

// check refuses what could not be forwarded.
func (n *node) check(s dataplane.State, c dataplane.Changes) error {
	if s.Node != n.name {
		return fmt.Errorf("sim: node %q was given the state of node %q; give each node its own", n.name, s.Node)
	}
	var err error
	if n.want.Node == "" {
		err = s.Validate()
	} else {
		err = c.Validate(s)
	}
	if err != nil {
		return err
	}
	return onlyIPv4(s, c)
}

func onlyIPv4(s dataplane.State, c dataplane.Changes) error {
	refuse := func(what string, p any) error {
		return fmt.Errorf("sim: %s: %v is not IPv4; the simulated dataplane forwards IPv4 only", what, p)
	}
	if !s.Tunnel.Is4() {
		return refuse("tunnel", s.Tunnel)
	}
	for _, v := range c.VRFs {
		for _, r := range v.Routes {
			if r.New == nil {
				continue
			}
			if !r.New.Prefix.Addr().Is4() {
				return refuse("route of vrf "+v.Name(), r.New.Prefix)
			}
			for _, h := range r.New.NextHops {
				if h.Tunnel.Is6() {
					return refuse("next hop of "+r.New.Prefix.String(), h.Tunnel)
				}
			}
		}
		for _, b := range v.Subnets {
			if b.New != nil && !b.New.Prefix.Addr().Is4() {
				return refuse("subnet of vrf "+v.Name(), b.New.Prefix)
			}
		}
		for _, m := range v.Sets {
			if i := slices.IndexFunc(m.Add, func(p netip.Prefix) bool { return !p.Addr().Is4() }); i >= 0 {
				return refuse("set "+m.Name(), m.Add[i])
			}
		}
	}
	for _, p := range c.Ports {
		if p.New == nil {
			continue
		}
		for _, a := range p.New.Addresses {
			if !a.Is4() {
				return refuse("port "+p.New.Name, a)
			}
		}
		for _, a := range p.New.Prefixes {
			if !a.Addr().Is4() {
				return refuse("port "+p.New.Name, a)
			}
		}
	}
	return nil
}

// install makes the changes: what comes before what goes, and what is referred to
// before what refers to it.
func (n *node) install(s dataplane.State, c dataplane.Changes) {
	n.tunnel, n.mtu, n.revision = s.Tunnel, s.MTU, s.Revision
	for _, v := range c.VRFs {
		if v.New != nil {
			n.addVRF(v)
		}
	}
	for _, f := range c.Filters {
		if f.New != nil {
			n.addFilter(f.New)
		}
	}
	for _, p := range c.Ports {
		if p.New != nil {
			n.addPort(p.New)
		}
	}
	for _, l := range c.Labels {
		if l.New != nil {
			n.addLabel(l.New)
		}
	}
	for _, v := range c.VRFs {
		n.addRoutes(v)
	}
	n.remove(c)
}

func (n *node) addVRF(c dataplane.VRFChange) {
	v := n.vrfs[c.New.Name]
	if v == nil {
		v = &vrf{own: make(map[uint32]int), sets: make(map[string]*table[struct{}])}
		n.vrfs[c.New.Name] = v
	}
	v.id = c.New.ID
	for _, s := range c.Subnets {
		if s.New != nil {
			v.subnets.set(s.New.Prefix, *s.New)
			v.own[toUint32(s.New.Gateway)]++
			v.own[toUint32(s.New.Service)]++
		}
	}
	for _, s := range c.Sets {
		n.policy++
		if s.New == nil {
			continue
		}
		if v.sets[s.Name()] == nil {
			v.sets[s.Name()] = new(table[struct{}])
		}
		for _, m := range s.Add {
			v.sets[s.Name()].set(m, struct{}{})
		}
	}
}

func (n *node) addFilter(f *dataplane.Filter) {
	n.policy++
	rules := make([]rule, len(f.Rules))
	for i, r := range f.Rules {
		rules[i] = newRule(r)
	}
	n.filters[f.Name] = &filter{rules}
}

// addPort installs a port or changes one; its flows and counters survive unless
// it moves to another VRF.
func (n *node) addPort(s *dataplane.Port) {
	p := n.ports[s.Name]
	if p == nil {
		p = new(port)
		n.ports[s.Name] = p
	}
	if p.spec.VRF != s.VRF {
		p.flows = flowTable{}
	}
	if !slices.Equal(p.spec.Filters, s.Filters) {
		n.policy++
	}
	p.spec = *s
	p.sources = nil
	for _, a := range s.Addresses {
		p.sources = append(p.sources, prefix{toUint32(a), mask(32)})
	}
	for _, a := range s.Prefixes {
		p.sources = append(p.sources, prefix{toUint32(a.Addr()), mask(a.Bits())})
	}
}

func (n *node) addLabel(s *dataplane.Label) {
	if l := n.labels[s.Value]; l != nil {
		l.spec = *s
		return
	}
	n.labels[s.Value] = &label{spec: *s}
}

func (n *node) addRoutes(c dataplane.VRFChange) {
	v := n.vrfs[c.Name()]
	for _, r := range c.Routes {
		if r.New != nil {
			v.routes.set(r.New.Prefix, &route{r.New.NextHops})
		}
	}
}

func (n *node) remove(c dataplane.Changes) {
	for _, v := range c.VRFs {
		n.removeFrom(v)
	}
	for _, l := range c.Labels {
		if l.New == nil {
			delete(n.labels, l.Old.Value)
		}
	}
	for _, p := range c.Ports {
		if p.New == nil {
			delete(n.ports, p.Old.Name)
		}
	}
	for _, f := range c.Filters {
		if f.New == nil {
			n.policy++
			delete(n.filters, f.Old.Name)
		}
	}
}

func (n *node) removeFrom(c dataplane.VRFChange) {
	if c.New == nil {
		delete(n.vrfs, c.Name())
		return
	}
	v := n.vrfs[c.Name()]
	for _, r := range c.Routes {
		if r.New == nil {
			v.routes.remove(r.Old.Prefix)
		}
	}
	for _, s := range c.Subnets {
		if s.Old != nil {
			v.disown(s.Old.Gateway)
			v.disown(s.Old.Service)
		}
		if s.New == nil {
			v.subnets.remove(s.Old.Prefix)
		}
	}
	for _, s := range c.Sets {
		if s.New == nil {
			delete(v.sets, s.Name())
			continue
		}
		for _, m := range s.Del {
			v.sets[s.Name()].remove(m)
		}
	}
}

func (v *vrf) disown(a netip.Addr) {
	k := toUint32(a)
	if v.own[k]--; v.own[k] <= 0 {
		delete(v.own, k)
	}
}

func (f *filter) read(name string) dataplane.Filter {
	out := dataplane.Filter{Name: name}
	for _, r := range f.rules {
		out.Rules = append(out.Rules, r.spec)
	}
	return out
}

// Read returns what the node's own tables hold.
func (n *node) Read(ctx context.Context) (dataplane.State, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.open(ctx); err != nil {
		return dataplane.State{}, err
	}
	return n.read(), nil
}

func (n *node) read() dataplane.State {
	s := dataplane.State{Node: n.name, Revision: n.revision, Tunnel: n.tunnel, MTU: n.mtu}
	for _, name := range slices.Sorted(maps.Keys(n.vrfs)) {
		s.VRFs = append(s.VRFs, n.vrfs[name].read(name))
	}
	for _, p := range n.ports {
		s.Ports = append(s.Ports, p.spec)
	}
	slices.SortFunc(s.Ports, func(a, b dataplane.Port) int { return strings.Compare(a.Name, b.Name) })
	for _, l := range n.labels {
		s.Labels = append(s.Labels, l.spec)
	}
	slices.SortFunc(s.Labels, func(a, b dataplane.Label) int { return cmp.Compare(a.Value, b.Value) })
	for _, name := range slices.Sorted(maps.Keys(n.filters)) {
		s.Filters = append(s.Filters, n.filters[name].read(name))
	}
	return s
}

func (v *vrf) read(name string) dataplane.VRF {
	out := dataplane.VRF{Name: name, ID: v.id}
	for _, p := range v.subnets.prefixes() {
		s, _ := v.subnets.get(p)
		out.Subnets = append(out.Subnets, s)
	}
	for _, p := range v.routes.prefixes() {
		r, _ := v.routes.get(p)
		out.Routes = append(out.Routes, dataplane.Route{Prefix: p, NextHops: r.hops})
	}
	for _, set := range slices.Sorted(maps.Keys(v.sets)) {
		out.Sets = append(out.Sets, dataplane.Set{Name: set, Members: v.sets[set].prefixes()})
	}
	return out
}
