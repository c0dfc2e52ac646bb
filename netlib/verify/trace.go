package verify

import (
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// Trace follows one packet and its answer. From is a port or a host behind a
// gateway; To may also be an address. The error is a *netlib.Error that names
// what in the request cannot be.
func Trace(c *compile.Compiled, req api.ProbeRequest) (api.Trace, error) {
	if _, _, err := ParseProto(FormatProto(req.Proto, req.Port)); err != nil {
		return api.Trace{}, problem("proto", err.Error(), "use icmp, or tcp or udp with a port")
	}
	src, err := source(c, "from", req.From)
	if err != nil {
		return api.Trace{}, err
	}
	dst, err := destination(c, "to", req.To)
	if err != nil {
		return api.Trace{}, err
	}
	w := newWalker(c)
	w.told = true
	allowed := w.reach(src, dst, req.Proto, req.Port)
	return api.Trace{
		From: req.From, To: req.To, Proto: FormatProto(req.Proto, req.Port),
		Allowed: allowed, Hops: w.hops, Reason: w.reason(),
	}, nil
}
