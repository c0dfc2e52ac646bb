package dataplane

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func validState() State {
	a, p := netip.MustParseAddr, netip.MustParsePrefix
	return State{
		Node: "a", Tunnel: a("192.0.2.1"), MTU: 1472,
		VRFs: []VRF{{
			Name: "web", ID: 1,
			Subnets: []Subnet{{p("10.0.11.0/24"), a("10.0.11.1"), a("10.0.11.2")}},
			Routes:  []Route{{p("10.0.11.3/32"), []NextHop{{Port: "web-1"}}}, {p("10.0.11.4/32"), []NextHop{{Tunnel: a("192.0.2.2"), Label: 40}}}},
			Sets:    []Set{{"sg", []netip.Prefix{p("10.0.11.3/32")}}},
		}},
		Ports:   []Port{{Name: "web-1", VRF: "web", Interface: "tap-1", MAC: "02:00:00:00:00:01", Addresses: []netip.Addr{a("10.0.11.3")}, Filters: []string{"sg"}}},
		Labels:  []Label{{40, "web", "web-1"}},
		Filters: []Filter{{"sg", []Rule{{Direction: Ingress, Protocol: TCP, PortFrom: 22, PortTo: 22, Set: "sg"}}}},
	}
}

func TestValidate(t *testing.T) {
	if err := validState().Validate(); err != nil {
		t.Fatalf("a valid state: %v", err)
	}
	for _, c := range []struct {
		field, fix string
		spoil      func(*State)
	}{
		{"node", "give the node's name", func(s *State) { s.Node = "" }},
		{"tunnel", "unicast", func(s *State) { s.Tunnel = netip.Addr{} }},
		{"mtu", "576", func(s *State) { s.MTU = 0 }},
		{"vrfs[1]", "sort", func(s *State) { s.VRFs = append(s.VRFs, VRF{Name: "db", ID: 2}) }},
		{"vrfs[web].id", "from 1", func(s *State) { s.VRFs[0].ID = 0 }},
		{"vrfs[web-2].id", "its own", func(s *State) { s.VRFs = append(s.VRFs, VRF{Name: "web-2", ID: 1}) }},
		{"vrfs[web].subnets[10.0.11.0/24].gateway", "of the subnet", func(s *State) { s.VRFs[0].Subnets[0].Gateway = netip.MustParseAddr("10.0.12.1") }},
		{"vrfs[web].subnets[10.0.11.3/24]", "10.0.11.0/24", func(s *State) { s.VRFs[0].Subnets[0].Prefix = netip.MustParsePrefix("10.0.11.3/24") }},
		{"vrfs[web].routes[1]", "sort", func(s *State) { slices.Reverse(s.VRFs[0].Routes) }},
		{"vrfs[web].routes[10.0.11.3/32].nextHops[0].port", "add the port", func(s *State) { s.VRFs[0].Routes[0].NextHops[0].Port = "web-9" }},
		{"vrfs[web].routes[10.0.11.4/32].nextHops[0].label", "1048575", func(s *State) { s.VRFs[0].Routes[1].NextHops[0].Label = 3 }},
		{"vrfs[web].routes[10.0.11.4/32].nextHops[0].tunnel", "another node's", func(s *State) { s.VRFs[0].Routes[1].NextHops[0].Tunnel = s.Tunnel }},
		{"vrfs[web].routes[10.0.11.4/32].nextHops[0]", "set port", func(s *State) { s.VRFs[0].Routes[1].NextHops[0].Port = "web-1" }},
		{"vrfs[web].routes[10.0.11.4/32].nextHops[1]", "once", func(s *State) {
			h := s.VRFs[0].Routes[1].NextHops
			s.VRFs[0].Routes[1].NextHops = append(h, h[0])
		}},
		{"vrfs[web].sets[sg].members[0]", "10.0.11.0/24", func(s *State) { s.VRFs[0].Sets[0].Members[0] = netip.MustParsePrefix("10.0.11.3/24") }},
		{"ports[web-1].vrf", "add the VRF", func(s *State) { s.Ports[0].VRF = "db" }},
		{"ports[web-1].interface", "15 bytes", func(s *State) { s.Ports[0].Interface = "tap-that-is-too-long" }},
		{"ports[web-1].mac", "six bytes", func(s *State) { s.Ports[0].MAC = "02:00" }},
		{"ports[web-1].prefixes[0]", "10.0.0.0/8", func(s *State) { s.Ports[0].Prefixes = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")} }},
		{"ports[web-1].addresses[0]", "unicast", func(s *State) { s.Ports[0].Addresses[0] = netip.MustParseAddr("224.0.0.1") }},
		{"ports[web-1].filters[0]", "add the filter", func(s *State) { s.Ports[0].Filters[0] = "db-sg" }},
		{"ports[web-2].interface", "its own", func(s *State) {
			s.Ports = append(s.Ports, s.Ports[0])
			s.Ports[1].Name = "web-2"
		}},
		{"labels[7].value", "16", func(s *State) { s.Labels[0].Value = 7 }},
		{"labels[40].vrf", "add the VRF", func(s *State) { s.Labels[0].VRF = "db" }},
		{"labels[40].port", "add the port", func(s *State) { s.Labels[0].Port = "db-1" }},
		{"filters[sg].rules[0].direction", `"in"`, func(s *State) { s.Filters[0].Rules[0].Direction = "up" }},
		{"filters[sg].rules[0].protocol", `"tcp"`, func(s *State) { s.Filters[0].Rules[0].Protocol = "sctp" }},
		{"filters[sg].rules[0].portTo", "not below", func(s *State) { s.Filters[0].Rules[0].PortTo = 21 }},
		{"filters[sg].rules[0].portFrom", "leave the ports out", func(s *State) { s.Filters[0].Rules[0].Protocol = ICMP }},
		{"filters[sg].rules[0].set", "one of them", func(s *State) { s.Filters[0].Rules[0].Prefix = netip.MustParsePrefix("10.0.0.0/8") }},
	} {
		s := validState()
		c.spoil(&s)
		found(t, "state", s.Validate(), c.field, c.fix)
		if !strings.Contains(c.fix, "its own") {
			found(t, "changes", Diff(State{}, s).Validate(s), c.field, c.fix)
			found(t, "changes", Diff(validState(), s).Validate(s), c.field, c.fix)
		}
	}
}

func found(t *testing.T, what string, err error, field, fix string) {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("%s: %v; want a problem with %s", what, err, field)
		return
	}
	if !slices.ContainsFunc(invalid.Problems, func(p Problem) bool { return p.Field == field && strings.Contains(p.Fix, fix) }) {
		t.Errorf("%s: %v\nwant a problem with %s whose fix holds %q", what, err, field, fix)
	}
}
