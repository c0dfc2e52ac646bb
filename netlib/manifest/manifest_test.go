package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/compile"
	. "github.com/fabricbook/fabricbook/netlib/manifest"
)

const example = "../../examples/s1-data-centre.yaml"

func s1(t testing.TB) (netlib.Edit, netlib.Fabric) {
	t.Helper()
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Decode(data, example)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := e.Apply(netlib.Fabric{})
	if err != nil {
		t.Fatal(err)
	}
	return e, f
}

// TestS1 reads the shipped file and compares what follows from it with the
// values of scenario S1, labels by role.
func TestS1(t *testing.T) {
	_, f := s1(t)
	c := compile.Full(f, nil)
	role := map[string]string{}
	for _, p := range f.Ports {
		role[fmt.Sprintf("%d from %s", p.Label, node(f, p.Node))] = p.Name
	}
	const paths = `10.0.11.3/32 via 192.0.2.1 label web-1 lp 200 med 100 incomplete
10.0.12.3/32 via 192.0.2.2 label db-1 lp 200 med 100 incomplete
10.0.13.3/32 via 192.0.2.1 label office-1 lp 200 med 100 incomplete
10.0.14.3/32 via 192.0.2.2 label mgmt-1 lp 200 med 100 incomplete
172.31.9.34/32 via 192.0.2.254 label check-host lp 100 med 0 incomplete
`
	for _, name := range []string{"dc-web-network", "dc-db-network", "office-network", "mgmt-network"} {
		table, ok := c.Table(name)
		if !ok {
			t.Fatalf("no table of %s", name)
		}
		seg, _ := f.Segment(name)
		router, _ := f.Router("dc-router")
		targets := fmt.Sprintf("[64512:201 64512:%d 64512:%d]", 8000000+min(seg.ID, router.ID), 8000000+max(seg.ID, router.ID))
		if got := fmt.Sprint(table.Import); got != targets {
			t.Errorf("%s imports %s, want %s", name, got, targets)
		}
		if got := fmt.Sprint(table.Export); got != targets {
			t.Errorf("%s exports %s, want %s", name, got, targets)
		}
		var b strings.Builder
		for r, used := range table.All() {
			label := role[fmt.Sprintf("%d from %s", r.Label, r.NextHop)]
			if r.Port == "" {
				label = "check-host"
			}
			if !used {
				b.WriteString("unused ")
			}
			fmt.Fprintf(&b, "%s via %s label %s lp %d med %d %s\n", r.Prefix, r.NextHop, label, r.LocalPref, r.MED, r.Origin)
		}
		if b.String() != paths {
			t.Errorf("%s:\n%s\nwant:\n%s", name, b.String(), paths)
		}
	}
	for port, want := range map[string]string{"db-1": "node-2", "web-1": "node-1"} {
		p, _ := f.Port(port)
		s, _ := c.State(want)
		found := false
		for _, l := range s.Labels {
			found = found || l.Value == p.Label && l.Port == port && l.VRF == p.Segment
		}
		if !found {
			t.Errorf("label %d does not lead to %s on %s: %v", p.Label, port, want, s.Labels)
		}
	}
}

func node(f netlib.Fabric, name string) string {
	n, _ := f.Node(name)
	return n.Tunnel.String()
}

// TestNewNode: definitions reach a further node with no further step.
func TestNewNode(t *testing.T) {
	_, f := s1(t)
	e, err := Decode([]byte(`
nodes: [{name: node-3, tunnel: 192.0.2.3}]
ports: [{name: web-2, segment: dc-web-network, node: node-3, securityGroups: [dc-web-sg]}]
`), "more.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := compile.Full(f, nil)
	g, done, err := e.Apply(f)
	if err != nil {
		t.Fatal(err)
	}
	n, changed := c.Next(g, done)
	if fmt.Sprint(changed) != "[node-1 node-2 node-3 outside-router]" {
		t.Errorf("changed: %v", changed)
	}
	s, _ := n.State("node-3")
	if len(s.VRFs) != 1 || len(s.VRFs[0].Routes) != 4+6 || len(s.Filters) != 1 {
		t.Errorf("node-3 has %+v", s)
	}
}

func TestRoundTrip(t *testing.T) {
	e, f := s1(t)
	data, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Encode(f)
	if !bytes.Equal(data, again) {
		t.Error("two encodings of one fabric differ")
	}
	back, err := Decode(data, "back.yaml")
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if _, done, err := back.Apply(f); err != nil || !done.Empty() {
		t.Errorf("applied to its own fabric the file changes %+v, %v\n%s", done, err, data)
	}
	if bytes.Contains(data, []byte(fmt.Sprint(f.Ports[0].Label))) && !bytes.Contains(data, []byte("address: 10.0.12.3")) {
		t.Errorf("labels or no addresses in\n%s", data)
	}
	asJSON, err := json.MarshalIndent(e, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := Decode(bytes.ReplaceAll(asJSON, []byte("\t"), []byte("  ")), "s1.json")
	if err != nil {
		t.Fatalf("%v in\n%s", err, asJSON)
	}
	if b, _ := json.MarshalIndent(fromJSON, "", "\t"); !bytes.Equal(b, asJSON) {
		t.Errorf("JSON:\n%s\nwant\n%s", b, asJSON)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"syntax", "nodes: [", `f.yaml:1:8: not valid YAML: sequence end token ']' not found; look at indentation, colons, brackets and quotation marks here and in the line before`},
		{"tab", "nodes:\n\t- a", "f.yaml:2:1: the line is indented with a tab; indent with spaces"},
		{"key twice", "nodes: []\nnodes: []", `f.yaml:2:1: the field "nodes" is given twice, first in line 1; put both into one, or remove one of the two`},
		{"not a mapping", "- a", `f.yaml:1:1: this is a list, not fields with values; write KEY: VALUE, with one of nodes, segments, routers, securityGroups, ports, gateways, delete`},
		{"two documents", "nodes: []\n---\nsegments: []", `f.yaml:3:1: a second document begins here; put all objects into one document`},
		{"unknown key", "segment:\n  - name: a", `f.yaml:1:1: segment: there is no field "segment" here; did you mean "segments"?`},
		{"unknown field", "ports:\n  - name: web-1\n    securitygroups: [a]", `f.yaml:3:5: ports[web-1].securitygroups: there is no field "securitygroups" here; did you mean "securityGroups"?`},
		{"scalar for list", "segments:\n  - name: a\n    subnets: 10.0.11.0/24", `f.yaml:3:14: segments[a].subnets: this is the value "10.0.11.0/24", not a list; write it as a list: [10.0.11.0/24]`},
		{"host bits", "segments:\n  - {name: a, subnets: [10.0.11.0/24, 10.0.12.1/24]}", `f.yaml:2:39: segments[a].subnets[1]: 10.0.12.1/24 has host bits set; write 10.0.12.0/24`},
		{"no length", "segments:\n  - {name: a, subnets: [10.0.11.0]}", `f.yaml:2:25: segments[a].subnets[0]: this is the value "10.0.11.0", not a prefix; give its length, for example 10.0.11.0/32`},
		{"address", "nodes:\n  - {name: a, tunnel: 192.0.2.300}", `f.yaml:2:23: nodes[a].tunnel: this is the value "192.0.2.300", not an address; write it as 192.0.2.1`},
		{"address with length", "ports:\n  - {name: a, address: 10.0.11.5/24}", `f.yaml:2:24: ports[a].address: this is the value "10.0.11.5/24", not an address; write 10.0.11.5, without a length`},
		{"target", "routers:\n  - {name: a, targets: [\"64512\"]}", `f.yaml:2:25: routers[a].targets[0]: route target "64512": want ASN:NUMBER, for example 64512:201; write ASN:NUMBER in quotes, for example "64512:201"`},
		{"rule", "securityGroups:\n  - name: a\n    rules:\n      - allow in tcp/22 from mgmt-sg", "f.yaml:4:9: securityGroups[a].rules[0]: rule \"allow in tcp/22 from mgmt-sg\": far end \"mgmt-sg\" is no prefix; a group is written `group mgmt-sg`; write it as `allow in tcp/22 from group mgmt-sg` or `allow out any to 0.0.0.0/0`"},
		{"anchor", "nodes: &n []\nports: *n", "f.yaml:1:8: nodes: this is an anchor or alias, which fabric files do not have; write a list out in full\nf.yaml:2:8: ports: this is an anchor or alias, which fabric files do not have; write a list out in full"},
		{"label", "ports:\n  - {name: a, label: -4}\n  - {name: b, label: 1048576}", "f.yaml:2:22: ports[a].label: this is the value \"-4\", not a number from 0 to 1048575; write a number from 0 to 1048575\nf.yaml:3:22: ports[b].label: this is the value \"1048576\", not a number from 0 to 1048575; write a number from 0 to 1048575"},
		{"quote", "nodes: [\"a", `f.yaml:1:9: a quoted text does not end; close the quotation mark`},
		{"long", "nodes: " + strings.Repeat("x", 9000), `f.yaml:1:8: nodes: this is the value "` + strings.Repeat("x", 80) + `...", not a list; write it as a list: [` + strings.Repeat("x", 80) + `...]`},
		{"delete", "delete: [web-1]", `f.yaml:1:10: delete[0]: the value "web-1" does not say of which kind it is; write KIND/NAME, for example port/web-1`},
		{"deep", strings.Repeat("[", 100), `f.yaml:1:1: the nesting is too deep; a fabric file needs only a few levels`},
		{"several", "nodes:\n  - {nme: a}\n  - {name: [b]}", "f.yaml:2:6: nodes[0].nme: there is no field \"nme\" here; did you mean \"name\"?\nf.yaml:3:12: nodes[1].name: this is a list, not a single value; write one word"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode([]byte(test.file), "f.yaml")
			var e *Error
			if !errors.As(err, &e) || err.Error() != test.want {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
			var n *netlib.Error
			if !errors.As(err, &n) || len(n.Problems) != len(e.Problems) {
				t.Errorf("errors.As does not see a *netlib.Error in %v", err)
			}
		})
	}
}

// TestEditorsDiffer reads what editors make of the same text.
func TestEditorsDiffer(t *testing.T) {
	const file = "segments:\n  - name: web\n    subnets: [10.0.11.0/24]\n"
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + file, "Windows": strings.ReplaceAll(file, "\n", "\r\n"), "old Macintosh": strings.ReplaceAll(file, "\n", "\r"),
	} {
		e, err := Decode([]byte(text), "f.yaml")
		if err != nil || len(e.Segments) != 1 || e.Segments[0].Name != "web" || len(e.Segments[0].Subnets) != 1 {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestNothing(t *testing.T) {
	for _, file := range []string{"", "# only a comment\n", "---\n", "segments:\n", "null"} {
		e, err := Decode([]byte(file), "f.yaml")
		if err != nil || !e.Empty() {
			t.Errorf("%q: %+v, %v", file, e, err)
		}
	}
}

// TestAnnotate: what Apply finds is shown where it stands in the file.
func TestAnnotate(t *testing.T) {
	file := `segments:
  - name: lab
    subnets: [10.0.11.0/24]
  - name: web
    subnets:
      - 10.0.12.0/24
      - 10.0.12.128/25
ports:
  - {name: web-1, segment: wed, node: node-1}
`
	e, err := Decode([]byte(file), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = e.Apply(netlib.Fabric{})
	want := `f.yaml:7:9: segments[web].subnets[1]: 10.0.12.128/25 overlaps subnets[0] (10.0.12.0/24) of the same segment; remove one of the two
f.yaml:9:28: ports[web-1].segment: segment "wed" does not exist; did you mean "web"?
f.yaml:9:39: ports[web-1].node: node "node-1" does not exist; create the node in the same edit`
	if got := Annotate([]byte(file), "f.yaml", err).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzDecode: no input makes the reader panic, and what it takes can be applied
// or refused, written and read again.
func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"securityGroups": [{"name": "g", "rules": [{"direction": "in", "protocol": "tcp", "portFrom": 22, "prefix": "0.0.0.0/0"}]}], "delete": [{"kind": "port", "name": "x"}]}`))
	f.Add([]byte("segments:\n- name: &a b\n  subnets: *a\n? x\n: - !!str y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Decode(data, "f.yaml")
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		fab, _, err := e.Apply(netlib.Fabric{})
		if err != nil {
			_ = Annotate(data, "f.yaml", err).Error()
			return
		}
		out, err := Encode(fab)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(out, "out.yaml")
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if _, done, err := back.Apply(fab); err != nil || !done.Empty() {
			t.Errorf("read again it changes %+v, %v\n%s", done, err, out)
		}
	})
}
