package netlib

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
)

// maxID bounds identifiers: they are the second half of a route distinguisher of
// type 1, two bytes (RFC 4364 section 4.2).
const maxID = 65535

// assignIDs gives each new segment and router an identifier, going on from the
// cursor so that a freed one comes last.
func (d *draft) assignIDs() {
	if len(d.edit.Segments) == 0 && len(d.edit.Routers) == 0 {
		return
	}
	used := d.usedIDs()
	last := lastNumber(d.old.ASN)
	cursor := newCursor(d.old.Next.ID, 1, last, func(id uint32) bool { return used[id] != Ref{} })
	give := func(id *uint32, ref Ref, fresh bool, field string) {
		if *id != 0 {
			if fresh {
				cursor.pass(*id)
			}
			return
		}
		n, ok := cursor.take()
		if !ok {
			d.problem(field, fmt.Sprintf("all %d identifiers are in use", last), "delete segments or routers that are no longer needed")
			return
		}
		*id, used[n] = n, ref
	}
	for i := range d.edit.Segments {
		s := &d.edit.Segments[i]
		_, was := d.old.Segment(s.Name)
		give(&s.ID, Ref{KindSegment, s.Name}, !was, "segments["+s.Name+"].id")
		if j, ok := search(d.next.Segments, s.Name); ok {
			d.next.Segments[j].ID = s.ID
		}
	}
	for i := range d.edit.Routers {
		r := &d.edit.Routers[i]
		_, was := d.old.Router(r.Name)
		give(&r.ID, Ref{KindRouter, r.Name}, !was, "routers["+r.Name+"].id")
		if j, ok := search(d.next.Routers, r.Name); ok {
			d.next.Routers[j].ID = r.ID
		}
	}
	d.next.Next.ID = cursor.at
}

// lastNumber is the highest identifier whose automatic target still fits.
func lastNumber(asn uint32) uint32 {
	if asn > maxASN2 {
		return maxASN2 - FirstAutomaticTarget4
	}
	return maxID
}

// usedIDs are the identifiers of what the edit does not touch, then those that
// the edit itself gives, which must not meet them.
func (d *draft) usedIDs() map[uint32]Ref {
	used := map[uint32]Ref{}
	for _, s := range d.next.Segments {
		if _, edited := search(d.edit.Segments, s.Name); !edited {
			used[s.ID] = Ref{KindSegment, s.Name}
		}
	}
	for _, r := range d.next.Routers {
		if _, edited := search(d.edit.Routers, r.Name); !edited {
			used[r.ID] = Ref{KindRouter, r.Name}
		}
	}
	for _, s := range d.edit.Segments {
		d.takeID(used, s.ID, Ref{KindSegment, s.Name}, "segments["+s.Name+"].id")
	}
	for _, r := range d.edit.Routers {
		d.takeID(used, r.ID, Ref{KindRouter, r.Name}, "routers["+r.Name+"].id")
	}
	return used
}

func (d *draft) takeID(used map[uint32]Ref, id uint32, ref Ref, field string) {
	if id == 0 {
		return
	}
	if last := lastNumber(d.old.ASN); id > last {
		d.problem(field, fmt.Sprintf("identifier %d is not in 1 to %d", id, last), "leave it out to have one assigned")
		return
	}
	if other, ok := used[id]; ok {
		d.problem(field, fmt.Sprintf("identifier %d is already that of %s %q", id, other.Kind, other.Name), "leave it out to have one assigned")
		return
	}
	used[id] = ref
}

// cursor finds free numbers in a range, each time from where it stopped, so that
// a number that was given back is taken again only after all others.
type cursor struct {
	at, first, last uint32
	used            func(uint32) bool
}

func newCursor(at, first, last uint32, used func(uint32) bool) *cursor {
	if at < first || at > last {
		at = first
	}
	return &cursor{at, first, last, used}
}

// take returns the next free number; ok is false where none is left.
func (c *cursor) take() (n uint32, ok bool) {
	for range c.last - c.first + 1 {
		n = c.at
		c.step(n)
		if !c.used(n) {
			return n, true
		}
	}
	return 0, false
}

// pass moves on behind a number that somebody else chose, so that applying a
// completed edit leaves the cursor where applying the open one did.
func (c *cursor) pass(n uint32) {
	if n >= c.at {
		c.step(n)
	}
}

func (c *cursor) step(n uint32) {
	if c.at = n + 1; c.at > c.last {
		c.at = c.first
	}
}

// assignStaticLabels gives each static route without a label the lowest that its
// gateway has free. One label may serve several routes of the same targets, as a
// router that labels by VRF does; between VRFs it would be ambiguous.
func (d *draft) assignStaticLabels() {
	for i := range d.edit.Gateways {
		g := &d.edit.Gateways[i]
		used := map[uint32][]RouteTarget{}
		for j, s := range g.Static {
			if s.Label == 0 {
				continue
			}
			if targets, ok := used[s.Label]; ok && !slices.Equal(targets, s.Targets) {
				d.problem(fmt.Sprintf("gateways[%s].static[%d].label", g.Name, j),
					fmt.Sprintf("label %d already leads into another VRF of the gateway", s.Label), "choose another label or leave it out")
			}
			used[s.Label] = s.Targets
		}
		label := uint32(FirstLabel)
		for j := range g.Static {
			if g.Static[j].Label != 0 {
				continue
			}
			for used[label] != nil {
				label++
			}
			g.Static[j].Label = label
			used[label] = []RouteTarget{}
		}
	}
}

// assignPorts gives the edit's ports addresses and labels. What the edit gives
// itself is taken first, in order of name, and what it leaves open then.
func (d *draft) assignPorts() {
	if len(d.edit.Ports) == 0 {
		return
	}
	at := make([]int, len(d.edit.Ports)) // index of each in next.Ports
	segments, nodes := map[string]*pool{}, map[string]map[uint32]string{}
	for i, p := range d.edit.Ports {
		at[i], _ = search(d.next.Ports, p.Name)
		nodes[p.Node] = map[uint32]string{}
		if seg, ok := d.next.Segment(p.Segment); ok && segments[p.Segment] == nil {
			segments[p.Segment] = newPool(seg)
		}
	}
	labels := newCursor(d.old.Next.Label, FirstLabel, LastLabel, nil)
	d.takeOthers(at, segments, nodes, labels)
	for i := range d.edit.Ports {
		p := &d.edit.Ports[i]
		d.takeGiven(*p, segments[p.Segment], nodes[p.Node])
	}
	for i := range d.edit.Ports {
		p := &d.edit.Ports[i]
		d.giveAddress(p, segments[p.Segment])
		d.giveLabel(p, nodes[p.Node], labels)
		d.next.Ports[at[i]] = *p
	}
	d.next.Next.Label = labels.at
	d.checkInterfaces(nodes)
}

// takeOthers marks what the ports that the edit does not touch have. It is one
// pass over all ports that looks closer only at the segments and nodes concerned.
func (d *draft) takeOthers(at []int, segments map[string]*pool, nodes map[string]map[uint32]string, labels *cursor) {
	var highest uint32
	var segment, node string // of the last port: ports of one name prefix tend to lie together
	var pool *pool
	var used map[uint32]string
	for i := range d.next.Ports {
		if len(at) > 0 && at[0] == i {
			at = at[1:]
			continue
		}
		p := &d.next.Ports[i]
		highest = max(highest, p.Label)
		if p.Segment != segment {
			segment, pool = p.Segment, segments[p.Segment]
		}
		if p.Node != node {
			node, used = p.Node, nodes[p.Node]
		}
		if pool != nil {
			pool.take(p.Address)
		}
		if used != nil {
			used[p.Label] = p.Name
		}
	}
	if d.old.Next.Label == 0 && highest >= FirstLabel {
		labels.step(highest) // a fabric that was stored without its cursor
	}
}

// takeGiven checks and marks the address and label that a port of the edit gives.
func (d *draft) takeGiven(p Port, pool *pool, used map[uint32]string) {
	field := "ports[" + p.Name + "]"
	if p.Address.IsValid() && pool != nil {
		if detail := addressProblem(pool.segment, p.Address); detail != "" {
			d.problem(field+".address", detail, pool.advice())
		} else if !pool.take(p.Address) {
			d.problem(field+".address", fmt.Sprintf("%s is already the address of port %q", p.Address, d.holder(p)), pool.advice())
		}
	}
	if p.Label == 0 {
		return
	}
	if other, ok := used[p.Label]; ok {
		d.problem(field+".label", fmt.Sprintf("label %d on node %q is already that of port %q", p.Label, p.Node, other), "leave it out to have one assigned")
	}
	used[p.Label] = p.Name
}

// holder is the port that has p's address in p's segment.
func (d *draft) holder(p Port) string {
	for _, o := range d.next.Ports {
		if o.Segment == p.Segment && o.Address == p.Address && o.Name != p.Name {
			return o.Name
		}
	}
	return ""
}

func (d *draft) giveAddress(p *Port, pool *pool) {
	if p.Address.IsValid() || pool == nil {
		return
	}
	a, ok := pool.next()
	if !ok {
		d.problem("ports["+p.Name+"].address", fmt.Sprintf("segment %q has no free address", p.Segment), "give the segment a further subnet")
		return
	}
	p.Address = a
}

func (d *draft) giveLabel(p *Port, used map[uint32]string, labels *cursor) {
	if p.Label != 0 {
		if was, ok := d.old.Port(p.Name); !ok || was.Label != p.Label {
			labels.pass(p.Label)
		}
		return
	}
	labels.used = func(l uint32) bool { _, ok := used[l]; return ok }
	label, ok := labels.take()
	if !ok {
		d.problem("ports["+p.Name+"].label", fmt.Sprintf("node %q has no free label", p.Node), "place the port on another node")
		return
	}
	p.Label, used[label] = label, p.Name
}

// checkInterfaces reports two ports of one node whose hashed interface names are
// the same.
func (d *draft) checkInterfaces(nodes map[string]map[uint32]string) {
	if !slices.ContainsFunc(d.edit.Ports, func(p Port) bool { return len(p.Name) > interfaceShort }) {
		return
	}
	type key struct{ node, name string }
	seen := map[key]string{}
	for _, ports := range [][]Port{d.edit.Ports, d.next.Ports} {
		for _, p := range ports {
			if nodes[p.Node] == nil || len(p.Name) <= interfaceShort {
				continue
			}
			k := key{p.Node, InterfaceName(p.Name)}
			if other, ok := seen[k]; ok && other != p.Name {
				d.problem("ports["+other+"].name", fmt.Sprintf("its interface on node %q would be %q, which is that of port %q", p.Node, k.name, p.Name), "choose another name")
			} else {
				seen[k] = p.Name
			}
		}
	}
}

// checkSubnetChanges reports ports that stay in a segment whose subnets change
// and whose address would be left outside.
func (d *draft) checkSubnetChanges() {
	changed := map[string]Segment{}
	for _, s := range d.edit.Segments {
		if was, ok := d.old.Segment(s.Name); ok && !slices.Equal(s.Subnets, was.Subnets) {
			changed[s.Name] = s
		}
	}
	if len(changed) == 0 {
		return
	}
	left := map[string][]Ref{}
	for _, p := range d.next.Ports {
		s, ok := changed[p.Segment]
		if !ok || !p.Address.IsValid() || addressProblem(s, p.Address) == "" {
			continue
		}
		if _, edited := search(d.edit.Ports, p.Name); !edited { // an edited one is seen by takeGiven
			left[s.Name] = append(left[s.Name], Ref{KindPort, p.Name})
		}
	}
	for _, s := range d.edit.Segments {
		if refs := left[s.Name]; len(refs) > 0 {
			d.problem("segments["+s.Name+"].subnets", "no longer fits the address of "+refList(refs),
				"keep the old subnet beside the new one, or give these ports anew in the same edit")
		}
	}
}

// addressProblem says why a workload of the segment cannot have this address; it
// is empty where it can.
func addressProblem(s Segment, a netip.Addr) string {
	if !a.Is4() {
		return fmt.Sprintf("%s is IPv6, which the fabric does not carry yet", a)
	}
	for _, p := range s.Subnets {
		if !p.Contains(a) {
			continue
		}
		switch a {
		case p.Addr():
			return fmt.Sprintf("%s is the network address of %s", a, p)
		case GatewayAddress(p):
			return fmt.Sprintf("%s is the gateway address of %s", a, p)
		case ServiceAddress(p):
			return fmt.Sprintf("%s is the service address (DNS, DHCP) of %s", a, p)
		case broadcast(p):
			return fmt.Sprintf("%s is the broadcast address of %s", a, p)
		}
		return ""
	}
	return fmt.Sprintf("%s is outside segment %q (%s)", a, s.Name, prefixList(s.Subnets))
}

func prefixList(s []netip.Prefix) string {
	out := ""
	for i, p := range s {
		if i > 0 {
			out += ", "
		}
		out += p.String()
	}
	return out
}

// GatewayAddress is where a subnet's node answers as default gateway: .1.
func GatewayAddress(p netip.Prefix) netip.Addr { return offset(p, 1) }

// ServiceAddress is where a subnet's node answers DNS and DHCP: .2.
func ServiceAddress(p netip.Prefix) netip.Addr { return offset(p, 2) }

func broadcast(p netip.Prefix) netip.Addr { return offset(p, uint32(1)<<(32-p.Bits())-1) }

func offset(p netip.Prefix, n uint32) netip.Addr {
	b := p.Masked().Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]) + n
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// pool is the addresses of a segment in use: a bit for each, for each subnet.
type pool struct {
	segment Segment
	subnets []netip.Prefix // the valid ones of segment
	used    [][]uint64
	from    []int // word of each subnet before which no bit is free
}

func newPool(s Segment) *pool {
	p := &pool{segment: s}
	for _, n := range s.Subnets {
		if n.IsValid() && n.Addr().Is4() && n.Bits() >= shortestSubnet && n.Bits() <= longestSubnet {
			p.subnets = append(p.subnets, n.Masked())
			p.used = append(p.used, []uint64{0b111}) // network, gateway, service
			p.from = append(p.from, 0)
		}
	}
	return p
}

// take marks an address; it is false where it was marked before.
func (p *pool) take(a netip.Addr) bool {
	if !a.Is4() {
		return true
	}
	for i, n := range p.subnets {
		if !n.Contains(a) {
			continue
		}
		b, base := a.As4(), n.Addr().As4()
		off := (uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) -
			(uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3]))
		return p.mark(i, off)
	}
	return true
}

func (p *pool) mark(i int, off uint32) bool {
	word, bit := int(off/64), uint64(1)<<(off%64)
	if n := word + 1 - len(p.used[i]); n > 0 {
		p.used[i] = append(p.used[i], make([]uint64, n)...)
	}
	free := p.used[i][word]&bit == 0
	p.used[i][word] |= bit
	return free
}

// next takes the lowest free address of the first subnet that has one.
func (p *pool) next() (netip.Addr, bool) {
	for i, n := range p.subnets {
		last := uint32(1)<<(32-n.Bits()) - 1 // broadcast
		for w := p.from[i]; ; w++ {
			off := uint32(w) * 64
			if w < len(p.used[i]) {
				if p.used[i][w] == ^uint64(0) {
					p.from[i] = w + 1
					continue
				}
				off += uint32(bits.TrailingZeros64(^p.used[i][w]))
			}
			if off >= last {
				break
			}
			p.mark(i, off)
			return offset(n, off), true
		}
	}
	return netip.Addr{}, false
}

// advice is the fix for an address that cannot be had.
func (p *pool) advice() string {
	probe := &pool{segment: p.segment, subnets: p.subnets, from: slices.Clone(p.from)}
	for _, words := range p.used {
		probe.used = append(probe.used, slices.Clone(words))
	}
	if a, ok := probe.next(); ok {
		return fmt.Sprintf("leave it out to have one assigned; %s is free", a)
	}
	return "give the segment a further subnet"
}
