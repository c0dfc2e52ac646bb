package dataplane

import (
	"fmt"
	"net/netip"
	"strings"
)

// Text is s in the form of `ip` commands' output, one fact a line, in the order
// of the State.
func (s State) Text() string {
	var b strings.Builder
	Diff(State{}, s).each(func(_ byte, line string) {
		b.WriteString(line)
		b.WriteByte('\n')
	})
	return b.String()
}

// Lines is c for people: "+ vrf dc-web 10.0.12.3/32 via 192.0.2.2 label 40" for
// what comes, "- ..." for what goes. They are sorted as States are: the node,
// then VRFs, ports, labels and filters by name, what goes before what comes for
// each object. A mere change of the order of a filter's rules has no line.
func (c Changes) Lines() []string {
	var lines []string
	c.each(func(sign byte, line string) { lines = append(lines, string(sign)+" "+line) })
	return lines
}

// Count is how many lines of Lines come and go.
func (c Changes) Count() (adds, dels int) {
	c.each(func(sign byte, _ string) {
		if sign == '+' {
			adds++
		} else {
			dels++
		}
	})
	return adds, dels
}

func (c Changes) each(visit func(sign byte, line string)) {
	eachPair(c.Node, visit, Head.lines)
	for _, v := range c.VRFs {
		prefix := "vrf " + v.Name() + " "
		eachPair([]Pair[VRF]{v.Pair}, visit, VRF.lines)
		eachPair(v.Subnets, visit, func(s Subnet) []string { return s.lines(prefix) })
		eachPair(v.Routes, visit, func(r Route) []string { return r.lines(prefix) })
		for _, s := range v.Sets {
			s.each(prefix, visit)
		}
	}
	eachPair(c.Ports, visit, Port.lines)
	eachPair(c.Labels, visit, Label.lines)
	eachPair(c.Filters, visit, Filter.lines)
}

// eachPair visits the lines of each pair that only one side has.
func eachPair[T any](list []Pair[T], visit func(sign byte, line string), lines func(T) []string) {
	for _, p := range list {
		var before, after []string
		if p.Old != nil {
			before = lines(*p.Old)
		}
		if p.New != nil {
			after = lines(*p.New)
		}
		visitRest('-', before, after, visit)
		visitRest('+', after, before, visit)
	}
}

// visitRest visits the lines that are not matched by one of except, each of which
// matches once.
func visitRest(sign byte, lines, except []string, visit func(sign byte, line string)) {
	if len(except) == 0 {
		for _, l := range lines {
			visit(sign, l)
		}
		return
	}
	left := make(map[string]int, len(except))
	for _, l := range except {
		left[l]++
	}
	for _, l := range lines {
		if left[l] > 0 {
			left[l]--
			continue
		}
		visit(sign, l)
	}
}

func (h Head) lines() (l []string) {
	if h.Tunnel.IsValid() {
		l = append(l, "node "+h.Node+" tunnel "+h.Tunnel.String())
	}
	if h.MTU != 0 {
		l = append(l, fmt.Sprintf("node %s mtu %d", h.Node, h.MTU))
	}
	return l
}

func (v VRF) lines() []string { return []string{fmt.Sprintf("vrf %s id %d", v.Name, v.ID)} }

func (s Subnet) lines(vrf string) []string {
	return []string{fmt.Sprintf("%ssubnet %s gateway %s service %s", vrf, s.Prefix, s.Gateway, s.Service)}
}

func (r Route) lines(vrf string) []string {
	if len(r.NextHops) == 0 {
		return []string{vrf + r.Prefix.String() + " unreachable"}
	}
	l := make([]string, len(r.NextHops))
	for i, h := range r.NextHops {
		l[i] = vrf + r.Prefix.String() + " " + h.String()
	}
	return l
}

// String is "via 192.0.2.2 label 40" or "port dc-web-1".
func (h NextHop) String() string {
	if h.Port != "" {
		return "port " + h.Port
	}
	return fmt.Sprintf("via %s label %d", h.Tunnel, h.Label)
}

func (s SetChange) each(vrf string, visit func(sign byte, line string)) {
	name := vrf + "set " + s.Name()
	if s.Old != nil && len(s.Old.Members) == 0 {
		visit('-', name+" empty")
	}
	for _, m := range s.Del {
		visit('-', name+" "+m.String())
	}
	if s.New != nil && len(s.New.Members) == 0 {
		visit('+', name+" empty")
	}
	for _, m := range s.Add {
		visit('+', name+" "+m.String())
	}
}

func (p Port) lines() []string {
	var b strings.Builder
	fmt.Fprintf(&b, "port %s vrf %s dev %s", p.Name, p.VRF, p.Interface)
	if p.MAC != "" {
		b.WriteString(" mac " + p.MAC)
	}
	writeList(&b, " address ", p.Addresses, netip.Addr.String)
	writeList(&b, " source ", p.Prefixes, netip.Prefix.String)
	writeList(&b, " filter ", p.Filters, func(s string) string { return s })
	return []string{b.String()}
}

func writeList[T any](b *strings.Builder, what string, list []T, text func(T) string) {
	for i, e := range list {
		if i == 0 {
			b.WriteString(what)
		} else {
			b.WriteByte(',')
		}
		b.WriteString(text(e))
	}
}

func (l Label) lines() []string {
	return []string{fmt.Sprintf("label %d vrf %s port %s", l.Value, l.VRF, l.Port)}
}

func (f Filter) lines() []string {
	if len(f.Rules) == 0 {
		return []string{"filter " + f.Name + " allows nothing"}
	}
	l := make([]string, len(f.Rules))
	for i, r := range f.Rules {
		l[i] = "filter " + f.Name + " allow " + r.String()
	}
	return l
}

// String is "in tcp 22 from set mgmt-sg" or "out any to any".
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Direction, r.Protocol)
	switch {
	case r.PortFrom == 0 && r.PortTo == 0:
	case r.PortFrom == r.PortTo:
		fmt.Fprintf(&b, " %d", r.PortFrom)
	default:
		fmt.Fprintf(&b, " %d-%d", r.PortFrom, r.PortTo)
	}
	b.WriteString(map[bool]string{true: " to ", false: " from "}[r.Direction == Egress])
	switch {
	case r.Set != "":
		b.WriteString("set " + r.Set)
	case r.Prefix.IsValid():
		b.WriteString(r.Prefix.String())
	default:
		b.WriteString("any")
	}
	return b.String()
}
