package dataplane

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// Bounds of a State's values.
const (
	MinLabel     = 16        // 0 to 15 are reserved (RFC 3032 section 2.1)
	MaxLabel     = 1<<20 - 1 // 20 bits
	MinMTU       = 576       // every IPv4 host takes that much (RFC 791 section 3.1)
	MaxMTU       = 65535 - 28
	MaxInterface = 15 // bytes of an interface's name
)

// Problem is one thing wrong with a State.
type Problem struct {
	Field  string // vrfs[dc-web].routes[10.0.12.3/32].nextHops[0].label
	Detail string // label 3 is reserved
	Fix    string // use 16 to 1048575
}

// InvalidError is what is wrong with a State; the first hundred problems.
type InvalidError struct {
	Node     string
	Problems []Problem
}

// Error lists the problems, one a line, each with its fix.
func (e *InvalidError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "state of node %q: %s: %s; %s", e.Node, p.Field, p.Detail, p.Fix)
	}
	return b.String()
}

// Validate reports everything that no Plane could install: an *InvalidError.
// Sets that rules name may be absent from a VRF: then they have no members.
func (s State) Validate() error {
	c := checker{state: s}
	c.head()
	each(&c, "vrfs", s.VRFs, compareVRF, c.vrf)
	each(&c, "ports", s.Ports, comparePort, c.port)
	each(&c, "labels", s.Labels, compareLabel, c.label)
	each(&c, "filters", s.Filters, compareFilter, c.filter)
	unique(&c, "vrfs", "id", s.VRFs, func(v *VRF) (string, string) { return v.Name, fmt.Sprint(v.ID) })
	unique(&c, "ports", "interface", s.Ports, func(p *Port) (string, string) { return p.Name, p.Interface })
	return c.err()
}

// Validate checks what c brings to after, in time proportional to c. Where the
// State before was valid, it finds all that after.Validate finds save doubled VRF
// ids and interfaces, and references of unchanged objects to what c deletes.
func (c Changes) Validate(after State) error {
	k := checker{state: after, problems: slices.Clone(c.disorder)}
	if len(c.Node) > 0 {
		k.head()
	}
	for _, v := range c.VRFs {
		k.changedVRF(v)
	}
	changed(c.Ports, k.port)
	changed(c.Labels, k.label)
	changed(c.Filters, k.filter)
	return k.err()
}

type checker struct {
	state    State
	problems []Problem
}

func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &InvalidError{c.state.Node, c.problems[:min(len(c.problems), 100)]}
}

func (c *checker) bad(field, fix, detail string, args ...any) {
	c.problems = append(c.problems, Problem{field, fmt.Sprintf(detail, args...), fix})
}

func unsorted(field string, at int) Problem {
	return Problem{fmt.Sprintf("%s[%d]", field, at), "is not after the one before it", "sort the list and name each once"}
}

func each[T any](c *checker, field string, list []T, order func(a, b *T) int, check func(*T)) {
	if at := firstUnsorted(list, order); at >= 0 {
		c.problems = append(c.problems, unsorted(field, at))
	}
	for i := range list {
		check(&list[i])
	}
}

func changed[T any](list []Pair[T], check func(*T)) {
	for _, p := range list {
		if p.New != nil {
			check(p.New)
		}
	}
}

func unique[T any](c *checker, list, field string, of []T, key func(*T) (name, value string)) {
	seen := make(map[string]string, len(of))
	for i := range of {
		name, value := key(&of[i])
		if first, ok := seen[value]; ok {
			c.bad(fmt.Sprintf("%s[%s].%s", list, name, field), "give each its own", "%s is also that of %q", value, first)
		}
		seen[value] = name
	}
}

// has looks for key in a list that is sorted by name.
func has[T any](list []T, key string, name func(*T) string) bool {
	at := sort.Search(len(list), func(i int) bool { return name(&list[i]) >= key })
	return at < len(list) && name(&list[at]) == key
}

func (c *checker) hasVRF(name string) bool {
	return has(c.state.VRFs, name, func(v *VRF) string { return v.Name })
}
func (c *checker) hasPort(name string) bool {
	return has(c.state.Ports, name, func(p *Port) string { return p.Name })
}
func (c *checker) hasFilter(name string) bool {
	return has(c.state.Filters, name, func(f *Filter) string { return f.Name })
}

func (c *checker) head() {
	s := c.state
	if s.Node == "" {
		c.bad("node", "give the node's name", "is empty")
	}
	if !unicast(s.Tunnel) {
		c.bad("tunnel", "give the node's own unicast address on the underlay", "%s cannot end a tunnel", addr(s.Tunnel))
	}
	if s.MTU < MinMTU || s.MTU > MaxMTU {
		c.bad("mtu", fmt.Sprintf("use %d to %d; 1472 fits an underlay of 1500 bytes", MinMTU, MaxMTU), "%d bytes is out of range", s.MTU)
	}
}

func (c *checker) vrf(v *VRF) {
	field := "vrfs[" + v.Name + "]"
	c.vrfSelf(field, v)
	each(c, field+".subnets", v.Subnets, compareSubnet, func(s *Subnet) { c.subnet(field, s) })
	each(c, field+".routes", v.Routes, compareRoute, func(r *Route) { c.route(field, r) })
	each(c, field+".sets", v.Sets, compareSet, func(s *Set) { c.set(field, s.Name, s.Members) })
}

func (c *checker) changedVRF(v VRFChange) {
	if v.New == nil {
		return
	}
	field := "vrfs[" + v.Name() + "]"
	c.vrfSelf(field, v.New)
	changed(v.Subnets, func(s *Subnet) { c.subnet(field, s) })
	changed(v.Routes, func(r *Route) { c.route(field, r) })
	for _, s := range v.Sets {
		c.set(field, s.Name(), s.Add)
	}
}

func (c *checker) vrfSelf(field string, v *VRF) {
	if v.Name == "" {
		c.bad(field+".name", "name it as its segment", "is empty")
	}
	if v.ID == 0 {
		c.bad(field+".id", "number VRFs from 1", "is 0")
	}
}

func (c *checker) subnet(vrf string, s *Subnet) {
	field := fmt.Sprintf("%s.subnets[%s]", vrf, s.Prefix)
	if !c.prefix(field, s.Prefix) {
		return
	}
	for _, a := range []struct {
		name string
		addr netip.Addr
	}{{"gateway", s.Gateway}, {"service", s.Service}} {
		if !a.addr.IsValid() || !s.Prefix.Contains(a.addr) {
			c.bad(field+"."+a.name, "use an address of the subnet", "%s is not in %s", addr(a.addr), s.Prefix)
		}
	}
}

func (c *checker) route(vrf string, r *Route) {
	field := fmt.Sprintf("%s.routes[%s]", vrf, r.Prefix)
	c.prefix(field, r.Prefix)
	for i, h := range r.NextHops {
		at := fmt.Sprintf("%s.nextHops[%d]", field, i)
		if slices.Contains(r.NextHops[:i], h) {
			c.bad(at, "name each next hop once", "%s is there twice", h)
		}
		c.nextHop(at, h)
	}
}

func (c *checker) nextHop(field string, h NextHop) {
	switch {
	case (h.Port != "") == h.Tunnel.IsValid():
		c.bad(field, "set port for a workload of this node, tunnel and label for another node's", "port %q and tunnel %s: exactly one must be set", h.Port, addr(h.Tunnel))
	case h.Port != "":
		if !c.hasPort(h.Port) {
			c.bad(field+".port", "add the port to ports or remove the next hop", "there is no port %q on this node", h.Port)
		}
		if h.Label != 0 {
			c.bad(field+".label", "leave the label out", "a local port has no label")
		}
	default:
		if !unicast(h.Tunnel) || h.Tunnel == c.state.Tunnel {
			c.bad(field+".tunnel", "give another node's tunnel address", "%s cannot be the far end", h.Tunnel)
		}
		c.labelValue(field+".label", h.Label)
	}
}

func (c *checker) labelValue(field string, v uint32) {
	if v < MinLabel || v > MaxLabel {
		c.bad(field, fmt.Sprintf("use %d to %d", MinLabel, MaxLabel), "label %d is reserved or has more than 20 bits", v)
	}
}

func (c *checker) set(vrf, name string, members []netip.Prefix) {
	field := fmt.Sprintf("%s.sets[%s]", vrf, name)
	if name == "" {
		c.bad(field+".name", "name it as its security group", "is empty")
	}
	if at := firstUnsorted(members, comparePrefix); at >= 0 {
		c.problems = append(c.problems, unsorted(field+".members", at))
	}
	for i, m := range members {
		if !network(m) {
			c.prefix(fmt.Sprintf("%s.members[%d]", field, i), m)
		}
	}
}

func (c *checker) port(p *Port) {
	field := "ports[" + p.Name + "]"
	if p.Name == "" {
		c.bad(field+".name", "give the port's name", "is empty")
	}
	if !c.hasVRF(p.VRF) {
		c.bad(field+".vrf", "add the VRF to vrfs", "there is no VRF %q on this node", p.VRF)
	}
	if p.Interface == "" || len(p.Interface) > MaxInterface || strings.ContainsAny(p.Interface, "/ \t\n") {
		c.bad(field+".interface", fmt.Sprintf("use 1 to %d bytes without slash and space", MaxInterface), "%q cannot name an interface", p.Interface)
	}
	if p.MAC != "" {
		if m, err := net.ParseMAC(p.MAC); err != nil || len(m) != 6 {
			c.bad(field+".mac", "use six bytes in hexadecimal, as 02:00:0a:00:0b:03", "%q is not an Ethernet address", p.MAC)
		}
	}
	for i, a := range p.Addresses {
		if !unicast(a) {
			c.bad(fmt.Sprintf("%s.addresses[%d]", field, i), "use a unicast address", "%s cannot be a workload's", addr(a))
		}
	}
	for i, a := range p.Prefixes {
		c.prefix(fmt.Sprintf("%s.prefixes[%d]", field, i), a)
	}
	for i, f := range p.Filters {
		if !c.hasFilter(f) {
			c.bad(fmt.Sprintf("%s.filters[%d]", field, i), "add the filter to filters or take it off the port", "there is no filter %q", f)
		}
	}
}

func (c *checker) label(l *Label) {
	field := fmt.Sprintf("labels[%d]", l.Value)
	c.labelValue(field+".value", l.Value)
	if !c.hasVRF(l.VRF) {
		c.bad(field+".vrf", "add the VRF to vrfs or remove the label", "there is no VRF %q on this node", l.VRF)
	}
	if !c.hasPort(l.Port) {
		c.bad(field+".port", "add the port to ports or remove the label", "there is no port %q on this node", l.Port)
	}
}

func (c *checker) filter(f *Filter) {
	field := "filters[" + f.Name + "]"
	if f.Name == "" {
		c.bad(field+".name", "name it as its security group", "is empty")
	}
	for i, r := range f.Rules {
		c.rule(fmt.Sprintf("%s.rules[%d]", field, i), r)
	}
}

func (c *checker) rule(field string, r Rule) {
	if r.Direction != Ingress && r.Direction != Egress {
		c.bad(field+".direction", `use "in" or "out"`, "%q is not a direction", r.Direction)
	}
	if !slices.Contains([]Protocol{Any, ICMP, TCP, UDP}, r.Protocol) {
		c.bad(field+".protocol", `use "any", "icmp", "tcp" or "udp"`, "%q is not a protocol", r.Protocol)
	}
	if r.PortFrom > r.PortTo {
		c.bad(field+".portTo", "use a last port not below the first", "%d is below portFrom %d", r.PortTo, r.PortFrom)
	}
	if r.PortTo > 0 && r.Protocol != TCP && r.Protocol != UDP {
		c.bad(field+".portFrom", "leave the ports out, or use tcp or udp", "protocol %q has no ports", r.Protocol)
	}
	if r.Set != "" && r.Prefix.IsValid() {
		c.bad(field+".set", "leave one of them out", "set %q and prefix %s are both given", r.Set, r.Prefix)
	}
	if r.Prefix != (netip.Prefix{}) {
		c.prefix(field+".prefix", r.Prefix)
	}
}

func network(p netip.Prefix) bool { return p.IsValid() && p == p.Masked() && !p.Addr().Is4In6() }

func (c *checker) prefix(field string, p netip.Prefix) bool {
	if network(p) {
		return true
	}
	fix := "use a prefix such as 10.0.11.0/24"
	if p.IsValid() {
		fix = "use " + p.Masked().String()
	}
	c.bad(field, fix, "%s is not a network prefix", p)
	return false
}

func unicast(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a.Zone() == "" && !a.Is4In6() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return "no address"
	}
	return a.String()
}
