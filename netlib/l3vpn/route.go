package l3vpn

import (
	"net/netip"

	"github.com/fabricbook/fabricbook/netlib"
)

// Route is one VPN route, whoever originated it: a port of a node, a gateway's
// configuration or a BGP peer.
type Route struct {
	RD        Distinguisher        `json:"rd"`
	Prefix    netip.Prefix         `json:"prefix"`
	NextHop   netip.Addr           `json:"nextHop"` // tunnel address of the node or router behind which it lies
	Label     uint32               `json:"label"`
	Targets   []netlib.RouteTarget `json:"targets"` // sorted
	LocalPref uint32               `json:"localPref"`
	MED       uint32               `json:"med"`
	Origin    Origin               `json:"origin"`
	Segment   string               `json:"segment,omitempty"`        // origin segment, empty for routes from outside
	Port      string               `json:"port,omitempty"`           // originating port, empty for routes from outside
	Groups    []string             `json:"securityGroups,omitempty"` // of the originating port

	// What BGP adds; zero for routes of the fabric's own ports and configuration.
	Infeasible  bool         `json:"infeasible,omitempty"` // its next hop cannot be used
	Sequence    uint32       `json:"sequence,omitempty"`   // of MAC mobility (RFC 7432 section 7.7), higher is newer
	Stale       bool         `json:"stale,omitempty"`      // long-lived graceful restart (RFC 9494)
	ASPath      []uint32     `json:"asPath,omitempty"`
	Chain       bool         `json:"chain,omitempty"`       // re-originated by a service chain
	External    bool         `json:"external,omitempty"`    // learned by eBGP
	RouterID    netip.Addr   `json:"routerID,omitzero"`     // of the peer it was learned from; unset for local routes
	ClusterList []netip.Addr `json:"clusterList,omitempty"` // RFC 4456 section 8
}

// Local preference and MED of a port's address from which traffic was seen, and
// of one from which none was: a preferred route has the higher local preference
// and the lower MED.
const (
	SeenLocalPref   = 200
	SeenMED         = 100
	UnseenLocalPref = 100
	UnseenMED       = 200
)

const staticLocalPref = 100 // BGP's default

// FromPort is the route to a port's address. A port whose address the operator or
// the fabric fixed counts as seen. Exports are those of its segment's VRF, sorted.
func FromPort(p netlib.Port, s netlib.Segment, n netlib.Node, exports []netlib.RouteTarget) Route {
	return Route{
		RD:        Distinguisher{n.Tunnel, uint16(s.ID)},
		Prefix:    netip.PrefixFrom(p.Address, p.Address.BitLen()),
		NextHop:   n.Tunnel,
		Label:     p.Label,
		Targets:   exports,
		LocalPref: SeenLocalPref,
		MED:       SeenMED,
		Origin:    Incomplete,
		Segment:   s.Name,
		Port:      p.Name,
		Groups:    p.Groups,
	}
}

// FromStatic is a gateway's configured route. VRF is the number of its VRF there.
func FromStatic(g netlib.Gateway, s netlib.StaticRoute, vrf uint16) Route {
	return Route{
		RD:        Distinguisher{g.Tunnel, vrf},
		Prefix:    s.Prefix,
		NextHop:   g.Tunnel,
		Label:     s.Label,
		Targets:   s.Targets,
		LocalPref: staticLocalPref,
		Origin:    Incomplete,
	}
}

// Origin is BGP's ORIGIN (RFC 4271 section 5.1.1); lower is better.
type Origin uint8

// Values of Origin.
const (
	IGP Origin = iota
	EGP
	Incomplete
)

func (o Origin) String() string {
	switch o {
	case IGP:
		return "igp"
	case EGP:
		return "egp"
	}
	return "incomplete"
}
