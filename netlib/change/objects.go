package change

import (
	"fmt"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// objects is what an edit does to each object, kinds in the order of their
// references, creations and replacements before deletions.
func objects(before netlib.Fabric, e netlib.Edit) []api.ObjectChange {
	var out []api.ObjectChange
	put := map[netlib.Ref]bool{}
	add := func(kind netlib.Kind, name string, was, will facts) {
		ref := netlib.Ref{Kind: kind, Name: name}
		put[ref] = true
		out = append(out, compare(ref, was, will))
	}
	for _, o := range e.Nodes {
		add(netlib.KindNode, o.Name, of(node)(before.Node(o.Name)), node(o))
	}
	for _, o := range e.Groups {
		add(netlib.KindGroup, o.Name, of(group)(before.Group(o.Name)), group(o))
	}
	for _, o := range e.Segments {
		add(netlib.KindSegment, o.Name, of(segment)(before.Segment(o.Name)), segment(o))
	}
	for _, o := range e.Routers {
		add(netlib.KindRouter, o.Name, of(router)(before.Router(o.Name)), router(o))
	}
	for _, o := range e.Ports {
		add(netlib.KindPort, o.Name, of(port)(before.Port(o.Name)), port(o))
	}
	for _, o := range e.Gateways {
		add(netlib.KindGateway, o.Name, of(gateway)(before.Gateway(o.Name)), gateway(o))
	}
	for _, ref := range e.Delete {
		if !put[ref] { // deleted and given again is a replacement
			out = append(out, compare(ref, present(before, ref), nil))
		}
	}
	return out
}

// facts is an object as people name its parts. The first is what it is known by
// and is shown without its name. Nil: there is no such object.
type facts []fact

type fact struct{ name, text string }

func of[T any](describe func(T) facts) func(T, bool) facts {
	return func(o T, ok bool) facts {
		if !ok {
			return nil
		}
		return describe(o)
	}
}

func present(f netlib.Fabric, ref netlib.Ref) facts {
	switch ref.Kind {
	case netlib.KindNode:
		return of(node)(f.Node(ref.Name))
	case netlib.KindGroup:
		return of(group)(f.Group(ref.Name))
	case netlib.KindSegment:
		return of(segment)(f.Segment(ref.Name))
	case netlib.KindRouter:
		return of(router)(f.Router(ref.Name))
	case netlib.KindPort:
		return of(port)(f.Port(ref.Name))
	case netlib.KindGateway:
		return of(gateway)(f.Gateway(ref.Name))
	}
	return nil
}

func compare(ref netlib.Ref, was, will facts) api.ObjectChange {
	switch {
	case was == nil:
		return api.ObjectChange{Action: api.Create, Ref: ref, Summary: will.String()}
	case will == nil:
		return api.ObjectChange{Action: api.Delete, Ref: ref, Summary: was.String()}
	}
	var parts []string
	for i, f := range will {
		if f.text == was[i].text {
			continue
		}
		text := fmt.Sprintf("%s -> %s", or(was[i].text, "none"), or(f.text, "none"))
		if i > 0 {
			text = f.name + " " + text
		}
		parts = append(parts, text)
	}
	return api.ObjectChange{Action: api.Replace, Ref: ref, Summary: strings.Join(parts, "; ")}
}

// String is "10.0.11.0/24; export 64512:7".
func (f facts) String() string {
	var parts []string
	for i, p := range f {
		switch {
		case p.text == "":
		case i == 0:
			parts = append(parts, p.text)
		default:
			parts = append(parts, p.name+" "+p.text)
		}
	}
	return strings.Join(parts, "; ")
}

func or(s, alternative string) string {
	if s == "" {
		return alternative
	}
	return s
}

func node(n netlib.Node) facts { return facts{{"tunnel", "tunnel " + n.Tunnel.String()}} }

func segment(s netlib.Segment) facts {
	return facts{
		{"subnets", list(s.Subnets)},
		{"targets", list(s.Targets.Both)},
		{"import", list(s.Targets.Import)},
		{"export", list(s.Targets.Export)},
	}
}

func router(r netlib.Router) facts {
	return facts{{"segments", strings.Join(r.Segments, ", ")}, {"targets", list(r.Targets)}}
}

func group(g netlib.SecurityGroup) facts {
	rules := make([]string, 0, len(g.Rules))
	for _, r := range g.Rules {
		rules = append(rules, strings.TrimPrefix(r.String(), "allow "))
	}
	return facts{{"rules", "allow " + or(strings.Join(rules, ", "), "nothing")}}
}

func port(p netlib.Port) facts {
	return facts{
		{"address", p.Address.String()},
		{"in", p.Segment},
		{"on", p.Node},
		{"groups", strings.Join(p.Groups, ", ")},
		{"label", fmt.Sprint(p.Label)},
	}
}

func gateway(g netlib.Gateway) facts {
	routes := make([]string, 0, len(g.Static))
	for _, s := range g.Static {
		text := s.Prefix.String()
		if s.Name != "" {
			text = s.Name + " " + text
		}
		routes = append(routes, fmt.Sprintf("%s label %d targets %s", text, s.Label, list(s.Targets)))
	}
	return facts{{"tunnel", "tunnel " + g.Tunnel.String()}, {"routes", strings.Join(routes, ", ")}}
}

func list[T fmt.Stringer](items []T) string {
	texts := make([]string, 0, len(items))
	for _, i := range items {
		texts = append(texts, i.String())
	}
	return strings.Join(texts, ", ")
}
