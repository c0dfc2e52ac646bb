package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/fabricbook/fabricbook/netlib"
)

// A snapshot is due after so many entries, or when the entries since the last one
// take more bytes than it does and more than a little.
const (
	snapshotEntries = 256
	snapshotBytes   = 1 << 20
	snapshotsKept   = 2 // the older one for a reader that has just found it
)

// pace counts what was committed since the last snapshot.
type pace struct {
	mu      sync.Mutex
	entries int
	bytes   int
	size    int // of the last snapshot, bytes
	busy    bool
}

func (p *pace) loaded(entries, bytes, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries, p.bytes, p.size = entries, bytes, size
}

// add counts one entry and reports whether a snapshot is due and nobody writes one;
// then the caller writes it.
func (p *pace) add(bytes int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries++
	p.bytes += bytes
	due := p.entries >= snapshotEntries || (p.bytes > snapshotBytes && p.bytes > p.size)
	if !due || p.busy {
		return false
	}
	p.busy, p.entries, p.bytes = true, 0, 0
	return true
}

func (p *pace) done(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	if size > 0 {
		p.size = size
	}
}

// committed starts a snapshot of f where one is due. It does not wait for it.
func (s *Store) committed(bytes int, f netlib.Fabric) {
	if s.ctx.Err() != nil || !s.pace.add(bytes) {
		return
	}
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
		defer cancel()
		size, err := s.snapshot(ctx, f)
		s.pace.done(size)
		if err != nil && !errors.Is(err, errTaken) && s.ctx.Err() == nil {
			s.log.Warn("no snapshot of the intent was written; loading takes longer until the next one", "revision", f.Revision, "error", err)
		}
	})
}

// snapshot writes f and removes older snapshots. It returns its size in bytes.
func (s *Store) snapshot(ctx context.Context, f netlib.Fabric) (int, error) {
	value, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	w, err := s.write(ctx, f.Revision, value)
	if err != nil {
		return 0, err
	}
	key := revisionKey(keySnapshots, f.Revision)
	conditions := append(w.conditions(), clientv3.Compare(clientv3.CreateRevision(key), "=", 0))
	resp, err := s.kv.Txn(ctx).If(conditions...).Then(w.finish(keySnapshots)...).Commit()
	if err == nil && !resp.Succeeded {
		err = fmt.Errorf("snapshot %d: %w", f.Revision, errTaken)
	}
	if err != nil {
		w.discard(context.WithoutCancel(ctx))
		return 0, err
	}
	if err := s.prune(ctx); err != nil {
		return len(value), err
	}
	return len(value), s.sweep(ctx, false)
}

// prune removes all snapshots but the newest few, each with its chunks in one
// transaction.
func (s *Store) prune(ctx context.Context) error {
	resp, err := s.kv.Get(ctx, keySnapshots, clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend),
		clientv3.WithLimit(recordPage))
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	for _, kv := range resp.Kvs[min(snapshotsKept, len(resp.Kvs)):] {
		r, err := decodeRecord(keySnapshots, string(kv.Key), kv.Value)
		if err != nil {
			return err
		}
		ops := append(remove(r.ID), clientv3.OpDelete(string(kv.Key)))
		if _, err := s.kv.Txn(ctx).Then(ops...).Commit(); err != nil {
			return fmt.Errorf("remove snapshot %d: %w", r.Revision, err)
		}
	}
	return nil
}
