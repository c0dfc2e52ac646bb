package sim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/fabricbook/fabricbook/dataplane"
)

// DefaultTCP are the TCP and UDP ports on which every workload answers.
var DefaultTCP = []uint16{22, 80, 443, 3306, 5432, 8080}

// Fabric is the simulated underlay that nodes are attached to. It carries every
// frame between tunnel addresses, of any size, at once and without loss.
type Fabric struct {
	listen  map[uint16]bool
	capture atomic.Pointer[capture]

	mu    sync.RWMutex
	nodes map[netip.Addr]*node // by tunnel address
}

// Option changes how a Fabric's workloads behave.
type Option func(*Fabric)

// Listen sets the TCP ports that every workload accepts and the UDP ports that it
// echoes, instead of DefaultTCP.
func Listen(ports ...uint16) Option {
	return func(f *Fabric) { f.listen = set(ports) }
}

func set(ports []uint16) map[uint16]bool {
	m := make(map[uint16]bool, len(ports))
	for _, p := range ports {
		m[p] = true
	}
	return m
}

// New makes an underlay without nodes.
func New(options ...Option) *Fabric {
	f := &Fabric{listen: set(DefaultTCP), nodes: make(map[netip.Addr]*node)}
	for _, o := range options {
		o(f)
	}
	return f
}

// Start attaches a node by its tunnel address. Closing the Plane detaches it. The
// Plane is also a dataplane.Prober and dataplane.Counting.
func (f *Fabric) Start(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sim: start node %q: %w", name, err)
	}
	if !tunnel.Is4() || tunnel.IsMulticast() || tunnel.IsUnspecified() {
		return nil, fmt.Errorf("sim: start node %q: tunnel %s cannot end a tunnel; give it an IPv4 unicast address", name, tunnel)
	}
	n := newNode(f, name, tunnel)
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.nodes[tunnel]; o != nil {
		return nil, fmt.Errorf("sim: start node %q: tunnel %s is that of node %q; close that or choose another address", name, tunnel, o.name)
	}
	for _, o := range f.nodes {
		if o.name == name {
			return nil, fmt.Errorf("sim: start node %q: it is attached already, as %s; close it first", name, o.tunnel)
		}
	}
	f.nodes[tunnel] = n
	return n, nil
}

// Capture writes every frame of the underlay to w from now on, as a libpcap file
// of raw IP, until stop is called or w fails. One capture runs at a time: a new
// one ends the one before.
func (f *Fabric) Capture(w io.Writer) (stop func(), err error) {
	c, err := newCapture(w)
	if err != nil {
		return nil, err
	}
	f.capture.Store(c)
	return func() { f.capture.CompareAndSwap(c, nil); c.stop() }, nil
}

// at returns the node that ends tunnels at a, or nil.
func (f *Fabric) at(a netip.Addr) *node {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.nodes[a]
}

// move gives n another tunnel address.
func (f *Fabric) move(n *node, from, to netip.Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.nodes[to]; o != nil && o != n {
		return fmt.Errorf("sim: node %q: tunnel %s is that of another node; choose another address", n.name, to)
	}
	delete(f.nodes, from)
	f.nodes[to] = n
	return nil
}

func (f *Fabric) detach(n *node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.nodes, func(_ netip.Addr, o *node) bool { return o == n })
}
