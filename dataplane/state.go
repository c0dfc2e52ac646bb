package dataplane

import "net/netip"

// State is all that one node forwards. Slices are sorted by the first field
// (names and prefixes ascending) and are never changed after construction, so
// that States may share them.
type State struct {
	Node     string     `json:"node"`
	Revision uint64     `json:"revision"` // of the intent that it was compiled from
	Tunnel   netip.Addr `json:"tunnel"`   // this node's own end of every tunnel
	MTU      int        `json:"mtu"`      // inner MTU of workload ports, bytes

	VRFs    []VRF    `json:"vrfs,omitempty"`
	Ports   []Port   `json:"ports,omitempty"`
	Labels  []Label  `json:"labels,omitempty"`  // sorted by Value
	Filters []Filter `json:"filters,omitempty"` // security groups used by Ports
}

// VRF is one routing table (RFC 4364) with the addresses that the node itself
// answers for in it.
type VRF struct {
	Name    string   `json:"name"`              // the segment's name, or a service VRF's
	ID      uint32   `json:"id"`                // number on this node, from 1; kernel table number by an offset
	Subnets []Subnet `json:"subnets,omitempty"` // sorted by Prefix
	Routes  []Route  `json:"routes,omitempty"`  // sorted by Prefix
	Sets    []Set    `json:"sets,omitempty"`    // sorted by Name
}

// Subnet is an address range of a segment. The node answers ARP and ICMP for
// Gateway (.1) and Service (.2).
type Subnet struct {
	Prefix  netip.Prefix `json:"prefix"`
	Gateway netip.Addr   `json:"gateway"`
	Service netip.Addr   `json:"service"`
}

// Route leads to one next hop, or to several that share the load by flow (ECMP).
// A route without next hop is unreachable and says so by ICMP.
type Route struct {
	Prefix   netip.Prefix `json:"prefix"`
	NextHops []NextHop    `json:"nextHops"` // sorted
}

// NextHop is a local port, or a tunnel with the MPLS label that the far end
// expects (RFC 4023). Exactly one of Port and Tunnel is set.
type NextHop struct {
	Port   string     `json:"port,omitempty"`
	Tunnel netip.Addr `json:"tunnel,omitzero"`
	Label  uint32     `json:"label,omitempty"` // 16 to 1048575, only with Tunnel
}

// Set is the addresses in this VRF that belong to one security group, for rules
// whose remote is a group.
type Set struct {
	Name    string         `json:"name"`    // the security group
	Members []netip.Prefix `json:"members"` // sorted
}

// Port attaches one workload.
type Port struct {
	Name      string       `json:"name"`
	VRF       string       `json:"vrf"`
	Interface string       `json:"interface"` // at most 15 bytes, unique on the node
	MAC       string       `json:"mac,omitempty"`
	Addresses []netip.Addr `json:"addresses"` // sources that may be used; others are dropped
	Filters   []string     `json:"filters,omitempty"`

	// Prefixes are further sources that may be used: of a port that leads to a
	// network (an external router's static route) or has allowed address pairs.
	Prefixes []netip.Prefix `json:"prefixes,omitempty"`
}

// Label says where a packet with this incoming label goes: the label is popped
// and the packet looked up in VRF, where Port is what it was given out for.
type Label struct {
	Value uint32 `json:"value"`
	VRF   string `json:"vrf"`
	Port  string `json:"port"`
}

// Filter is one security group's allow rules. A port with no filter passes
// everything. A port with filters passes a new flow when any rule of any filter
// in that direction matches, and the replies of a passed flow.
type Filter struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules,omitempty"` // in the operator's order
}

// Direction is seen from the workload.
type Direction string

// Ingress is towards the workload, Egress away from it.
const (
	Ingress Direction = "in"
	Egress  Direction = "out"
)

// Protocol is an IP protocol that rules and probes name.
type Protocol string

// Protocols; Any matches every one.
const (
	Any  Protocol = "any"
	ICMP Protocol = "icmp" // ICMPv6 for IPv6 (RFC 792, RFC 4443)
	TCP  Protocol = "tcp"
	UDP  Protocol = "udp"
)

// Rule allows flows. Remote is a prefix or, where Set is given, the members of
// that set in the port's VRF; with neither, every address. Ports bound the
// destination port for TCP and UDP; 0, 0 is every port.
type Rule struct {
	Direction Direction    `json:"direction"`
	Protocol  Protocol     `json:"protocol"`
	PortFrom  uint16       `json:"portFrom,omitempty"`
	PortTo    uint16       `json:"portTo,omitempty"`
	Prefix    netip.Prefix `json:"prefix,omitzero"`
	Set       string       `json:"set,omitempty"`
}
