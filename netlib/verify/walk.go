package verify

import (
	"fmt"
	"net/netip"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// flow is one packet's header.
type flow struct {
	src, dst netip.Addr
	proto    dataplane.Protocol
	port     uint16 // destination's, TCP and UDP
}

// walker carries one flow through the States. With told set it writes down each
// hop; without, only the verdict.
type walker struct {
	states map[string]*dataplane.State
	nodes  map[netip.Addr]string // by tunnel
	told   bool
	hops   []api.Hop
	reason func() string // of the verdict, set once
}

func newWalker(c *compile.Compiled) *walker {
	w := &walker{states: map[string]*dataplane.State{}, nodes: map[netip.Addr]string{}}
	for _, names := range [][]string{c.Nodes(), c.Gateways()} {
		for _, n := range names {
			s, _ := c.State(n)
			w.states[n] = &s
			w.nodes[s.Tunnel] = n
		}
	}
	return w
}

func (w *walker) tell(node, step string, ok bool, format string, args ...any) {
	if w.told {
		w.hops = append(w.hops, api.Hop{Node: node, Step: step, OK: ok, Detail: fmt.Sprintf(format, args...)})
	}
}

// because sets the reason of the verdict; the text is made only when read.
func (w *walker) because(format string, args ...any) {
	w.reason = func() string { return fmt.Sprintf(format, args...) }
}

// drop ends the walk.
func (w *walker) drop(node, step, format string, args ...any) bool {
	w.tell(node, step, false, format, args...)
	w.because(format, args...)
	return false
}

// reach reports whether the flow from src to dst gets an answer.
func (w *walker) reach(src, dst endpoint, proto dataplane.Protocol, port uint16) bool {
	w.hops, w.reason = nil, nil
	at, ok := w.site(src)
	if !ok {
		return w.drop(src.node, "drop", "%q has no port in the State of %s", src.name, src.node)
	}
	f := flow{src.addr, dst.addr, proto, port}
	w.tell(src.node, "port", true, "%s sends %s from %s to %s on %s", src.name, FormatProto(proto, port), f.src, f.dst, at.port.Interface)
	if src.addr == dst.addr && (dst.port == "" || dst.port == src.port) {
		w.tell(src.node, "deliver", true, "%s is its own address: the packet never leaves the workload", dst.addr)
		w.because("the packet never leaves the workload")
		return true
	}
	if at.owns(f.dst) {
		return w.ownAddress(at, f, dst)
	}
	if !w.filter(at, f, dataplane.Egress) {
		return false
	}
	far, ok := w.forward(at, f.dst)
	if !ok {
		return false
	}
	if dst.port != "" && far.port.Name != dst.port {
		return w.drop(far.state.Node, "drop", "%s leads to port %q, not to %q", f.dst, far.port.Name, dst.port)
	}
	if !w.filter(far, f, dataplane.Ingress) {
		return false
	}
	w.tell(far.state.Node, "deliver", true, "%s receives it on %s", far.port.Name, far.port.Interface)
	if w.reason == nil {
		w.because("delivered to %s", far.port.Name)
	}
	return proto == dataplane.UDP || w.answer(far, at, f)
}

func (w *walker) site(e endpoint) (site, bool) {
	s := w.states[e.node]
	if s == nil {
		return site{}, false
	}
	p := portOf(s, e.port)
	if p == nil {
		return site{}, false
	}
	v := vrfOf(s, p.VRF)
	return site{s, p, v}, v != nil
}

// owns reports whether the node itself has the address in this VRF: a gateway or
// service address of the segment.
func (at site) owns(a netip.Addr) bool {
	for _, n := range at.vrf.Subnets {
		if a == n.Gateway || a == n.Service {
			return true
		}
	}
	return false
}

// ownAddress is the verdict where the node itself answers, past all filters.
func (w *walker) ownAddress(at site, f flow, dst endpoint) bool {
	dns := f.port == 53 && f.proto != dataplane.ICMP
	for _, n := range at.vrf.Subnets {
		dns = dns && f.dst != n.Gateway
	}
	switch {
	case dst.port != "":
		return w.drop(at.state.Node, "drop", "%s is the node's own address in vrf %s: %s is not reached", f.dst, at.vrf.Name, dst.name)
	case f.proto != dataplane.ICMP && !dns:
		return w.drop(at.state.Node, "drop", "the node answers only ICMP (and DNS at the service address) on %s", f.dst)
	}
	w.tell(at.state.Node, "deliver", true, "the node answers for %s itself; no group is asked", f.dst)
	w.because("%s answers for %s itself", at.state.Node, f.dst)
	return true
}

// maxTunnels bounds a packet's way, as its time to live does: a route of an external
// router that covers segments may send on what came by tunnel, also in a circle.
const maxTunnels = 32

// forward looks up a in the VRF and follows it to a port, over tunnels where they
// are between.
func (w *walker) forward(at site, a netip.Addr) (site, bool) {
	state, vrf := at.state, at.vrf
	for range maxTunnels {
		hop, ok := w.lookup(state, vrf, a)
		if !ok {
			return site{}, false
		}
		if hop.Port != "" {
			return w.local(state, hop.Port)
		}
		if state, vrf, ok = w.tunnel(state, hop); !ok {
			return site{}, false
		}
	}
	return site{}, w.drop(state.Node, "drop", "%s is sent from tunnel to tunnel, in a circle", a)
}

// tunnel carries a packet to the far end of a next hop and pops its label.
func (w *walker) tunnel(from *dataplane.State, hop dataplane.NextHop) (*dataplane.State, *dataplane.VRF, bool) {
	w.tell(from.Node, "tunnel", true, "label %d pushed, GRE %s -> %s", hop.Label, from.Tunnel, hop.Tunnel)
	name, ok := w.nodes[hop.Tunnel]
	if !ok {
		return nil, nil, w.drop(from.Node, "drop", "tunnel %s leads to no node or gateway of the fabric", hop.Tunnel)
	}
	far := w.states[name]
	label := labelOf(far, hop.Label)
	if label == nil {
		return nil, nil, w.drop(name, "drop", "label %d is unknown on %s", hop.Label, name)
	}
	w.tell(name, "label", true, "label %d popped -> vrf %s (port %s)", label.Value, label.VRF, label.Port)
	vrf := vrfOf(far, label.VRF)
	if vrf == nil {
		return nil, nil, w.drop(name, "drop", "label %d leads to vrf %s, which %s does not have", label.Value, label.VRF, name)
	}
	return far, vrf, true
}

func (w *walker) lookup(s *dataplane.State, v *dataplane.VRF, a netip.Addr) (dataplane.NextHop, bool) {
	i := l3vpn.LongestMatch(len(v.Routes), func(i int) netip.Prefix { return v.Routes[i].Prefix }, a, a.BitLen())
	if i < 0 {
		return dataplane.NextHop{}, w.drop(s.Node, "vrf", "vrf %s has no route to %s", v.Name, a)
	}
	r := v.Routes[i]
	if len(r.NextHops) == 0 {
		return dataplane.NextHop{}, w.drop(s.Node, "vrf", "vrf %s: nobody has %s (%s unreachable)", v.Name, a, r.Prefix)
	}
	hop, shared := r.NextHops[0], ""
	if len(r.NextHops) > 1 {
		shared = fmt.Sprintf(" (one of %d that share the load)", len(r.NextHops))
	}
	if hop.Port != "" {
		w.tell(s.Node, "vrf", true, "vrf %s: %s dev %s%s", v.Name, r.Prefix, hop.Port, shared)
	} else {
		w.tell(s.Node, "vrf", true, "vrf %s: %s via %s label %d%s", v.Name, r.Prefix, hop.Tunnel, hop.Label, shared)
	}
	return hop, true
}

func (w *walker) local(s *dataplane.State, port string) (site, bool) {
	p := portOf(s, port)
	if p == nil {
		return site{}, w.drop(s.Node, "drop", "the route leads to port %q, which %s does not have", port, s.Node)
	}
	return site{s, p, vrfOf(s, p.VRF)}, true
}

// filter asks the groups of a port.
func (w *walker) filter(at site, f flow, dir dataplane.Direction) bool {
	if len(at.port.Filters) == 0 {
		w.tell(at.state.Node, "filter", true, "%s %s: no security group, everything passes", at.port.Name, dir)
		return true
	}
	for _, name := range at.port.Filters {
		group := filterOf(at.state, name)
		if group == nil {
			continue
		}
		for i, r := range group.Rules {
			if r.Direction == dir && matches(r, f, dir, at.vrf) {
				w.tell(at.state.Node, "filter", true, "%s %s: %s", at.port.Name, dir, ruleText(name, i, r))
				if dir == dataplane.Ingress {
					w.because("%s", lazy(func() string { return ruleText(name, i, r) }))
				}
				return true
			}
		}
	}
	far, word := f.src, "from"
	if dir == dataplane.Egress {
		far, word = f.dst, "to"
	}
	return w.drop(at.state.Node, "filter", "%s %s: no rule of %v allows %s %s %s", at.port.Name, dir, at.port.Filters, FormatProto(f.proto, f.port), word, far)
}

// lazy is text that is made when it is printed.
type lazy func() string

func (l lazy) String() string { return l() }

func ruleText(group string, i int, r dataplane.Rule) string {
	return fmt.Sprintf("%s rule %d: %s", group, i+1, netlib.Rule{
		Direction: netlib.Direction(r.Direction), Protocol: netlib.Protocol(r.Protocol),
		PortFrom: r.PortFrom, PortTo: r.PortTo, Prefix: r.Prefix, Group: r.Set,
	})
}

func matches(r dataplane.Rule, f flow, dir dataplane.Direction, v *dataplane.VRF) bool {
	if r.Protocol != dataplane.Any && r.Protocol != f.proto {
		return false
	}
	if r.PortFrom != 0 && (f.port < r.PortFrom || f.port > r.PortTo) {
		return false
	}
	far := f.src
	if dir == dataplane.Egress {
		far = f.dst
	}
	switch {
	case r.Set != "":
		return inSet(v, r.Set, far)
	case r.Prefix.IsValid():
		return r.Prefix.Contains(far)
	}
	return true
}

func inSet(v *dataplane.VRF, name string, a netip.Addr) bool {
	if v == nil {
		return false
	}
	for _, s := range v.Sets {
		if s.Name == name {
			return l3vpn.LongestMatch(len(s.Members), func(i int) netip.Prefix { return s.Members[i] }, a, a.BitLen()) >= 0
		}
	}
	return false
}

// answer follows the way back. Filters are not asked: the flow is known to them.
func (w *walker) answer(from, to site, f flow) bool {
	told := w.told
	reason := w.reason
	w.told = false
	back, ok := w.forward(from, f.src)
	w.told = told
	switch {
	case !ok:
		why := w.reason()
		return w.drop(from.state.Node, "reply", "no way back: %s", why)
	case back.port.Name != to.port.Name || back.state.Node != to.state.Node:
		return w.drop(from.state.Node, "reply", "the answer would go to port %q on %s, not to %q", back.port.Name, back.state.Node, to.port.Name)
	}
	w.reason = reason
	w.tell(from.state.Node, "reply", true, "the answer to %s goes back by vrf %s; the flow is known, no group is asked", f.src, from.vrf.Name)
	return true
}
