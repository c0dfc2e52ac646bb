package netlib

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const ruleForm = "write it as `allow in tcp/22 from group mgmt-sg` or `allow out any to 0.0.0.0/0`"

// ParseRule reads the form that people write:
//
//	allow in tcp/22 from group mgmt-sg
//	allow in udp/5000-5010 from 10.0.0.0/8
//	allow in icmp from 172.31.9.34
//	allow out any to any
//
// The far end is a group, a prefix, one address, or any, also written anywhere
// (0.0.0.0/0).
func ParseRule(s string) (Rule, error) {
	bad := func(format string, args ...any) (Rule, error) {
		return Rule{}, fmt.Errorf("rule %q: "+format+"; "+ruleForm, append([]any{s}, args...)...)
	}
	w := strings.Fields(s)
	if len(w) == 0 || w[0] != "allow" {
		return bad("a rule begins with allow (groups hold nothing else)")
	}
	if len(w) < 5 {
		return bad("it has %d words, want 5 or 6", len(w))
	}
	r := Rule{Direction: Direction(w[1])}
	far := map[Direction]string{Ingress: "from", Egress: "to"}[r.Direction]
	if far == "" {
		return bad("direction %q is neither in nor out", w[1])
	}
	var err error
	if r.Protocol, r.PortFrom, r.PortTo, err = ParseProtocol(w[2]); err != nil {
		return bad("%v", err)
	}
	if w[3] != far {
		return bad("after `%s %s` comes %q, not %q", w[1], w[2], far, w[3])
	}
	switch {
	case w[4] == "group" && len(w) == 6:
		r.Group = w[5]
	case w[4] == "group":
		return bad("the group's name is missing or not one word")
	case len(w) > 5:
		return bad("%q is one word too many", w[5])
	case w[4] == "any" || w[4] == "anywhere":
		r.Prefix = Everywhere
	default:
		if r.Prefix, err = parseFarEnd(w[4]); err != nil {
			return bad("%v", err)
		}
	}
	return r, nil
}

func parseFarEnd(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("far end %q is no prefix; a group is written `group %s`", s, s)
	}
	return p, nil
}

// ParseProtocol reads any, icmp, tcp, udp, tcp/22 or tcp/8000-8080. Without
// ports, from and to are 0.
func ParseProtocol(s string) (p Protocol, from, to uint16, err error) {
	name, ports, cut := strings.Cut(s, "/")
	p = Protocol(name)
	switch {
	case p != Any && p != ICMP && p != TCP && p != UDP:
		return "", 0, 0, fmt.Errorf("protocol %q is unknown, use any, icmp, tcp or udp", name)
	case !cut:
		return p, 0, 0, nil
	case p == Any || p == ICMP:
		return "", 0, 0, fmt.Errorf("protocol %s has no ports, use tcp or udp", p)
	}
	a, b, ranged := strings.Cut(ports, "-")
	if !ranged {
		b = a
	}
	for _, n := range []struct {
		text string
		to   *uint16
	}{{a, &from}, {b, &to}} {
		v, err := strconv.ParseUint(n.text, 10, 16)
		if err != nil || v == 0 {
			return "", 0, 0, fmt.Errorf("port %q is not in 1 to 65535", n.text)
		}
		*n.to = uint16(v)
	}
	if from > to {
		return "", 0, 0, fmt.Errorf("port range %s runs backwards", ports)
	}
	return p, from, to, nil
}

// FormatProtocol writes what ParseProtocol reads.
func FormatProtocol(p Protocol, from, to uint16) string {
	switch {
	case from == 0 && to == 0:
		return string(p)
	case from == to || to == 0:
		return fmt.Sprintf("%s/%d", p, from)
	}
	return fmt.Sprintf("%s/%d-%d", p, from, to)
}

// String writes what ParseRule reads.
func (r Rule) String() string {
	word := "from"
	if r.Direction == Egress {
		word = "to"
	}
	far := "any"
	switch {
	case r.Group != "":
		far = "group " + r.Group
	case r.Prefix.IsSingleIP():
		far = r.Prefix.Addr().String()
	case r.Prefix != Everywhere:
		far = r.Prefix.String()
	}
	return fmt.Sprintf("allow %s %s %s %s", r.Direction, FormatProtocol(r.Protocol, r.PortFrom, r.PortTo), word, far)
}
