package runbooks

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
)

// Traffic is a protocol and, for TCP and UDP, its destination ports.
type Traffic struct {
	Protocol string // "icmp", "tcp", "udp", "any"
	First    int    // lowest destination port, 0 where the protocol has none or every one is meant
	Last     int    // highest destination port
}

// TCP is one TCP destination port, 1 to 65535.
func TCP(port int) Traffic { return Traffic{"tcp", port, port} }

// TCPRange is TCP destination ports from first to last, both included.
func TCPRange(first, last int) Traffic { return Traffic{"tcp", first, last} }

// UDP is one UDP destination port, 1 to 65535.
func UDP(port int) Traffic { return Traffic{"udp", port, port} }

// UDPRange is UDP destination ports from first to last, both included.
func UDPRange(first, last int) Traffic { return Traffic{"udp", first, last} }

// ICMP is ping and everything else of ICMP, for IPv6 ICMPv6.
func ICMP() Traffic { return Traffic{Protocol: "icmp"} }

// AnyProtocol is all traffic.
func AnyProtocol() Traffic { return Traffic{Protocol: "any"} }

// ParseTraffic reads what String writes: icmp, any, tcp/22, udp/53, tcp/8000-8080.
func ParseTraffic(s string) (Traffic, error) {
	proto, ports, hasPorts := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "/")
	t := Traffic{Protocol: proto}
	if hasPorts {
		first, last, isRange := strings.Cut(ports, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		if errA != nil || errB != nil {
			return Traffic{}, fmt.Errorf("%q: port %q is not a number; write tcp/22 or tcp/8000-8080", s, ports)
		}
		t.First, t.Last = a, b
	} else if proto == "tcp" || proto == "udp" {
		return Traffic{}, fmt.Errorf("%q names no port; write %s/22", s, proto)
	}
	return t, t.check()
}

// String is the form in files and on the command line: icmp, tcp/22.
func (t Traffic) String() string {
	switch {
	case t.First == 0 && t.Last == 0:
		return t.Protocol
	case t.First == t.Last:
		return fmt.Sprintf("%s/%d", t.Protocol, t.First)
	}
	return fmt.Sprintf("%s/%d-%d", t.Protocol, t.First, t.Last)
}

func (t Traffic) check() error {
	switch t.Protocol {
	case "icmp", "any":
		if t.First != 0 || t.Last != 0 {
			return fmt.Errorf("%s has no ports; write %s alone", t.Protocol, t.Protocol)
		}
	case "tcp", "udp":
		if t.First < 1 || t.Last > 65535 || t.First > t.Last {
			return fmt.Errorf("%s: a port is from 1 to 65535, and a range goes upwards", t)
		}
	default:
		return fmt.Errorf("protocol %q is unknown; use icmp, tcp/PORT, udp/PORT or any", t.Protocol)
	}
	return nil
}

// single checks that t is one thing that a probe can send.
func (t Traffic) single() error {
	if err := t.check(); err != nil {
		return err
	}
	if t.Protocol == "any" || t.Protocol == "udp" || t.First != t.Last {
		return fmt.Errorf("%s cannot be sent as one packet; use ICMP() or TCP(port)", t)
	}
	return nil
}

// Peer is the far end of a rule: who may come in (From...) or be gone to (To...).
type Peer struct {
	Direction netlib.Direction
	Prefixes  []string
	Groups    []string
	Anywhere  bool
}

// FromGroup is whoever is a member of one of these security groups.
func FromGroup(names ...string) Peer { return Peer{Direction: netlib.Ingress, Groups: names} }

// FromPrefix is these addresses or prefixes: "172.31.9.34", "10.0.0.0/8".
func FromPrefix(prefixes ...string) Peer {
	return Peer{Direction: netlib.Ingress, Prefixes: prefixes}
}

// FromAnywhere is every address.
func FromAnywhere() Peer { return Peer{Direction: netlib.Ingress, Anywhere: true} }

// ToGroup is members of one of these security groups, for traffic going out.
func ToGroup(names ...string) Peer { return Peer{Direction: netlib.Egress, Groups: names} }

// ToPrefix is these addresses or prefixes, for traffic going out.
func ToPrefix(prefixes ...string) Peer { return Peer{Direction: netlib.Egress, Prefixes: prefixes} }

// ToAnywhere is every address, for traffic going out.
func ToAnywhere() Peer { return Peer{Direction: netlib.Egress, Anywhere: true} }

// Rule allows traffic between the members of a security group and peers.
// Replies always pass.
type Rule struct {
	Traffic Traffic
	Peers   []Peer
}

// Allow makes a rule: Allow(TCP(22), FromGroup("mgmt-sg"), FromPrefix("10.0.0.0/8")).
func Allow(t Traffic, peers ...Peer) Rule { return Rule{t, peers} }

// expand gives the rule's parts, one for each prefix and group.
func (r Rule) expand() ([]netlib.Rule, error) {
	if err := r.Traffic.check(); err != nil {
		return nil, err
	}
	if len(r.Peers) == 0 {
		return nil, fmt.Errorf("Allow(%s) names nobody; add FromGroup, FromPrefix or FromAnywhere()", r.Traffic)
	}
	var out []netlib.Rule
	for _, p := range r.Peers {
		base := netlib.Rule{Direction: p.Direction, Protocol: netlib.Protocol(r.Traffic.Protocol), PortFrom: uint16(r.Traffic.First), PortTo: uint16(r.Traffic.Last)}
		for _, g := range p.Groups {
			rule := base
			rule.Group = g
			out = append(out, rule)
		}
		prefixes, err := p.prefixes()
		if err != nil {
			return nil, err
		}
		for _, prefix := range prefixes {
			rule := base
			rule.Prefix = prefix
			out = append(out, rule)
		}
	}
	return out, nil
}

func (p Peer) prefixes() (out []netip.Prefix, err error) {
	if p.Anywhere {
		return []netip.Prefix{anywhere}, nil
	}
	if len(p.Prefixes)+len(p.Groups) == 0 {
		return nil, fmt.Errorf("a rule names an empty list of peers; name one, or use FromAnywhere()")
	}
	for _, s := range p.Prefixes {
		prefix, err := parsePrefix(s)
		if err != nil {
			return nil, err
		}
		out = append(out, prefix)
	}
	return out, nil
}

// anywhere is every address of what the fabric carries.
var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// parsePrefix reads 10.0.12.0/24, or 10.0.12.4 as 10.0.12.4/32.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither a prefix nor an address; write 10.0.12.0/24 or 10.0.12.4", s)
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s has bits beyond its length; write %s", p, p.Masked())
	}
	return p, nil
}
