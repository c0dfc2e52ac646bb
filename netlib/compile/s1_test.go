package compile_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// s1 is scenario S1 without its rules' details: see manifest for the whole.
func s1() netlib.Edit {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	target := []netlib.RouteTarget{{ASN: 64512, Number: 201}}
	ssh := func(group string) netlib.Rule {
		return netlib.Rule{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: 22, PortTo: 22, Group: group}
	}
	segments := []string{"dc-web-network", "dc-db-network", "office-network", "mgmt-network"}
	e := netlib.Edit{
		Nodes:   []netlib.Node{{Name: "node-1", Tunnel: addr("192.0.2.1")}, {Name: "node-2", Tunnel: addr("192.0.2.2")}},
		Routers: []netlib.Router{{Name: "dc-router", Segments: segments, Targets: target}},
		Groups: []netlib.SecurityGroup{
			{Name: "dc-web-sg", Rules: []netlib.Rule{ssh("mgmt-sg")}},
			{Name: "dc-db-sg", Rules: []netlib.Rule{ssh("dc-web-sg"), ssh("mgmt-sg")}},
			{Name: "office-sg", Rules: []netlib.Rule{{Direction: netlib.Ingress, Protocol: netlib.Any, Prefix: netlib.Everywhere}}},
			{Name: "mgmt-sg", Rules: []netlib.Rule{{Direction: netlib.Ingress, Protocol: netlib.Any, Prefix: prefix("172.31.9.34/32")}}},
		},
		Ports: []netlib.Port{
			{Name: "web-1", Segment: segments[0], Node: "node-1", Groups: []string{"dc-web-sg"}},
			{Name: "db-1", Segment: segments[1], Node: "node-2", Groups: []string{"dc-db-sg"}},
			{Name: "office-1", Segment: segments[2], Node: "node-1", Groups: []string{"office-sg"}},
			{Name: "mgmt-1", Segment: segments[3], Node: "node-2", Groups: []string{"mgmt-sg"}},
		},
		Gateways: []netlib.Gateway{{Name: "outside-router", Tunnel: addr("192.0.2.254"), Static: []netlib.StaticRoute{
			{Name: "check-host", Prefix: prefix("172.31.9.34/32"), Targets: target},
		}}},
	}
	for i, s := range segments {
		e.Segments = append(e.Segments, netlib.Segment{Name: s, Subnets: []netip.Prefix{prefix(fmt.Sprintf("10.0.%d.0/24", 11+i))}})
	}
	return e
}

func apply(t testing.TB, f netlib.Fabric, e netlib.Edit) (netlib.Fabric, netlib.Edit) {
	t.Helper()
	f, e, err := e.Apply(f)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return f, e
}

// show prints a State as an engineer would, with labels by role.
func show(s dataplane.State, labels map[uint32]string) string {
	var b strings.Builder
	label := func(l uint32) string {
		if role := labels[l]; role != "" {
			return role
		}
		return fmt.Sprint(l)
	}
	fmt.Fprintf(&b, "node %s tunnel %s mtu %d\n", s.Node, s.Tunnel, s.MTU)
	for _, v := range s.VRFs {
		fmt.Fprintf(&b, "vrf %s id %d\n", v.Name, v.ID)
		for _, n := range v.Subnets {
			fmt.Fprintf(&b, "  subnet %s gateway %s service %s\n", n.Prefix, n.Gateway, n.Service)
		}
		for _, r := range v.Routes {
			fmt.Fprintf(&b, "  %s", r.Prefix)
			if len(r.NextHops) == 0 {
				b.WriteString(" unreachable")
			}
			for _, h := range r.NextHops {
				if h.Port != "" {
					fmt.Fprintf(&b, " dev %s", h.Port)
				} else {
					fmt.Fprintf(&b, " via %s label %s", h.Tunnel, label(h.Label))
				}
			}
			b.WriteByte('\n')
		}
		for _, set := range v.Sets {
			fmt.Fprintf(&b, "  set %s %v\n", set.Name, set.Members)
		}
	}
	for _, p := range s.Ports {
		fmt.Fprintf(&b, "port %s vrf %s dev %s addresses %v filters %v\n", p.Name, p.VRF, p.Interface, p.Addresses, p.Filters)
	}
	for _, l := range s.Labels {
		fmt.Fprintf(&b, "label %s vrf %s port %s\n", label(l.Value), l.VRF, l.Port)
	}
	for _, f := range s.Filters {
		fmt.Fprintf(&b, "filter %s\n", f.Name)
		for _, r := range f.Rules {
			far := "from"
			if r.Direction == dataplane.Egress {
				far = "to"
			}
			remote := r.Prefix.String()
			if r.Set != "" {
				remote = "set " + r.Set
			}
			fmt.Fprintf(&b, "  %s %s %d-%d %s %s\n", r.Direction, r.Protocol, r.PortFrom, r.PortTo, far, remote)
		}
	}
	return b.String()
}

func TestS1(t *testing.T) {
	f, _ := apply(t, netlib.Fabric{}, s1())
	c := compile.Full(f, nil)
	labels := map[uint32]string{}
	for _, p := range f.Ports {
		labels[p.Label] = "<" + p.Name + ">"
	}
	for _, n := range []string{"node-1", "node-2", "outside-router"} {
		s, ok := c.State(n)
		if !ok {
			t.Fatalf("no State of %s", n)
		}
		t.Log("\n" + show(s, labels))
	}
}
