package netlib

import "net/netip"

// DefaultASN is the fabric's autonomous system where none is given (RFC 6996).
const DefaultASN = 64512

// Fabric is the whole intent at one revision. Each slice is sorted by name and
// names are unique within their kind. Values are never changed after they were
// handed on; Edit.Apply makes a new one that shares what stays the same.
type Fabric struct {
	Revision uint64          `json:"revision"` // grows by one with each applied change
	ASN      uint32          `json:"asn"`
	Nodes    []Node          `json:"nodes,omitempty"`
	Segments []Segment       `json:"segments,omitempty"`
	Routers  []Router        `json:"routers,omitempty"`
	Groups   []SecurityGroup `json:"securityGroups,omitempty"`
	Ports    []Port          `json:"ports,omitempty"`
	Gateways []Gateway       `json:"gateways,omitempty"`
	Next     Cursor          `json:"next,omitzero"` // to be stored with Revision and ASN
}

// Cursor is where the search for a free label and identifier goes on, so that
// one that was given back is not used again before all others were. It is not
// intent: two fabrics that differ only in it forward alike.
type Cursor struct {
	Label uint32 `json:"label,omitempty"`
	ID    uint32 `json:"id,omitempty"`
}

// Node is a machine that forwards.
type Node struct {
	Name   string     `json:"name"`
	Tunnel netip.Addr `json:"tunnel"` // underlay address, the end of its GRE tunnels
}

// Segment is a virtual network: one VRF on each node that has a port in it.
type Segment struct {
	Name    string         `json:"name"`
	Subnets []netip.Prefix `json:"subnets"`          // do not overlap within what the segment can reach
	Targets Targets        `json:"targets,omitzero"` // the operator's, beside the automatic one
	ID      uint32         `json:"id,omitempty"`     // assigned: VRF number and automatic target ASN:8000000+ID
}

// Targets are route targets in three lists (RFC 4364 section 4.3.1).
type Targets struct {
	Both   []RouteTarget `json:"both,omitempty"`
	Import []RouteTarget `json:"import,omitempty"`
	Export []RouteTarget `json:"export,omitempty"`
}

// Router joins segments: its targets are imported and exported by each of them.
type Router struct {
	Name     string        `json:"name"`
	Segments []string      `json:"segments"` // sorted
	Targets  []RouteTarget `json:"targets,omitempty"`
	ID       uint32        `json:"id,omitempty"` // assigned from the same numbers as Segment.ID
}

// Everywhere is the prefix of a rule for every address.
var Everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// SecurityGroup is a list of allow rules for the ports that name it. Where no
// rule is given, Apply writes out the default: in from the same group, out
// everything. Where rules are given but none for out, it adds out everything; a
// group that shall let nothing out names a harmless far end (127.0.0.0/8).
type SecurityGroup struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Rule allows flows; their replies pass too. Exactly one of Prefix and Group is
// set; an Any prefix is 0.0.0.0/0 (and ::/0 for IPv6).
type Rule struct {
	Direction Direction    `json:"direction"`
	Protocol  Protocol     `json:"protocol"`
	PortFrom  uint16       `json:"portFrom,omitempty"` // TCP and UDP; 0,0 is every port
	PortTo    uint16       `json:"portTo,omitempty"`
	Prefix    netip.Prefix `json:"prefix,omitzero"` // the far end
	Group     string       `json:"group,omitempty"` // or: members of this group
}

// Direction is seen from the workload.
type Direction string

// Ingress is towards the workload, Egress away from it.
const (
	Ingress Direction = "in"
	Egress  Direction = "out"
)

// Protocol is what a rule matches.
type Protocol string

// Protocols.
const (
	Any  Protocol = "any"
	ICMP Protocol = "icmp"
	TCP  Protocol = "tcp"
	UDP  Protocol = "udp"
)

// Port attaches one workload to a segment on a node.
type Port struct {
	Name    string     `json:"name"`
	Segment string     `json:"segment"`
	Node    string     `json:"node"`
	Address netip.Addr `json:"address,omitzero"`         // assigned where left open: the first free from .3
	Groups  []string   `json:"securityGroups,omitempty"` // sorted; none: everything passes
	Label   uint32     `json:"label,omitempty"`          // assigned: MPLS label on its node, 16 to 1048575
}

// Gateway is an external router that is reached by MPLS over GRE. Static holds
// what it is known to route; BGP sessions come beside it.
type Gateway struct {
	Name   string        `json:"name"`
	Tunnel netip.Addr    `json:"tunnel"`
	Static []StaticRoute `json:"static,omitempty"` // sorted by prefix
}

// StaticRoute is a VPN route of a gateway that is configured, not learned.
type StaticRoute struct {
	Name    string        `json:"name,omitempty"` // of the host behind it, for people and probes; default GATEWAY/PREFIX
	Prefix  netip.Prefix  `json:"prefix"`
	Label   uint32        `json:"label"` // assigned where left open
	Targets []RouteTarget `json:"targets"`
}
