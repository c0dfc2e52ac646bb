package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// alertmanager finds a real Alertmanager: the file in ALERTMANAGER, or
// `alertmanager` or `prometheus-alertmanager` in PATH. Where there is none the
// test is skipped, and fails where REQUIRE_LIVE=1.
func alertmanager(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("ALERTMANAGER"), "alertmanager", "prometheus-alertmanager"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const help = "no Alertmanager: apt-get install prometheus-alertmanager, or go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.31.1"
	if os.Getenv("REQUIRE_LIVE") == "1" {
		t.Fatal(help)
	}
	t.Skip(help)
	return ""
}

// testTime is how long something may take before a test gives it up.
const testTime = 2 * time.Minute

// eventually asks until the answer is yes, for testTime at most.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("after %v not yet: %s", testTime, what)
		}
	}
}

// startAlertmanager runs one that sends to url, and returns its own URL.
func startAlertmanager(t *testing.T, path, url string) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf(`
route: {receiver: fabricbook, group_by: [alertname], group_wait: 200ms, group_interval: 500ms, repeat_interval: 1h}
receivers:
  - name: fabricbook
    webhook_configs:
      - {url: %q, send_resolved: true, http_config: {authorization: {credentials: %q}}}
`, url, token)
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for {
		base, log := runAlertmanager(t, path, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"), "--cluster.listen-address=")
		if base != "" {
			return base
		}
		if !strings.Contains(log, "address already in use") {
			t.Fatalf("Alertmanager ended:\n%s", log)
		}
	}
}

// runAlertmanager runs one until the test ends and returns its URL. Where it ended
// instead of answering, as it does where another program took its port meanwhile, it
// returns what it said.
func runAlertmanager(t *testing.T, path string, args ...string) (base, said string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	var log bytes.Buffer
	cmd := exec.Command(path, append(args, "--web.listen-address="+address)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("Alertmanager said:\n%s", log.String())
		}
	})
	base = "http://" + address
	eventually(t, "Alertmanager answers", func() bool {
		select {
		case <-ended:
			base, said = "", log.String()
			return true
		default:
		}
		resp, err := (&http.Client{Timeout: 5 * time.Second}).Get(base + "/-/ready") // who took the port may never answer
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return base, said
}

func sendAlert(t *testing.T, base string, labels map[string]string, start, end time.Time) {
	t.Helper()
	body, err := json.Marshal([]any{map[string]any{"labels": labels, "annotations": map[string]string{"summary": "db-1 does not answer"}, "startsAt": start, "endsAt": end}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(base+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
}

// A real Alertmanager fires, its first delivery fails, it tries again; then the
// alert is resolved. One episode comes of it, and its link leads to a notebook.
func TestWithARealAlertmanager(t *testing.T) {
	path := alertmanager(t)
	b := newBench(t)
	var posts atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
			return
		}
		b.ServeHTTP(w, r)
	}))
	defer srv.Close()
	base := startAlertmanager(t, path, srv.URL+"/alertmanager")

	labels := map[string]string{"alertname": "PortUnreachable", "port": "db-1", "severity": `critical "quoted" $(x)`}
	start := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	sendAlert(t, base, labels, start, time.Now().Add(time.Hour))
	only := func() Episode {
		list, err := b.store.List(t.Context())
		if err != nil || len(list) > 1 {
			t.Fatalf("%d episodes: %v", len(list), err)
		}
		if len(list) == 0 {
			return Episode{}
		}
		return list[0]
	}
	eventually(t, "an episode is firing", func() bool { return only().Status == Firing })
	if e := only(); !e.StartsAt.Equal(start) || e.Labels["severity"] != labels["severity"] || e.Receiver != "fabricbook" || posts.Load() < 2 {
		t.Errorf("after %d posts: %+v", posts.Load(), e)
	}
	sendAlert(t, base, labels, start, time.Now())
	eventually(t, "the episode is resolved", func() bool { return only().Status == Resolved })
	e := only()
	if e.EndsAt.Before(e.StartsAt) || len(e.History) != 2 {
		t.Errorf("resolved: %+v", e)
	}
	if w := b.get("/a/" + e.Fingerprint); w.Code != 302 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
