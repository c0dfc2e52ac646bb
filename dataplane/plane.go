package dataplane

import (
	"context"
	"net/netip"
	"time"
)

// Plane makes States real on one node.
type Plane interface {
	// Read returns what is really installed, in the form of a State.
	Read(ctx context.Context) (State, error)
	// Apply makes the node forward exactly s. It adds before it deletes, does
	// nothing where nothing differs, and returns what is then installed together
	// with the joined errors of what could not be.
	Apply(ctx context.Context, s State) (State, error)
	// Close releases the plane's resources and leaves the forwarding in place
	// where that outlives a process. It may be called twice.
	Close() error
}

// Prober is a Plane that can send packets as a workload of its node would. Probe
// may be called at any time, also while Apply runs.
type Prober interface {
	Probe(ctx context.Context, p Probe) (ProbeResult, error)
}

// Counting is a Plane that counts packets.
type Counting interface {
	Counters(ctx context.Context) (Counters, error)
}

// Probe asks for ICMP echoes, TCP handshakes or UDP datagrams from a port's
// workload.
type Probe struct {
	Port     string        `json:"port"` // a port of this node
	To       netip.Addr    `json:"to"`
	Protocol Protocol      `json:"protocol"`          // ICMP, TCP or UDP
	DstPort  uint16        `json:"dstPort,omitempty"` // TCP and UDP
	Count    int           `json:"count"`             // 1 or more
	Timeout  time.Duration `json:"timeout"`           // for each packet
	Source   netip.Addr    `json:"source,omitzero"`   // default: the port's first address
	TTL      uint8         `json:"ttl,omitempty"`     // default 64
	Size     int           `json:"size,omitempty"`    // of the IP packet in bytes, never fragmented; default: as small as it can be
}

// ProbeResult tells how a probe ended. Times are round trips, one for each
// answered packet. A refused packet is not a received one: it did arrive, and its
// host answered that nothing listens on the port (RFC 9293 section 3.5.2, RFC 1122
// section 3.2.2.1).
type ProbeResult struct {
	Sent     int             `json:"sent"`
	Received int             `json:"received"`
	Refused  int             `json:"refused,omitempty"`
	Times    []time.Duration `json:"times,omitempty"`
	Reason   string          `json:"reason,omitempty"` // of the loss, where it is known: "timeout", "connection refused", "destination unreachable by 10.0.11.1"
}

// Counters are packets and bytes since the port, label or filter was installed.
type Counters struct {
	Ports  map[string]PortCounters `json:"ports"`
	Labels map[uint32]Count        `json:"labels"`
	Drops  map[string]uint64       `json:"drops"` // by reason: "filter in", "filter out", "no route", "spoofed source", "unknown label", "unknown tunnel", "unreachable", "ttl", "mtu", "fragment", "malformed"
}

// PortCounters counts at one port, seen from the workload.
type PortCounters struct {
	In  Count `json:"in"`
	Out Count `json:"out"`
}

// Count is packets and bytes (of the inner IP packet).
type Count struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}
