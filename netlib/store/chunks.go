package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// pendingTime is how long, in seconds, a writer may take from its first chunk to
// its transaction. After that its chunks are orphans.
const pendingTime = 600

// writing is a value on its way into the store. While its chunks are written, a
// leased key says that they are not orphans; the transaction that makes the record
// count requires that key and removes it. So chunks without record and without
// that key belong to a writer that ended, and can never come to count.
type writing struct {
	s      *Store
	record record
	data   []byte // the record as JSON
	lease  clientv3.LeaseID
}

// write stores the chunks of value, where it needs any. Nothing counts yet.
func (s *Store) write(ctx context.Context, rev uint64, value []byte) (*writing, error) {
	id := make([]byte, 16)
	rand.Read(id) //nolint:errcheck // never fails (crypto/rand)
	if len(value) > maxSize {
		return nil, fmt.Errorf("%d bytes are more than a store takes (%d): split the edit", len(value), maxSize)
	}
	w := &writing{s: s, record: newRecord(rev, hex.EncodeToString(id), value, s.inline, s.chunk)}
	var err error
	if w.data, err = json.Marshal(w.record); err != nil {
		return nil, err
	}
	if w.record.Chunks == 0 {
		return w, nil
	}
	lease, err := s.kv.Grant(ctx, pendingTime)
	if err != nil {
		return nil, fmt.Errorf("write chunks: %w", err)
	}
	w.lease = lease.ID
	if _, err = s.kv.Put(ctx, keyPending+w.record.ID, "", clientv3.WithLease(w.lease)); err == nil {
		err = w.chunks(ctx, value)
	}
	if err != nil {
		w.discard(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("write chunks: %w", err)
	}
	return w, nil
}

func (w *writing) chunks(ctx context.Context, value []byte) error {
	for n := range w.record.Chunks {
		part := value[n*w.s.chunk : min((n+1)*w.s.chunk, len(value))]
		if _, err := w.s.kv.Put(ctx, chunkKey(w.record.ID, n), string(part)); err != nil {
			return err
		}
	}
	return nil
}

// conditions must hold for the record to count.
func (w *writing) conditions() []clientv3.Cmp {
	if w.record.Chunks == 0 {
		return nil
	}
	return []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(keyPending+w.record.ID), ">", 0)}
}

// finish makes the record count, under prefix.
func (w *writing) finish(prefix string) []clientv3.Op {
	ops := []clientv3.Op{clientv3.OpPut(revisionKey(prefix, w.record.Revision), string(w.data))}
	if w.record.Chunks > 0 {
		key := revisionKey(prefix, w.record.Revision)
		ops = append(ops, clientv3.OpDelete(keyPending+w.record.ID), clientv3.OpPut(keyOwner+w.record.ID, key))
	}
	return ops
}

// discard removes what was written, unless the transaction took place after all:
// then the leased key is gone. What it cannot remove, a later sweep does.
func (w *writing) discard(ctx context.Context) {
	if w.record.Chunks == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := w.s.kv.Txn(ctx).If(w.conditions()...).Then(remove(w.record.ID)...).Commit()
	if err != nil {
		w.s.log.Debug("chunks of a failed write stay until the next sweep", "id", w.record.ID, "error", err)
		return
	}
	if _, err := w.s.kv.Revoke(ctx, w.lease); err != nil {
		w.s.log.Debug("lease of a failed write stays until it ends", "error", err)
	}
}

// sweep removes chunks that no record names and nobody is writing. Where alone, no
// other process can be writing, so every leased key is a dead writer's.
func (s *Store) sweep(ctx context.Context, alone bool) error {
	ids, at, err := s.chunkIDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		used, err := s.exists(ctx, keyOwner+id, at)
		if err == nil && !used && !alone {
			used, err = s.exists(ctx, keyPending+id, at)
		}
		if err != nil {
			return err
		}
		if used {
			continue
		}
		if _, err := s.kv.Txn(ctx).Then(remove(id)...).Commit(); err != nil {
			return fmt.Errorf("remove orphaned chunks: %w", err)
		}
		s.log.Debug("removed the chunks of a write that did not end", "id", id)
	}
	return nil
}

// remove deletes all that belongs to a writing, but for its record.
func remove(id string) []clientv3.Op {
	return []clientv3.Op{
		clientv3.OpDelete(keyPending + id),
		clientv3.OpDelete(keyOwner + id),
		clientv3.OpDelete(keyChunks+id+"/", clientv3.WithPrefix()),
	}
}

func (s *Store) exists(ctx context.Context, key string, at int64) (bool, error) {
	resp, err := s.kv.Get(ctx, key, clientv3.WithRev(at), clientv3.WithCountOnly())
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", key, err)
	}
	return resp.Count > 0, nil
}

// chunkIDs is the writers that have chunks, and etcd's revision at which.
func (s *Store) chunkIDs(ctx context.Context) (ids []string, at int64, err error) {
	for from := keyChunks; ; {
		resp, err := s.kv.Get(ctx, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(keyChunks)),
			clientv3.WithKeysOnly(), clientv3.WithRev(at), clientv3.WithLimit(1))
		if err != nil {
			return nil, 0, fmt.Errorf("list chunks: %w", err)
		}
		at = resp.Header.Revision
		if len(resp.Kvs) == 0 {
			return ids, at, nil
		}
		id, _, ok := strings.Cut(strings.TrimPrefix(string(resp.Kvs[0].Key), keyChunks), "/")
		if !ok {
			return nil, 0, fmt.Errorf("key %q: %w", resp.Kvs[0].Key, errStored)
		}
		ids = append(ids, id)
		from = clientv3.GetPrefixRangeEnd(keyChunks + id + "/") // one request for each writer, however many its chunks
	}
}

var errTaken = errors.New("already there")
