package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

const secret = "a token only for these tests"

// serve runs a server that answers as the API would and returns its client.
func serve(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	c, err := New(s.URL+"/", secret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ url, token, want string }{
		{"127.0.0.1:80", secret, "127.0.0.1"},
		{"ftp://127.0.0.1:80", secret, "http://HOST:PORT"},
		{"http://", secret, "http://HOST:PORT"},
		{"http://127.0.0.1:80", "", "no token"},
	} {
		if _, err := New(c.url, c.token); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%q, %q) = %v; want an error with %q", c.url, c.token, err, c.want)
		}
	}
}

func TestErrorsNameFieldAndFix(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 422, api.Problem{Type: api.ProblemInvalid, Title: "nothing was changed", Status: 422, Errors: []netlib.Problem{
			{Field: "segments[dc-web].subnets[0]", Detail: "10.0.11.0/24 overlaps segment lab", Fix: "choose another prefix"},
		}})
	})
	_, err := c.Plan(t.Context(), api.PlanRequest{})
	want := "plan: nothing was changed\n  segments[dc-web].subnets[0]: 10.0.11.0/24 overlaps segment lab; choose another prefix"
	var e *Error
	if !errors.As(err, &e) || e.Error() != want || e.Status != 422 || !IsInvalid(err) || IsStale(err) || IsNotFound(err) {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
}

func TestStrangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"not JSON":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "not understood"},
		"plain error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }, "Bad Gateway: no"},
		"empty error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) }, "HTTP status 599"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "Found"},
		"cut in half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = w.Write([]byte("{"))
		}, "unexpected EOF"},
		"wrong object": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"revision":"x"}`)) }, "different versions"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := serve(t, c.handle).Status(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Status = %v; want an error with %q", err, c.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	const address = "http://127.0.0.1:1" // a port given up could be another program's by now
	c, err := New(address, secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), `"fabricbook up"`) {
		t.Errorf("Status = %v; want the address and what to start", err)
	}
}

func TestGivenUp(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "given up") {
		t.Errorf("Status = %v; want a deadline", err)
	}
}

func TestRequests(t *testing.T) {
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("Authorization = %q", r.Header.Get("Authorization"))
		}
		got = append(got, r.Method+" "+r.URL.RequestURI())
		var p api.Plan
		if r.Method == http.MethodPost && (json.NewDecoder(r.Body).Decode(&p) != nil || p.Hash != "h" || len(p.Nodes) > 0) {
			t.Errorf("plan sent back as %+v; want hash and no computed parts", p)
		}
		answer(w, 200, api.Change{})
	})
	if _, err := c.Routes(t.Context(), "a/b c"); err != nil {
		t.Error(err)
	}
	if _, err := c.Apply(t.Context(), api.Plan{Hash: "h", Nodes: []api.NodeChange{{Node: "n"}}}); err != nil {
		t.Error(err)
	}
	want := "GET /v1/segments/a%2Fb%20c/routes, POST /v1/changes"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("requests: %s; want %s", s, want)
	}
}

// TestWaitTellsProgress answers a wait in steps and with a failure at the end.
func TestWaitTellsProgress(t *testing.T) {
	var seen []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Query().Get("seen"))
		ch := api.Change{Revision: 4, Nodes: []api.NodeAck{{Node: "a"}, {Node: "b"}}}
		switch len(seen) {
		case 3:
			ch.Nodes[0].Done = true
		case 4:
			ch.Nodes[0].Done = true
			ch.Nodes[1] = api.NodeAck{Node: "b", Done: true, Error: "out of labels"}
		}
		answer(w, 200, ch)
	})
	var told []int
	ch, err := c.Wait(t.Context(), 4, func(c api.Change) {
		n := 0
		for _, a := range c.Nodes {
			if a.Done {
				n++
			}
		}
		told = append(told, n)
	})
	if err == nil || !strings.Contains(err.Error(), "node b: out of labels") || ch.Revision != 4 {
		t.Errorf("Wait = %+v, %v; want b's failure", ch, err)
	}
	if s := strings.Join(seen, " "); s != "-1 0 0 1" {
		t.Errorf("seen = %s; want -1 0 0 1", s)
	}
	if len(told) != 3 || told[0] != 0 || told[1] != 1 || told[2] != 2 {
		t.Errorf("progress = %v; want each step once", told)
	}
}

// quiet clears what could lead to a real controller.
func quiet(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{EnvURL, EnvToken, EnvTokenFile, "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv(EnvData, dir)
	return dir
}

func TestDataDir(t *testing.T) {
	quiet(t)
	t.Setenv("HOME", "/home/op")
	t.Setenv(EnvData, "")
	if d := DataDir(); d != "/home/op/.local/state/fabricbook" {
		t.Errorf("DataDir = %s", d)
	}
	t.Setenv("XDG_STATE_HOME", "/state")
	if d := DataDir(); d != "/state/fabricbook" {
		t.Errorf("DataDir with XDG_STATE_HOME = %s", d)
	}
	t.Setenv(EnvData, "/data")
	if d := DataDir(); d != "/data" {
		t.Errorf("DataDir with %s = %s", EnvData, d)
	}
}

func TestDiscoverByFile(t *testing.T) {
	dir := quiet(t)
	if _, err := Discover(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), `"fabricbook up"`) {
		t.Errorf("Discover of nothing = %v", err)
	}
	mine := Location{URL: "http://127.0.0.1:4711", Token: secret}
	if err := Announce(dir, mine); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, File)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the announcement: %v, %v; want 0600", info.Mode(), err)
	}
	c, err := Discover()
	if err != nil || c.URL() != mine.URL {
		t.Fatalf("Discover = %v, %v", c, err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Discover(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("Discover of a file that others may read = %v", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Withdraw(dir, Location{URL: "http://127.0.0.1:1", Token: secret}); err != nil {
		t.Error(err)
	}
	if _, err := Discover(); err != nil {
		t.Errorf("another's withdrawal removed the announcement: %v", err)
	}
	if err := errors.Join(Withdraw(dir, mine), Withdraw(dir, mine)); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDiscoverByEnvironment(t *testing.T) {
	dir := quiet(t)
	t.Setenv(EnvURL, "http://127.0.0.1:4711")
	if _, err := Discover(); err == nil || !strings.Contains(err.Error(), EnvToken) {
		t.Errorf("Discover without a token = %v", err)
	}
	file := filepath.Join(dir, "token")
	t.Setenv(EnvTokenFile, file)
	if _, err := Discover(); err == nil || !strings.Contains(err.Error(), EnvTokenFile) {
		t.Errorf("Discover with a missing token file = %v", err)
	}
	if err := os.WriteFile(file, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Discover(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("Discover with an empty token file = %v", err)
	}
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Discover(); err != nil || c.token != secret {
		t.Errorf("Discover with a token file = %v", err)
	}
	t.Setenv(EnvToken, "another token")
	if c, err := Discover(); err != nil || c.token != "another token" {
		t.Errorf("Discover with both = %v; the variable comes first", err)
	}
}

func FuzzDecodeLocation(f *testing.F) {
	f.Add([]byte(`{"url":"http://127.0.0.1:4711","token":"t"}`))
	f.Add([]byte(`{"url":"127.0.0.1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if loc, err := decodeLocation(data); err == nil && (loc.URL == "" || loc.Token == "") {
			t.Errorf("%q gave %+v", data, loc)
		}
	})
}

func FuzzDecodeProblem(f *testing.F) {
	f.Add(422, []byte(`{"title":"no","errors":[{"field":"a","detail":"b","fix":"c"}]}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		if p := decodeProblem(status, data); p.Title == "" || p.Status != status {
			t.Errorf("%q gave %+v", data, p)
		}
	})
}
