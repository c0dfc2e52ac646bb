package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/fabricbook/fabricbook/netlib"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// generation is an edit that gives every one of n segments the mark of its
// revision, so that a mixture of two edits shows.
func generation(rev uint64, n int) Entry {
	e := Entry{Revision: rev, ASN: netlib.DefaultASN, Title: fmt.Sprintf("generation %d", rev), Time: time.Unix(int64(rev), 0).UTC()}
	for i := range n {
		subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		e.Edit.Segments = append(e.Edit.Segments, netlib.Segment{
			Name: fmt.Sprintf("segment-%05d", i), Subnets: []netip.Prefix{subnet}, ID: uint32(rev),
		})
	}
	e.Edit.Delete = []netlib.Ref{{Kind: netlib.KindNode, Name: fmt.Sprintf("node-%d", rev-1)}}
	e.Edit.Nodes = []netlib.Node{{Name: fmt.Sprintf("node-%d", rev), Tunnel: netip.MustParseAddr("192.0.2.1")}}
	return e
}

// commit appends generations to the intent up to revision last.
func commit(t testing.TB, s *Store, f netlib.Fabric, last uint64, n int) netlib.Fabric {
	t.Helper()
	for f.Revision < last {
		e := generation(f.Revision+1, n)
		next, err := Replay(f, e)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), e, next); err != nil {
			t.Fatal(err)
		}
		f = next
	}
	return f
}

func keys(t testing.TB, s *Store, prefix string) []string {
	t.Helper()
	resp, err := s.kv.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, kv := range resp.Kvs {
		out = append(out, strings.TrimPrefix(string(kv.Key), root))
	}
	return out
}

func TestEmptyStoreIsRevisionZero(t *testing.T) {
	s := open(t, t.TempDir())
	f, err := s.Load(t.Context())
	if want := (netlib.Fabric{ASN: netlib.DefaultASN}); err != nil || !reflect.DeepEqual(f, want) {
		t.Errorf("Load = %+v, %v; want %+v", f, err, want)
	}
	if list, err := s.Since(t.Context(), 0, 10); err != nil || list != nil {
		t.Errorf("Since(0) = %v, %v; want none", list, err)
	}
}

func TestIntentIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	want := commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 5, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	got, err := s.Load(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after reopening:\n got %+v, %v\nwant %+v", got, err, want)
	}
	entries, err := s.Since(t.Context(), 2, 2)
	if want := []Entry{generation(3, 3), generation(4, 3)}; err != nil || !reflect.DeepEqual(entries, want) {
		t.Errorf("Since(2, 2):\n got %+v, %v\nwant %+v", entries, err, want)
	}
}

func TestLargeEntryIsChunked(t *testing.T) {
	s := open(t, t.TempDir())
	// 40,000 segments are about 4 MiB: beyond etcd's request, and with small chunks
	// beyond the operations of a transaction.
	s.chunk = 16 << 10
	want := commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 2, 40_000)
	if n := len(keys(t, s, keyChunks)); n < 2*128 {
		t.Errorf("%d chunks; the test wants more than a transaction takes", n)
	}
	if p := keys(t, s, keyPending); len(p) != 0 {
		t.Errorf("keys of ended writings stay: %v", p)
	}
	s.work.Wait()
	got, err := s.Load(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a chunked intent did not come back: %v", err)
	}
}

func TestOneOfTwoWritersWins(t *testing.T) {
	s := open(t, t.TempDir())
	s.inline, s.chunk = 100, 1000
	base := commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 1, 1)
	e := generation(2, 50)
	next, _ := Replay(base, e)
	const writers = 8
	results := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { results[i] = s.Commit(t.Context(), e, next) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		var c *ConflictError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &c) || c.Base != 1 || c.Present != 2:
			t.Errorf("loser's error = %v; want a conflict of 1 with 2", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d writers won", won, writers)
	}
	owners := map[string]bool{}
	for _, k := range keys(t, s, keyChunks) {
		owners[strings.Split(k, "/")[1]] = true
	}
	if len(owners) != 2 { // the first entry's and the winner's
		t.Errorf("chunks of %d writings remain; losers must remove theirs", len(owners))
	}
}

func TestSnapshotsShortenTheLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.inline, s.chunk = 500, 1000
	want := commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 4*snapshotEntries+7, 20)
	if err := s.Close(); err != nil { // waits for, or cuts off, the snapshot under way
		t.Fatal(err)
	}
	s = open(t, dir)
	if n := len(keys(t, s, keySnapshots)); n < 1 || n > snapshotsKept+1 {
		t.Errorf("%d snapshots; want 1 to %d", n, snapshotsKept+1)
	}
	got, err := s.Load(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("from snapshot and log: %v", err)
	}
	if s.pace.entries >= 4*snapshotEntries {
		t.Errorf("Load read %d entries: it used no snapshot", s.pace.entries)
	}
	first, err := s.Since(t.Context(), 0, 1)
	if err != nil || len(first) != 1 || first[0].Revision != 1 {
		t.Errorf("history begins with %+v, %v; want entry 1", first, err)
	}
}

func TestOrphanedChunksAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.inline, s.chunk = 100, 1000
	f := commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 1, 50)
	kept := keys(t, s, keyChunks)
	value, _ := json.Marshal(generation(2, 50))
	if _, err := s.write(t.Context(), 2, value); err != nil { // and never the transaction
		t.Fatal(err)
	}
	if err := s.sweep(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, s, keyChunks)); n == len(kept) {
		t.Error("the chunks of a writer that may still be at work were removed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if got := keys(t, s, keyChunks); !reflect.DeepEqual(got, kept) {
		t.Errorf("chunks after reopening: %v; want %v", got, kept)
	}
	if got, err := s.Load(t.Context()); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("Load = %v; want the intent before the broken-off write", err)
	}
}

func TestSweptWriterCannotCommit(t *testing.T) {
	s := open(t, t.TempDir())
	s.inline, s.chunk = 100, 1000
	value, _ := json.Marshal(generation(1, 50))
	w, err := s.write(t.Context(), 1, value)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sweep(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := s.swap(t.Context(), 0, w); err == nil {
		t.Error("a record whose chunks are gone became the intent")
	}
	if f, err := s.Load(t.Context()); err != nil || f.Revision != 0 {
		t.Errorf("Load = revision %d, %v; want 0", f.Revision, err)
	}
}

func TestWatchTellsTheNewest(t *testing.T) {
	s := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	heads := s.Watch(ctx)
	commit(t, s, netlib.Fabric{ASN: netlib.DefaultASN}, 20, 1)
	last := uint64(0)
	for last < 20 {
		select {
		case rev := <-heads:
			if rev <= last {
				t.Fatalf("revision %d after %d", rev, last)
			}
			last = rev
		case <-time.After(testTime):
			t.Fatalf("no news after revision %d", last)
		}
	}
	cancel()
	if _, open := <-heads; open {
		t.Error("the channel stays open after its context ended")
	}
}

func TestFolderIsPrivateAndTakenOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder = %v, %v; want 0700", info.Mode(), err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second Open = %v; want a refusal that says why", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Errorf("Close twice: %v", err)
	}
	open(t, dir)
}

func TestOpenNeedsAPlace(t *testing.T) {
	if _, err := Open(t.Context(), Config{}); err == nil || !strings.Contains(err.Error(), "set Dir") {
		t.Errorf("Open of nothing = %v; want what to set", err)
	}
}

func TestDocuments(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	d, other := s.Documents("alerts"), s.Documents("alerts-2")
	v1, err := d.Put(ctx, "episode/b", json.RawMessage(`{"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Swap(ctx, "episode/b", json.RawMessage(`{}`), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("Swap of a present document as new = %v", err)
	}
	if _, err := d.Swap(ctx, "episode/b", json.RawMessage(`{"n":2}`), v1); err != nil {
		t.Error(err)
	}
	if _, err := d.Swap(ctx, "episode/a", json.RawMessage(`{}`), 0); err != nil {
		t.Error(err)
	}
	if _, err := other.Put(ctx, "episode/c", json.RawMessage(`{}`)); err != nil {
		t.Error(err)
	}
	got, err := d.Get(ctx, "episode/b")
	if err != nil || string(got.Data) != `{"n":2}` || got.Version <= v1 {
		t.Errorf("Get = %s at %d, %v", got.Data, got.Version, err)
	}
	list, err := d.List(ctx, "episode/")
	if err != nil || len(list) != 2 || list[0].Key != "episode/a" || list[1].Key != "episode/b" {
		t.Errorf("List = %v, %v", list, err)
	}
	if err := errors.Join(d.Delete(ctx, "episode/a"), d.Delete(ctx, "episode/a")); err != nil {
		t.Error(err)
	}
	if _, err := d.Get(ctx, "episode/a"); !errors.Is(err, ErrNoDocument) {
		t.Errorf("Get of a deleted document = %v", err)
	}
	for name, bad := range map[string]error{
		"room":  second(s.Documents("Alerts/x").Put(ctx, "k", json.RawMessage(`1`))),
		"key":   second(d.Put(ctx, "a\x00b", json.RawMessage(`1`))),
		"JSON":  second(d.Put(ctx, "k", json.RawMessage(`{`))),
		"large": second(d.Put(ctx, "k", json.RawMessage(`"`+strings.Repeat("x", MaxDocument)+`"`))),
	} {
		if bad == nil {
			t.Errorf("a document of a bad %s was taken", name)
		}
	}
}

func TestManyDocuments(t *testing.T) {
	d := open(t, t.TempDir()).Documents("many")
	for i := range 3 * recordPage {
		if _, err := d.Put(t.Context(), fmt.Sprintf("%05d", i), json.RawMessage(`1`)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.List(t.Context(), "")
	if err != nil || len(list) != 3*recordPage {
		t.Errorf("List = %d documents, %v; want %d", len(list), err, 3*recordPage)
	}
}

func second[T any](_ T, err error) error { return err }
