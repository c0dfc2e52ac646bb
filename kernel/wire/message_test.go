package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const testKey = "a0436f6c-1916-498b-8eb9-e81ab9368e84"

// golden is a message signed by jupyter_client's Session.
var golden = [][]byte{
	[]byte(`{"msg_id":"1","msg_type":"kernel_info_request","session":"s","username":"u","date":"2026-01-02T03:04:05.000006Z","version":"5.3"}`),
	[]byte(`{}`), []byte(`{}`), []byte(`{}`),
}

var goldenSignatures = map[string]string{
	"hmac-sha256": "f6522a1c8674f31a27002904d81c4be8de6ca6f8077d712ec2df7eba6b3e0f70",
	"hmac-sha512": "04f5dd06c3e5efe7dc61e2e35db4ab8897df87628539859c4d16fd8bcbda67a1a58bec42658b4f0c414df525b45ad0063163cec973e679adfb61d9af6e26a838",
}

func signer(t testing.TB, scheme string) *Signer {
	t.Helper()
	s, err := NewSigner(scheme, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func goldenFrames(scheme string) [][]byte {
	frames := [][]byte{[]byte("peer"), []byte("<IDS|MSG>"), []byte(goldenSignatures[scheme])}
	return append(frames, golden...)
}

func TestGoldenSignatures(t *testing.T) {
	for scheme, want := range goldenSignatures {
		s := signer(t, scheme)
		if got := string(s.sign(golden)); got != want {
			t.Errorf("%s: signature %s, want %s", scheme, got, want)
		}
		m, err := s.Decode(goldenFrames(scheme))
		if err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		if m.Header.MsgType != KernelInfoRequest || m.Header.MsgID != "1" || string(m.Identities[0]) != "peer" {
			t.Errorf("%s: decoded %+v", scheme, m)
		}
		if want := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC); !m.Header.Time().Equal(want) {
			t.Errorf("%s: date %v, want %v", scheme, m.Header.Time(), want)
		}
	}
}

func TestEncodeThenDecode(t *testing.T) {
	s := signer(t, "hmac-sha256")
	session := Session{ID: "session", Username: "user"}
	in := &Message{
		Identities: [][]byte{{1, 2}, {3}}, Header: session.Header(CommMsg),
		Parent: golden[0], Content: json.RawMessage(`{"comm_id":"a","data":{"n":1}}`), Buffers: [][]byte{{0}, {}},
	}
	frames, err := s.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Decode(frames)
	if err != nil {
		t.Fatal(err)
	}
	if out.Header != in.Header || !bytes.Equal(out.Parent, in.Parent) || !bytes.Equal(out.Content, in.Content) ||
		string(out.Metadata) != "{}" || len(out.Identities) != 2 || len(out.Buffers) != 2 {
		t.Errorf("got %+v, want %+v", out, in)
	}
}

func TestDecodeRefuses(t *testing.T) {
	change := func(at int, to string) [][]byte {
		frames := goldenFrames("hmac-sha256")
		frames[at] = []byte(to)
		return frames
	}
	for name, frames := range map[string][][]byte{
		"no frames":          nil,
		"no delimiter":       change(1, "<IDS|MSG"),
		"too few parts":      goldenFrames("hmac-sha256")[:6],
		"changed content":    change(6, `{"a":1}`),
		"changed signature":  change(2, strings.Repeat("0", 64)),
		"signature not hex":  change(2, strings.Repeat("z", 64)),
		"signature cut":      change(2, goldenSignatures["hmac-sha256"][:62]),
		"signature missing":  change(2, ""),
		"signature too long": change(2, goldenSignatures["hmac-sha256"]+"00"),
	} {
		if m, err := signer(t, "hmac-sha256").Decode(frames); err == nil {
			t.Errorf("%s: decoded %+v", name, m)
		}
	}
}

func TestDecodeRefusesBadJSON(t *testing.T) {
	s, err := NewSigner("", "")
	if err != nil {
		t.Fatal(err)
	}
	for i, bad := range []string{"", "[", `{"msg_type":5}`, "{}"} {
		frames := [][]byte{delimiter, nil, []byte(bad), []byte("{}"), []byte("{}"), []byte("{}")}
		if m, err := s.Decode(frames); err == nil {
			t.Errorf("header %d %q: decoded %+v", i, bad, m)
		}
	}
	for part := 3; part < 6; part++ {
		frames := append([][]byte{delimiter, nil}, golden...)
		frames[part] = []byte("{")
		if m, err := s.Decode(frames); err == nil {
			t.Errorf("part %d broken: decoded %+v", part, m)
		}
	}
}

func TestReplayIsRefused(t *testing.T) {
	s := signer(t, "hmac-sha256")
	if _, err := s.Decode(goldenFrames("hmac-sha256")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decode(goldenFrames("hmac-sha256")); !errors.Is(err, ErrSignature) {
		t.Errorf("second time: error %v, want ErrSignature", err)
	}
	session := Session{ID: "other"}
	for range replayWindow + 10 { // the first one is still known in the older generation
		frames, err := s.Encode(&Message{Header: session.Header(StatusMsg)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Decode(frames); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Decode(goldenFrames("hmac-sha256")); !errors.Is(err, ErrSignature) {
		t.Errorf("after %d others: error %v, want ErrSignature", replayWindow+10, err)
	}
}

func TestOffset(t *testing.T) {
	at := func(n int) *int { return &n }
	for _, c := range []struct {
		code   string
		cursor *int
		want   int
	}{
		{"fmt.P", nil, 5}, {"fmt.P", at(0), 0}, {"fmt.P", at(4), 4}, {"fmt.P", at(99), 5},
		{"fmt.P", at(-3), 0}, {"世🌍x", at(1), 3}, {"世🌍x", at(2), 7}, {"世🌍x", at(3), 8}, {"", at(1), 0},
	} {
		if got := (Position{Code: c.code, Cursor: c.cursor}).Offset(); got != c.want {
			t.Errorf("%q at %v: offset %d, want %d", c.code, c.cursor, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("peer"), []byte("<IDS|MSG>"), []byte(""), golden[0], []byte("{}"), []byte("{}"), []byte("{}"))
	f.Add([]byte("<IDS|MSG>"), []byte("<IDS|MSG>"), []byte("x"), []byte("[]"), []byte("1"), []byte("null"), []byte(""))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h []byte) {
		open, err := NewSigner("", "")
		if err != nil {
			t.Fatal(err)
		}
		frames := [][]byte{a, b, c, d, e, g, h}
		if _, err := signer(t, "").Decode(frames); err == nil {
			t.Errorf("unsigned message accepted: %q", frames)
		}
		m, err := open.Decode(frames)
		if err != nil {
			return
		}
		again, err := open.Encode(m)
		if err != nil {
			t.Fatalf("decoded message cannot be encoded: %v", err)
		}
		if _, err := open.Decode(again); err != nil {
			t.Fatalf("encoded message cannot be decoded: %v", err)
		}
	})
}
