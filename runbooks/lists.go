package runbooks

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Segments is every segment, sorted by name.
type Segments struct {
	Rows   []netlib.Segment
	intent netlib.Fabric
}

// Routers is every router, sorted by name.
type Routers struct{ Rows []netlib.Router }

// Groups is every security group, sorted by name.
type Groups struct {
	Rows  []netlib.SecurityGroup
	ports []netlib.Port
}

// Gateways is every external router, sorted by name.
type Gateways struct{ Rows []netlib.Gateway }

// Ports is every port with what is known of it at run time, sorted by name.
type Ports struct{ Rows []api.PortRow }

// Nodes is every node as its agent reports it, sorted by name.
type Nodes struct {
	Rows   []api.NodeStatus
	status *Status
}

// Segments lists the virtual networks.
func (f *Fabric) Segments() *Segments {
	intent := f.intent("segments")
	return &Segments{intent.Segments, intent}
}

// Routers lists the routers and the segments that they join.
func (f *Fabric) Routers() *Routers { return &Routers{f.intent("routers").Routers} }

// Groups lists the security groups and their rules.
func (f *Fabric) Groups() *Groups {
	intent := f.intent("groups")
	return &Groups{intent.Groups, intent.Ports}
}

// Gateways lists the external routers and what lies behind them.
func (f *Fabric) Gateways() *Gateways { return &Gateways{f.intent("gateways").Gateways} }

// Ports lists the workloads' ports with address, label, interface and counters.
func (f *Fabric) Ports() *Ports {
	var rows []api.PortRow
	f.do("ports", func(ctx context.Context) (err error) {
		rows, err = f.service.Ports(ctx)
		return err
	})
	return &Ports{rows}
}

// Nodes lists the nodes.
func (f *Fabric) Nodes() *Nodes {
	s := f.Status()
	return &Nodes{s.Nodes, s}
}

func list(title string, n int, noun string, t show.Table, none ...show.Span) show.Card {
	c := show.Card{Title: title, Note: count(n, noun)}
	if n == 0 {
		c.Blocks = []show.Block{show.Line(append([]show.Span{show.Quiet("none ")}, none...))}
		return c
	}
	c.Blocks = []show.Block{t}
	return c
}

func (s *Segments) card() show.Card {
	ports := map[string]int{}
	for _, p := range s.intent.Ports {
		ports[p.Segment]++
	}
	var rows [][]show.Span
	for _, seg := range s.Rows {
		var routers []string
		for _, r := range s.intent.Routers {
			if slices.Contains(r.Segments, seg.Name) {
				routers = append(routers, r.Name)
			}
		}
		rows = append(rows, []show.Span{
			show.Bold(seg.Name), show.Mono(prefixes(seg.Subnets)), show.Words(strconv.Itoa(ports[seg.Name])),
			show.Words(strings.Join(routers, ", ")), show.Mono(targetWords(seg.Targets)), show.Words(strconv.FormatUint(uint64(seg.ID), 10)),
		})
	}
	return list("Segments", len(s.Rows), "segment", table(maxRows, "fab.Segments().Rows", []string{"segment", "subnets", "ports", "routers", "own targets", "VRF"}, []int{2, 5}, rows),
		show.Quiet("yet: "), hint(`fab.Plan("first").Segment("dc-web-network", "10.0.11.0/24").Apply()`, "fabricbook apply -f FILE"))
}

func targetWords(t netlib.Targets) string {
	var parts []string
	for _, x := range []struct {
		mark string
		list []netlib.RouteTarget
	}{{"", t.Both}, {"import ", t.Import}, {"export ", t.Export}} {
		if len(x.list) > 0 {
			parts = append(parts, x.mark+joined(x.list))
		}
	}
	return strings.Join(parts, "; ")
}

func (r *Routers) card() show.Card {
	var rows [][]show.Span
	for _, x := range r.Rows {
		rows = append(rows, []show.Span{show.Bold(x.Name), show.Words(strings.Join(x.Segments, ", ")), show.Mono(joined(x.Targets))})
	}
	return list("Routers", len(r.Rows), "router", table(maxRows, "fab.Routers().Rows", []string{"router", "joins", "own targets"}, nil, rows))
}

func (g *Groups) card() show.Card {
	members := map[string]int{}
	for _, p := range g.ports {
		for _, name := range p.Groups {
			members[name]++
		}
	}
	var rows [][]show.Span
	for _, x := range g.Rows {
		name, n := x.Name, strconv.Itoa(members[x.Name])
		for _, rule := range x.Rules {
			rows = append(rows, []show.Span{show.Bold(name), show.Words(n), show.Words(ruleWords(rule))})
			name, n = "", ""
		}
		if len(x.Rules) == 0 {
			rows = append(rows, []show.Span{show.Bold(name), show.Words(n), show.Quiet("allows nothing")})
		}
	}
	return list("Security groups", len(g.Rows), "group", table(maxRows, "fab.Groups().Rows", []string{"group", "members", "allows"}, []int{1}, rows), show.Quiet("yet: every port passes everything"))
}

func (g *Gateways) card() show.Card {
	var rows [][]show.Span
	for _, x := range g.Rows {
		name, tunnel := x.Name, address(x.Tunnel)
		for _, r := range x.Static {
			rows = append(rows, []show.Span{show.Bold(name), show.Mono(tunnel), show.Words(r.Name), show.Mono(r.Prefix.String()), show.Mono(label(r.Label)), show.Mono(joined(r.Targets))})
			name, tunnel = "", ""
		}
		if len(x.Static) == 0 {
			rows = append(rows, []show.Span{show.Bold(name), show.Mono(tunnel), show.Quiet("nothing behind it"), {}, {}, {}})
		}
	}
	return list("Gateways", len(g.Rows), "gateway", table(maxRows, "fab.Gateways().Rows", []string{"gateway", "tunnel", "host", "prefix", "label", "targets"}, []int{4}, rows))
}

func (p *Ports) card() show.Card {
	var rows [][]show.Span
	for _, x := range p.Rows {
		state := show.Badge(show.Good, "up")
		if !x.Up {
			state = show.Badge(show.Bad, "down")
		}
		rows = append(rows, []show.Span{
			show.Bold(x.Name), state, show.Mono(address(x.Address)), show.Words(x.Segment), show.Words(x.Node), show.Mono(label(x.Label)), show.Mono(x.Interface),
			show.Words(strings.Join(x.Groups, ", ")), show.Words(number(int(x.Counters.In.Packets))), show.Words(number(int(x.Counters.Out.Packets))),
		})
	}
	return list("Ports", len(p.Rows), "port", table(maxRows, "fab.Ports().Rows", []string{"port", "state", "address", "segment", "node", "label", "interface", "groups", "packets in", "out"}, []int{5, 8, 9}, rows),
		show.Quiet("yet: "), hint(`fab.Plan("workload").Port("web-1", "dc-web-network", "node-1").Apply()`, "fabricbook apply -f FILE"))
}

func (n *Nodes) card() show.Card {
	c := show.Card{Title: "Nodes", Note: count(len(n.Rows), "node"), Blocks: []show.Block{show.Line{show.Quiet("none")}}}
	if len(n.Rows) > 0 {
		c.Blocks = []show.Block{n.status.nodes()}
	}
	return c
}

// HTML is the list as a table.
func (s *Segments) HTML() string { return s.card().HTML() }

// HTML is the list as a table.
func (r *Routers) HTML() string { return r.card().HTML() }

// HTML is the list as a table.
func (g *Groups) HTML() string { return g.card().HTML() }

// HTML is the list as a table.
func (g *Gateways) HTML() string { return g.card().HTML() }

// HTML is the list as a table.
func (p *Ports) HTML() string { return p.card().HTML() }

// HTML is the list as a table.
func (n *Nodes) HTML() string { return n.card().HTML() }

// String is the list as text.
func (s *Segments) String() string { return s.card().Text() }

// String is the list as text.
func (r *Routers) String() string { return r.card().Text() }

// String is the list as text.
func (g *Groups) String() string { return g.card().Text() }

// String is the list as text.
func (g *Gateways) String() string { return g.card().Text() }

// String is the list as text.
func (p *Ports) String() string { return p.card().Text() }

// String is the list as text.
func (n *Nodes) String() string { return n.card().Text() }

// MarshalJSON writes the rows.
func (s *Segments) MarshalJSON() ([]byte, error) { return rowsJSON(s.Rows) }

// MarshalJSON writes the rows.
func (r *Routers) MarshalJSON() ([]byte, error) { return rowsJSON(r.Rows) }

// MarshalJSON writes the rows.
func (g *Groups) MarshalJSON() ([]byte, error) { return rowsJSON(g.Rows) }

// MarshalJSON writes the rows.
func (g *Gateways) MarshalJSON() ([]byte, error) { return rowsJSON(g.Rows) }

// MarshalJSON writes the rows.
func (p *Ports) MarshalJSON() ([]byte, error) { return rowsJSON(p.Rows) }

// MarshalJSON writes the rows.
func (n *Nodes) MarshalJSON() ([]byte, error) { return rowsJSON(n.Rows) }

// rowsJSON is a JSON array, [] where there are no rows.
func rowsJSON[T any](rows []T) ([]byte, error) {
	if rows == nil {
		rows = []T{}
	}
	return json.Marshal(rows)
}
