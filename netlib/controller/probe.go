package controller

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/verify"
)

// Bounds of probes.
const (
	maxCount     = 100
	maxTimeout   = 10 * time.Second
	probeTime    = time.Minute // of one request
	probeSlack   = 2 * time.Second
	liveAtOnce   = 128                    // probes of one live matrix under way
	liveTimeout  = time.Second            // of a packet that should arrive, by the computed verdict
	deniedTime   = 300 * time.Millisecond // of one that should not
	maxLiveCells = 20_000
)

// endpoint is where probes start or end: a workload's port, or a host behind a
// gateway of the simulated fabric.
type endpoint struct {
	node string // or gateway
	port string // on that node
	addr netip.Addr
}

// find is the endpoint of a port's or gateway host's name.
func find(f netlib.Fabric, name string) (endpoint, bool) {
	if p, ok := f.Port(name); ok {
		return endpoint{p.Node, p.Name, p.Address}, true
	}
	g, s, ok := f.Static(name)
	if !ok {
		return endpoint{}, false
	}
	e := endpoint{node: g.Name, port: g.Host(s)}
	if a := compile.HostAddresses(s.Prefix); len(a) > 0 {
		e.addr = a[0]
	}
	return e, true
}

// probe sends real packets.
func (c *Controller) probe(ctx context.Context, req api.ProbeRequest) (api.Probe, error) {
	f := c.current.Load().Fabric()
	from, to, err := endpoints(f, req)
	if err != nil {
		return api.Probe{}, err
	}
	if err := completeProbe(&req); err != nil {
		return api.Probe{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, min(probeTime, time.Duration(req.Count)*req.Timeout+probeSlack))
	defer cancel()
	result, err := c.fleet.probe(ctx, from.node, dataplane.Probe{
		Port: from.port, To: to, Protocol: req.Proto, DstPort: req.Port, Count: req.Count, Timeout: req.Timeout,
	})
	if err != nil {
		return api.Probe{}, fmt.Errorf("probe from %s on node %s: %w", req.From, from.node, err)
	}
	return api.Probe{ProbeRequest: req, FromAddr: from.addr, ToAddr: to, Result: result}, nil
}

func endpoints(f netlib.Fabric, req api.ProbeRequest) (from endpoint, to netip.Addr, err error) {
	if from, err = named(f, "from", req.From, "name a port"); err != nil {
		return from, to, err
	}
	if to, err := netip.ParseAddr(req.To); err == nil {
		return from, to, nil
	}
	far, err := named(f, "to", req.To, "name a port or write an address")
	return from, far.addr, err
}

func named(f netlib.Fabric, field, name, fix string) (endpoint, error) {
	e, ok := find(f, name)
	switch {
	case !ok:
		return e, &inputError{netlib.Problem{Field: field, Detail: fmt.Sprintf("there is no port or outside host %q", name), Fix: fix + "; " + known(f, netlib.KindPort, name)}}
	case !e.addr.IsValid():
		return e, &inputError{netlib.Problem{Field: field, Detail: fmt.Sprintf("%q stands for a default route and has no address of its own", name), Fix: "name a host route or write an address"}}
	}
	return e, nil
}

// completeProbe fills in defaults and refuses what no agent should be asked for.
func completeProbe(req *api.ProbeRequest) error {
	if req.Proto == "" {
		req.Proto = dataplane.ICMP
	}
	if req.Count == 0 {
		req.Count = map[bool]int{true: 3, false: 1}[req.Proto == dataplane.ICMP]
	}
	if req.Timeout == 0 {
		req.Timeout = time.Second
	}
	switch {
	case req.Proto != dataplane.ICMP && req.Proto != dataplane.TCP:
		return &inputError{netlib.Problem{Field: "proto", Detail: fmt.Sprintf("%q cannot be probed", req.Proto), Fix: "use icmp or tcp"}}
	case req.Proto == dataplane.TCP && req.Port == 0:
		return &inputError{netlib.Problem{Field: "port", Detail: "a TCP probe needs a destination port", Fix: "give one from 1 to 65535, for example 22"}}
	case req.Proto == dataplane.ICMP && req.Port != 0:
		return &inputError{netlib.Problem{Field: "port", Detail: "ICMP has no ports", Fix: "leave it out, or use tcp"}}
	case req.Count < 1 || req.Count > maxCount:
		return &inputError{netlib.Problem{Field: "count", Detail: strconv.Itoa(req.Count) + " packets", Fix: fmt.Sprintf("send 1 to %d", maxCount)}}
	case req.Timeout < time.Millisecond || req.Timeout > maxTimeout:
		return &inputError{netlib.Problem{Field: "timeout", Detail: req.Timeout.String() + " for a packet", Fix: "wait 1ms to " + maxTimeout.String()}}
	}
	return nil
}

// matrix is the computed verdict of every pair and, where Live, what packets met.
func (c *Controller) matrix(ctx context.Context, req api.MatrixRequest) (api.Matrix, error) {
	started := time.Now()
	now := c.current.Load()
	m, err := verify.Matrix(now, req)
	if err != nil {
		return api.Matrix{}, err
	}
	m.Live = req.Live
	if req.Live {
		if len(m.Cells) > maxLiveCells {
			return api.Matrix{}, &inputError{netlib.Problem{Field: "names", Detail: fmt.Sprintf("%d probes are more than the %d of one live matrix", len(m.Cells), maxLiveCells), Fix: "name fewer ports, or compute it without packets"}}
		}
		if err := c.measure(ctx, now, m.Cells); err != nil {
			return api.Matrix{}, err
		}
	}
	m.Took = time.Since(started)
	return m, nil
}

// measure sets Reached of each cell by packets, many at once. A packet that should
// arrive gets a second chance with more time before it counts as lost, so that a
// busy machine does not look like a broken fabric.
func (c *Controller) measure(ctx context.Context, now *compile.Compiled, cells []api.Cell) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(liveAtOnce)
	for i := range cells {
		group.Go(func() error {
			cell := &cells[i]
			timeout := deniedTime
			if cell.Allowed {
				timeout = liveTimeout
			}
			why, err := c.reach(ctx, now.Fabric(), cell, timeout)
			if err == nil && cell.Allowed && !cell.Reached {
				why, err = c.reach(ctx, now.Fabric(), cell, 3*timeout)
			}
			if err != nil {
				return err
			}
			if cell.Reached && !cell.Allowed && verify.Elsewhere(now, cell.From, cell.To) {
				cell.Reached, cell.Refused = false, false
				cell.Reason += "; what answers is not " + cell.To
			}
			if cell.Reached != cell.Allowed {
				cell.Reason += "; measured otherwise: " + why
			}
			return nil
		})
	}
	return group.Wait()
}

// reach sends one packet and writes into the cell whether its host had it. A host
// that refuses a connection was reached: what the fabric does with a packet does not
// depend on what listens behind it.
func (c *Controller) reach(ctx context.Context, f netlib.Fabric, cell *api.Cell, timeout time.Duration) (why string, err error) {
	proto, port, err := measurable(cell.Proto)
	if err != nil {
		return "", err
	}
	from, to, err := endpoints(f, api.ProbeRequest{From: cell.From, To: cell.To})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime) // includes waiting for its turn on the node
	defer cancel()
	r, err := c.fleet.probe(ctx, from.node, dataplane.Probe{Port: from.port, To: to, Protocol: proto, DstPort: port, Count: 1, Timeout: timeout})
	if err != nil {
		return "", fmt.Errorf("probe %s from %s to %s: %w", cell.Proto, cell.From, cell.To, err)
	}
	cell.Refused = r.Received == 0 && r.Refused > 0
	cell.Reached = r.Received > 0 || cell.Refused
	switch {
	case r.Received > 0:
		why = "answered"
	case r.Reason != "":
		why = r.Reason
	default:
		why = "no answer"
	}
	return why, nil
}

// measurable reads "icmp" or "tcp/22".
func measurable(s string) (dataplane.Protocol, uint16, error) {
	p, port, err := verify.ParseProto(s)
	if err == nil && p != dataplane.ICMP && p != dataplane.TCP {
		err = fmt.Errorf("%q can be computed but not measured", s)
	}
	if err != nil {
		return "", 0, &inputError{netlib.Problem{Field: "protos", Detail: err.Error(), Fix: `use "icmp" or "tcp/PORT", for example "tcp/22"`}}
	}
	return p, port, nil
}
