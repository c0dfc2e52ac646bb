package netlib_test

import (
	"net/netip"

	. "github.com/fabricbook/fabricbook/netlib"
)

// s1 is scenario S1: four segments joined by a router, a group and a workload in
// each, two nodes, and a check host behind an external router.
func s1() Edit {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	target := []RouteTarget{{ASN: 64512, Number: 201}}
	in := func(r Rule) Rule { r.Direction = Ingress; return r }
	ssh := func(group string) Rule {
		return in(Rule{Protocol: TCP, PortFrom: 22, PortTo: 22, Group: group})
	}
	return Edit{
		Nodes: []Node{{"node-1", addr("192.0.2.1")}, {"node-2", addr("192.0.2.2")}},
		Segments: []Segment{
			{Name: "dc-web-network", Subnets: []netip.Prefix{prefix("10.0.11.0/24")}},
			{Name: "dc-db-network", Subnets: []netip.Prefix{prefix("10.0.12.0/24")}},
			{Name: "office-network", Subnets: []netip.Prefix{prefix("10.0.13.0/24")}},
			{Name: "mgmt-network", Subnets: []netip.Prefix{prefix("10.0.14.0/24")}},
		},
		Routers: []Router{{
			Name:     "dc-router",
			Segments: []string{"dc-web-network", "dc-db-network", "office-network", "mgmt-network"},
			Targets:  target,
		}},
		Groups: []SecurityGroup{
			{"dc-web-sg", []Rule{ssh("mgmt-sg")}},
			{"dc-db-sg", []Rule{ssh("dc-web-sg"), ssh("mgmt-sg")}},
			{"office-sg", []Rule{in(Rule{Protocol: Any, Prefix: Everywhere})}},
			{"mgmt-sg", []Rule{in(Rule{Protocol: Any, Prefix: prefix("172.31.9.34/32")})}},
		},
		Ports: []Port{
			{Name: "web-1", Segment: "dc-web-network", Node: "node-1", Groups: []string{"dc-web-sg"}},
			{Name: "db-1", Segment: "dc-db-network", Node: "node-2", Groups: []string{"dc-db-sg"}},
			{Name: "office-1", Segment: "office-network", Node: "node-1", Groups: []string{"office-sg"}},
			{Name: "mgmt-1", Segment: "mgmt-network", Node: "node-2", Groups: []string{"mgmt-sg"}},
		},
		Gateways: []Gateway{{Name: "outside-router", Tunnel: addr("192.0.2.254"), Static: []StaticRoute{
			{Name: "check-host", Prefix: prefix("172.31.9.34/32"), Targets: target},
		}}},
	}
}
