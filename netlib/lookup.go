package netlib

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
)

// Node returns the node of that name.
func (f Fabric) Node(name string) (Node, bool) { return find(f.Nodes, name) }

// Segment returns the segment of that name.
func (f Fabric) Segment(name string) (Segment, bool) { return find(f.Segments, name) }

// Router returns the router of that name.
func (f Fabric) Router(name string) (Router, bool) { return find(f.Routers, name) }

// Group returns the security group of that name.
func (f Fabric) Group(name string) (SecurityGroup, bool) { return find(f.Groups, name) }

// Port returns the port of that name.
func (f Fabric) Port(name string) (Port, bool) { return find(f.Ports, name) }

// Gateway returns the gateway of that name.
func (f Fabric) Gateway(name string) (Gateway, bool) { return find(f.Gateways, name) }

// Static returns the static route whose host has that name, and its gateway.
func (f Fabric) Static(host string) (Gateway, StaticRoute, bool) {
	for _, g := range f.Gateways {
		for _, s := range g.Static {
			if g.Host(s) == host {
				return g, s, true
			}
		}
	}
	return Gateway{}, StaticRoute{}, false
}

// Host is the name by which people and probes know what lies behind s: its own,
// or GATEWAY/PREFIX.
func (g Gateway) Host(s StaticRoute) string {
	if s.Name != "" {
		return s.Name
	}
	return g.Name + "/" + s.Prefix.String()
}

// search finds name in a slice sorted by name.
func search[T object[T]](s []T, name string) (int, bool) {
	return slices.BinarySearchFunc(s, name, func(o T, name string) int { return strings.Compare(o.key(), name) })
}

func find[T object[T]](s []T, name string) (T, bool) {
	if i, ok := search(s, name); ok {
		return s[i], true
	}
	var zero T
	return zero, false
}

const (
	interfaceMax    = 15 // IFNAMSIZ less the terminating zero
	interfacePrefix = "tap-"
	interfaceShort  = interfaceMax - len(interfacePrefix) - 1 // shorter than every hashed name
	interfaceHash   = 7                                       // base32 digits, 35 bits
)

var interfaceDigits = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// InterfaceName is the name of a port's network interface: at most 15 bytes, and
// different for different ports. A short name is kept whole behind "tap-"; of a
// long one the beginning stays, followed by a hash. (Apply refuses the rare two
// ports of one node whose hashes agree.)
func InterfaceName(port string) string {
	plain := len(port) > 0 && !strings.ContainsFunc(port, func(r rune) bool { return !nameRune(r) })
	if plain && len(port) <= interfaceShort {
		return interfacePrefix + port
	}
	sum := sha256.Sum256([]byte(port))
	head := make([]byte, 0, interfaceMax)
	head = append(head, interfacePrefix...)
	for _, r := range port {
		if len(head) == interfaceMax-interfaceHash {
			break
		}
		if nameRune(r) {
			head = append(head, byte(r))
		}
	}
	for len(head) < interfaceMax-interfaceHash {
		head = append(head, 'x')
	}
	return string(head) + interfaceDigits.EncodeToString(sum[:5])[:interfaceHash]
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-'
}
