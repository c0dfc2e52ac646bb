package runbooks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
)

// Plan is a change that has not happened. Its methods add objects and return
// the plan itself, so that they chain; Target, Address, Group and Route say more
// about the object before them. Two objects of one name are refused; once the plan
// was shown, adding the object again corrects it.
//
// Shown, a plan is its effect on the fabric as it is now: objects, routes and
// labels by node, who newly reaches whom, or what is refused and why. Apply
// makes it so. A plan belongs to one goroutine.
type Plan struct {
	fabric   *Fabric
	title    string
	edit     netlib.Edit
	problems []netlib.Problem // found while building
	last     netlib.Ref       // object that Target and its like speak of
	source   []byte           // of the file that it was loaded from, whose name is title

	effect *api.Plan // as last computed; what a person has seen
	failed *Error    // or why it could not be
	look   look

	added map[netlib.Ref]bool // since the effect was last computed
}

// Segment adds a virtual network with its subnets: Segment("dc-web-network",
// "10.0.11.0/24"). Address .1 is its gateway, .2 its services, workloads start at .3.
func (p *Plan) Segment(name string, subnets ...string) *Plan {
	p.begin(netlib.KindSegment, name)
	s := netlib.Segment{Name: name}
	if len(subnets) == 0 {
		p.wrong("subnets", "no subnet is given", `name one: Segment("`+name+`", "10.0.11.0/24")`)
	}
	for i, text := range subnets {
		s.Subnets = append(s.Subnets, p.prefix(fmt.Sprintf("subnets[%d]", i), text))
	}
	p.edit.Segments = put(p.edit.Segments, s, func(s netlib.Segment) string { return s.Name })
	return p
}

// Router adds a router that joins segments: every pair of them exchanges routes.
func (p *Plan) Router(name string, segments ...string) *Plan {
	p.begin(netlib.KindRouter, name)
	segments = slices.Compact(slices.Sorted(slices.Values(segments)))
	p.edit.Routers = put(p.edit.Routers, netlib.Router{Name: name, Segments: segments}, func(r netlib.Router) string { return r.Name })
	return p
}

// Target gives the router or segment before it route targets of the operator's
// own, such as "64512:201", imported and exported.
func (p *Plan) Target(targets ...string) *Plan {
	parsed := p.targets("targets", targets)
	switch p.last.Kind {
	case netlib.KindRouter:
		r := &p.edit.Routers[len(p.edit.Routers)-1]
		r.Targets = append(r.Targets, parsed...)
	case netlib.KindSegment:
		s := &p.edit.Segments[len(p.edit.Segments)-1]
		s.Targets.Both = append(s.Targets.Both, parsed...)
	default:
		p.misplaced("Target", "a Router or a Segment")
	}
	return p
}

// SecurityGroup adds a group of allow rules for the ports that name it. What no
// rule allows is dropped, but for replies; without a To... rule its members may
// send everything, and with no rule at all they also reach each other.
func (p *Plan) SecurityGroup(name string, rules ...Rule) *Plan {
	p.begin(netlib.KindGroup, name)
	g := netlib.SecurityGroup{Name: name}
	for i, r := range rules {
		parts, err := r.expand()
		if err != nil {
			p.wrong(fmt.Sprintf("rules[%d]", i), err.Error(), "")
		}
		g.Rules = append(g.Rules, parts...)
	}
	p.edit.Groups = put(p.edit.Groups, g, func(g netlib.SecurityGroup) string { return g.Name })
	return p
}

// Port attaches a workload to a segment on a node, bound to security groups;
// with none, everything passes. Its address is the first free one unless Address
// follows.
func (p *Plan) Port(name, segment, node string, groups ...string) *Plan {
	p.begin(netlib.KindPort, name)
	port := netlib.Port{Name: name, Segment: segment, Node: node, Groups: sorted(groups)}
	p.edit.Ports = put(p.edit.Ports, port, func(p netlib.Port) string { return p.Name })
	return p
}

// Address gives the port before it a certain address of its segment.
func (p *Plan) Address(address string) *Plan {
	if p.last.Kind != netlib.KindPort {
		p.misplaced("Address", "a Port")
		return p
	}
	p.touch()
	p.edit.Ports[len(p.edit.Ports)-1].Address = p.addr("address", address)
	return p
}

// Group binds the port before it to more security groups.
func (p *Plan) Group(names ...string) *Plan {
	if p.last.Kind != netlib.KindPort {
		p.misplaced("Group", "a Port")
		return p
	}
	p.touch()
	port := &p.edit.Ports[len(p.edit.Ports)-1]
	port.Groups = sorted(append(slices.Clone(port.Groups), names...))
	return p
}

// Node adds a machine that forwards, with its address in the underlay, where its
// tunnels end.
func (p *Plan) Node(name, tunnel string) *Plan {
	p.begin(netlib.KindNode, name)
	p.edit.Nodes = put(p.edit.Nodes, netlib.Node{Name: name, Tunnel: p.addr("tunnel", tunnel)}, func(n netlib.Node) string { return n.Name })
	return p
}

// Gateway adds an external router that is reached by MPLS over GRE at its
// underlay address. Route says what lies behind it.
func (p *Plan) Gateway(name, tunnel string) *Plan {
	p.begin(netlib.KindGateway, name)
	p.edit.Gateways = put(p.edit.Gateways, netlib.Gateway{Name: name, Tunnel: p.addr("tunnel", tunnel)}, func(g netlib.Gateway) string { return g.Name })
	return p
}

// Route gives the gateway before it a static route to a host or network behind
// it: its name for people and probes, its prefix, the MPLS label that the gateway
// expects for it (16 to 1048575, or 0 to have one assigned), and the route targets
// under which it is exported.
func (p *Plan) Route(name, prefix string, label int, targets ...string) *Plan {
	if p.last.Kind != netlib.KindGateway {
		p.misplaced("Route", "a Gateway")
		return p
	}
	p.touch()
	g := &p.edit.Gateways[len(p.edit.Gateways)-1]
	field := fmt.Sprintf("static[%d].", len(g.Static))
	if label != 0 && (label < 16 || label > 1<<20-1) {
		p.wrong(field+"label", fmt.Sprintf("%d is not an MPLS label", label), "use 16 to 1048575")
		label = 0
	}
	g.Static = append(g.Static, netlib.StaticRoute{Name: name, Prefix: p.prefix(field+"prefix", prefix), Label: uint32(label), Targets: p.targets(field+"targets", targets)})
	return p
}

// Delete removes objects by kind ("segment", "router", "group", "port", "node",
// "gateway") and name. One that is not there needs no deleting.
func (p *Plan) Delete(kind string, names ...string) *Plan {
	k, err := ParseKind(kind)
	if err != nil {
		detail, fix, _ := strings.Cut(err.Error(), "; ")
		p.problems = append(p.problems, netlib.Problem{Field: "delete", Detail: detail, Fix: fix})
		return p
	}
	p.touch()
	for _, name := range names {
		if ref := (netlib.Ref{Kind: k, Name: name}); !slices.Contains(p.edit.Delete, ref) {
			p.edit.Delete = append(p.edit.Delete, ref)
		}
	}
	p.last = netlib.Ref{}
	return p
}

// ParseKind reads the name of a kind of object as people write it: "segment",
// "segments", "group", "security-group", "sg", ...
func ParseKind(s string) (netlib.Kind, error) {
	plain := strings.TrimSuffix(strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s)), "s")
	switch plain {
	case "node":
		return netlib.KindNode, nil
	case "group", "securitygroup", "sg":
		return netlib.KindGroup, nil
	case "segment", "network":
		return netlib.KindSegment, nil
	case "router":
		return netlib.KindRouter, nil
	case "port", "workload":
		return netlib.KindPort, nil
	case "gateway":
		return netlib.KindGateway, nil
	}
	return "", fmt.Errorf("kind %q is unknown; use segment, router, group, port, node or gateway", s)
}

// Edit is what the plan would change, as a value.
func (p *Plan) Edit() netlib.Edit { return p.edit }

// Effect computes what the plan would do to the fabric as it is now. It fails
// where the plan is refused.
func (p *Plan) Effect() api.Plan {
	p.compute()
	if p.failed != nil {
		panic(p.failed)
	}
	return *p.effect
}

func (p *Plan) verb(what string) string { return fmt.Sprintf("%s %q", what, p.title) }

// compute asks the controller for the effect and keeps it or the refusal.
func (p *Plan) compute() {
	p.touch()
	p.added = nil
	if len(p.problems) > 0 {
		p.failed = &Error{Verb: p.verb("plan"), Detail: "refused", Problems: p.problems}
		return
	}
	ctx, cancel := context.WithTimeout(p.fabric.ctx, patience)
	defer cancel()
	effect, err := p.fabric.service.Plan(ctx, api.PlanRequest{Title: p.title, Edit: p.edit})
	if err != nil {
		p.failed = failure(p.verb("plan"), err)
		p.place(p.failed)
		return
	}
	p.effect = &effect
}

// Apply makes the plan so, as a whole or not at all, shows the progress by node,
// and returns when every node forwards by it. Where the plan was shown, what was
// shown is what is applied: when the fabric has moved on since and the effect is
// another now, Apply fails and changes nothing. A plan that is so already
// changes nothing.
func (p *Plan) Apply() *Change {
	change, err := p.ApplyWith(newProgress().show)
	if err != nil {
		panic(err)
	}
	return change
}

// ApplyWith is Apply for programs: it shows nothing but calls progress with each
// step, if it is not nil, and returns an *Error. The change it returns is not nil
// where the plan was stored, although it may not be in force everywhere.
func (p *Plan) ApplyWith(progress func(*Change)) (*Change, error) {
	if progress == nil {
		progress = func(*Change) {}
	}
	stored, err := p.commit()
	p.fabric.look.forget()
	if err != nil {
		return nil, failure(p.verb("apply"), err)
	}
	effect := *p.effect
	p.touch()
	if effect.Empty() {
		change := &Change{Change: api.Change{Revision: effect.Base, Title: p.title}, Unchanged: true}
		progress(change)
		return change, nil
	}
	return p.fabric.follow(stored, effect, progress)
}

// commit stores the plan that was reviewed, or the present one where none was or
// where planning again comes to the same effect. p.effect is what was stored.
func (p *Plan) commit() (change api.Change, err error) {
	ctx, cancel := context.WithTimeout(p.fabric.ctx, patience)
	defer cancel()
	reviewed := p.effect
	for range 5 { // others may store changes between planning and applying
		if p.effect == nil {
			if p.compute(); p.failed != nil {
				return change, p.failed
			}
			if reviewed != nil && !p.effect.Empty() && !sameEffect(*reviewed, *p.effect) {
				return change, &Error{Verb: p.verb("apply"), Detail: "the fabric has changed since this plan was shown, and the plan would do something else now; nothing was applied", Fix: "show the plan again, look, and apply it then"}
			}
		}
		if p.effect.Empty() {
			return change, nil
		}
		change, err = p.fabric.service.Apply(ctx, *p.effect)
		if !client.IsStale(err) {
			return change, err
		}
		p.effect = nil
	}
	return change, err
}

// sameEffect compares what a person reviews: everything but the base.
func sameEffect(a, b api.Plan) bool {
	return slices.Equal(a.Objects, b.Objects) && slices.Equal(a.Flows, b.Flows) && a.FlowsCut == b.FlowsCut &&
		slices.EqualFunc(a.Nodes, b.Nodes, func(a, b api.NodeChange) bool {
			return a.Node == b.Node && a.Adds == b.Adds && a.Dels == b.Dels && a.Cut == b.Cut && slices.Equal(a.Lines, b.Lines)
		})
}

// begin makes the object the one that Target and its like speak of.
func (p *Plan) begin(kind netlib.Kind, name string) {
	p.touch()
	p.last = netlib.Ref{Kind: kind, Name: name}
	before := p.field("")
	p.problems = slices.DeleteFunc(p.problems, func(q netlib.Problem) bool { return strings.HasPrefix(q.Field, before) })
	if p.added[p.last] {
		p.wrong("name", "the plan has two of this name", "rename one of the two, or remove it")
	}
	if p.added == nil {
		p.added = map[netlib.Ref]bool{}
	}
	p.added[p.last] = true
}

// field is where in the object that the plan speaks of something is wrong.
func (p *Plan) field(name string) string {
	return fmt.Sprintf("%s %q: %s", p.last.Kind, p.last.Name, name)
}

// touch forgets the effect, since the plan is another now.
func (p *Plan) touch() {
	p.effect, p.failed = nil, nil
	p.look.forget()
}

func (p *Plan) wrong(field, detail, fix string) {
	if fix == "" {
		detail, fix, _ = strings.Cut(detail, "; ")
	}
	p.problems = append(p.problems, netlib.Problem{Field: p.field(field), Detail: detail, Fix: fix})
}

func (p *Plan) misplaced(method, kind string) {
	p.problems = append(p.problems, netlib.Problem{Field: method, Detail: "it does not follow what it speaks of", Fix: "put it right after " + kind})
}

func (p *Plan) prefix(field, text string) netip.Prefix {
	prefix, err := parsePrefix(text)
	if err != nil {
		p.wrong(field, err.Error(), "")
	}
	return prefix
}

func (p *Plan) addr(field, text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		p.wrong(field, fmt.Sprintf("%q is not an address", text), "write it as 10.0.12.4")
	}
	return a
}

func (p *Plan) targets(field string, texts []string) (out []netlib.RouteTarget) {
	p.touch()
	for _, text := range texts {
		t, err := netlib.ParseRouteTarget(text)
		if err != nil {
			detail := strings.Replace(err.Error(), ": want ASN:NUMBER, for example 64512:201", " has another form", 1)
			p.wrong(field, detail, `write ASN:NUMBER, for example "64512:201"`)
			continue
		}
		out = append(out, t)
	}
	slices.SortFunc(out, netlib.RouteTarget.Compare)
	return slices.Compact(out)
}

// put replaces the object of v's name and moves it to the end, where the methods
// that say more about it find it.
func put[T any](all []T, v T, name func(T) string) []T {
	all = slices.DeleteFunc(all, func(t T) bool { return name(t) == name(v) })
	return append(all, v)
}

func sorted(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }
