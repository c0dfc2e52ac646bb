package sim

import (
	"net/netip"
	"time"
)

// maxSteps bounds what one packet can set off.
const maxSteps = 4096

// run carries one packet and everything that it sets off, in order, until nothing
// is under way. It belongs to the goroutine that sent the packet.
type run struct {
	fabric *Fabric
	now    time.Time
	queue  []event
	head   int

	watch *port // whose workload sends probes
	got   func(packet, ipv4) (replies []packet, taken bool)

	lost loss // the last packet that was dropped
}

// event is a packet that waits at a node: from the workload of port, or from the
// underlay where port is nil.
type event struct {
	node *node
	port *port
	packet
}

// loss is where and why a packet was dropped.
type loss struct {
	why  reason
	node string
	port string
}

func (r *run) send(n *node, p *port, b packet) { r.queue = append(r.queue, event{n, p, b}) }

func (r *run) drain() {
	for r.head < len(r.queue) && r.head < maxSteps {
		e := r.queue[r.head]
		r.head++
		e.node.handle(r, e)
	}
	r.queue, r.head = r.queue[:0], 0
}

// transmit hands a frame to the underlay. It reports whether a node ends tunnels
// at dst.
func (r *run) transmit(dst netip.Addr, p packet) bool {
	if c := r.fabric.capture.Load(); c != nil {
		c.frame(p.bytes(), r.now)
	}
	n := r.fabric.at(dst)
	if n == nil {
		return false
	}
	r.send(n, nil, p)
	return true
}

// reason is why a packet was dropped.
type reason uint8

const (
	filterIn reason = iota
	filterOut
	noRoute
	unreachable
	spoofed
	unknownLabel
	unknownTunnel
	unknownPort
	notForWorkload
	ttlExceeded
	tooBig
	fragment
	malformed
	reasons
)

var reasonNames = [reasons]string{
	filterIn: "filter in", filterOut: "filter out", noRoute: "no route", unreachable: "unreachable",
	spoofed: "spoofed source", unknownLabel: "unknown label", unknownTunnel: "unknown tunnel",
	unknownPort: "unknown port", notForWorkload: "not for this workload", ttlExceeded: "ttl", tooBig: "mtu",
	fragment: "fragment", malformed: "malformed",
}

func (r reason) String() string { return reasonNames[r] }
