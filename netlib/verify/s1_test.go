package verify_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/manifest"
	. "github.com/fabricbook/fabricbook/netlib/verify"
)

func s1(t testing.TB) (netlib.Fabric, *compile.Compiled) {
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
	f, _, err := e.Apply(netlib.Fabric{})
	if err != nil {
		t.Fatal(err)
	}
	return f, compile.Full(f, nil)
}

// s1Matrix is what the table of scenario S1 implies: rows send, columns receive;
// + passes, . does not.
var s1Matrix = map[string]string{
	"icmp": `
             db-1 mgmt-1 office-1 web-1 check-host
db-1          +    .      +        .     +
mgmt-1        .    +      +        .     +
office-1      .    .      +        .     +
web-1         .    .      +        +     +
check-host    .    +      +        .     +
`,
	"tcp/22": `
             db-1 mgmt-1 office-1 web-1 check-host
db-1          +    .      +        .     +
mgmt-1        +    +      +        +     +
office-1      .    .      +        .     +
web-1         +    .      +        +     +
check-host    .    +      +        .     +
`,
	"tcp/5432": `
             db-1 mgmt-1 office-1 web-1 check-host
db-1          +    .      +        .     +
mgmt-1        .    +      +        .     +
office-1      .    .      +        .     +
web-1         .    .      +        +     +
check-host    .    +      +        .     +
`,
}

func TestMatrixS1(t *testing.T) {
	_, c := s1(t)
	for proto, want := range s1Matrix {
		m, err := Matrix(c, api.MatrixRequest{Protos: []string{proto}})
		if err != nil {
			t.Fatal(err)
		}
		if got := drawn(m); got != normal(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", proto, got, normal(want))
		}
	}
}

// drawn is a matrix of one protocol in the form of s1Matrix, single-spaced.
func drawn(m api.Matrix) string {
	var b strings.Builder
	b.WriteString(strings.Join(m.Names, " "))
	for i, c := range m.Cells {
		if i%len(m.Names) == 0 {
			b.WriteString("\n" + c.From)
		}
		b.WriteString(map[bool]string{true: " +", false: " ."}[c.Allowed])
	}
	return b.String()
}

func normal(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

// story is a trace with the labels by role.
func story(f netlib.Fabric, tr api.Trace) string {
	var b strings.Builder
	for _, h := range tr.Hops {
		mark := "  "
		if !h.OK {
			mark = "X "
		}
		b.WriteString(mark + h.Node + " " + h.Step + ": " + h.Detail + "\n")
	}
	b.WriteString(map[bool]string{true: "allowed: ", false: "refused: "}[tr.Allowed] + tr.Reason)
	return byRole(f, b.String())
}

// byRole writes <port> for labels. The label of S1's static route is the same
// number as a port's: it is known by the gateway's name on the line.
func byRole(f netlib.Fabric, text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		for _, p := range f.Ports {
			if !strings.Contains(l, "192.0.2.254") && !strings.Contains(l, "outside-router") {
				l = strings.ReplaceAll(l, fmt.Sprintf("label %d", p.Label), "label <"+p.Name+">")
			}
		}
		g := f.Gateways[0]
		lines[i] = strings.ReplaceAll(l, fmt.Sprintf("label %d", g.Static[0].Label), "label <"+g.Host(g.Static[0])+">")
	}
	return strings.Join(lines, "\n")
}

func TestTraceS1(t *testing.T) {
	f, c := s1(t)
	for _, test := range []struct {
		from, to string
		proto    dataplane.Protocol
		port     uint16
		want     string
	}{
		{"web-1", "db-1", dataplane.TCP, 22, `
  node-1 port: web-1 sends tcp/22 from 10.0.11.3 to 10.0.12.3 on tap-web-1
  node-1 filter: web-1 out: dc-web-sg rule 2: allow out any to any
  node-1 vrf: vrf dc-web-network: 10.0.12.3/32 via 192.0.2.2 label <db-1>
  node-1 tunnel: label <db-1> pushed, GRE 192.0.2.1 -> 192.0.2.2
  node-2 label: label <db-1> popped -> vrf dc-db-network (port db-1)
  node-2 vrf: vrf dc-db-network: 10.0.12.3/32 dev db-1
  node-2 filter: db-1 in: dc-db-sg rule 1: allow in tcp/22 from group dc-web-sg
  node-2 deliver: db-1 receives it on tap-db-1
  node-2 reply: the answer to 10.0.11.3 goes back by vrf dc-db-network; the flow is known, no group is asked
allowed: dc-db-sg rule 1: allow in tcp/22 from group dc-web-sg`},
		{"web-1", "db-1", dataplane.ICMP, 0, `
  node-1 port: web-1 sends icmp from 10.0.11.3 to 10.0.12.3 on tap-web-1
  node-1 filter: web-1 out: dc-web-sg rule 2: allow out any to any
  node-1 vrf: vrf dc-web-network: 10.0.12.3/32 via 192.0.2.2 label <db-1>
  node-1 tunnel: label <db-1> pushed, GRE 192.0.2.1 -> 192.0.2.2
  node-2 label: label <db-1> popped -> vrf dc-db-network (port db-1)
  node-2 vrf: vrf dc-db-network: 10.0.12.3/32 dev db-1
X node-2 filter: db-1 in: no rule of [dc-db-sg] allows icmp from 10.0.11.3
refused: db-1 in: no rule of [dc-db-sg] allows icmp from 10.0.11.3`},
		{"web-1", "office-1", dataplane.TCP, 80, `
  node-1 port: web-1 sends tcp/80 from 10.0.11.3 to 10.0.13.3 on tap-web-1
  node-1 filter: web-1 out: dc-web-sg rule 2: allow out any to any
  node-1 vrf: vrf dc-web-network: 10.0.13.3/32 dev office-1
  node-1 filter: office-1 in: office-sg rule 1: allow in any from any
  node-1 deliver: office-1 receives it on tap-office-1
  node-1 reply: the answer to 10.0.11.3 goes back by vrf office-network; the flow is known, no group is asked
allowed: office-sg rule 1: allow in any from any`},
		{"mgmt-1", "check-host", dataplane.ICMP, 0, `
  node-2 port: mgmt-1 sends icmp from 10.0.14.3 to 172.31.9.34 on tap-mgmt-1
  node-2 filter: mgmt-1 out: mgmt-sg rule 2: allow out any to any
  node-2 vrf: vrf mgmt-network: 172.31.9.34/32 via 192.0.2.254 label <check-host>
  node-2 tunnel: label <check-host> pushed, GRE 192.0.2.2 -> 192.0.2.254
  outside-router label: label <check-host> popped -> vrf 64512:201 (port check-host)
  outside-router vrf: vrf 64512:201: 172.31.9.34/32 dev check-host
  outside-router filter: check-host in: no security group, everything passes
  outside-router deliver: check-host receives it on tap-check-host
  outside-router reply: the answer to 10.0.14.3 goes back by vrf 64512:201; the flow is known, no group is asked
allowed: delivered to check-host`},
		{"web-1", "10.0.12.77", dataplane.ICMP, 0, `
  node-1 port: web-1 sends icmp from 10.0.11.3 to 10.0.12.77 on tap-web-1
  node-1 filter: web-1 out: dc-web-sg rule 2: allow out any to any
X node-1 vrf: vrf dc-web-network: nobody has 10.0.12.77 (10.0.12.0/24 unreachable)
refused: vrf dc-web-network: nobody has 10.0.12.77 (10.0.12.0/24 unreachable)`},
		{"web-1", "198.51.100.1", dataplane.ICMP, 0, `
  node-1 port: web-1 sends icmp from 10.0.11.3 to 198.51.100.1 on tap-web-1
  node-1 filter: web-1 out: dc-web-sg rule 2: allow out any to any
X node-1 vrf: vrf dc-web-network has no route to 198.51.100.1
refused: vrf dc-web-network has no route to 198.51.100.1`},
		{"web-1", "10.0.11.1", dataplane.ICMP, 0, `
  node-1 port: web-1 sends icmp from 10.0.11.3 to 10.0.11.1 on tap-web-1
  node-1 deliver: the node answers for 10.0.11.1 itself; no group is asked
allowed: node-1 answers for 10.0.11.1 itself`},
		{"web-1", "10.0.11.2", dataplane.TCP, 80, `
  node-1 port: web-1 sends tcp/80 from 10.0.11.3 to 10.0.11.2 on tap-web-1
X node-1 drop: the node answers only ICMP (and DNS at the service address) on 10.0.11.2
refused: the node answers only ICMP (and DNS at the service address) on 10.0.11.2`},
		{"web-1", "web-1", dataplane.TCP, 80, `
  node-1 port: web-1 sends tcp/80 from 10.0.11.3 to 10.0.11.3 on tap-web-1
  node-1 deliver: 10.0.11.3 is its own address: the packet never leaves the workload
allowed: the packet never leaves the workload`},
	} {
		tr, err := Trace(c, api.ProbeRequest{From: test.from, To: test.to, Proto: test.proto, Port: test.port})
		if err != nil {
			t.Errorf("%s -> %s: %v", test.from, test.to, err)
			continue
		}
		if got, want := story(f, tr), strings.TrimPrefix(test.want, "\n"); got != want {
			t.Errorf("%s -> %s:\n%s\nwant:\n%s", test.from, test.to, got, want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	_, c := s1(t)
	for _, test := range []struct {
		req  api.ProbeRequest
		want string
	}{
		{api.ProbeRequest{From: "web1", To: "db-1", Proto: "icmp"}, `from: there is no port or outside host "web1"; did you mean "web-1"?`},
		{api.ProbeRequest{From: "web-1", To: "chek-host", Proto: "icmp"}, `to: there is no port or outside host "chek-host"; did you mean "check-host"?`},
		{api.ProbeRequest{From: "web-1", To: "db-1", Proto: "tcp"}, `proto: "tcp" names no port; use icmp, or tcp or udp with a port`},
	} {
		if _, err := Trace(c, test.req); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	_, err := Matrix(c, api.MatrixRequest{Protos: []string{"icmp", "tcp/0"}})
	if want := `protos[1]: port "0" is not in 1 to 65535; use icmp, or tcp or udp with a port: tcp/22`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
