package netlib

import "slices"

// object is what the kinds have in common. Values that the operator may leave
// open in different spellings (nil and empty, order of a set) are brought to one
// form by normal before they are compared or kept.
type object[T any] interface {
	key() string
	equal(T) bool
	normal() T
}

func (n Node) key() string          { return n.Name }
func (s Segment) key() string       { return s.Name }
func (r Router) key() string        { return r.Name }
func (g SecurityGroup) key() string { return g.Name }
func (p Port) key() string          { return p.Name }
func (g Gateway) key() string       { return g.Name }

func (n Node) equal(o Node) bool { return n == o }

func (s Segment) equal(o Segment) bool {
	return s.Name == o.Name && s.ID == o.ID && slices.Equal(s.Subnets, o.Subnets) && s.Targets.equal(o.Targets)
}

func (t Targets) equal(o Targets) bool {
	return slices.Equal(t.Both, o.Both) && slices.Equal(t.Import, o.Import) && slices.Equal(t.Export, o.Export)
}

func (r Router) equal(o Router) bool {
	return r.Name == o.Name && r.ID == o.ID && slices.Equal(r.Segments, o.Segments) && slices.Equal(r.Targets, o.Targets)
}

func (g SecurityGroup) equal(o SecurityGroup) bool {
	return g.Name == o.Name && slices.Equal(g.Rules, o.Rules)
}

func (p Port) equal(o Port) bool {
	return p.Name == o.Name && p.Segment == o.Segment && p.Node == o.Node && p.Address == o.Address &&
		p.Label == o.Label && slices.Equal(p.Groups, o.Groups)
}

func (g Gateway) equal(o Gateway) bool {
	return g.Name == o.Name && g.Tunnel == o.Tunnel && slices.EqualFunc(g.Static, o.Static, StaticRoute.equal)
}

func (s StaticRoute) equal(o StaticRoute) bool {
	return s.Name == o.Name && s.Prefix == o.Prefix && s.Label == o.Label && slices.Equal(s.Targets, o.Targets)
}

func (n Node) normal() Node { return n }

// normal keeps the order of Subnets: addresses are taken from the first with room.
func (s Segment) normal() Segment {
	s.Subnets = slices.Clone(s.Subnets)
	s.Targets = Targets{sortedTargets(s.Targets.Both), sortedTargets(s.Targets.Import), sortedTargets(s.Targets.Export)}
	return s
}

func (r Router) normal() Router {
	r.Segments = sortedSet(r.Segments)
	r.Targets = sortedTargets(r.Targets)
	return r
}

// normal writes out the rules that the operator leaves open: a group with no
// rule at all lets its own members in; one with no outward rule lets everything
// out. A single port is a range of one.
func (g SecurityGroup) normal() SecurityGroup {
	rules := slices.Clone(g.Rules)
	if len(rules) == 0 {
		rules = append(rules, Rule{Direction: Ingress, Protocol: Any, Group: g.Name})
	}
	if !slices.ContainsFunc(rules, func(r Rule) bool { return r.Direction == Egress }) {
		rules = append(rules, Rule{Direction: Egress, Protocol: Any, Prefix: Everywhere})
	}
	for i, r := range rules {
		if r.PortTo == 0 {
			rules[i].PortTo = r.PortFrom
		}
	}
	g.Rules = rules
	return g
}

func (p Port) normal() Port {
	p.Groups = sortedSet(p.Groups)
	return p
}

func (g Gateway) normal() Gateway {
	g.Static = slices.Clone(g.Static)
	for i, s := range g.Static {
		g.Static[i].Targets = sortedTargets(s.Targets)
	}
	slices.SortFunc(g.Static, func(a, b StaticRoute) int {
		if c := a.Prefix.Compare(b.Prefix); c != 0 {
			return c
		}
		return slices.CompareFunc(a.Targets, b.Targets, RouteTarget.Compare)
	})
	return g
}

// sortedSet copies s sorted and without repetition; nil for an empty one.
func sortedSet(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

func sortedTargets(s []RouteTarget) []RouteTarget {
	if len(s) == 0 {
		return nil
	}
	s = slices.Clone(s)
	slices.SortFunc(s, RouteTarget.Compare)
	return slices.Compact(s)
}
