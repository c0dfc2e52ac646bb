package store

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
)

// randomEdit makes and deletes objects that refer to each other. Some are invalid.
func randomEdit(r *rand.Rand) (e netlib.Edit) {
	name := func(kind string) string { return fmt.Sprintf("%s-%d", kind, r.IntN(6)) }
	for range r.IntN(4) {
		n := r.IntN(6)
		switch r.IntN(7) {
		case 0:
			e.Nodes = append(e.Nodes, netlib.Node{Name: fmt.Sprintf("node-%d", n), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + n)})})
		case 1:
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n), 0}), 24+r.IntN(2))
			e.Segments = append(e.Segments, netlib.Segment{Name: fmt.Sprintf("segment-%d", n), Subnets: []netip.Prefix{p}})
		case 2:
			e.Routers = append(e.Routers, netlib.Router{Name: name("router"), Segments: []string{name("segment")}})
		case 3:
			e.Groups = append(e.Groups, netlib.SecurityGroup{Name: name("group"), Rules: []netlib.Rule{{Direction: netlib.Ingress, Protocol: netlib.TCP, PortFrom: uint16(n + 1), Group: name("group")}}})
		case 4, 5:
			e.Ports = append(e.Ports, netlib.Port{Name: name("port"), Segment: name("segment"), Node: name("node")})
		case 6:
			kind := []netlib.Kind{netlib.KindPort, netlib.KindPort, netlib.KindRouter, netlib.KindSegment, netlib.KindNode, netlib.KindGroup}[r.IntN(6)]
			e.Delete = append(e.Delete, netlib.Ref{Kind: kind, Name: name(string(kind))})
		}
	}
	return e
}

// TestReplayIsWhatApplyMade applies random edits and proves that their entries, as
// stored, lead to the same fabric: one by one and all at once.
func TestReplayIsWhatApplyMade(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		want := netlib.Fabric{ASN: netlib.DefaultASN}
		got := want
		var all []Entry
		for range 300 {
			next, edit, err := randomEdit(r).Apply(want)
			if err != nil || edit.Empty() {
				continue
			}
			want = next
			data, err := json.Marshal(NewEntry("", time.Unix(0, 0), edit, want))
			if err != nil {
				t.Fatal(err)
			}
			e, err := decodeEntry(want.Revision, data)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
			if got, err = Replay(got, e); err != nil {
				t.Fatal(err)
			}
			if g, w := text(t, got), text(t, want); g != w {
				t.Fatalf("seed %d, after %s:\n got %s\nwant %s", seed, data, g, w)
			}
		}
		if len(all) < 30 {
			t.Errorf("seed %d: only %d edits were valid", seed, len(all))
		}
		once, err := Replay(netlib.Fabric{ASN: netlib.DefaultASN}, all...)
		if err != nil || text(t, once) != text(t, want) {
			t.Errorf("seed %d: replayed at once: %v", seed, err)
		}
	}
}

func text(t *testing.T, f netlib.Fabric) string {
	t.Helper()
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestReplayKnowsEveryField fails when Fabric or Edit grows: then Replay and Entry
// must carry the new field, and checkNames and checkSorted look at a new kind.
func TestReplayKnowsEveryField(t *testing.T) {
	for v, want := range map[any][]string{
		&netlib.Fabric{}: {"Revision", "ASN", "Nodes", "Segments", "Routers", "Groups", "Ports", "Gateways", "Next"},
		&netlib.Edit{}:   {"Nodes", "Segments", "Routers", "Groups", "Ports", "Gateways", "Delete"},
	} {
		var got []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v).Elem()) {
			got = append(got, f.Name)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("fields of %T: %v; Replay knows %v", v, got, want)
		}
	}
}

func TestReplayRefusesGaps(t *testing.T) {
	if f, err := Replay(netlib.Fabric{Revision: 3}, generation(5, 1)); err == nil {
		t.Errorf("entry 5 on revision 3 gave revision %d", f.Revision)
	}
}
