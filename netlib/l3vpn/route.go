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
}

// Distinguisher is a route distinguisher of type 1: the node's tunnel address
// and the VRF's number on that node (RFC 4364 section 4.2).
type Distinguisher struct {
	Address netip.Addr
	Number  uint16
}

// Origin is BGP's ORIGIN (RFC 4271 section 5.1.1); lower is better.
type Origin uint8

// Values of Origin.
const (
	IGP Origin = iota
	EGP
	Incomplete
)
