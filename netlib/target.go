package netlib

import (
	"fmt"
	"strconv"
	"strings"
)

// FirstAutomaticTarget is the lowest second half of a target that the fabric
// gives out itself; operators use lower ones in the fabric's own ASN.
const FirstAutomaticTarget = 8_000_000

// FirstAutomaticTarget4 is the same where the ASN takes four bytes.
const FirstAutomaticTarget4 = 8_000

// maxASN2 is the highest ASN of two bytes (RFC 6793).
const maxASN2 = 65535

// RouteTarget is a route target extended community (RFC 4360 section 4) with a
// 2-byte ASN and a 4-byte number, or a 4-byte ASN and a 2-byte number (RFC 5668).
type RouteTarget struct {
	ASN    uint32
	Number uint32
}

// ParseRouteTarget reads "64512:201".
func ParseRouteTarget(s string) (RouteTarget, error) {
	a, n, ok := strings.Cut(s, ":")
	if !ok {
		return RouteTarget{}, fmt.Errorf("route target %q: want ASN:NUMBER, for example 64512:201", s)
	}
	asn, err := strconv.ParseUint(a, 10, 32)
	if err != nil || asn == 0 {
		return RouteTarget{}, fmt.Errorf("route target %q: ASN %q is not a number from 1 to 4294967295", s, a)
	}
	bits, limit := 32, "4294967295"
	if asn > 65535 {
		bits, limit = 16, "65535"
	}
	num, err := strconv.ParseUint(n, 10, bits)
	if err != nil {
		return RouteTarget{}, fmt.Errorf("route target %q: number %q is not in 0 to %s", s, n, limit)
	}
	return RouteTarget{uint32(asn), uint32(num)}, nil
}

func (t RouteTarget) String() string { return fmt.Sprintf("%d:%d", t.ASN, t.Number) }

// MarshalText writes the form that ParseRouteTarget reads.
func (t RouteTarget) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads ASN:NUMBER.
func (t *RouteTarget) UnmarshalText(b []byte) (err error) {
	*t, err = ParseRouteTarget(string(b))
	return err
}

// Compare orders targets by ASN, then number.
func (t RouteTarget) Compare(u RouteTarget) int {
	if t.ASN != u.ASN {
		return cmp(t.ASN, u.ASN)
	}
	return cmp(t.Number, u.Number)
}

func cmp(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
