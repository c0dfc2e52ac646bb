package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/dataplane"
)

// verify reads what c touched back from the tables and compares it with what was
// to be: what comes must be there as wanted, what goes must be gone.
func (n *node) verify(c dataplane.Changes) error {
	if wrong := dataplane.Diff(wanted(c), n.touched(c)).Lines(); len(wrong) > 0 {
		return fmt.Errorf("sim: node %q: installed otherwise than wanted:\n%s", n.name, strings.Join(wrong, "\n"))
	}
	return nil
}

// wanted is what c brings, as a State of nothing else.
func wanted(c dataplane.Changes) (s dataplane.State) {
	for _, v := range c.VRFs {
		if v.New == nil {
			continue
		}
		e := dataplane.VRF{Name: v.Name(), ID: v.New.ID, Subnets: news(v.Subnets), Routes: news(v.Routes)}
		for _, m := range v.Sets {
			if m.New != nil {
				e.Sets = append(e.Sets, dataplane.Set{Name: m.Name(), Members: m.Add})
			}
		}
		s.VRFs = append(s.VRFs, e)
	}
	s.Ports, s.Labels, s.Filters = news(c.Ports), news(c.Labels), news(c.Filters)
	return s
}

// touched is what the tables hold of everything that c names.
func (n *node) touched(c dataplane.Changes) (s dataplane.State) {
	for _, v := range c.VRFs {
		if e := n.vrfs[v.Name()]; e != nil {
			s.VRFs = append(s.VRFs, e.touched(v))
		}
	}
	s.Ports = found(c.Ports, func(p *dataplane.Port) (dataplane.Port, bool) {
		if e := n.ports[p.Name]; e != nil {
			return e.spec, true
		}
		return dataplane.Port{}, false
	})
	s.Labels = found(c.Labels, func(l *dataplane.Label) (dataplane.Label, bool) {
		if e := n.labels[l.Value]; e != nil {
			return e.spec, true
		}
		return dataplane.Label{}, false
	})
	s.Filters = found(c.Filters, func(f *dataplane.Filter) (dataplane.Filter, bool) {
		if e := n.filters[f.Name]; e != nil {
			return e.read(f.Name), true
		}
		return dataplane.Filter{}, false
	})
	return s
}

func (v *vrf) touched(c dataplane.VRFChange) dataplane.VRF {
	e := dataplane.VRF{Name: c.Name(), ID: v.id}
	e.Subnets = found(c.Subnets, func(s *dataplane.Subnet) (dataplane.Subnet, bool) { return v.subnets.get(s.Prefix) })
	e.Routes = found(c.Routes, func(r *dataplane.Route) (dataplane.Route, bool) {
		if is, ok := v.routes.get(r.Prefix); ok {
			return dataplane.Route{Prefix: r.Prefix, NextHops: is.hops}, true
		}
		return dataplane.Route{}, false
	})
	for _, m := range c.Sets {
		t := v.sets[m.Name()]
		if t == nil {
			continue
		}
		is := dataplane.Set{Name: m.Name()}
		for _, p := range slices.SortedFunc(slices.Values(slices.Concat(m.Add, m.Del)), netip.Prefix.Compare) {
			if _, ok := t.get(p); ok {
				is.Members = append(is.Members, p)
			}
		}
		e.Sets = append(e.Sets, is)
	}
	return e
}

func news[T any](list []dataplane.Pair[T]) (out []T) {
	for _, p := range list {
		if p.New != nil {
			out = append(out, *p.New)
		}
	}
	return out
}

func found[T any](list []dataplane.Pair[T], look func(*T) (T, bool)) (out []T) {
	for _, p := range list {
		key := p.New
		if key == nil {
			key = p.Old
		}
		if is, ok := look(key); ok {
			out = append(out, is)
		}
	}
	return out
}
