package controller_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
)

// call sends one raw request and returns status and body.
func call(t *testing.T, r *running, method, path, body string, change func(*http.Request)) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(req)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode >= 400 && kind != "application/problem+json" {
		t.Errorf("%s %s: status %d of type %q", method, path, resp.StatusCode, kind)
	}
	return resp.StatusCode, data
}

// TestBadEdits plans and applies what an operator may get wrong. The error names
// the field and the fix, and nothing of the edit is applied.
func TestBadEdits(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	prefix := netip.MustParsePrefix
	good := netlib.Segment{Name: "good", Subnets: []netip.Prefix{prefix("10.9.0.0/24")}}
	segment := func(s netlib.Segment) netlib.Edit { return netlib.Edit{Segments: []netlib.Segment{good, s}} }
	port := func(p netlib.Port) netlib.Edit {
		return netlib.Edit{Segments: []netlib.Segment{good}, Ports: []netlib.Port{p}}
	}
	for name, c := range map[string]struct {
		edit  netlib.Edit
		field string
	}{
		"overlapping subnet": {netlib.Edit{
			Segments: []netlib.Segment{good, {Name: "lab", Subnets: []netip.Prefix{prefix("10.0.0.0/16")}}},
			Routers: []netlib.Router{{Name: "dc-router", Targets: []netlib.RouteTarget{{ASN: 64512, Number: 201}},
				Segments: []string{"dc-web-network", "dc-db-network", "office-network", "mgmt-network", "lab"}}},
		}, "lab"},
		"unknown segment":       {port(netlib.Port{Name: "p", Segment: "dc-wep-network", Node: "node-1"}), "ports[p].segment"},
		"unknown node":          {port(netlib.Port{Name: "p", Segment: "good", Node: "node-9"}), "ports[p].node"},
		"bad prefix":            {segment(netlib.Segment{Name: "s", Subnets: []netip.Prefix{{}}}), "segments[s].subnets[0]"},
		"duplicate name":        {segment(good), "segments"},
		"address outside":       {port(netlib.Port{Name: "p", Segment: "good", Node: "node-1", Address: netip.MustParseAddr("10.8.0.3")}), "ports[p].address"},
		"target of the fabric":  {segment(netlib.Segment{Name: "s", Subnets: []netip.Prefix{prefix("10.8.0.0/24")}, Targets: netlib.Targets{Both: []netlib.RouteTarget{{ASN: 64512, Number: 8000001}}}}), "segments[s].targets"},
		"deletion of a segment": {netlib.Edit{Segments: []netlib.Segment{good}, Delete: []netlib.Ref{{Kind: netlib.KindSegment, Name: "office-network"}}}, "office"},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := r.Fabric(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Plan(t.Context(), api.PlanRequest{Edit: c.edit})
			var e *client.Error
			if !errors.As(err, &e) || !client.IsInvalid(err) || e.Status != http.StatusUnprocessableEntity {
				t.Fatalf("Plan = %v; want an invalid problem", err)
			}
			if !slices.ContainsFunc(e.Problem.Errors, func(p netlib.Problem) bool {
				return strings.Contains(p.Field+p.Detail, c.field) && p.Detail != "" && p.Fix != ""
			}) {
				t.Errorf("no problem names %s with detail and fix:\n%v", c.field, err)
			}
			// A caller that skips planning gets no further.
			hash := api.Plan{Base: before.Revision, Edit: c.edit}
			if _, err := r.Apply(t.Context(), hash); err == nil {
				t.Error("a plan without a hash was applied")
			}
			after, err := r.Fabric(t.Context())
			if err != nil || after.Revision != before.Revision || len(after.Segments) != len(before.Segments) {
				t.Errorf("something was applied: revision %d, %v", after.Revision, err)
			}
		})
	}
}

// TestBadJSON sends what the typed client cannot.
func TestBadJSON(t *testing.T) {
	r := fresh(t)
	for name, c := range map[string]struct{ body, field, detail, fix string }{
		"bad prefix":        {`{"edit":{"segments":[{"name":"dc-web","subnets":["10.0.11.0/33"]}]}}`, "edit.segments[dc-web].subnets[0]", "10.0.11.0/33\" is not a prefix", "10.0.11.0/24"},
		"bad address":       {`{"edit":{"nodes":[{"name":"n","tunnel":"192.0.2"}]}}`, "edit.nodes[n].tunnel", "192.0.2", "10.0.11.3"},
		"bad target":        {`{"edit":{"routers":[{"name":"r","segments":[],"targets":["64512:99999999999"]}]}}`, "edit.routers[r].targets[0]", "not in 0 to 4294967295", "64512:201"},
		"unknown field":     {`{"edit":{"segments":[{"name":"s","subnet":"10.0.0.0/24"}]}}`, "edit.segments[s].subnet", "unknown field", "subnets"},
		"number for a name": {`{"edit":{"segments":[{"name":7}]}}`, "edit.segments[0].name", "7 is not a string", "a string"},
		"object for a list": {`{"edit":{"segments":{}}}`, "edit.segments", "is not a list", "[...]"},
		"list for an edit":  {`{"edit":[]}`, "edit", "is not an object", "segments"},
		"port too large":    {`{"edit":{"securityGroups":[{"name":"g","rules":[{"direction":"in","protocol":"tcp","portFrom":70000}]}]}}`, "edit.securityGroups[g].rules[0].portFrom", "70000 is not", "0 to 65535"},
		"name twice":        {`{"edit":{"segments":[{"name":"a","name":"b","subnets":["10.0.1.0/24"]}]}}`, "edit.segments[b].name", "twice", "remove"},
		"null":              {`null`, "body", "not an object", "edit"},
		"list for a body":   {` []`, "body", "not an object", "edit"},
		"negative label":    {`{"edit":{"ports":[{"name":"a","label":-4}]}}`, "edit.ports[a].label", "-4 is not", "0 to 4294967295"},
		"no JSON":           {"{\n \"edit\": ?", "body", "line 2, column 10", "/openapi.json"},
		"no body":           {``, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, data := call(t, r, "POST", "/v1/plans", c.body, nil)
			var p api.Problem
			if err := json.Unmarshal(data, &p); err != nil || status/100 != 4 || p.Status != status || p.Title == "" {
				t.Fatalf("status %d: %s (%v); want a problem document", status, data, err)
			}
			if c.field == "" {
				return
			}
			if len(p.Errors) != 1 || p.Errors[0].Field != c.field || !strings.Contains(p.Errors[0].Detail, c.detail) || !strings.Contains(p.Errors[0].Fix, c.fix) {
				t.Errorf("got %+v\nwant field %q, detail with %q, fix with %q", p.Errors, c.field, c.detail, c.fix)
			}
		})
	}
}

func TestGuards(t *testing.T) {
	r := fresh(t)
	host := func(h string) func(*http.Request) { return func(q *http.Request) { q.Host = h } }
	header := func(k, v string) func(*http.Request) { return func(q *http.Request) { q.Header.Set(k, v) } }
	for name, c := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		want               int
	}{
		"good":               {"GET", "/v1/status", "", nil, 200},
		"no token":           {"GET", "/v1/status", "", func(q *http.Request) { q.Header.Del("Authorization") }, 401},
		"wrong token":        {"GET", "/v1/status", "", header("Authorization", "Bearer "+token+"x"), 401},
		"other scheme":       {"GET", "/v1/status", "", header("Authorization", "Basic "+token), 401},
		"description":        {"GET", "/openapi.json", "", func(q *http.Request) { q.Header.Del("Authorization") }, 401},
		"health, no token":   {"GET", "/healthz", "", func(q *http.Request) { q.Header.Del("Authorization") }, 200},
		"metrics, no token":  {"GET", "/metrics", "", func(q *http.Request) { q.Header.Del("Authorization") }, 401},
		"rebound name":       {"GET", "/v1/status", "", host("evil.example:80"), 421},
		"rebound, same port": {"GET", "/healthz", "", host("evil.example" + r.URL()[strings.LastIndex(r.URL(), ":"):]), 421},
		"localhost":          {"GET", "/v1/status", "", host("localhost" + r.URL()[strings.LastIndex(r.URL(), ":"):]), 200},
		"large body":         {"POST", "/v1/plans", `{"title":"` + strings.Repeat("x", 65<<20) + `"}`, nil, 413},
		"unknown path":       {"GET", "/v1/segment", "", nil, 404},
		"wrong method":       {"DELETE", "/v1/fabric", "", nil, 405},
		"unknown segment":    {"GET", "/v1/segments/nowhere/routes", "", nil, 404},
		"unknown node":       {"GET", "/v1/nodes/nowhere/state", "", nil, 404},
		"unknown change":     {"GET", "/v1/changes/7", "", nil, 404},
		"odd change":         {"GET", "/v1/changes/seven", "", nil, 422},
		"odd wait":           {"GET", "/v1/changes/0?wait=soon", "", nil, 422},
		"no prefix":          {"GET", "/v1/segments/a/resolution?from=b", "", nil, 422},
	} {
		t.Run(name, func(t *testing.T) {
			status, data := call(t, r, c.method, c.path, c.body, c.change)
			if status != c.want {
				t.Errorf("status %d, want %d: %.300s", status, c.want, data)
			}
			var p api.Problem
			if c.want >= 400 && (json.Unmarshal(data, &p) != nil || p.Status != c.want || p.Title == "") {
				t.Errorf("not a problem document: %.300s", data)
			}
		})
	}
}

// TestDescription proves that the OpenAPI document covers what the client calls,
// with the schemas of its bodies.
func TestDescription(t *testing.T) {
	r := fresh(t)
	status, data := call(t, r, "GET", "/openapi.json", "", nil)
	var d struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(data, &d); err != nil || status != 200 || !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Fatalf("status %d, OpenAPI %q, %v", status, d.OpenAPI, err)
	}
	for path, method := range map[string]string{
		"/v1/status": "get", "/v1/fabric": "get", "/v1/plans": "post", "/v1/changes": "post", "/v1/changes/{revision}": "get",
		"/v1/segments/{segment}/routes": "get", "/v1/segments/{segment}/resolution": "get", "/v1/ports": "get",
		"/v1/nodes/{node}/state": "get", "/v1/probes": "post", "/v1/traces": "post", "/v1/matrices": "post",
	} {
		op, ok := d.Paths[path][method]
		if !ok {
			t.Errorf("%s %s is not described", method, path)
			continue
		}
		if method != "post" {
			continue
		}
		ref := op.RequestBody.Content["application/json"].Schema.Ref
		if s := d.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]]; len(s.Properties) == 0 {
			t.Errorf("the body of %s %s has no schema (%q)", method, path, ref)
		}
	}
	if bytes.Contains(data, []byte("unpkg")) {
		t.Error("the description leads to the internet")
	}
}

func TestMetrics(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	_, data := call(t, r, "GET", "/metrics", "", nil)
	for _, line := range []string{"fabricbook_revision 1", "fabricbook_revision_in_force 1", "fabricbook_nodes_up 3", "fabricbook_store_seconds_count 1", "fabricbook_compile_seconds_count 1"} {
		if !strings.Contains(string(data), line+"\n") {
			t.Errorf("no line %q in the metrics", line)
		}
	}
}

func TestBadProbes(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	good := api.ProbeRequest{From: "mgmt-1", To: "office-1"}
	for field, change := range map[string]func(*api.ProbeRequest){
		"from":    func(q *api.ProbeRequest) { q.From = "nobody" },
		"to":      func(q *api.ProbeRequest) { q.To = "nobody" },
		"proto":   func(q *api.ProbeRequest) { q.Proto = dataplane.UDP },
		"port":    func(q *api.ProbeRequest) { q.Proto = dataplane.TCP },
		"count":   func(q *api.ProbeRequest) { q.Count = 1000 },
		"timeout": func(q *api.ProbeRequest) { q.Timeout = time.Hour },
	} {
		q := good
		change(&q)
		_, err := r.Probe(t.Context(), q)
		var e *client.Error
		if !errors.As(err, &e) || len(e.Problem.Errors) != 1 || e.Problem.Errors[0].Field != field || e.Problem.Errors[0].Fix == "" {
			t.Errorf("a probe with a bad %s = %v", field, err)
		}
	}
}

// TestWaitForNothing waits for what is in force, for revision 0 and for what does
// not exist: none of them blocks.
func TestWaitForNothing(t *testing.T) {
	r := fresh(t)
	ch := r.do(t, "S1", s1())
	again, err := r.Wait(t.Context(), ch.Revision, nil)
	if err != nil || !again.InForce() {
		t.Errorf("Wait for what is in force = %+v, %v", again, err)
	}
	if ch, err := r.Wait(t.Context(), 0, nil); err != nil || ch.Revision != 0 {
		t.Errorf("Wait for the empty intent = %+v, %v", ch, err)
	}
	if _, err := r.Wait(t.Context(), 99, nil); !client.IsNotFound(err) {
		t.Errorf("Wait for a change to come = %v", err)
	}
}

func TestLiveMatrix(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	m, err := r.Matrix(t.Context(), api.MatrixRequest{Protos: []string{"icmp", "tcp/22"}, Live: true})
	if err != nil {
		t.Fatal(err)
	}
	if !m.Live || len(m.Cells) < 16 || m.Took <= 0 {
		t.Errorf("matrix of %d cells, live %v, took %v", len(m.Cells), m.Live, m.Took)
	}
	reached := 0
	for _, c := range m.Cells {
		if c.Reached != c.Allowed {
			t.Errorf("%s from %s to %s: computed %v, measured %v: %s", c.Proto, c.From, c.To, c.Allowed, c.Reached, c.Reason)
		}
		if c.Reached {
			reached++
		}
		if c.Proto == "tcp/22" && c.From != c.To && c.Reached != s1TCP22(c.From, c.To) {
			t.Errorf("tcp/22 from %s to %s: %v", c.From, c.To, c.Reached)
		}
	}
	if reached == 0 {
		t.Error("nobody reaches anybody")
	}
	if _, err := r.Matrix(t.Context(), api.MatrixRequest{Protos: []string{"sctp/1"}, Live: true}); !client.IsInvalid(err) {
		t.Errorf("a matrix of an unknown protocol = %v", err)
	}
}

func TestPortsCount(t *testing.T) {
	r := fresh(t)
	r.do(t, "S1", s1())
	ping(t, r, "mgmt-1", "office-1", true)
	deadline := time.Now().Add(testTime)
	for {
		rows, err := r.Ports(t.Context())
		if err != nil || len(rows) != 4 {
			t.Fatalf("Ports = %+v, %v", rows, err)
		}
		i := slices.IndexFunc(rows, func(p api.PortRow) bool { return p.Name == "mgmt-1" })
		if rows[i].Counters.In.Packets > 0 && rows[i].Counters.Out.Packets > 0 {
			if !rows[i].Up || rows[i].Interface != netlib.InterfaceName("mgmt-1") {
				t.Errorf("port = %+v", rows[i])
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the ping was not counted: %+v", rows[i])
		}
		<-time.After(10 * time.Millisecond)
	}
}
