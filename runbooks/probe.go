package runbooks

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Probe is how real packets fared on the dataplane. OK reports whether any was
// answered.
type Probe struct{ api.Probe }

// Trace is the path of one packet with the reason at each hop, computed from
// what is installed.
type Trace struct{ api.Trace }

// Ping sends three ICMP echoes from a workload to a workload, an address or a
// host behind a gateway.
func (f *Fabric) Ping(from, to string) *Probe { return f.probe("ping", from, to, ICMP()) }

// Check sends one probe of the given traffic, for TCP(22) a handshake.
func (f *Fabric) Check(from, to string, t Traffic) *Probe { return f.probe("check", from, to, t) }

func (f *Fabric) probe(what, from, to string, t Traffic) *Probe {
	verb, req := f.request(what, from, to, t)
	p := &Probe{}
	f.do(verb, func(ctx context.Context) (err error) {
		p.Probe, err = f.service.Probe(ctx, req)
		return err
	})
	return p
}

// Trace follows one packet hop by hop: port, verdict of the security groups with
// the rule, VRF, route, label pushed, tunnel, label popped, port.
func (f *Fabric) Trace(from, to string, t Traffic) *Trace {
	verb, req := f.request("trace", from, to, t)
	out := &Trace{}
	f.do(verb, func(ctx context.Context) (err error) {
		out.Trace, err = f.service.Trace(ctx, req)
		return err
	})
	return out
}

// request checks both ends, so that a wrong name is an error with the right one
// beside it.
func (f *Fabric) request(what, from, to string, t Traffic) (verb string, req api.ProbeRequest) {
	verb = fmt.Sprintf("%s %s to %s %s", what, from, to, t)
	must(verb, t.single())
	intent := f.intent(verb)
	names := endpoints(intent)
	if ports := portNames(intent); !contains(ports, from) {
		panic(unknown(verb, "workload", from, ports))
	}
	if _, err := destinationPrefix(intent, to); err != nil && !contains(names, to) {
		panic(unknown(verb, "workload, address or outside host", to, names))
	}
	req = api.ProbeRequest{From: from, To: to, Proto: "icmp"}
	if t.Protocol == "tcp" {
		req.Proto, req.Port = "tcp", uint16(t.First)
	}
	return verb, req
}

func portNames(intent netlib.Fabric) []string {
	names := make([]string, len(intent.Ports))
	for i, p := range intent.Ports {
		names[i] = p.Name
	}
	return names
}

// endpoints is every workload and every named host behind a gateway.
func endpoints(intent netlib.Fabric) []string {
	names := portNames(intent)
	for _, g := range intent.Gateways {
		for _, r := range g.Static {
			names = append(names, hostName(g, r))
		}
	}
	return names
}

func hostName(g netlib.Gateway, r netlib.StaticRoute) string {
	if r.Name != "" {
		return r.Name
	}
	return g.Name + "/" + r.Prefix.String()
}

func (p *Probe) traffic() string {
	if p.Port != 0 {
		return fmt.Sprintf("%s/%d", p.Proto, p.Port)
	}
	return string(p.Proto)
}

func (p *Probe) card() show.Card {
	c := show.Card{Title: fmt.Sprintf("%s → %s  %s", end(p.From, address(p.FromAddr)), end(p.To, address(p.ToAddr)), p.traffic())}
	r := p.Result
	answered := fmt.Sprintf("%d of %d answered", r.Received+r.Refused, r.Sent)
	switch {
	case r.Received == 0 && r.Refused > 0:
		c.Tone, c.Badge = show.Pending, show.Badge(show.Pending, "reached, refused")
		answered += ", with a refusal: the host is reached, and nothing listens on that port"
		c.Blocks = []show.Block{show.Line{show.Words(answered)}}
		return c
	case r.Received == 0:
		c.Tone, c.Badge = show.Bad, show.Badge(show.Bad, "not reached")
	case r.Received < r.Sent:
		c.Tone, c.Badge = show.Pending, show.Badge(show.Pending, "losses")
	default:
		c.Tone, c.Badge = show.Good, show.Badge(show.Good, "reached")
	}
	if len(r.Times) > 0 {
		answered += ", round trip " + spread(r.Times)
	}
	if r.Reason != "" && r.Received < r.Sent {
		answered += ": " + r.Reason
	}
	c.Blocks = []show.Block{show.Line{show.Words(answered)}}
	if r.Received == 0 {
		c.Blocks = append(c.Blocks, show.Line{show.Quiet("why: "),
			hint(fmt.Sprintf("fab.Trace(%q, %q, %s)", p.From, p.To, p.verb()), fmt.Sprintf("fabricbook trace %s %s %s", p.From, p.To, p.traffic()))})
	}
	return c
}

func (p *Probe) verb() string {
	if p.Proto == "tcp" {
		return fmt.Sprintf("TCP(%d)", p.Port)
	}
	return "ICMP()"
}

// end is a name with its address, once where they are the same.
func end(name, addr string) string {
	if addr == "" || addr == name {
		return name
	}
	return name + " (" + addr + ")"
}

// spread is least/mean/most of round trips.
func spread(times []time.Duration) string {
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	if len(times) == 1 {
		return duration(sum)
	}
	return fmt.Sprintf("%s / %s / %s (least, mean, most)", duration(slices.Min(times)), duration(sum/time.Duration(len(times))), duration(slices.Max(times)))
}

func (t *Trace) card() show.Card {
	c := show.Card{Tone: show.Good, Title: fmt.Sprintf("%s → %s  %s", t.From, t.To, t.Proto), Badge: show.Badge(show.Good, "passes"), Note: "computed from what is installed"}
	if !t.Allowed {
		c.Tone, c.Badge = show.Bad, show.Badge(show.Bad, "does not pass")
	}
	if t.Reason != "" {
		c.Blocks = append(c.Blocks, show.Line{show.Words(t.Reason)})
	}
	var rows [][]show.Span
	for i, h := range t.Hops {
		verdict := show.Span{Tone: show.Good}
		if !h.OK {
			verdict = show.Span{Text: "stops here", Tone: show.Bad}
		}
		rows = append(rows, []show.Span{show.Quiet(strconv.Itoa(i + 1)), show.Bold(h.Node), verdict, show.Words(h.Step), show.Mono(h.Detail)})
	}
	if len(rows) > 0 {
		c.Blocks = append(c.Blocks, show.Table{Head: []string{"", "at", "", "step", ""}, Rows: rows, Wrap: true})
	}
	return c
}

// HTML is the probe as a card.
func (p *Probe) HTML() string { return p.card().HTML() }

// String is the probe as text.
func (p *Probe) String() string { return p.card().Text() }

// HTML is the trace, hop by hop.
func (t *Trace) HTML() string { return t.card().HTML() }

// String is the trace as text.
func (t *Trace) String() string { return t.card().Text() }
