package safety

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

func masker(secrets ...string) *Masker {
	m := &Masker{}
	for _, s := range secrets {
		m.Add(s)
	}
	return m
}

func TestText(t *testing.T) {
	const odd = `p<&"ss é\1`
	for _, c := range []struct {
		secrets    []string
		text, want string
	}{
		{nil, "hunter2", "hunter2"},
		{[]string{"hunter2"}, "the word is hunter2, hunter2!", "the word is [secret], [secret]!"},
		{[]string{"hunter2"}, "hunter", "hunter"},
		{[]string{"abcd", "abcdef"}, "abcdef abcd", "[secret] [secret]"},
		{[]string{"abcd", "cdef"}, "abcdef", "[secret]"},
		{[]string{"abab"}, "ababab", "[secret]"},
		{[]string{"abc"}, "abc", "abc"}, // too short to be masked
		{[]string{odd}, fmt.Sprintf("%q %s", odd, html.EscapeString(odd)), `"[secret]" [secret]`},
		{[]string{odd}, "http://u:" + url.QueryEscape(odd) + "@h/" + url.PathEscape(odd), "http://u:[secret]@h/[secret]"},
		{[]string{"line one is long\nline two is long"}, "  line two is long", "  [secret]"},
		{[]string{" token-1 \n"}, "token-1", "[secret]"},
		{[]string{"hunter2"}, fmt.Sprintf("%x %X % x", "hunter2", "hunter2", "hunter2"), "[secret] [secret] [secret]"},
		{[]string{"hunter2"}, fmt.Sprintf("%v %#v", []byte("a hunter2"), []byte("hunter2")), "[97 32 [secret]] []byte{[secret]}"},
	} {
		if got := masker(c.secrets...).Text(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestBase64OfCredentials(t *testing.T) {
	m := masker("correct horse")
	for _, user := range []string{"a", "ab", "abc", "operator"} {
		sent := base64.StdEncoding.EncodeToString([]byte(user + ":correct horse"))
		if got := m.Text("Authorization: Basic " + sent); !strings.Contains(got, Mask) || strings.Contains(got, sent[8:]) {
			t.Errorf("%s: %s", user, got)
		}
	}
}

func TestValues(t *testing.T) {
	m := masker("hunter2", "12345678")
	b := display.Bundle{Data: map[string]any{
		"text/plain":       "pw hunter2",
		"image/png":        "hunter2",
		"application/json": json.RawMessage(`{"n":12345678,"hunter2":["hunter2",1.5,null,true]}`),
	}}
	got, err := json.Marshal(m.Bundle(b))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Data":{"application/json":{"[secret]":["[secret]",1.5,null,true],"n":"[secret]"},"image/png":"hunter2","text/plain":"pw [secret]"},"Metadata":null,"Transient":null}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	o := m.Outcome(engine.Outcome{
		Failure:     &engine.Failure{Kind: engine.Panic, Message: "bad hunter2", Traceback: []string{"at hunter2"}},
		Expressions: map[string]engine.Expression{"k": {Bundle: display.Text("hunter2")}},
		Payload:     []map[string]any{{"data": map[string]any{"text/plain": "hunter2"}}},
	})
	if text, _ := json.Marshal(o); strings.Contains(string(text), "hunter2") || strings.Count(string(text), Mask) != 4 {
		t.Errorf("outcome %s", text)
	}
}

// stream passes text through a Stream in pieces that end at the given places.
func stream(m *Masker, text string, ends ...int) string {
	var s Stream
	var b strings.Builder
	last := 0
	for _, end := range append(ends, len(text)) {
		b.WriteString(s.Next(m, text[last:end]))
		last = end
	}
	b.WriteString(s.End(m))
	return b.String()
}

// What stands before a cut could be the first half of a secret.
func TestExcerptsAreMaskedBeforeTheirCuts(t *testing.T) {
	var m Masker
	for _, text := range []string{"hunt…", "plain"} {
		if got := m.Excerpt(text, "…"); got != text {
			t.Errorf("without a secret: %q became %q", text, got)
		}
	}
	m.Add("hunter2-and-more")
	for text, want := range map[string]string{
		"a hunter2-an… b hunter2-and-more…": "a … b [secret]…", "no hunter2-and-more cut": "no [secret] cut", "plain… text": "plain… text", "… hunter2": "… hunter2",
	} {
		if got := m.Excerpt(text, "…"); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestStreamsAreMaskedAcrossPieces(t *testing.T) {
	m := masker("hunter2", "two secrets", "abab", "hunters")
	const text = "x hunter2 abababx two secrets hunter hunters"
	want := m.Text(text)
	for i := range len(text) {
		for j := i; j < len(text); j++ {
			if got := stream(m, text, i, j); got != want {
				t.Fatalf("cut at %d and %d: %q, want %q", i, j, got, want)
			}
		}
	}
}

func TestAStreamHoldsBackNoMoreThanItMust(t *testing.T) {
	m := masker("hunter2")
	var s Stream
	if got := s.Next(m, "all of this comes at once\n"); got != "all of this comes at once\n" {
		t.Errorf("shown %q", got)
	}
	if got := s.Next(m, "the hun"); got != "the " {
		t.Errorf("shown %q", got)
	}
	if got := s.Next(m, "dred"); got != "hundred" {
		t.Errorf("shown %q", got)
	}
	for end, want := range map[string]string{"hun": "hun", "hunt": Mask, "hunter": Mask} {
		if got := stream(m, end); got != want {
			t.Errorf("a stream that ends with %q shows %q, want %q", end, got, want)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add("hunter2", "a hunter2 b", 3, 5)
	f.Add("ababcabab", "abababcababab", 1, 9)
	f.Fuzz(func(t *testing.T, secret, text string, i, j int) {
		m := masker(secret)
		if i < 0 || j < i || j > len(text) {
			return
		}
		whole, pieces := m.Text(text), stream(m, text, i, j)
		if pieces != whole && !strings.HasSuffix(pieces, Mask) { // half a secret at the end is masked
			t.Errorf("secret %q: %q in pieces is %q, whole %q", secret, text, pieces, whole)
		}
		if m.table.Load() != nil && !strings.Contains(Mask, secret) && strings.Contains(strings.ReplaceAll(pieces, Mask, "\x00"), secret) {
			t.Errorf("%q stands in %q", secret, pieces)
		}
	})
}
