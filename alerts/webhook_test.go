package alerts

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func sample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/firing.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecodeReadsAlertmanagersMessage(t *testing.T) {
	m, err := Decode(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	a := m.Alerts[0]
	if m.Version != "4" || m.Receiver != "fabricbook" || len(m.Alerts) != 2 || a.Labels["port"] != "db-1" || !a.EndsAt.IsZero() {
		t.Errorf("read %+v", m)
	}
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	if id := EpisodeID(a.Fingerprint, a.StartsAt); id != "8d5e4c2f0a1b9376-20260302T081530.123Z" {
		t.Errorf("episode %s", id)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for body, want := range map[string]string{
		"":                      "not an Alertmanager webhook",
		"[]":                    "not an Alertmanager webhook",
		`{"version":"4"}`:       `"alerts" is missing`,
		`{"alerts":null}`:       `"alerts" is missing`,
		`{"alerts":{}}`:         "not an Alertmanager webhook",
		`{"alerts":[]} trailer`: "not an Alertmanager webhook",
	} {
		if _, err := Decode([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Alert{Status: Firing, Labels: map[string]string{"alertname": "X"}, StartsAt: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Fingerprint: "0123456789abcdef"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	many := map[string]string{}
	for i := range maxFields + 1 {
		many[strings.Repeat("a", i+1)] = ""
	}
	for want, change := range map[string]func(*Alert){
		"16 hexadecimal digits":    func(a *Alert) { a.Fingerprint = "../../etc/passwd" },
		"want firing or resolved":  func(a *Alert) { a.Status = "pending" },
		"no time at which":         func(a *Alert) { a.StartsAt = time.Time{} },
		"has no labels":            func(a *Alert) { a.Labels = nil },
		"more than 256 labels":     func(a *Alert) { a.Labels = many },
		"the value longer than":    func(a *Alert) { a.Labels = map[string]string{"a": strings.Repeat("x", maxLabel+1)} },
		"annotation \"aaaa":        func(a *Alert) { a.Annotations = map[string]string{strings.Repeat("a", maxName+1): ""} },
		"longer than 262144 bytes": func(a *Alert) { a.Labels = long(20) },
		"is not an alert: ":        func(a *Alert) { *a = decoded(t, `{"alerts":[{"startsAt":7}]}`) },
	} {
		a := good
		change(&a)
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func long(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[string(rune('a'+i))] = strings.Repeat("x", maxLabel)
	}
	return out
}

func decoded(t *testing.T, body string) Alert {
	t.Helper()
	m, err := Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Alerts[0]
}

// Whatever comes in, what passes Check becomes an episode that survives a store
// and whose id is a safe file name.
func FuzzDecode(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte(`{"alerts":[{"fingerprint":"0123456789abcdef","status":"resolved","labels":{"a":"b"},"startsAt":"2026-03-02T08:15:30+14:00","endsAt":"2026-03-02T08:15:31Z"}]}`))
	f.Add([]byte(`{"alerts":[{"fingerprint":"0123456789abcdef","status":"firing","labels":{"a":"\ud800"},"startsAt":"9999-12-31T23:59:59-23:59"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Decode(body)
		if err != nil {
			return
		}
		for _, a := range m.Alerts {
			if a.Check() != nil {
				continue
			}
			e := Episode{}.merge(a, m, time.Unix(0, 0).UTC()).merge(a, m, time.Unix(1, 0).UTC())
			if strings.Trim(e.ID, "0123456789abcdefTZ.-") != "" || strings.Contains(e.ID, "..") || len(e.ID) > 64 {
				t.Fatalf("id %q", e.ID)
			}
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var back Episode
			if err := json.Unmarshal(data, &back); err != nil || back.ID != e.ID || !back.StartsAt.Equal(e.StartsAt) {
				t.Fatalf("%v: %+v", err, back)
			}
			if e.Deliveries != 2 || len(e.History) != 1 {
				t.Fatalf("merged %+v", e)
			}
		}
	})
}
