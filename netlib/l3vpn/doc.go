// Package l3vpn is BGP/MPLS VPN routing (RFC 4364) as pure functions: route
// targets, VRF tables, best path. It must not know where routes come from.
package l3vpn
