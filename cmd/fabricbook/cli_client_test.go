package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane/sim"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/netlib/controller"
	"github.com/fabricbook/fabricbook/netlib/store"
)

const testToken = "a token only for these tests"

// result is what one run of the command line gave.
type result struct {
	code     int
	out, err string
}

// fabricbook runs the command line as main does, with in as standard input.
func fabricbook(t testing.TB, in string, args ...string) result {
	t.Helper()
	var out, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(in))
	root.SetOut(&out)
	root.SetErr(&stderr)
	err := root.ExecuteContext(t.Context())
	r := result{out: out.String(), err: stderr.String()}
	var code exitCode
	switch {
	case errors.As(err, &code):
		r.code = code.code
	case err != nil:
		r.code = 1
	}
	if err != nil {
		r.err += err.Error()
	}
	return r
}

// controllerRunning is a real controller that the command line finds by its
// environment.
func controllerRunning(t testing.TB) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctl, err := controller.New(controller.Config{Token: testToken, Store: s, Embedded: sim.New().Start, Plane: "sim", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ctl.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("controller: %v", err)
	}
	t.Setenv(client.EnvURL, ctl.URL())
	t.Setenv(client.EnvToken, testToken)
}

// dataCentre is S1 as a fabric file, with short names.
const dataCentre = `nodes:
  - {name: node-1, tunnel: 192.0.2.1}
  - {name: node-2, tunnel: 192.0.2.2}
segments:
  - {name: web, subnets: [10.0.11.0/24]}
  - {name: db, subnets: [10.0.12.0/24]}
routers:
  - {name: dc-router, segments: [web, db], targets: ["64512:201"]}
securityGroups:
  - name: web-sg
    rules: []
  - name: db-sg
    rules:
      - {direction: in, protocol: tcp, portFrom: 22, portTo: 22, group: web-sg}
ports:
  - {name: web-1, segment: web, node: node-1, securityGroups: [web-sg]}
  - {name: db-1, segment: db, node: node-2, securityGroups: [db-sg]}
gateways:
  - name: outside-router
    tunnel: 192.0.2.254
    static:
      - {name: check-host, prefix: 172.31.9.34/32, label: 299776, targets: ["64512:201"]}
`

func fabricFile(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "dc.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCommandLine is a session on a real controller: each line a command, its exit
// code, and what its output holds.
func TestCommandLine(t *testing.T) {
	controllerRunning(t)
	file := fabricFile(t, dataCentre)
	for _, step := range []struct {
		args string
		code int
		want []string // on standard output, or on standard error where code is not 0
	}{
		{"status", 0, []string{"revision 0 in force", "0 nodes"}},
		{"segments", 0, []string{"none yet"}},
		{"plan -f " + file, 0, []string{"10 changes planned", "+ create  segment", "Newly reaches", "web-1  →  db-1"}},
		{"status", 0, []string{"revision 0 in force"}},
		{"apply -f " + file, 2, []string{"nobody to ask", "--yes"}},
		{"apply -f " + file + " --yes", 0, []string{"in force on 2 of 2 nodes after"}},
		{"apply -f " + file + " --yes", 0, []string{"nothing to change"}},
		{"plan -f " + file, 0, []string{"nothing to change"}},
		{"status", 0, []string{"revision 1 in force", "node-1  ✓ in force"}},
		{"segments", 0, []string{"web      10.0.11.0/24      1  dc-router"}},
		{"routers", 0, []string{"dc-router  db, web  64512:201"}},
		{"groups", 0, []string{"db-sg         1  in tcp/22 from group web-sg"}},
		{"gateways", 0, []string{"check-host  172.31.9.34/32  299776  64512:201"}},
		{"ports", 0, []string{"db-1", "10.0.12.3", "tap-db-1"}},
		{"nodes", 0, []string{"node-2", "192.0.2.2"}},
		{"routes web", 0, []string{">  10.0.12.3/32", "node-2", "172.31.9.34/32", "outside-router"}},
		{"nexthop web db-1 node-1", 0, []string{"10.0.12.3/32 in web, from node-1", "tap-db-1"}},
		{"check web-1 db-1 tcp/22", 0, []string{"✓ reached"}},
		{"check db-1 web-1 tcp/22", 1, nil},
		{"ping web-1 check-host", 0, []string{"3 of 3 answered"}},
		{"ping web-1 db-1", 1, nil},
		{"trace web-1 db-1 tcp/22", 0, []string{"✓ passes", "db-sg"}},
		{"trace web-1 db-1", 1, nil},
		{"matrix icmp tcp/22", 0, []string{"as computed", "icmp", "tcp/22"}},
		{"matrix --of web-1,db-1 tcp/22", 0, []string{"web-1    ✓     ✓"}},
		{"topology", 0, []string{"port web-1  web  10.0.11.3"}},
		{"delete port db-1 --yes", 0, []string{"- delete  port", "No longer reaches", "in force on"}},
		{"delete port db-1 --yes", 0, []string{"nothing to change"}},
		{"delete segment web --yes", 1, []string{`web-1`}},
	} {
		got := fabricbook(t, "", strings.Fields(step.args)...)
		if got.code != step.code {
			t.Errorf("fabricbook %s: exit code %d, want %d\n%s%s", step.args, got.code, step.code, got.out, got.err)
		}
		text := got.out
		if step.code != 0 {
			text = got.err
		}
		for _, want := range step.want {
			if !strings.Contains(text, want) {
				t.Errorf("fabricbook %s: %q is not in\n%s", step.args, want, text)
			}
		}
	}
}

func TestApplyFromStandardInput(t *testing.T) {
	controllerRunning(t)
	if got := fabricbook(t, dataCentre, "apply", "-f", "-", "--yes"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := fabricbook(t, "segments:\n  - {name: lab, subnets: [10.0.11.0/33]}\n", "plan", "-f", "-"); got.code != 1 || !strings.Contains(got.err, "10.0.11.0/33") {
		t.Errorf("%+v", got)
	}
}

// TestJSONOutput reads each command's JSON into the API's type.
func TestJSONOutput(t *testing.T) {
	controllerRunning(t)
	file := fabricFile(t, dataCentre)
	var plan api.Plan
	fromJSON(t, &plan, "plan", "-f", file, "-o", "json")
	if len(plan.Objects) != 10 || plan.Hash == "" {
		t.Errorf("plan %+v", plan)
	}
	var change api.Change
	fromJSON(t, &change, "apply", "-f", file, "--yes", "-o", "json")
	if change.Revision != 1 || !change.InForce() {
		t.Errorf("change %+v", change)
	}
	var status api.Status
	fromJSON(t, &status, "status", "-o", "json")
	if len(status.Nodes) != 2 || status.InForce != 1 {
		t.Errorf("status %+v", status)
	}
	var routes api.RouteTable
	fromJSON(t, &routes, "routes", "web", "--output", "json")
	if len(routes.Routes) != 3 {
		t.Errorf("routes %+v", routes)
	}
	var ports []api.PortRow
	fromJSON(t, &ports, "ports", "-o", "json")
	if len(ports) != 2 || ports[0].Address.String() != "10.0.12.3" {
		t.Errorf("ports %+v", ports)
	}
	var matrix api.Matrix
	fromJSON(t, &matrix, "matrix", "tcp/22", "-o", "json")
	if len(matrix.Cells) != 9 || !matrix.Live {
		t.Errorf("matrix %+v", matrix)
	}
	var probe api.Probe
	fromJSON(t, &probe, "check", "web-1", "db-1", "tcp/22", "-o", "json")
	if !probe.OK() {
		t.Errorf("probe %+v", probe)
	}
}

func fromJSON(t *testing.T, into any, args ...string) {
	t.Helper()
	got := fabricbook(t, "", args...)
	if got.code != 0 {
		t.Fatalf("fabricbook %v: %+v", args, got)
	}
	if err := json.Unmarshal([]byte(got.out), into); err != nil {
		t.Errorf("fabricbook %v: %v\n%s", args, err, got.out)
	}
}

func TestTopologyPicture(t *testing.T) {
	controllerRunning(t)
	name := filepath.Join(t.TempDir(), "fabric.svg")
	if got := fabricbook(t, "", "topology", "--svg", name); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		XMLName xml.Name `xml:"svg"`
	}
	if err := xml.Unmarshal(data, &svg); err != nil {
		t.Error(err)
	}
	if got := fabricbook(t, "", "topology", "--svg", "-"); got.out != string(data) {
		t.Errorf("standard output differs from the file:\n%s", got.out)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Setenv(client.EnvURL, "http://127.0.0.1:1") // nothing may be asked
	t.Setenv(client.EnvToken, testToken)
	for line, want := range map[string]string{
		"routes":                       "usage: fabricbook routes SEGMENT",
		"ping web-1":                   "usage: fabricbook ping FROM TO",
		"check web-1 db-1 gre":         `protocol "gre" is unknown`,
		"trace web-1 db-1 tcp":         "names no port; write tcp/22",
		"matrix tcp/99999":             "from 1 to 65535",
		"plan":                         "no fabric file is given",
		"delete vlan 7":                `kind "vlan" is unknown`,
		"delete segment":               "usage: fabricbook delete KIND NAME...",
		"status -o yaml":               `--output "yaml" is unknown; use text or json`,
		"apply -f x.yaml --output xml": "use text or json",
		"status --nonsense":            "unknown flag",
	} {
		if got := fabricbook(t, "", strings.Fields(line)...); got.code != 2 || !strings.Contains(got.err, want) {
			t.Errorf("fabricbook %s: %+v\nwant exit code 2 and %q", line, got, want)
		}
	}
}

func TestUnreachableController(t *testing.T) {
	t.Setenv(client.EnvURL, "http://127.0.0.1:1")
	t.Setenv(client.EnvToken, testToken)
	if got := fabricbook(t, "", "status"); got.code != 1 || got.out != "" || !strings.Contains(got.err, "fabricbook up") {
		t.Errorf("%+v", got)
	}
	t.Setenv(client.EnvURL, "")
	t.Setenv(client.EnvData, t.TempDir())
	if got := fabricbook(t, "", "segments"); got.code != 1 || !strings.Contains(got.err, "fabricbook up") {
		t.Errorf("%+v", got)
	}
}

// TestCompletion asks for completions as a shell does.
func TestCompletion(t *testing.T) {
	before := completionPatience
	completionPatience = 2 * time.Minute // on a busy machine too
	t.Cleanup(func() { completionPatience = before })
	controllerRunning(t)
	if got := fabricbook(t, "", "apply", "-f", fabricFile(t, dataCentre), "--yes"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"routes", ""}, []string{"db", "web"}},
		{[]string{"ping", ""}, []string{"db-1", "web-1"}},
		{[]string{"ping", "web-1", ""}, []string{"db-1", "web-1", "check-host"}},
		{[]string{"check", "web-1", "db-1", ""}, []string{"icmp", "tcp/22"}},
		{[]string{"nexthop", "web", "db-1", ""}, []string{"node-1", "node-2"}},
		{[]string{"delete", ""}, []string{"segment", "router", "group", "port", "node", "gateway"}},
		{[]string{"delete", "group", "web-sg", ""}, []string{"db-sg"}},
		{[]string{"status", "-o", ""}, []string{"text", "json"}},
		{[]string{"status", ""}, nil},
	} {
		got := fabricbook(t, "", append([]string{"__complete"}, c.args...)...)
		var names []string
		for line := range strings.Lines(got.out) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ":") {
				names = append(names, line)
			}
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("completion of %q: %q, want %q", c.args, names, c.want)
		}
	}
	t.Setenv(client.EnvURL, "http://127.0.0.1:1")
	if got := fabricbook(t, "", "__complete", "routes", ""); got.code != 0 || !strings.Contains(got.out, ":4") {
		t.Errorf("completion without a controller: %+v", got)
	}
}
