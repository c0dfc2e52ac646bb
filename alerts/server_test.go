package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fabricbook/fabricbook/notebooks"
)

const token = "0123456789abcdef-token"

// memory is a Store that copies as a real one does, and fails when told to.
type memory struct {
	mu   sync.Mutex
	docs map[string][]byte
	fail error
	puts int
}

func (m *memory) Put(_ context.Context, e Episode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	data, err := json.Marshal(e)
	m.docs[e.ID] = data
	m.puts++
	return err
}

func (m *memory) Get(_ context.Context, id string) (e Episode, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.docs[id]
	if !ok || m.fail != nil {
		return e, false, m.fail
	}
	return e, true, json.Unmarshal(data, &e)
}

func (m *memory) List(context.Context) ([]Episode, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Episode
	for _, id := range slices.Sorted(maps.Keys(m.docs)) {
		var e Episode
		if err := json.Unmarshal(m.docs[id], &e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, m.fail
}

type bench struct {
	*Server
	store *memory
	dir   string
	base  string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	rules, err := LoadRules(slices.Concat(DefaultRules(), []byte("default: {notebook: alert-port-unreachable, parameters: {alertname: string, severity: string, port: string}}\n")), "rules.yaml", Shelf{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{store: &memory{docs: map[string][]byte{}}, dir: filepath.Join(t.TempDir(), "alerts"), base: "http://127.0.0.1:8888"}
	b.Server, err = New(Config{Token: token, Rules: rules, Store: b.store, Templates: Shelf{}, Folder: Dir(b.dir), Path: "alerts", Jupyter: func() string { return b.base }, MaxBody: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) post(body, auth string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/alertmanager", strings.NewReader(body))
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func (b *bench) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func (b *bench) mustPost(t *testing.T, body string) {
	t.Helper()
	if w := b.post(body, "Bearer "+token); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func (b *bench) episode(t *testing.T, id string) Episode {
	t.Helper()
	e, ok, err := b.store.Get(context.Background(), id)
	if err != nil || !ok {
		t.Fatalf("episode %s: %v", id, err)
	}
	return e
}

const firstID = "8d5e4c2f0a1b9376-20260302T081530.123Z"

func TestWebhookNeedsTheToken(t *testing.T) {
	b := newBench(t)
	for _, auth := range []string{"", "Bearer", "Bearer wrong", "Basic " + token, token, "Bearer " + token + "x", "Bearer " + token[1:]} {
		w := b.post(string(sample(t)), auth)
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d", auth, w.Code)
		}
	}
	if len(b.store.docs) != 0 {
		t.Error("something was stored without the token")
	}
	if w := b.post(string(sample(t)), "bearer  "+token); w.Code != 200 {
		t.Errorf("the scheme is not case sensitive: %d", w.Code)
	}
}

func TestDeliveriesMergeIntoEpisodes(t *testing.T) {
	b := newBench(t)
	firing := string(sample(t))
	b.mustPost(t, firing)
	b.mustPost(t, firing)
	if len(b.store.docs) != 2 {
		t.Fatalf("%d episodes of 2 alerts sent twice", len(b.store.docs))
	}
	resolved := strings.Replace(strings.Replace(firing, `"status": "firing",
      "labels": {"alertname": "PortUnreachable"`, `"status": "resolved",
      "labels": {"alertname": "PortUnreachable"`, 1), `"0001-01-01T00:00:00Z"`, `"2026-03-02T08:20:30.123Z"`, 1)
	b.mustPost(t, resolved)
	b.mustPost(t, resolved)
	e := b.episode(t, firstID)
	if e.Status != Resolved || e.EndsAt.Format("15:04:05") != "08:20:30" || e.Deliveries != 4 || len(e.History) != 2 || e.First.After(e.Last) {
		t.Errorf("after the resolution: %+v", e)
	}
	// Alertmanager had lost sight of the alert and finds it still firing.
	b.mustPost(t, firing)
	if e := b.episode(t, firstID); e.Status != Firing || !e.EndsAt.IsZero() || len(e.History) != 3 {
		t.Errorf("after it was found firing: %+v", e)
	}
	// The same alert fires anew: another episode.
	b.mustPost(t, strings.Replace(firing, "2026-03-02T08:15:30.123Z", "2026-03-03T09:00:00+01:00", 1))
	if len(b.store.docs) != 3 {
		t.Errorf("%d episodes", len(b.store.docs))
	}
	b.episode(t, "8d5e4c2f0a1b9376-20260303T080000Z")
}

func TestWebhookAnswers(t *testing.T) {
	good := `{"fingerprint":"0123456789abcdef","status":"firing","labels":{"a":"b"},"startsAt":"2026-03-02T08:15:30Z"}`
	for _, c := range []struct {
		name, body string
		status     int
		episodes   int
		want       string
	}{
		{"no alerts", `{"version":"4","alerts":[]}`, 200, 0, `{"accepted":0}`},
		{"unknown fields and version", `{"version":"5","new":{"x":[1]},"alerts":[{"odd":true,` + good[1:] + `]}`, 200, 1, `{"accepted":1}`},
		{"one bad alert does not hold up the others", `{"version":"4","alerts":[{"fingerprint":"x"},` + good + `,{"startsAt":1}]}`, 200, 1, `alerts[0]: fingerprint`},
		{"only bad alerts", `{"version":"4","alerts":[{"fingerprint":"x"}]}`, 400, 0, "alerts[0]: fingerprint"},
		{"no JSON", `hello`, 400, 0, "not an Alertmanager webhook"},
		{"too large", `{"version":"4","alerts":[` + strings.Repeat(" ", 65<<10) + `]}`, 413, 0, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			w := b.post(c.body, "Bearer "+token)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || len(b.store.docs) != c.episodes {
				t.Errorf("%d, %d episodes: %s", w.Code, len(b.store.docs), w.Body)
			}
		})
	}
}

func TestWebhookSays503WhenTheStoreFails(t *testing.T) {
	b := newBench(t)
	b.store.fail = errors.New("no quorum")
	if w := b.post(string(sample(t)), "Bearer "+token); w.Code != 503 {
		t.Errorf("%d: Alertmanager tries again only after 5xx", w.Code)
	}
	b.store.fail = nil
	b.mustPost(t, string(sample(t)))
	if e := b.episode(t, firstID); e.Deliveries != 1 {
		t.Errorf("deliveries %d", e.Deliveries)
	}
}

func TestLinkLeadsToAPreparedNotebook(t *testing.T) {
	b := newBench(t)
	b.mustPost(t, string(sample(t)))
	for _, path := range []string{"/a/8d5e4c2f0a1b9376", "/a/" + firstID} {
		w := b.get(path)
		if got := w.Header().Get("Location"); w.Code != 302 || got != "http://127.0.0.1:8888/lab/tree/alerts/"+firstID+".ipynb" {
			t.Fatalf("%s: %d %s", path, w.Code, got)
		}
	}
	nb, err := notebooks.ReadFile(filepath.Join(b.dir, firstID+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(nb.Cells, func(c notebooks.Cell) bool { return c.HasTag(notebooks.TagInjected) })
	if i < 1 || !nb.Cells[i-1].HasTag(notebooks.TagParameters) {
		t.Fatalf("the injected cell is at %d", i)
	}
	want := `// Parameters of this run. They replace the defaults above.
// peer keeps its default: the alert has no label peer.
var (
	alertname string = "PortUnreachable"
	severity string = "critical"
	instance string = "10.0.12.3:9115"
	port string = "db-1"
	segment string = "dc-db-network"
	since string = "2026-03-02T08:15:30.123Z"
)`
	if got := nb.Cells[i].Source; got != want {
		t.Errorf("injected\n%s\nwant\n%s", got, want)
	}
	if e := b.episode(t, firstID); e.Notebook != "alert-port-unreachable" || e.Opened.IsZero() {
		t.Errorf("episode %+v", e)
	}
}

func TestNotebookIsMadeOncePerEpisode(t *testing.T) {
	b := newBench(t)
	b.mustPost(t, string(sample(t)))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if w := b.get("/a/8d5e4c2f0a1b9376"); w.Code != 302 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	path := filepath.Join(b.dir, firstID+".ipynb")
	if err := os.WriteFile(path, []byte("what the operator wrote"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.get("/a/8d5e4c2f0a1b9376")
	if data, _ := os.ReadFile(path); string(data) != "what the operator wrote" {
		t.Error("an operator's notebook was overwritten")
	}
	if files, _ := os.ReadDir(b.dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
	b.mustPost(t, strings.Replace(string(sample(t)), "2026-03-02T08:15:30.123Z", "2026-03-03T08:15:30Z", 1))
	if got := b.get("/a/8d5e4c2f0a1b9376").Header().Get("Location"); !strings.HasSuffix(got, "/8d5e4c2f0a1b9376-20260303T081530Z.ipynb") {
		t.Errorf("a fingerprint leads to its newest episode, not to %s", got)
	}
}

func TestLinksThatLeadNowhere(t *testing.T) {
	b := newBench(t)
	b.mustPost(t, string(sample(t)))
	for _, path := range []string{"/a/ffffffffffffffff", "/a/x", "/a/8d5e4c2f0a1b9376-x", "/a/8d5e4c2f0a1b9376-20260302T081530.124Z", "/a/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/a/%3Cscript%3E", "/a/8d5e4c2f0a1b9376-..%2f..%2fx"} {
		w := b.get(path)
		if w.Code != 404 || !strings.Contains(w.Body.String(), "No such alert") || !strings.Contains(w.Body.String(), `href="../alerts"`) || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body)
		}
	}
	if _, err := os.Stat(b.dir); err == nil {
		t.Error("a link that leads nowhere made a folder")
	}
}

func TestRedirectStaysWithinJupyter(t *testing.T) {
	b := newBench(t)
	b.mustPost(t, string(sample(t)))
	for base, want := range map[string]string{
		"http://127.0.0.1:8888/":                  "http://127.0.0.1:8888/lab/tree/alerts/" + firstID + ".ipynb",
		"https://hub.example/hub/user-redirect":   "https://hub.example/hub/user-redirect/lab/tree/alerts/" + firstID + ".ipynb",
		"https://hub.example/a%20b/?token=x#frag": "https://hub.example/a%20b/lab/tree/alerts/" + firstID + ".ipynb",
		"":                       "",
		"//evil.example":         "",
		"javascript:alert(1)":    "",
		"http://user:pw@host/":   "",
		"http:///lab":            "",
		"http://127.0.0.1:port/": "",
	} {
		b.base = base
		w := b.get("/a/8d5e4c2f0a1b9376?next=http://evil.example")
		if got := w.Header().Get("Location"); got != want || (want == "") != (w.Code == 503) {
			t.Errorf("base %q: %d %q, want %q", base, w.Code, got, want)
		}
	}
	b.base, b.Path = "http://127.0.0.1:8888", "my alerts/ü?#"
	if got := b.get("/a/8d5e4c2f0a1b9376").Header().Get("Location"); got != "http://127.0.0.1:8888/lab/tree/my%20alerts/%C3%BC%3F%23/"+firstID+".ipynb" {
		t.Errorf("got %s", got)
	}
}

// hostile is an alert whose every text tries something.
func hostile(t *testing.T) string {
	t.Helper()
	evil := "</script><script>alert(1)</script>\"'`;\nos.Exit(1)\n//\x00\u2028" + `{{.}}$(reboot)%s`
	body, err := json.Marshal(map[string]any{"version": "4", "receiver": evil, "externalURL": "javascript:alert(1)", "alerts": []any{map[string]any{
		"status": "firing", "fingerprint": "0123456789abcdef", "startsAt": "2026-03-02T08:15:30Z", "generatorURL": "javascript:alert(1)",
		"labels":      map[string]string{"alertname": evil, "severity": evil, "port": evil, "instance": evil, "x\n<b>": evil},
		"annotations": map[string]string{"summary": evil, "runbook_url": "javascript:alert(1)"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHostileAlert(t *testing.T) {
	b := newBench(t)
	b.mustPost(t, hostile(t))
	for _, path := range []string{"/", "/alerts", "/runbook/" + url.PathEscape("</title><script>alert(1)</script>")} {
		w := b.get(path)
		body := w.Body.String()
		if w.Code != 200 || strings.Contains(body, "<script") || strings.Contains(body, "javascript:") || strings.Contains(body, "<b>") {
			t.Errorf("%s: %d\n%s", path, w.Code, body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	if w := b.get("/a/0123456789abcdef"); w.Code != 302 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	nb, err := notebooks.ReadFile(filepath.Join(b.dir, "0123456789abcdef-20260302T081530Z.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	template, _ := notebooks.Open("alert-port-unreachable")
	for _, c := range nb.Cells {
		if c.HasTag(notebooks.TagInjected) {
			for line := range strings.SplitSeq(c.Source, "\n") {
				if line != ")" && line != "var (" && !strings.HasPrefix(line, "// ") && !strings.HasPrefix(line, "\t") {
					t.Errorf("line of code from an alert: %q", line)
				}
			}
			continue
		}
		if !slices.ContainsFunc(template.Cells, func(o notebooks.Cell) bool { return o.ID == c.ID && o.Source == c.Source }) {
			t.Errorf("cell %s is not the template's:\n%s", c.ID, c.Source)
		}
	}
}

func TestListPage(t *testing.T) {
	b := newBench(t)
	if body := b.get("/").Body.String(); !strings.Contains(body, "No alert has been received yet") || !strings.Contains(body, "webhook_configs") {
		t.Errorf("the empty list does not help:\n%s", body)
	}
	b.mustPost(t, string(sample(t)))
	b.mustPost(t, strings.Replace(string(sample(t)), `{
      "status": "firing",
      "labels": {"alertname": "DiskFull"`, `{
      "status": "resolved",
      "labels": {"alertname": "DiskFull"`, 1))
	b.get("/a/" + firstID)
	body := b.get("/alerts").Body.String()
	for _, want := range []string{"1 firing, 2 known", "● firing", "✓ resolved", `<a href="a/` + firstID + `">PortUnreachable</a>`, "db-1 does not answer", "severity=critical", "opened", "not opened yet", "told 2×"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
	if strings.Index(body, "PortUnreachable") > strings.Index(body, "DiskFull") {
		t.Error("firing ones come first")
	}
}

func TestRunbookLink(t *testing.T) {
	b := newBench(t)
	if w := b.get("/runbook/PortUnreachable"); w.Code != 200 || !strings.Contains(w.Body.String(), "A workload does not answer (alert-port-unreachable)") {
		t.Errorf("before any alert: %d\n%s", w.Code, w.Body)
	}
	b.mustPost(t, string(sample(t)))
	if w := b.get("/runbook/PortUnreachable"); w.Code != 302 || w.Header().Get("Location") != "../a/"+firstID {
		t.Errorf("one is firing: %d %s", w.Code, w.Header().Get("Location"))
	}
	b.mustPost(t, strings.Replace(string(sample(t)), "8d5e4c2f0a1b9376", "8d5e4c2f0a1b9377", 1))
	w := b.get("/runbook/PortUnreachable")
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "choose one") || strings.Count(body, `href="../a/`) != 2 || strings.Contains(body, "DiskFull") {
		t.Errorf("two are firing: %d\n%s", w.Code, body)
	}
	b.Rules = &Rules{}
	if w := b.get("/runbook/Other"); w.Code != 404 || !strings.Contains(w.Body.String(), "Add a rule") {
		t.Errorf("no rule: %d\n%s", w.Code, w.Body)
	}
	if w := b.get("/a/" + firstID); w.Code != 404 || !strings.Contains(w.Body.String(), "Add a rule") {
		t.Errorf("no rule: %d\n%s", w.Code, w.Body)
	}
}

func TestPagesWhenTheStoreFails(t *testing.T) {
	b := newBench(t)
	b.store.fail = errors.New("no quorum")
	for _, path := range []string{"/alerts", "/a/8d5e4c2f0a1b9376", "/a/" + firstID, "/runbook/x"} {
		if w := b.get(path); w.Code != 500 || !strings.Contains(w.Body.String(), "no quorum") {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body)
		}
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	b := newBench(t)
	for path, want := range map[string]int{"/nothing": 404, "/alertmanager": 405, "/a/": 404, "/a/x/y": 404} {
		if w := b.get(path); w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/alerts", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", w.Code)
	}
}

func TestNewChecksItsConfiguration(t *testing.T) {
	good := newBench(t).Config
	for want, change := range map[string]func(*Config){
		"token is shorter": func(c *Config) { c.Token = "short" },
		"must all be set":  func(c *Config) { c.Store = nil },
		"path \"../x\"":    func(c *Config) { c.Path = "../x" },
		"path \"/x\"":      func(c *Config) { c.Path = "/x" },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestDirKeepsFilesInside(t *testing.T) {
	outside := t.TempDir()
	d := Dir(filepath.Join(t.TempDir(), "alerts"))
	nb := notebooks.Notebook{Cells: []notebooks.Cell{notebooks.CodeCell("a", "x")}}
	if created, err := d.Create(t.Context(), "a.ipynb", nb); !created || err != nil {
		t.Fatal(created, err)
	}
	if created, err := d.Create(t.Context(), "a.ipynb", nb); created || err != nil {
		t.Fatal(created, err)
	}
	for _, name := range []string{"../b.ipynb", filepath.Join(outside, "b.ipynb"), "link/b.ipynb"} {
		if name == "link/b.ipynb" {
			if err := os.Symlink(outside, filepath.Join(string(d), "link")); err != nil {
				t.Fatal(err)
			}
		}
		if created, err := d.Create(t.Context(), name, nb); created || err == nil {
			t.Errorf("%s was written outside: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("outside: %v", left)
	}
}

func TestShelfPrefersTheOperatorsNotebook(t *testing.T) {
	dir := t.TempDir()
	own := notebooks.Notebook{Cells: []notebooks.Cell{notebooks.MarkdownCell("a", "# Mine")}}
	for _, name := range []string{"mine.ipynb", "alert-port-unreachable.ipynb"} {
		if err := notebooks.WriteFile(filepath.Join(dir, name), own); err != nil {
			t.Fatal(err)
		}
	}
	s := Shelf{Dir: dir}
	if got := strings.Join(s.Names(), " "); got != "01-segments-router-security-groups alert-port-unreachable mine" {
		t.Errorf("names %s", got)
	}
	for name, want := range map[string]string{"mine": "Mine", "alert-port-unreachable": "Mine", "01-segments-router-security-groups": "Segments, router and security groups"} {
		if nb, err := s.Open(name); err != nil || nb.Title() != want {
			t.Errorf("%s: %q %v", name, nb.Title(), err)
		}
	}
	for _, name := range []string{"../mine", "/etc/passwd", "a/b", ""} {
		if _, err := s.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

// Prefixes may be stripped in front: no page and no redirect holds an absolute
// path of its own.
func TestServedUnderAPrefix(t *testing.T) {
	b := newBench(t)
	srv := httptest.NewServer(http.StripPrefix("/fabric", b))
	defer srv.Close()
	b.mustPost(t, string(sample(t)))
	b.base = srv.URL
	client := &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if strings.Contains(r.URL.Path, "/lab/tree/") {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Get(srv.URL + "/fabric/runbook/PortUnreachable")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), srv.URL+"/lab/tree/alerts/") {
		t.Errorf("%d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
}
