package store

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
)

const someID = "00112233445566778899aabbccddeeff"

func TestDamagedRecordsAreRefused(t *testing.T) {
	good := newRecord(7, someID, []byte(`{"revision":7}`), 100, 10)
	key := revisionKey(keyLog, 7)
	for name, damage := range map[string]func(*record){
		"other revision": func(r *record) { r.Revision = 8 },
		"short id":       func(r *record) { r.ID = "00" },
		"id not hex":     func(r *record) { r.ID = strings.Repeat("x", 32) },
		"negative size":  func(r *record) { r.Size = -1 },
		"huge size":      func(r *record) { r.Size = maxSize + 1 },
		"no value":       func(r *record) { r.Value = nil },
		"two values":     func(r *record) { r.Chunks = 1 },
		"too many parts": func(r *record) { r.Value, r.Chunks = nil, r.Size+1 },
		"other value":    func(r *record) { r.Value = json.RawMessage(`{"revision":9}`) },
		"other checksum": func(r *record) { r.Sum = strings.Repeat("0", 64) },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			damage(&r)
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decodeRecord(keyLog, key, data); !errors.Is(err, errStored) {
				t.Errorf("decodeRecord(%s) = %v; want a refusal", data, err)
			}
		})
	}
	data, _ := json.Marshal(good)
	if r, err := decodeRecord(keyLog, key, data); err != nil || !reflect.DeepEqual(r, good) {
		t.Errorf("decodeRecord of a good one = %+v, %v", r, err)
	}
}

func TestUnknownFieldsAreRefused(t *testing.T) {
	_, err := decodeEntry(1, []byte(`{"revision":1,"time":"2026-01-02T03:04:05Z","edit":{"chains":[]}}`))
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("an entry with a kind that this version does not know: %v", err)
	}
}

func TestDamageIsFoundOnLoad(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, *Store){
		"chunk missing": func(t *testing.T, s *Store) { remove1(t, s, keyChunks) },
		"entry missing": func(t *testing.T, s *Store) { remove1(t, s, keyLog) },
		"chunk changed": func(t *testing.T, s *Store) {
			if _, err := s.kv.Put(t.Context(), root+keys(t, s, keyChunks)[0], "x"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			s.inline, s.chunk = 100, 1000
			commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 3, 30)
			damage(t, s)
			if f, err := s.Load(t.Context()); !errors.Is(err, errStored) {
				t.Errorf("Load = revision %d, %v; want a refusal", f.Revision, err)
			}
		})
	}
}

func remove1(t *testing.T, s *Store, prefix string) {
	t.Helper()
	if _, err := s.kv.Delete(t.Context(), root+keys(t, s, prefix)[0]); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	inline, _ := json.Marshal(newRecord(7, someID, []byte(`{"revision":7}`), 100, 10))
	chunked, _ := json.Marshal(newRecord(7, someID, []byte(`{"revision":7}`), 1, 10))
	f.Add(revisionKey(keyLog, 7), inline)
	f.Add(revisionKey(keyLog, 7), chunked)
	f.Add(keyLog+"x", []byte(`{}`))
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		r, err := decodeRecord(keyLog, key, data)
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if key != revisionKey(keyLog, r.Revision) && !strings.EqualFold(key, revisionKey(keyLog, r.Revision)) {
			t.Errorf("key %q holds revision %d", key, r.Revision)
		}
		if _, err := decodeRecord(keyLog, key, again); err != nil && r.Chunks > 0 {
			t.Errorf("%s decodes, but not as written again: %v", data, err)
		}
	})
}

func FuzzDecodeEntry(f *testing.F) {
	data, _ := json.Marshal(generation(3, 2))
	f.Add(data)
	f.Add([]byte(`{"revision":3,"time":"2026-01-02T03:04:05Z","edit":{"ports":[{"name":"a","segment":"s","node":"n"},{"name":"a"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decodeEntry(3, data)
		if err != nil {
			return
		}
		next, err := Replay(netlib.Fabric{Revision: 2}, e)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkSorted(next); err != nil {
			t.Errorf("an accepted entry makes a fabric that is not sorted: %v", err)
		}
		written, err := json.Marshal(next)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeFabric(3, written); err != nil {
			t.Errorf("the snapshot after an accepted entry is refused: %v", err)
		}
	})
}

func FuzzDecodeFabric(f *testing.F) {
	full, _ := Replay(netlib.Fabric{ASN: netlib.DefaultASN}, generation(1, 3))
	data, _ := json.Marshal(full)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		fabric, err := decodeFabric(1, data)
		if err == nil && fabric.Revision != 1 {
			t.Errorf("accepted revision %d as 1", fabric.Revision)
		}
	})
}

func FuzzDecodeHead(f *testing.F) {
	f.Add([]byte(`{"revision":1,"id":"` + someID + `"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := decodeHead(data); err == nil && (h.Revision == 0 || !validID(h.ID)) {
			t.Errorf("accepted %+v", h)
		}
	})
}
