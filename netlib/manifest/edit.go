package manifest

import (
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"net/netip"

	"github.com/fabricbook/fabricbook/netlib"
)

func (r *reader) edit(n ast.Node, e *netlib.Edit) {
	r.mapping(n, "",
		field{"nodes", r.objects(func(n ast.Node, at string) { e.Nodes = append(e.Nodes, r.node(n, at)) })},
		field{"segments", r.objects(func(n ast.Node, at string) { e.Segments = append(e.Segments, r.segment(n, at)) })},
		field{"routers", r.objects(func(n ast.Node, at string) { e.Routers = append(e.Routers, r.router(n, at)) })},
		field{"securityGroups", r.objects(func(n ast.Node, at string) { e.Groups = append(e.Groups, r.group(n, at)) })},
		field{"ports", r.objects(func(n ast.Node, at string) { e.Ports = append(e.Ports, r.port(n, at)) })},
		field{"gateways", r.objects(func(n ast.Node, at string) { e.Gateways = append(e.Gateways, r.gateway(n, at)) })},
		field{"delete", func(n ast.Node, at string) {
			r.list(n, at, func(v ast.Node, path string, _ int) { e.Delete = append(e.Delete, r.ref(v, path)) })
		}},
	)
}

func (r *reader) node(n ast.Node, at string) (o netlib.Node) {
	r.mapping(n, at, field{"name", r.text(&o.Name)}, field{"tunnel", r.addr(&o.Tunnel)})
	return o
}

func (r *reader) segment(n ast.Node, at string) (o netlib.Segment) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"subnets", func(n ast.Node, at string) {
			r.list(n, at, func(v ast.Node, path string, _ int) {
				var p netip.Prefix
				r.prefix(&p)(v, path)
				o.Subnets = append(o.Subnets, p)
			})
		}},
		field{"targets", func(n ast.Node, at string) {
			r.mapping(n, at,
				field{"both", r.targets(&o.Targets.Both)},
				field{"import", r.targets(&o.Targets.Import)},
				field{"export", r.targets(&o.Targets.Export)})
		}},
		field{"id", r.number(math.MaxUint32, func(v uint32) { o.ID = v })},
	)
	return o
}

func (r *reader) router(n ast.Node, at string) (o netlib.Router) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"segments", r.texts(&o.Segments)},
		field{"targets", r.targets(&o.Targets)},
		field{"id", r.number(math.MaxUint32, func(v uint32) { o.ID = v })},
	)
	return o
}

func (r *reader) group(n ast.Node, at string) (o netlib.SecurityGroup) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"rules", func(n ast.Node, at string) {
			r.list(n, at, func(v ast.Node, path string, _ int) { o.Rules = append(o.Rules, r.rule(v, path)) })
		}},
	)
	return o
}

// rule reads a sentence, or the structured form of the API.
func (r *reader) rule(n ast.Node, at string) (o netlib.Rule) {
	if s, ok := scalar(n); ok {
		o, err := netlib.ParseRule(s)
		if err != nil {
			detail, fix, _ := strings.Cut(err.Error(), "; ")
			r.bad(n, at, detail, fix)
		}
		return o
	}
	var direction, protocol string
	r.mapping(n, at,
		field{"direction", r.text(&direction)},
		field{"protocol", r.text(&protocol)},
		field{"portFrom", r.number(math.MaxUint16, func(v uint32) { o.PortFrom = uint16(v) })},
		field{"portTo", r.number(math.MaxUint16, func(v uint32) { o.PortTo = uint16(v) })},
		field{"prefix", r.prefix(&o.Prefix)},
		field{"group", r.text(&o.Group)},
	)
	o.Direction, o.Protocol = netlib.Direction(direction), netlib.Protocol(protocol)
	return o
}

func (r *reader) port(n ast.Node, at string) (o netlib.Port) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"segment", r.text(&o.Segment)},
		field{"node", r.text(&o.Node)},
		field{"address", r.addr(&o.Address)},
		field{"securityGroups", r.texts(&o.Groups)},
		field{"label", r.number(netlib.LastLabel, func(v uint32) { o.Label = v })},
	)
	return o
}

func (r *reader) gateway(n ast.Node, at string) (o netlib.Gateway) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"tunnel", r.addr(&o.Tunnel)},
		field{"static", func(n ast.Node, at string) {
			r.list(n, at, func(v ast.Node, path string, _ int) { o.Static = append(o.Static, r.static(v, path)) })
		}},
	)
	return o
}

func (r *reader) static(n ast.Node, at string) (o netlib.StaticRoute) {
	r.mapping(n, at,
		field{"name", r.text(&o.Name)},
		field{"prefix", r.prefix(&o.Prefix)},
		field{"label", r.number(netlib.LastLabel, func(v uint32) { o.Label = v })},
		field{"targets", r.targets(&o.Targets)},
	)
	return o
}

// ref reads KIND/NAME, or the structured form of the API.
func (r *reader) ref(n ast.Node, at string) (o netlib.Ref) {
	var kind string
	if s, ok := scalar(n); ok {
		kind, name, found := strings.Cut(s, "/")
		if !found {
			r.bad(n, at, what(n)+" does not say of which kind it is", "write KIND/NAME, for example port/"+s)
		}
		return netlib.Ref{Kind: netlib.Kind(kind), Name: name}
	}
	r.mapping(n, at, field{"kind", r.text(&kind)}, field{"name", r.text(&o.Name)})
	o.Kind = netlib.Kind(kind)
	return o
}
