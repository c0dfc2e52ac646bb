package l3vpn

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Distinguisher is a route distinguisher of type 1: the node's tunnel address
// and the VRF's number on that node (RFC 4364 section 4.2).
type Distinguisher struct {
	Address netip.Addr // IPv4
	Number  uint16
}

// ParseDistinguisher reads "192.0.2.1:3".
func ParseDistinguisher(s string) (Distinguisher, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Distinguisher{}, fmt.Errorf("route distinguisher %q: want ADDRESS:NUMBER, for example 192.0.2.1:3", s)
	}
	a, err := netip.ParseAddr(s[:i])
	if err != nil || !a.Is4() {
		return Distinguisher{}, fmt.Errorf("route distinguisher %q: %q is not an IPv4 address", s, s[:i])
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil {
		return Distinguisher{}, fmt.Errorf("route distinguisher %q: %q is not a number from 0 to 65535", s, s[i+1:])
	}
	return Distinguisher{a, uint16(n)}, nil
}

func (d Distinguisher) String() string {
	if !d.Address.IsValid() {
		return ""
	}
	return fmt.Sprintf("%s:%d", d.Address, d.Number)
}

// MarshalText writes the form that ParseDistinguisher reads; the zero value is
// empty.
func (d Distinguisher) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads ADDRESS:NUMBER or nothing.
func (d *Distinguisher) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = Distinguisher{}
		return nil
	}
	*d, err = ParseDistinguisher(string(b))
	return err
}

// Compare orders distinguishers by address, then number.
func (d Distinguisher) Compare(e Distinguisher) int {
	if c := d.Address.Compare(e.Address); c != 0 {
		return c
	}
	return cmp.Compare(d.Number, e.Number)
}
