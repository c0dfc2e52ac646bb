package runbooks

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
)

func TestUnknownNamesSuggest(t *testing.T) {
	fab := scenario(t).fabric()
	for _, c := range []struct {
		verb func()
		want string
	}{
		{func() { fab.Segment("dc-wbe-network") }, `segment "dc-wbe-network": there is no segment "dc-wbe-network"; did you mean "dc-web-network"?`},
		{func() { fab.Routes("internet") }, `there is no segment "internet"; there are dc-db-network, dc-web-network, mgmt-network, office-network`},
		{func() { fab.NextHop("dc-web-network", "db-1", "node-7") }, `there is no node "node-7"; did you mean "node-1"?`},
		{func() { fab.NextHop("dc-web-network", "db-2x", "node-1") }, `neither a prefix nor an address`},
		{func() { fab.Ping("web-2", "db-1") }, `ping web-2 to db-1 icmp: there is no workload "web-2"; did you mean "web-1"?`},
		{func() { fab.Check("web-1", "nobody", TCP(22)) }, `there is no workload, address or outside host "nobody"`},
		{func() { fab.Check("web-1", "db-1", AnyProtocol()) }, "any cannot be sent as one packet; use ICMP() or TCP(port)"},
		{func() { fab.Trace("web-1", "db-1", TCP(0)) }, "a port is from 1 to 65535"},
		{func() { fab.MatrixOf([]string{"web-1", "db"}, ICMP()) }, `there is no workload or outside host "db"`},
		{func() { fab.Matrix(UDP(53)) }, "udp/53 cannot be sent"},
		{func() { fab.Load("absent.yaml") }, "load absent.yaml: open absent.yaml"},
	} {
		err := Try(c.verb)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestTry(t *testing.T) {
	if err := Try(func() {}); err != nil {
		t.Errorf("nothing failed, got %v", err)
	}
	defer func() {
		if r := recover(); r != "mine" {
			t.Errorf("another panic became %v", r)
		}
	}()
	_ = Try(func() { panic("mine") })
}

func TestErrorsOfTheController(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&client.Error{Op: "status", Problem: api.Problem{Title: "no answer from the controller at http://127.0.0.1:1", Detail: "connection refused", Errors: []netlib.Problem{{Detail: "it may have ended", Fix: `start one with "fabricbook up"`}}}},
			"segments: no answer from the controller at http://127.0.0.1:1: connection refused\n  it may have ended; start one with \"fabricbook up\""},
		{context.Canceled, "segments: stopped before the controller answered"},
		{&client.Error{Op: "status", Err: context.DeadlineExceeded}, `segments: the controller did not answer in time; look at "fabricbook status"`},
		{errors.New("\x1b[2Jgone"), "segments: \uFFFD[2Jgone"},
	} {
		f := &fake{err: c.err}
		if err := Try(func() { f.fabric().Segments() }); err == nil || err.Error() != c.want || !errors.Is(err, c.err) {
			t.Errorf("got %q\nwant %q", err, c.want)
		}
	}
}

// TestShowingNeverPanics shows a fabric and a plan whose controller is gone.
func TestShowingNeverPanics(t *testing.T) {
	f := &fake{err: &client.Error{Op: "status", Problem: api.Problem{Title: "no answer from the controller"}}}
	fab := f.fabric()
	for _, v := range []shown{fab, fab.Plan("x").Segment("a", "10.0.0.0/24")} {
		if !strings.Contains(v.String(), "no answer from the controller") || !strings.Contains(v.HTML(), "no answer from the controller") {
			t.Errorf("shown as\n%s", v)
		}
	}
}

func TestNextHopTakesNamesAddressesAndPrefixes(t *testing.T) {
	f := scenario(t)
	db, _ := f.intent.Port("db-1")
	host := netip.PrefixFrom(db.Address, 32).String()
	for in, want := range map[string]string{"db-1": host, db.Address.String(): host, "10.0.12.0/24": "10.0.12.0/24", "check-host": "172.31.9.34/32"} {
		f.calls = nil
		f.fabric().Segment("dc-web-network").NextHop(in, "node-1")
		if last := f.calls[len(f.calls)-1]; last != "resolve dc-web-network node-1 "+want {
			t.Errorf("%s: asked %s", in, last)
		}
	}
}

func TestMatrixLimits(t *testing.T) {
	var asked api.MatrixRequest
	f := &fake{matrix: func(r api.MatrixRequest) api.Matrix { asked = r; return api.Matrix{} }}
	for i := range 121 {
		f.intent.Ports = append(f.intent.Ports, netlib.Port{Name: "p" + string(rune('a'+i/26)) + string(rune('a'+i%26))})
	}
	if err := Try(func() { f.fabric().Matrix() }); err == nil || !strings.Contains(err.Error(), "name up to 120") {
		t.Errorf("121 names: %v", err)
	}
	f.intent.Ports = f.intent.Ports[:33]
	f.fabric().Matrix()
	if asked.Live || len(asked.Names) != 33 || !slices.Equal(asked.Protos, []string{"icmp"}) {
		t.Errorf("33 names: asked %+v", asked)
	}
	f.fabric().MatrixOf([]string{"paa", "pab"}, TCP(22))
	if !asked.Live || !slices.Equal(asked.Names, []string{"paa", "pab"}) || !slices.Equal(asked.Protos, []string{"tcp/22"}) {
		t.Errorf("2 names: asked %+v", asked)
	}
}

func TestMatrixExpect(t *testing.T) {
	m := gallery(t)["matrix"].(*Matrix)
	open := []string{"* -> office-1", "* -> check-host", "check-host -> mgmt-1"}
	if err := Try(func() { m.Expect(ICMP(), open...) }); err != nil {
		t.Error(err)
	}
	ssh := append([]string{"mgmt-1 -> web-1", "web-1 -> db-1", "mgmt-1->db-1"}, open...)
	if err := Try(func() { m.Expect(TCP(22), ssh...) }); err != nil {
		t.Error(err)
	}
	err := Try(func() { m.Expect(TCP(22), append(ssh[1:], "db-1 -> web-1")...) })
	want := "matrix expects tcp/22: otherwise than expected\n  db-1 -> web-1: it should pass and does not; no rule allows it in\n  mgmt-1 -> web-1: it passes and should not; a rule allows it in"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	for _, bad := range []string{"web-1", "web-1 -> nobody"} {
		if err := Try(func() { m.Expect(TCP(22), bad) }); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if err := Try(func() { m.Expect(TCP(80)) }); err == nil || !strings.Contains(err.Error(), "icmp, tcp/22") {
		t.Errorf("traffic that is not in the matrix: %v", err)
	}
	if !m.Passes("mgmt-1", "web-1", TCP(22)) || m.Passes("mgmt-1", "web-1", ICMP()) || m.Reason("mgmt-1", "web-1", ICMP()) == "" {
		t.Error("Passes or Reason is wrong")
	}
	wrong := gallery(t)["matrix-wrong"].(*Matrix)
	if n := len(wrong.Disagreements()); n != 2 {
		t.Errorf("%d disagreements, want 2", n)
	}
}

func TestParseTraffic(t *testing.T) {
	for _, good := range []string{"icmp", "any", "tcp/22", "udp/53", "tcp/8000-8080"} {
		got, err := ParseTraffic(good)
		if err != nil || got.String() != good {
			t.Errorf("%s: %v, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "tcp", "tcp/", "tcp/0", "tcp/65536", "tcp/9-8", "tcp/a", "icmp/8", "gre", "tcp/1-2-3", "tcp/-1"} {
		if got, err := ParseTraffic(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func FuzzParseTraffic(f *testing.F) {
	for _, s := range []string{"icmp", "tcp/22", "tcp/8000-8080", "TCP/ 22", "udp/-", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTraffic(s)
		if err != nil {
			return
		}
		if again, err := ParseTraffic(got.String()); err != nil || again != got {
			t.Errorf("%q is read as %v, which is read as %v, %v", s, got, again, err)
		}
	})
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(file, []byte("segments:\n  - name: web\n    subnets: [10.0.11.0/24]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fab := (&fake{}).fabric()
	edit := fab.Load(file).Segment("db", "10.0.12.0/24").Edit()
	if len(edit.Segments) != 2 || edit.Segments[0].Name != "web" {
		t.Errorf("got %+v", edit)
	}
	err := Try(func() { fab.LoadText([]byte("segments:\n  - name: web\n    subnets: [10.0.11.0/99]\n"), "bad.yaml") })
	if err == nil || !strings.Contains(err.Error(), "bad.yaml") || !strings.Contains(err.Error(), "10.0.11.0/99") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(err.Error(), "bad.yaml:3:15: segments[web].subnets[0]") {
		t.Errorf("no place in %v", err)
	}
	refusing := (&fake{err: &client.Error{Op: "plan", Status: 422, Problem: api.Problem{Type: api.ProblemInvalid, Title: "not valid", Errors: []netlib.Problem{
		{Field: "segments[web].subnets[0]", Detail: "10.0.11.0/24 overlaps", Fix: "choose another"},
	}}}}).fabric()
	err = Try(func() { refusing.Load(file).Effect() })
	if err == nil || !strings.Contains(err.Error(), "web.yaml:3:15: segments[web].subnets[0]: 10.0.11.0/24 overlaps; choose another") {
		t.Errorf("no place in %v", err)
	}
}

// TestLoadBlamesTheFileForItselfOnly gives no place in a file to what is no fault of it.
func TestLoadBlamesTheFileForItselfOnly(t *testing.T) {
	gone := (&fake{err: &client.Error{Op: "plan", Problem: api.Problem{Title: "no answer", Errors: []netlib.Problem{{Detail: "it may have ended"}}}}}).fabric()
	err := Try(func() { gone.LoadText([]byte("nodes: []"), "web.yaml").Effect() })
	if err == nil || strings.Contains(err.Error(), "web.yaml: it") || strings.Contains(err.Error(), "web.yaml:1") {
		t.Errorf("got %v", err)
	}
}

// TestDisplaysEscapeNames shows a fabric whose every name is hostile: no element
// appears that a harmless name does not give, and no control character.
func TestDisplaysEscapeNames(t *testing.T) {
	const evil = `</td></table><script>alert(1)</script><img src=x onerror="evil()">` + "\x1b[31m\u202e"
	f := scenario(t)
	hostileNames(reflect.ValueOf(&f.intent).Elem(), evil)
	f.intent.Ports[1].Name = "harmless"
	f.status.Problems = []string{evil}
	for i := range f.status.Nodes {
		f.status.Nodes[i].Name, f.status.Nodes[i].Error = evil, evil
	}
	for i := range f.ports {
		hostileNames(reflect.ValueOf(&f.ports[i].Port).Elem(), evil)
	}
	hops := []api.Hop{{Node: evil, Step: evil, Detail: evil}}
	f.plan = func(api.PlanRequest) (api.Plan, error) {
		p := effect(f, evil)
		p.Objects[0].Ref.Name, p.Objects[0].Summary, p.Nodes[0].Node, p.Nodes[0].Lines[0] = evil, evil, evil, "+ "+evil
		p.Flows[0].From, p.Flows[0].Proto = evil, evil
		return p, nil
	}
	f.matrix = func(api.MatrixRequest) api.Matrix {
		return api.Matrix{Names: []string{evil, "b"}, Protos: []string{evil}, Live: true, Cells: []api.Cell{{}, {From: evil, To: "b", Proto: evil, Allowed: true, Reason: evil}}}
	}
	fab := f.fabric()
	values := []shown{
		fab, fab.Status(), fab.Segments(), fab.Routers(), fab.Groups(), fab.Ports(), fab.Gateways(), fab.Nodes(), fab.Topology(),
		fab.Plan(evil).Segment(evil, "10.0.0.0/24"), fab.Plan(evil).Segment(evil, evil).Target(evil),
		fab.MatrixOf(nil), fab.Matrix(ICMP()),
		&Segment{Segment: netlib.Segment{Name: evil}},
		&RouteTable{api.RouteTable{Segment: evil, Routes: []api.RouteRow{{Node: evil, Port: evil, Interface: evil, Segment: evil, Origin: evil}}}},
		&Resolution{api.Resolution{Segment: evil, From: evil, Steps: []api.ResolutionStep{{Node: evil, What: evil, Text: evil}}}},
		&Probe{api.Probe{ProbeRequest: api.ProbeRequest{From: evil, To: evil}}},
		&Trace{api.Trace{From: evil, To: evil, Proto: evil, Reason: evil, Hops: hops}},
		&Change{Change: api.Change{Title: evil, Nodes: []api.NodeAck{{Node: evil, Error: evil}}}},
		progressStep{&Change{Change: api.Change{Title: evil, Nodes: []api.NodeAck{{Node: evil, Done: true, Error: evil}, {Node: evil}}}}},
	}
	for _, v := range values {
		text, html := v.String(), v.HTML()
		for _, r := range text + html {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%T: control character %U", v, r)
				break
			}
		}
		dec := xml.NewDecoder(strings.NewReader(html))
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%T: not well formed: %v", v, err)
				break
			}
			e, ok := tok.(xml.StartElement)
			if ok && (e.Name.Local == "script" || slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return strings.HasPrefix(a.Name.Local, "on") })) {
				t.Errorf("%T: a name became %v", v, e)
			}
		}
	}
}

// hostileNames sets every string within v.
func hostileNames(v reflect.Value, evil string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(evil)
	case reflect.Slice:
		for i := range v.Len() {
			hostileNames(v.Index(i), evil)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				hostileNames(v.Field(i), evil)
			}
		}
	}
}

func TestJSONIsTheData(t *testing.T) {
	all := gallery(t)
	for name, want := range map[string]string{
		"ports": `"address":"10.0.`, "segments": `"subnets":["10.0.`, "routes": `"prefix":"10.0.12.3/32"`, "status": `"inForce":1`,
		"matrix": `"from":"web-1"`, "ping": `"received":3`, "trace": `"allowed":true`, "change": `"revision":8`, "topology": `"segments":[`, "nexthop": `"steps":[`,
	} {
		data, err := json.Marshal(all[name])
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, %s", name, err, data)
		}
	}
	if data, _ := json.Marshal(&Segments{}); string(data) != "[]" {
		t.Errorf("no segments: %s", data)
	}
}

// TestLongListsAreCutInCells lists 300 ports: a cell shows 200 and says how to see
// the others, a terminal gets all.
func TestLongListsAreCutInCells(t *testing.T) {
	f := &fake{}
	for i := range 300 {
		f.ports = append(f.ports, api.PortRow{Port: netlib.Port{Name: fmt.Sprintf("port-%03d", i)}})
	}
	ports := f.fabric().Ports()
	text, html := ports.String(), ports.HTML()
	if strings.Contains(text, "port-200") || !strings.Contains(text, "… 100 more: --output json holds all") || strings.Contains(html, "port-200") || !strings.Contains(html, "fab.Ports().Rows") {
		t.Errorf("in a cell:\n%s", text[len(text)-200:])
	}
	var whole strings.Builder
	if err := WriteText(&whole, ports); err != nil || !strings.Contains(whole.String(), "port-299") || strings.Contains(whole.String(), "more") {
		t.Errorf("in a terminal: %v, %d bytes", err, whole.Len())
	}
	whole.Reset()
	if err := WriteText(&whole, TCP(22)); err != nil || whole.String() != "tcp/22\n" {
		t.Errorf("a value without a card: %v, %q", err, whole.String())
	}
}
