package dataplane

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
)

func TestJSONRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		s := randomState(rand.New(rand.NewPCG(seed, 3)))
		roundTrip(t, s)
	}
}

func roundTrip(t *testing.T, s State) {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	var got State
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
	if c := Diff(s, got); !c.Empty() || got.Revision != s.Revision {
		t.Fatalf("%s comes back different: %q", b, c.Lines())
	}
	again, err := json.Marshal(got)
	if err != nil || !bytes.Equal(again, b) {
		t.Fatalf("encoded again (%v):\n got %s\nwant %s", err, again, b)
	}
}

// FuzzState decodes anything: a State that is accepted must survive every
// function of this package, and a valid one must come back the same.
func FuzzState(f *testing.F) {
	for seed := range uint64(5) {
		b, err := json.Marshal(randomState(rand.New(rand.NewPCG(seed, 4))))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	base := randomState(rand.New(rand.NewPCG(9, 4)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s State
		if json.Unmarshal(b, &s) != nil {
			return
		}
		c := Diff(base, s)
		c.Lines()
		_ = c.Validate(s)
		_ = s.Text()
		if s.Validate() != nil {
			return
		}
		if left := Diff(c.Apply(base), s); !left.Empty() {
			t.Fatalf("after the changes there is left: %q", left.Lines())
		}
		roundTrip(t, s)
	})
}
