package verify

import (
	"fmt"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
)

// ParseProto reads "icmp", "tcp/22" or "udp/53".
func ParseProto(s string) (dataplane.Protocol, uint16, error) {
	p, from, to, err := netlib.ParseProtocol(s)
	switch {
	case err != nil:
		return "", 0, err
	case p == netlib.Any:
		return "", 0, fmt.Errorf("%q is no protocol of one packet", s)
	case p != netlib.ICMP && from == 0:
		return "", 0, fmt.Errorf("%q names no port", s)
	case from != to:
		return "", 0, fmt.Errorf("%q names several ports", s)
	}
	return dataplane.Protocol(p), from, nil
}

// FormatProto writes what ParseProto reads; TCP or UDP with port 0 stands for
// the ports that no rule names and is written without one.
func FormatProto(p dataplane.Protocol, port uint16) string {
	return netlib.FormatProtocol(netlib.Protocol(p), port, port)
}

func problem(field, detail, fix string) error {
	return &netlib.Error{Problems: []netlib.Problem{{Field: field, Detail: detail, Fix: fix}}}
}
