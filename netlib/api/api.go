package api

import (
	"net/netip"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
)

// Status is the fabric at a glance.
type Status struct {
	Version  string       `json:"version"`
	Revision uint64       `json:"revision"` // of the intent
	InForce  uint64       `json:"inForce"`  // the newest revision that every node has acknowledged
	Started  time.Time    `json:"started"`
	Store    string       `json:"store"` // "embedded" or the cluster's URLs
	Nodes    []NodeStatus `json:"nodes"`
	Counts   Counts       `json:"counts"`
	Problems []string     `json:"problems,omitempty"` // what is wrong, and what to do
}

// Counts is how many objects of each kind there are.
type Counts struct {
	Nodes          int `json:"nodes"`
	Segments       int `json:"segments"`
	Routers        int `json:"routers"`
	SecurityGroups int `json:"securityGroups"`
	Ports          int `json:"ports"`
	Gateways       int `json:"gateways"`
}

// NodeStatus is one node as its agent reports it.
type NodeStatus struct {
	Name      string     `json:"name"`
	Tunnel    netip.Addr `json:"tunnel"`
	Up        bool       `json:"up"`
	Dataplane string     `json:"dataplane"` // "sim" or "linux"
	Revision  uint64     `json:"revision"`  // acknowledged
	Error     string     `json:"error,omitempty"`
	Seen      time.Time  `json:"seen"`
	VRFs      int        `json:"vrfs"`
	Ports     int        `json:"ports"`
	Routes    int        `json:"routes"`
}

// PlanRequest asks what an edit would do.
type PlanRequest struct {
	Title string      `json:"title,omitempty"` // for people and the history
	Edit  netlib.Edit `json:"edit"`
}

// Plan is the effect of an edit on the fabric at Base, before it is applied. It
// is what a person reviews; Apply takes it as it is and refuses it when the
// intent has moved on from Base.
type Plan struct {
	Title    string         `json:"title,omitempty"`
	Base     uint64         `json:"base"` // revision that it was computed against
	Hash     string         `json:"hash"` // of Base and Edit, SHA-256 in hex
	Edit     netlib.Edit    `json:"edit"` // with addresses, labels and identifiers assigned
	Objects  []ObjectChange `json:"objects"`
	Nodes    []NodeChange   `json:"nodes"`
	Flows    []FlowChange   `json:"flows,omitempty"`    // who gains or loses reachability, ICMP and the ports that rules name
	FlowsCut int            `json:"flowsCut,omitempty"` // how many more there are beyond the first 1000
}

// Empty reports whether the plan changes nothing.
func (p Plan) Empty() bool { return len(p.Objects) == 0 }

// Action is what happens to an object.
type Action string

// Actions.
const (
	Create  Action = "create"
	Replace Action = "replace"
	Delete  Action = "delete"
)

// ObjectChange is one object of the intent that changes.
type ObjectChange struct {
	Action  Action     `json:"action"`
	Ref     netlib.Ref `json:"ref"`
	Summary string     `json:"summary"` // 10.0.11.0/24 -> 10.0.11.0/24, 10.0.21.0/24
}

// NodeChange counts what changes on one node and lists the first lines of it as
// the `ip` commands that an engineer would read.
type NodeChange struct {
	Node  string   `json:"node"`
	Adds  int      `json:"adds"`
	Dels  int      `json:"dels"`
	Lines []string `json:"lines,omitempty"` // "+ vrf dc-web 10.0.12.3/32 via 192.0.2.2 label 40"
	Cut   int      `json:"cut,omitempty"`   // lines left out
}

// FlowChange is a pair that newly can or no longer can talk.
type FlowChange struct {
	From   string `json:"from"` // port or gateway prefix
	To     string `json:"to"`
	Proto  string `json:"proto"` // "icmp", "tcp/22"
	Before bool   `json:"before"`
	After  bool   `json:"after"`
}

// Change is an applied plan and how far it is in force.
type Change struct {
	Revision uint64        `json:"revision"`
	Title    string        `json:"title,omitempty"`
	Applied  time.Time     `json:"applied"`
	Took     time.Duration `json:"took"` // store to the last acknowledgement, 0 until then
	Nodes    []NodeAck     `json:"nodes"`
}

// InForce reports whether every node forwards by the change.
func (c Change) InForce() bool {
	for _, n := range c.Nodes {
		if !n.Done || n.Error != "" {
			return false
		}
	}
	return true
}

// NodeAck is one node's acknowledgement of a revision.
type NodeAck struct {
	Node  string        `json:"node"`
	Done  bool          `json:"done"`
	Took  time.Duration `json:"took"`
	Error string        `json:"error,omitempty"`
}

// RouteRow is one path of a segment's VRF, seen from one node, or from the
// controller where Node is empty.
type RouteRow struct {
	Prefix    netip.Prefix         `json:"prefix"`
	Node      string               `json:"node,omitempty"` // node behind which the prefix lies; a gateway's name for outside routes
	NextHop   netip.Addr           `json:"nextHop"`        // its tunnel address
	Label     uint32               `json:"label"`
	Port      string               `json:"port,omitempty"` // workload that the label leads to
	Interface string               `json:"interface,omitempty"`
	Segment   string               `json:"segment,omitempty"` // origin
	LocalPref uint32               `json:"localPref"`
	MED       uint32               `json:"med"`
	Targets   []netlib.RouteTarget `json:"targets"`
	Best      bool                 `json:"best"`
	Origin    string               `json:"origin"` // "port", "static"
}

// RouteTable is a segment's VRF.
type RouteTable struct {
	Segment  string               `json:"segment"`
	Revision uint64               `json:"revision"`
	Import   []netlib.RouteTarget `json:"import"`
	Export   []netlib.RouteTarget `json:"export"`
	Routes   []RouteRow           `json:"routes"`
}

// Resolution follows a prefix of a VRF from one node down to the interface.
type Resolution struct {
	Segment string           `json:"segment"`
	From    string           `json:"from"` // node that forwards
	Prefix  netip.Prefix     `json:"prefix"`
	Steps   []ResolutionStep `json:"steps"`
}

// ResolutionStep is one line of a resolution.
type ResolutionStep struct {
	Node string `json:"node"`
	What string `json:"what"` // "vrf", "tunnel", "label", "interface"
	Text string `json:"text"` // label 40 -> vrf dc-db-network, port dc-db-1, interface tap-dc-db-1
}

// ProbeRequest asks for a ping or a TCP handshake. From and To are names of
// ports; To may also be an address or a gateway's host.
type ProbeRequest struct {
	From    string             `json:"from"`
	To      string             `json:"to"`
	Proto   dataplane.Protocol `json:"proto"`
	Port    uint16             `json:"port,omitempty"`    // TCP and UDP
	Count   int                `json:"count,omitempty"`   // default 3 for ICMP, 1 for TCP
	Timeout time.Duration      `json:"timeout,omitempty"` // for each packet, default 1 s
}

// Probe is how it ended: real packets on the dataplane.
type Probe struct {
	ProbeRequest
	FromAddr netip.Addr            `json:"fromAddr"`
	ToAddr   netip.Addr            `json:"toAddr"`
	Result   dataplane.ProbeResult `json:"result"`
}

// OK reports whether at least one packet was answered.
func (p Probe) OK() bool { return p.Result.Received > 0 }

// Trace is the path of one packet as the installed States forward it, with the
// reason at each hop. Computed, not measured.
type Trace struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Proto   string `json:"proto"` // "icmp", "tcp/22"
	Allowed bool   `json:"allowed"`
	Hops    []Hop  `json:"hops"`
	Reason  string `json:"reason"` // of the verdict, one sentence
}

// Hop is one step of a trace.
type Hop struct {
	Node   string `json:"node"`
	Step   string `json:"step"` // "port", "filter", "vrf", "tunnel", "label", "deliver", "drop"
	Detail string `json:"detail"`
	OK     bool   `json:"ok"`
}

// MatrixRequest asks who reaches whom. Empty Names means every port and every
// gateway prefix. Live sends packets; otherwise it is computed.
type MatrixRequest struct {
	Names  []string `json:"names,omitempty"`
	Protos []string `json:"protos"` // "icmp", "tcp/22"
	Live   bool     `json:"live,omitempty"`
}

// Matrix is one verdict for each ordered pair and protocol.
type Matrix struct {
	Names  []string      `json:"names"`
	Protos []string      `json:"protos"`
	Cells  []Cell        `json:"cells"` // From-major, then To, then Proto
	Live   bool          `json:"live"`
	Took   time.Duration `json:"took"`
}

// Cell is one entry of a matrix.
type Cell struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Proto   string `json:"proto"`
	Allowed bool   `json:"allowed"`           // computed from the States
	Reached bool   `json:"reached"`           // measured; only with Live
	Refused bool   `json:"refused,omitempty"` // reached, and the host said that nothing listens on the port
	Reason  string `json:"reason"`
}

// PortRow is a port with what is known of it at run time.
type PortRow struct {
	netlib.Port
	Interface string                 `json:"interface"`
	Up        bool                   `json:"up"`
	Counters  dataplane.PortCounters `json:"counters"`
}
