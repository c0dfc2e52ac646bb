package sim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/fabricbook/fabricbook/dataplane"
)

// ErrClosed is what a closed node answers.
var ErrClosed = errors.New("sim: the node is closed; start it again")

// node is one simulated forwarder. Everything below mu belongs to whoever holds
// it; a goroutine holds one node's lock at a time.
type node struct {
	fabric *Fabric
	name   string

	mu       sync.Mutex
	closed   bool
	tunnel   netip.Addr
	mtu      int
	revision uint64
	policy   uint64 // grows whenever a filter, a set or a port's filters change

	vrfs    map[string]*vrf
	ports   map[string]*port
	labels  map[uint32]*label
	filters map[string]*filter

	want dataplane.State // the last one applied: what the next is compared with

	ident uint16 // of the last probe packet
	drops [reasons]uint64
}

// vrf is one routing table with what the node answers for in it.
type vrf struct {
	id      uint32
	subnets table[dataplane.Subnet]
	own     map[uint32]int // gateway and service addresses, with how many subnets name them
	routes  table[*route]
	sets    map[string]*table[struct{}]
}

// route is where a prefix leads.
type route struct{ hops []dataplane.NextHop }

// port is one attachment with the workload behind it.
type port struct {
	spec    dataplane.Port
	sources []prefix
	flows   flowTable
	in, out dataplane.Count
}

// prefix is an IPv4 prefix made quick to match.
type prefix struct{ base, mask uint32 }

// label is where an incoming label leads.
type label struct {
	spec  dataplane.Label
	count dataplane.Count
}

// filter is one security group.
type filter struct{ rules []rule }

func newNode(f *Fabric, name string, tunnel netip.Addr) *node {
	return &node{
		fabric: f, name: name, tunnel: tunnel,
		vrfs: make(map[string]*vrf), ports: make(map[string]*port),
		labels: make(map[uint32]*label), filters: make(map[string]*filter),
	}
}

// owns reports whether the workload may send from a, and answers to it.
func (p *port) owns(a uint32) bool {
	for _, s := range p.sources {
		if a&s.mask == s.base {
			return true
		}
	}
	return false
}

// gateway returns the address from which the node speaks in the VRF to, or about,
// address a.
func (n *node) gateway(v *vrf, a uint32) uint32 {
	if v != nil {
		if s, ok := v.subnets.lookup(a); ok {
			return toUint32(s.Gateway)
		}
	}
	return toUint32(n.tunnel)
}

// Close detaches the node from the underlay and forgets what it forwarded.
func (n *node) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.closed = true
		n.fabric.detach(n)
		n.vrfs, n.ports, n.labels, n.filters = nil, nil, nil, nil
		n.want = dataplane.State{}
	}
	return nil
}

func (n *node) open(ctx context.Context) error {
	if n.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("sim: node %q: %w", n.name, err)
	}
	return nil
}

// Counters returns packets and bytes since each object was installed.
func (n *node) Counters(ctx context.Context) (dataplane.Counters, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.open(ctx); err != nil {
		return dataplane.Counters{}, err
	}
	c := dataplane.Counters{
		Ports:  make(map[string]dataplane.PortCounters, len(n.ports)),
		Labels: make(map[uint32]dataplane.Count, len(n.labels)),
		Drops:  make(map[string]uint64),
	}
	for name, p := range n.ports {
		c.Ports[name] = dataplane.PortCounters{In: p.in, Out: p.out}
	}
	for value, l := range n.labels {
		c.Labels[value] = l.count
	}
	for r, count := range n.drops {
		if count > 0 {
			c.Drops[reason(r).String()] = count
		}
	}
	return c, nil
}

func add(c *dataplane.Count, bytes int) {
	c.Packets++
	c.Bytes += uint64(bytes)
}
