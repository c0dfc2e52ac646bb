package compile_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/manifest"
)

var update = flag.Bool("update", false, "write the golden files")

// s1 is scenario S1 as the project ships it.
func s1(t testing.TB) netlib.Edit {
	t.Helper()
	const file = "../../examples/s1-data-centre.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := manifest.Decode(data, file)
	if err != nil {
		t.Fatal(err)
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
func show(s dataplane.State, roles map[string]string) string {
	var b strings.Builder
	label := func(tunnel netip.Addr, l uint32) string {
		if role := roles[fmt.Sprintf("%s %d", tunnel, l)]; role != "" {
			return "<" + role + ">"
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
					fmt.Fprintf(&b, " via %s label %s", h.Tunnel, label(h.Tunnel, h.Label))
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
		fmt.Fprintf(&b, "label %s vrf %s port %s\n", label(s.Tunnel, l.Value), l.VRF, l.Port)
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

// TestS1 compares the States of scenario S1 with golden ones, labels by role.
func TestS1(t *testing.T) {
	f, _ := apply(t, netlib.Fabric{}, s1(t))
	c := compile.Full(f, nil)
	var b strings.Builder
	for _, n := range names(c) {
		s, ok := c.State(n)
		if !ok {
			t.Fatalf("no State of %s", n)
		}
		b.WriteString(show(s, roles(f)) + "\n")
	}
	const golden = "testdata/s1.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("States differ from %s (-update writes them):\n%s", golden, cmp.Diff(string(want), got))
	}
}

// roles names each label by the tunnel end that gave it out and what it is for.
func roles(f netlib.Fabric) map[string]string {
	out := map[string]string{}
	for _, p := range f.Ports {
		n, _ := f.Node(p.Node)
		out[fmt.Sprintf("%s %d", n.Tunnel, p.Label)] = p.Name
	}
	for _, g := range f.Gateways {
		for _, s := range g.Static {
			out[fmt.Sprintf("%s %d", g.Tunnel, s.Label)] = g.Host(s)
		}
	}
	return out
}
