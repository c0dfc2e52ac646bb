package netlib_test

import (
	"encoding/json"
	"testing"

	. "github.com/fabricbook/fabricbook/netlib"
)

func mustApply(t testing.TB, f Fabric, e Edit) (Fabric, Edit) {
	t.Helper()
	next, done, err := e.Apply(f)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return next, done
}

func TestApplyAssigns(t *testing.T) {
	f, done := mustApply(t, Fabric{}, s1())
	if f.Revision != 1 || f.ASN != DefaultASN {
		t.Errorf("revision %d, ASN %d; want 1, %d", f.Revision, f.ASN, DefaultASN)
	}
	for name, want := range map[string]string{"web-1": "10.0.11.3", "db-1": "10.0.12.3", "office-1": "10.0.13.3", "mgmt-1": "10.0.14.3"} {
		p, _ := f.Port(name)
		if p.Address.String() != want {
			t.Errorf("%s has %s, want %s", name, p.Address, want)
		}
		if p.Label < FirstLabel || p.Label > LastLabel {
			t.Errorf("%s has label %d", name, p.Label)
		}
	}
	again, nothing := mustApply(t, f, s1())
	if !nothing.Empty() || again.Revision != f.Revision {
		b, _ := json.Marshal(nothing)
		t.Errorf("the same edit again changes %s", b)
	}
	replayed, _ := mustApply(t, Fabric{}, done)
	a, _ := json.Marshal(f)
	b, _ := json.Marshal(replayed)
	if string(a) != string(b) {
		t.Errorf("the completed edit gives another fabric:\n%s\n%s", a, b)
	}
}
