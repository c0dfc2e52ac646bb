package netlib

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
)

// Bounds of a segment's subnet: room for gateway, service address and at least
// one workload, and not more than one network of class A.
const (
	shortestSubnet = 8
	longestSubnet  = 29
)

// maxSuggestions bounds the search for what an unknown name was meant to be.
const maxSuggestions = 20

// checkAll looks at each object of the edit by itself and at what it names.
func (d *draft) checkAll() {
	checkNames(d, "nodes", KindNode, d.raw.Nodes)
	for _, n := range d.raw.Nodes {
		d.checkTunnel("nodes["+n.Name+"].tunnel", Ref{KindNode, n.Name}, n.Tunnel)
	}
	checkNames(d, "securityGroups", KindGroup, d.raw.Groups)
	for _, g := range d.raw.Groups {
		for i, r := range g.Rules {
			d.checkRule(fmt.Sprintf("securityGroups[%s].rules[%d]", g.Name, i), r)
		}
	}
	checkNames(d, "segments", KindSegment, d.raw.Segments)
	for _, s := range d.raw.Segments {
		d.checkSegment(s)
	}
	checkNames(d, "routers", KindRouter, d.raw.Routers)
	for _, r := range d.raw.Routers {
		d.checkRouter(r)
	}
	checkNames(d, "ports", KindPort, d.raw.Ports)
	for _, p := range d.raw.Ports {
		d.checkPort(p)
	}
	checkNames(d, "gateways", KindGateway, d.raw.Gateways)
	for _, g := range d.raw.Gateways {
		d.checkGateway(g)
	}
	d.checkForwarderNames()
	d.checkHostNames()
}

// checkNames looks at the names of one kind: their form, repetition within the
// edit, and objects that the same edit deletes.
func checkNames[T object[T]](d *draft, list string, kind Kind, objects []T) {
	first := make(map[string]int, len(objects))
	for i, o := range objects {
		name := o.key()
		field := fmt.Sprintf("%s[%d].name", list, i)
		if detail, fix := nameProblem(name); detail != "" {
			d.problem(field, detail, fix)
		}
		if j, ok := first[name]; ok {
			d.problem(field, fmt.Sprintf("%s %q is already given as %s[%d]", kind, name, list, j), "rename or remove one of the two")
			continue
		}
		first[name] = i
		if j, ok := d.gone[Ref{kind, name}]; ok {
			d.problem(field, fmt.Sprintf("%s %q is also named by delete[%d]", kind, name, j), "leave it out of one of the two")
		}
	}
}

func (d *draft) checkSegment(s Segment) {
	at := "segments[" + s.Name + "]"
	if len(s.Subnets) == 0 {
		d.problem(at+".subnets", "the segment has no subnet", "give at least one, for example 10.0.11.0/24")
	}
	for i, p := range s.Subnets {
		field := fmt.Sprintf("%s.subnets[%d]", at, i)
		if !d.checkPrefix(field, p) {
			continue
		}
		d.checkSubnet(field, p)
		for j, q := range s.Subnets[:i] {
			if q.IsValid() && p.Overlaps(q) {
				d.problem(field, fmt.Sprintf("%s overlaps subnets[%d] (%s) of the same segment", p, j, q), "remove one of the two")
				break
			}
		}
	}
	d.checkTargets(at+".targets.both", s.Targets.Both)
	d.checkTargets(at+".targets.import", s.Targets.Import)
	d.checkTargets(at+".targets.export", s.Targets.Export)
}

func (d *draft) checkRouter(r Router) {
	at := "routers[" + r.Name + "]"
	for i, name := range r.Segments {
		d.checkRef(fmt.Sprintf("%s.segments[%d]", at, i), KindSegment, name)
	}
	d.checkTargets(at+".targets", r.Targets)
}

func (d *draft) checkPort(p Port) {
	at := "ports[" + p.Name + "]"
	d.checkRef(at+".segment", KindSegment, p.Segment)
	d.checkRef(at+".node", KindNode, p.Node)
	for i, name := range p.Groups {
		d.checkRef(fmt.Sprintf("%s.securityGroups[%d]", at, i), KindGroup, name)
	}
	if p.Label != 0 {
		d.checkLabel(at+".label", p.Label)
	}
}

func (d *draft) checkGateway(g Gateway) {
	at := "gateways[" + g.Name + "]"
	d.checkTunnel(at+".tunnel", Ref{KindGateway, g.Name}, g.Tunnel)
	for i, s := range g.Static {
		field := fmt.Sprintf("%s.static[%d]", at, i)
		if s.Name != "" {
			if detail, fix := nameProblem(s.Name); detail != "" {
				d.problem(field+".name", detail, fix)
			}
		}
		d.checkPrefix(field+".prefix", s.Prefix)
		if s.Label != 0 {
			d.checkLabel(field+".label", s.Label)
		}
		if len(s.Targets) == 0 {
			d.problem(field+".targets", "the route has no target: no segment would import it",
				"give the target of a router or segment, for example 64512:201")
		}
		d.checkTargets(field+".targets", s.Targets)
		for j, o := range g.Static[:i] {
			if o.Prefix == s.Prefix && slices.Equal(sortedTargets(o.Targets), sortedTargets(s.Targets)) {
				d.problem(field, fmt.Sprintf("%s has the same prefix and targets as static[%d]", s.Prefix, j), "remove one of the two")
			} else if o.Prefix == s.Prefix && o.Name == s.Name && s.Name == "" {
				d.problem(field+".name", fmt.Sprintf("the hosts behind %s here and in static[%d] would have one name", s.Prefix, j), "give each route a name")
			}
		}
	}
}

// checkForwarderNames keeps nodes and gateways apart: both forward, and States
// know them by name.
func (d *draft) checkForwarderNames() {
	for i, n := range d.raw.Nodes {
		if ref := (Ref{KindGateway, n.Name}); d.creates(ref) || d.stays(ref) {
			d.problem(fmt.Sprintf("nodes[%d].name", i), fmt.Sprintf("%q is already a gateway", n.Name), "choose another name")
		}
	}
	for i, g := range d.raw.Gateways {
		if d.stays(Ref{KindNode, g.Name}) && !d.creates(Ref{KindNode, g.Name}) {
			d.problem(fmt.Sprintf("gateways[%d].name", i), fmt.Sprintf("%q is already a node", g.Name), "choose another name")
		}
	}
}

// checkHostNames keeps ports and the hosts behind gateways apart: probes and
// matrices know both by name.
func (d *draft) checkHostNames() {
	hosts := map[string]string{} // name -> where it is given
	for _, g := range d.raw.Gateways {
		for i, s := range g.Static {
			if s.Name == "" {
				continue
			}
			field := fmt.Sprintf("gateways[%s].static[%d].name", g.Name, i)
			if other, ok := hosts[s.Name]; ok {
				d.problem(field, fmt.Sprintf("host %q is already %s", s.Name, other), "choose another name")
			}
			hosts[s.Name] = field
			if port := (Ref{KindPort, s.Name}); d.creates(port) || d.stays(port) {
				d.problem(field, fmt.Sprintf("host %q is already the name of a port", s.Name), "choose another name")
			}
		}
	}
	for _, g := range d.old.Gateways {
		if ref := (Ref{KindGateway, g.Name}); d.creates(ref) || !d.stays(ref) {
			continue
		}
		for _, s := range g.Static {
			if field, ok := hosts[s.Name]; ok && s.Name != "" {
				d.problem(field, fmt.Sprintf("host %q is already behind gateway %q", s.Name, g.Name), "choose another name")
			}
			if s.Name != "" && d.creates(Ref{KindPort, s.Name}) {
				d.problem("ports["+s.Name+"].name", fmt.Sprintf("%q is already a host behind gateway %q", s.Name, g.Name), "choose another name")
			}
		}
	}
}

// stays reports whether the object is there and not deleted by the edit.
func (d *draft) stays(ref Ref) bool {
	_, gone := d.gone[ref]
	return !gone && d.old.has(ref)
}

func (d *draft) checkRule(at string, r Rule) {
	if r.Direction != Ingress && r.Direction != Egress {
		d.problem(at+".direction", fmt.Sprintf("direction %q is unknown", r.Direction), "use in or out, seen from the workload")
	}
	switch r.Protocol {
	case TCP, UDP:
		if r.PortTo != 0 && r.PortFrom == 0 {
			d.problem(at+".portFrom", fmt.Sprintf("the range ends at %d but has no beginning", r.PortTo), "give portFrom from 1; for every port leave both out")
		} else if r.PortTo != 0 && r.PortTo < r.PortFrom {
			d.problem(at+".portTo", fmt.Sprintf("the range %d-%d runs backwards", r.PortFrom, r.PortTo), fmt.Sprintf("write %d-%d", r.PortTo, r.PortFrom))
		}
	case Any, ICMP:
		if r.PortFrom != 0 || r.PortTo != 0 {
			d.problem(at+".portFrom", fmt.Sprintf("protocol %s has no ports", r.Protocol), "leave the ports out, or use tcp or udp")
		}
	default:
		d.problem(at+".protocol", fmt.Sprintf("protocol %q is unknown", r.Protocol), "use any, icmp, tcp or udp")
	}
	switch {
	case r.Group != "" && r.Prefix.IsValid():
		d.problem(at+".group", "the rule has both a prefix and a group", "split it into two rules")
	case r.Group != "":
		d.checkRef(at+".group", KindGroup, r.Group)
	case r.Prefix == (netip.Prefix{}):
		d.problem(at+".prefix", "the rule names no far end", "give a prefix or a group; 0.0.0.0/0 is everyone")
	default:
		d.checkPrefix(at+".prefix", r.Prefix)
	}
}

// checkPrefix reports whether p is an IPv4 prefix without host bits.
func (d *draft) checkPrefix(field string, p netip.Prefix) bool {
	switch {
	case !p.IsValid():
		d.problem(field, "the prefix is missing or not valid", "write it as 10.0.11.0/24")
	case !p.Addr().Is4():
		d.problem(field, fmt.Sprintf("%s is IPv6, which the fabric does not carry yet", p), "give an IPv4 prefix")
	case p.Masked() != p:
		d.problem(field, fmt.Sprintf("%s has host bits set", p), fmt.Sprintf("write %s", p.Masked()))
	default:
		return true
	}
	return false
}

var notForSubnets = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),      // this network, RFC 1122
	netip.MustParsePrefix("127.0.0.0/8"),    // loopback
	netip.MustParsePrefix("169.254.0.0/16"), // link local, RFC 3927
	netip.MustParsePrefix("224.0.0.0/3"),    // multicast and reserved
}

func (d *draft) checkSubnet(field string, p netip.Prefix) {
	if p.Bits() < shortestSubnet || p.Bits() > longestSubnet {
		d.problem(field, fmt.Sprintf("%s: a subnet has a length from /%d to /%d", p, shortestSubnet, longestSubnet),
			"the first address is the network, .1 the gateway, .2 the service address, the last the broadcast")
		return
	}
	for _, no := range notForSubnets {
		if no.Overlaps(p) {
			d.problem(field, fmt.Sprintf("%s lies in %s, which workloads cannot use", p, no), "choose a unicast prefix, for example of 10.0.0.0/8")
		}
	}
}

// checkTunnel looks at an underlay address: its form, and that no other node or
// gateway has it.
func (d *draft) checkTunnel(field string, self Ref, a netip.Addr) {
	switch {
	case !a.IsValid():
		d.problem(field, "the tunnel address is missing", "give the node's IPv4 address in the underlay, for example 192.0.2.1")
		return
	case !a.Is4():
		d.problem(field, fmt.Sprintf("%s is IPv6, which tunnels do not use yet", a), "give an IPv4 address")
		return
	case a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		d.problem(field, fmt.Sprintf("%s is not the address of one machine", a), "give the node's IPv4 address in the underlay")
		return
	}
	for _, other := range d.tunnels(a) {
		if other != self {
			d.problem(field, fmt.Sprintf("%s is already the tunnel of %s %q", a, other.Kind, other.Name), "give each node and gateway its own")
			return
		}
	}
}

// tunnels are the nodes and gateways that will have the tunnel address a.
func (d *draft) tunnels(a netip.Addr) []Ref {
	if d.byTunnel == nil {
		d.byTunnel = map[netip.Addr][]Ref{}
		add := func(a netip.Addr, ref Ref, old bool) {
			if _, gone := d.gone[ref]; old && (gone || d.creates(ref)) {
				return
			}
			d.byTunnel[a] = append(d.byTunnel[a], ref)
		}
		for _, f := range []struct {
			nodes    []Node
			gateways []Gateway
			old      bool
		}{{d.raw.Nodes, d.raw.Gateways, false}, {d.old.Nodes, d.old.Gateways, true}} {
			for _, n := range f.nodes {
				add(n.Tunnel, Ref{KindNode, n.Name}, f.old)
			}
			for _, g := range f.gateways {
				add(g.Tunnel, Ref{KindGateway, g.Name}, f.old)
			}
		}
	}
	return d.byTunnel[a]
}

// Labels of the platform's range (RFC 3032 section 2.1: 0 to 15 are reserved).
const (
	FirstLabel = 16
	LastLabel  = 1<<20 - 1
)

func (d *draft) checkLabel(field string, label uint32) {
	if label < FirstLabel || label > LastLabel {
		d.problem(field, fmt.Sprintf("label %d is not in %d to %d", label, FirstLabel, LastLabel), "leave it out to have one assigned")
	}
}

func (d *draft) checkTargets(at string, targets []RouteTarget) {
	for i, t := range targets {
		field := fmt.Sprintf("%s[%d]", at, i)
		first := FirstAutomatic(d.old.ASN)
		switch {
		case t.ASN == 0:
			d.problem(field, fmt.Sprintf("route target %s has no ASN", t), "write ASN:NUMBER, for example 64512:201")
		case t.ASN > maxASN2 && t.Number > maxASN2:
			d.problem(field, fmt.Sprintf("route target %s: with an ASN of four bytes the number is at most %d", t, maxASN2), "choose a lower number")
		case t.ASN == d.old.ASN && t.Number >= first:
			d.problem(field, fmt.Sprintf("route target %s is in the range that the fabric gives out itself", t),
				fmt.Sprintf("choose a number below %d", first))
		}
	}
}

// checkRef reports a name that will not exist, with the nearest one that will.
func (d *draft) checkRef(field string, kind Kind, name string) {
	if name == "" {
		d.problem(field, fmt.Sprintf("the %s is missing", kind), fmt.Sprintf("give the name of a %s", kind))
		return
	}
	ref := Ref{kind, name}
	if d.stays(ref) || d.creates(ref) {
		return
	}
	if d.old.has(ref) {
		d.problem(field, fmt.Sprintf("%s %q is deleted by this edit", kind, name), "name another or do not delete it")
		return
	}
	detail := fmt.Sprintf("%s %q does not exist", kind, name)
	if clean := strings.ToLower(strings.TrimSpace(name)); clean != name {
		detail += ": names have no white space and no upper case"
	}
	fix := fmt.Sprintf("create the %s in the same edit", kind)
	if guess := d.suggest(kind, name); guess != "" {
		fix = fmt.Sprintf("did you mean %q?", guess)
	}
	d.problem(field, detail, fix)
}

// creates reports whether the edit holds the object.
func (d *draft) creates(ref Ref) bool {
	if d.created == nil {
		d.created = map[Ref]bool{}
		for _, kind := range kinds {
			for name := range rawNames(d.raw, kind) {
				d.created[Ref{kind, name}] = true
			}
		}
	}
	return d.created[ref]
}

func (d *draft) suggest(kind Kind, name string) string {
	if d.guesses++; d.guesses > maxSuggestions {
		return ""
	}
	return Nearest(name, func(yield func(string) bool) {
		for n := range rawNames(d.raw, kind) {
			if !yield(n) {
				return
			}
		}
		for n := range d.old.Names(kind) {
			if _, gone := d.gone[Ref{kind, n}]; !gone && !yield(n) {
				return
			}
		}
	})
}

// Names yields the names of all objects of a kind, sorted.
func (f Fabric) Names(kind Kind) iter.Seq[string] {
	return rawNames(Edit{Nodes: f.Nodes, Segments: f.Segments, Routers: f.Routers, Groups: f.Groups, Ports: f.Ports, Gateways: f.Gateways}, kind)
}

func rawNames(e Edit, kind Kind) iter.Seq[string] {
	switch kind {
	case KindNode:
		return keys(e.Nodes)
	case KindGroup:
		return keys(e.Groups)
	case KindSegment:
		return keys(e.Segments)
	case KindRouter:
		return keys(e.Routers)
	case KindPort:
		return keys(e.Ports)
	case KindGateway:
		return keys(e.Gateways)
	}
	return func(func(string) bool) {}
}

func keys[T object[T]](s []T) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, o := range s {
			if !yield(o.key()) {
				return
			}
		}
	}
}
