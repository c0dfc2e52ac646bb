package netlib_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	. "github.com/fabricbook/fabricbook/netlib"
)

func prefixes(s ...string) (out []netip.Prefix) {
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func rule(t testing.TB, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestApplyRefuses applies bad edits to scenario S1's fabric. Want lists every
// problem, in order.
func TestApplyRefuses(t *testing.T) {
	f, _ := mustApply(t, Fabric{}, s1())
	segment := func(name string, subnets ...string) Edit {
		return Edit{Segments: []Segment{{Name: name, Subnets: prefixes(subnets...)}}}
	}
	port := func(p Port) Edit {
		if p.Segment == "" {
			p.Segment = "dc-web-network"
		}
		if p.Node == "" {
			p.Node = "node-1"
		}
		if p.Name == "" {
			p.Name = "web-2"
		}
		return Edit{Ports: []Port{p}}
	}
	addr := netip.MustParseAddr
	target := func(asn, n uint32) Edit {
		return Edit{Routers: []Router{{Name: "r", Targets: []RouteTarget{{ASN: asn, Number: n}}}}}
	}
	group := func(r ...Rule) Edit { return Edit{Groups: []SecurityGroup{{Name: "g", Rules: r}}} }
	for _, test := range []struct {
		name string
		edit Edit
		want string
	}{
		{"name missing", segment("", "10.9.0.0/24"),
			`segments[0].name: the name is missing; use 1 to 63 lower case letters, digits and hyphens, with a letter or digit at both ends`},
		{"name upper case", segment("DC-web", "10.9.0.0/24"), `segments[0].name: name "DC-web" has upper case letters; write "dc-web"`},
		{"name with space", segment(" lab", "10.9.0.0/24"), `segments[0].name: name " lab" has white space around it; write "lab"`},
		{"name with underscore", segment("dc_web", "10.9.0.0/24"),
			`segments[0].name: name "dc_web" holds '_'; use 1 to 63 lower case letters, digits and hyphens, with a letter or digit at both ends`},
		{"name too long", segment(strings.Repeat("a", 64), "10.9.0.0/24"),
			`segments[0].name: name "` + strings.Repeat("a", 64) + `" has 64 bytes; use at most 63`},
		{"name twice", Edit{Segments: []Segment{{Name: "a", Subnets: prefixes("10.8.0.0/24")}, {Name: "a", Subnets: prefixes("10.9.0.0/24")}}},
			`segments[1].name: segment "a" is already given as segments[0]; rename or remove one of the two`},
		{"created and deleted", Edit{Segments: segment("a", "10.8.0.0/24").Segments, Delete: []Ref{{KindSegment, "a"}}},
			`segments[0].name: segment "a" is also named by delete[0]; leave it out of one of the two`},
		{"no subnet", segment("a"), `segments[a].subnets: the segment has no subnet; give at least one, for example 10.0.11.0/24`},
		{"host bits", segment("a", "10.9.0.7/24"), `segments[a].subnets[0]: 10.9.0.7/24 has host bits set; write 10.9.0.0/24`},
		{"IPv6", segment("a", "2001:db8::/64"), `segments[a].subnets[0]: 2001:db8::/64 is IPv6, which the fabric does not carry yet; give an IPv4 prefix`},
		{"too small", segment("a", "10.9.0.0/30"),
			`segments[a].subnets[0]: 10.9.0.0/30: a subnet has a length from /8 to /29; the first address is the network, .1 the gateway, .2 the service address, the last the broadcast`},
		{"multicast", segment("a", "239.1.0.0/24"),
			`segments[a].subnets[0]: 239.1.0.0/24 lies in 224.0.0.0/3, which workloads cannot use; choose a unicast prefix, for example of 10.0.0.0/8`},
		{"overlap within", segment("a", "10.9.0.0/16", "10.9.4.0/24"),
			`segments[a].subnets[1]: 10.9.4.0/24 overlaps subnets[0] (10.9.0.0/16) of the same segment; remove one of the two`},
		{"overlap by a new segment in a router", Edit{
			Segments: segment("lab", "10.0.0.0/16").Segments,
			Routers:  []Router{{Name: "lab-router", Segments: []string{"dc-web-network", "lab"}}},
		}, `segments[lab].subnets[0]: 10.0.0.0/16 overlaps segment "dc-web-network" (10.0.11.0/24), and router "lab-router" joins the two; choose another prefix, take one out of router "lab-router" or delete "dc-web-network"` + "\n" +
			`segments[lab].subnets[0]: 10.0.0.0/16 overlaps segment "dc-db-network" (10.0.12.0/24), and segment "dc-web-network" gets the routes of both; choose another prefix, change the targets or delete "dc-db-network"` + "\n" +
			`segments[lab].subnets[0]: 10.0.0.0/16 overlaps segment "office-network" (10.0.13.0/24), and segment "dc-web-network" gets the routes of both; choose another prefix, change the targets or delete "office-network"` + "\n" +
			`segments[lab].subnets[0]: 10.0.0.0/16 overlaps segment "mgmt-network" (10.0.14.0/24), and segment "dc-web-network" gets the routes of both; choose another prefix, change the targets or delete "mgmt-network"`},
		{"overlap by a route target", Edit{Segments: []Segment{{Name: "lab", Subnets: prefixes("10.0.11.128/25"), Targets: Targets{Import: []RouteTarget{{64512, 201}}}}}},
			`segments[lab].subnets[0]: 10.0.11.128/25 overlaps segment "dc-web-network" (10.0.11.0/24), and segment "lab" gets the routes of both; choose another prefix, change the targets or delete "dc-web-network"`},
		{"unknown segment", port(Port{Segment: "dc-web-netwrk"}), `ports[web-2].segment: segment "dc-web-netwrk" does not exist; did you mean "dc-web-network"?`},
		{"segment in upper case", port(Port{Segment: "DC-Web-Network"}),
			`ports[web-2].segment: segment "DC-Web-Network" does not exist: names have no white space and no upper case; did you mean "dc-web-network"?`},
		{"unknown node", port(Port{Node: "server"}), `ports[web-2].node: node "server" does not exist; create the node in the same edit`},
		{"unknown group", port(Port{Groups: []string{"dc-web-sg", "mgmt-sgg"}}),
			`ports[web-2].securityGroups[1]: securityGroup "mgmt-sgg" does not exist; did you mean "mgmt-sg"?`},
		{"unknown segment of a router", Edit{Routers: []Router{{Name: "r", Segments: []string{"office-netwrk"}}}},
			`routers[r].segments[0]: segment "office-netwrk" does not exist; did you mean "office-network"?`},
		{"address outside", port(Port{Address: addr("10.0.12.9")}),
			`ports[web-2].address: 10.0.12.9 is outside segment "dc-web-network" (10.0.11.0/24); leave it out to have one assigned; 10.0.11.4 is free`},
		{"address taken", port(Port{Address: addr("10.0.11.3")}),
			`ports[web-2].address: 10.0.11.3 is already the address of port "web-1"; leave it out to have one assigned; 10.0.11.4 is free`},
		{"gateway address", port(Port{Address: addr("10.0.11.1")}),
			`ports[web-2].address: 10.0.11.1 is the gateway address of 10.0.11.0/24; leave it out to have one assigned; 10.0.11.4 is free`},
		{"service address", port(Port{Address: addr("10.0.11.2")}),
			`ports[web-2].address: 10.0.11.2 is the service address (DNS, DHCP) of 10.0.11.0/24; leave it out to have one assigned; 10.0.11.4 is free`},
		{"network address", port(Port{Address: addr("10.0.11.0")}),
			`ports[web-2].address: 10.0.11.0 is the network address of 10.0.11.0/24; leave it out to have one assigned; 10.0.11.4 is free`},
		{"broadcast address", port(Port{Address: addr("10.0.11.255")}),
			`ports[web-2].address: 10.0.11.255 is the broadcast address of 10.0.11.0/24; leave it out to have one assigned; 10.0.11.4 is free`},
		{"IPv6 address", port(Port{Address: addr("2001:db8::5")}),
			`ports[web-2].address: 2001:db8::5 is IPv6, which the fabric does not carry yet; leave it out to have one assigned; 10.0.11.4 is free`},
		{"label", port(Port{Label: 3}), `ports[web-2].label: label 3 is not in 16 to 1048575; leave it out to have one assigned`},
		{"target in the automatic range", target(64512, 8000000),
			`routers[r].targets[0]: route target 64512:8000000 is in the range that the fabric gives out itself; choose a number below 8000000`},
		{"target of a 4-byte ASN", target(65536, 65536),
			`routers[r].targets[0]: route target 65536:65536: with an ASN of four bytes the number is at most 65535; choose a lower number`},
		{"target without ASN", target(0, 5), `routers[r].targets[0]: route target 0:5 has no ASN; write ASN:NUMBER, for example 64512:201`},
		{"rule without far end", group(Rule{Direction: Ingress, Protocol: TCP}),
			`securityGroups[g].rules[0].prefix: the rule names no far end; give a prefix or a group; 0.0.0.0/0 is everyone`},
		{"rule with both", group(Rule{Direction: Ingress, Protocol: TCP, Group: "g", Prefix: Everywhere}),
			`securityGroups[g].rules[0].group: the rule has both a prefix and a group; split it into two rules`},
		{"rule in all wrong", group(rule(t, "allow in any from any"), Rule{Direction: "inward", Protocol: "gre", Group: "h"}),
			`securityGroups[g].rules[1].direction: direction "inward" is unknown; use in or out, seen from the workload` + "\n" +
				`securityGroups[g].rules[1].protocol: protocol "gre" is unknown; use any, icmp, tcp or udp` + "\n" +
				`securityGroups[g].rules[1].group: securityGroup "h" does not exist; create the securityGroup in the same edit`},
		{"ports backwards", group(Rule{Direction: Ingress, Protocol: TCP, PortFrom: 90, PortTo: 80, Prefix: Everywhere}),
			`securityGroups[g].rules[0].portTo: the range 90-80 runs backwards; write 80-90`},
		{"ports of ICMP", group(Rule{Direction: Ingress, Protocol: ICMP, PortFrom: 8, Prefix: Everywhere}),
			`securityGroups[g].rules[0].portFrom: protocol icmp has no ports; leave the ports out, or use tcp or udp`},
		{"tunnel taken", Edit{Nodes: []Node{{"node-3", addr("192.0.2.254")}}},
			`nodes[node-3].tunnel: 192.0.2.254 is already the tunnel of gateway "outside-router"; give each node and gateway its own`},
		{"node named as gateway", Edit{Nodes: []Node{{"outside-router", addr("192.0.2.7")}}},
			`nodes[0].name: "outside-router" is already a gateway; choose another name`},
		{"host named as port", Edit{Gateways: []Gateway{{Name: "other", Tunnel: addr("192.0.2.7"), Static: []StaticRoute{{Name: "web-1", Prefix: prefixes("172.16.0.0/12")[0], Targets: []RouteTarget{{64512, 201}}}}}}},
			`gateways[other].static[0].name: host "web-1" is already the name of a port; choose another name`},
		{"static without target", Edit{Gateways: []Gateway{{Name: "other", Tunnel: addr("192.0.2.7"), Static: []StaticRoute{{Prefix: prefixes("172.16.0.0/12")[0]}}}}},
			`gateways[other].static[0].targets: the route has no target: no segment would import it; give the target of a router or segment, for example 64512:201`},
		{"static into a subnet", Edit{Gateways: []Gateway{{Name: "other", Tunnel: addr("192.0.2.7"), Static: []StaticRoute{
			{Prefix: prefixes("10.0.0.0/8")[0], Targets: []RouteTarget{{64512, 201}}},
			{Prefix: prefixes("10.0.13.9/32")[0], Targets: []RouteTarget{{64512, 201}}},
			{Prefix: prefixes("10.0.14.9/32")[0], Targets: []RouteTarget{{64512, 202}}},
		}}}}, `gateways[other].static[1].prefix: the static route 10.0.13.9/32 of gateway "other" leads into segment "office-network" (10.0.13.0/24), which imports it; choose a prefix outside the fabric's subnets or other targets`},
		{"hosts of one default name", Edit{Gateways: []Gateway{{Name: "other", Tunnel: addr("192.0.2.7"), Static: []StaticRoute{
			{Prefix: prefixes("172.16.0.0/12")[0], Targets: []RouteTarget{{64512, 1}}},
			{Prefix: prefixes("172.16.0.0/12")[0], Targets: []RouteTarget{{64512, 2}}},
		}}}}, `gateways[other].static[1].name: the hosts behind 172.16.0.0/12 here and in static[0] would have one name; give each route a name`},
		{"delete what is used", Edit{Delete: []Ref{{KindSegment, "dc-web-network"}, {KindGroup, "mgmt-sg"}, {KindNode, "node-1"}}},
			`delete[segment/dc-web-network]: segment "dc-web-network" is still used by router "dc-router", port "web-1"; delete or change these in the same edit` + "\n" +
				`delete[securityGroup/mgmt-sg]: securityGroup "mgmt-sg" is still used by securityGroup "dc-db-sg", securityGroup "dc-web-sg", port "mgmt-1"; delete or change these in the same edit` + "\n" +
				`delete[node/node-1]: node "node-1" is still used by port "office-1", port "web-1"; delete or change these in the same edit`},
		{"use what is deleted", Edit{
			Delete:  []Ref{{KindPort, "web-1"}, {KindSegment, "dc-web-network"}},
			Routers: []Router{{Name: "dc-router", Segments: []string{"dc-db-network", "dc-web-network"}}},
		}, `routers[dc-router].segments[1]: segment "dc-web-network" is deleted by this edit; name another or do not delete it`},
		{"delete of no kind", Edit{Delete: []Ref{{"vrf", "x"}}},
			`delete[0].kind: there is no kind "vrf"; use one of node, securityGroup, segment, router, port, gateway`},
		{"subnet changed under a port", segment("dc-web-network", "10.0.21.0/24"),
			`segments[dc-web-network].subnets: no longer fits the address of port "web-1"; keep the old subnet beside the new one, or give these ports anew in the same edit`},
		{"several at once", Edit{
			Segments: []Segment{{Name: "a", Subnets: prefixes("10.9.0.1/24")}, {Name: "b", Subnets: prefixes("10.9.0.0/24"), ID: 1}},
			Ports:    []Port{{Name: "web-2", Segment: "dc-web-network", Node: "node-9", Address: addr("10.0.11.3")}},
		}, `segments[a].subnets[0]: 10.9.0.1/24 has host bits set; write 10.9.0.0/24` + "\n" +
			`ports[web-2].node: node "node-9" does not exist; did you mean "node-1"?` + "\n" +
			`segments[b].id: identifier 1 is already that of segment "dc-db-network"; leave it out to have one assigned` + "\n" +
			`ports[web-2].address: 10.0.11.3 is already the address of port "web-1"; leave it out to have one assigned; 10.0.11.4 is free`},
	} {
		t.Run(test.name, func(t *testing.T) {
			next, _, err := test.edit.Apply(f)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error:\n%s", err, test.want)
			}
			if got := err.Error(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if next.Revision != f.Revision {
				t.Errorf("revision %d after a refused edit", next.Revision)
			}
		})
	}
}
