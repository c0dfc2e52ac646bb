package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/fabricbook/fabricbook/netlib"
)

// etcdServer is an etcd of its own that serves clients on loopback, as one of a
// cluster does; stop ends it.
func etcdServer(t *testing.T, dir string) (at string, stop func()) {
	t.Helper()
	cfg := embeddedConfig(dir, slog.New(slog.DiscardHandler))
	cfg.ListenClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(e.Close)
	t.Cleanup(stop)
	select {
	case <-e.Server.ReadyNotify():
	case err := <-e.Err():
		t.Fatal(err)
	}
	return e.Clients[0].Addr().String(), stop
}

// door is an address that stays while what is behind it comes and goes: a port that
// is given up can be another program's when it is wanted again.
func door(t *testing.T) (at string, lead func(to string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var behind atomic.Value
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go through(conn, behind.Load().(string))
		}
	}()
	return l.Addr().String(), func(to string) { behind.Store(to) }
}

// through joins a connection with one to an address.
func through(conn net.Conn, to string) {
	defer conn.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		defer conn.Close()
		defer far.Close()
		_, _ = io.Copy(far, conn)
	}()
	_, _ = io.Copy(conn, far)
}

func endpoints(t *testing.T, client string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Endpoints: []string{"http://" + client}})
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

// TestCluster is the store of two controllers on an etcd reached by its URL: both see
// one intent, one of two writers wins, and the intent survives a restart of etcd under
// them.
func TestCluster(t *testing.T) {
	dir := t.TempDir()
	client, lead := door(t)
	server, stop := etcdServer(t, dir)
	lead(server)
	one, two := endpoints(t, client), endpoints(t, client)
	if !strings.Contains(one.String(), client) {
		t.Errorf("the store calls itself %q", one)
	}
	heads := two.Watch(t.Context())
	one.inline, one.chunk = 100, 1000 // so that entries are in chunks
	want := commit(t, one, netlib.Fabric{ASN: netlib.DefaultASN}, 3, 40)
	if got, err := two.Load(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("the other controller loads\n%+v, %v\nwant\n%+v", got, err, want)
	}
	e := generation(4, 1)
	next, err := Replay(want, e)
	if err != nil {
		t.Fatal(err)
	}
	var conflict *ConflictError
	if err := errors.Join(two.Commit(t.Context(), e, next), one.Commit(t.Context(), e, next)); !errors.As(err, &conflict) || conflict.Present != 4 {
		t.Errorf("two writers of one revision: %v; want one conflict", err)
	}
	if _, err := one.Documents("alerts").Put(t.Context(), "a", []byte(`{"n":1}`)); err != nil {
		t.Error(err)
	}

	stop()
	gone, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := two.Load(gone); err == nil {
		t.Error("Load from an etcd that is gone gave no error")
	}
	server, _ = etcdServer(t, dir)
	lead(server)
	for _, s := range []*Store{one, two} {
		answers(t, s)
	}
	next = commit(t, one, next, 6, 2)
	if got, err := two.Load(t.Context()); err != nil || !reflect.DeepEqual(got, next) {
		t.Errorf("after a restart of etcd:\n%+v, %v\nwant\n%+v", got, err, next)
	}
	if d, err := two.Documents("alerts").Get(t.Context(), "a"); err != nil || string(d.Data) != `{"n":1}` {
		t.Errorf("document after a restart: %s, %v", d.Data, err)
	}
	for deadline := time.After(testTime); ; {
		select {
		case rev := <-heads:
			if rev == 6 {
				_ = errors.Join(one.Close(), two.Close()) // told at the end; etcd waits for its clients
				return
			}
		case <-deadline:
			t.Fatal("the watch did not come back after the restart of etcd")
		}
	}
}

// answers waits until a store has found its etcd again: the longer that was gone, the
// longer its client waits before it tries again.
func answers(t *testing.T, s *Store) {
	t.Helper()
	for deadline := time.Now().Add(testTime); ; time.Sleep(10 * time.Millisecond) {
		_, err := s.Load(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer after the restart of etcd: %v", err)
		}
	}
}

// TestNoCluster says which address does not answer and what to look at.
func TestNoCluster(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Open(ctx, Config{Endpoints: []string{"http://127.0.0.1:1"}})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "check the URLs") {
		t.Errorf("Open = %v", err)
	}
	if _, err := os.Stat("etcd"); err == nil {
		t.Error("a folder was made")
	}
}
