package store

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/fabricbook/fabricbook/netlib"
)

// view reads the store as it was at one of etcd's revisions, or now where at is 0.
type view struct {
	s  *Store
	at int64
}

// snapshot is the newest one with the size of its value, or empty.
func (v view) snapshot(ctx context.Context, empty netlib.Fabric) (netlib.Fabric, int, error) {
	resp, err := v.s.kv.Get(ctx, keySnapshots, clientv3.WithPrefix(), clientv3.WithRev(v.at), clientv3.WithLimit(1),
		clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
	if err != nil || len(resp.Kvs) == 0 {
		return empty, 0, err
	}
	r, err := decodeRecord(keySnapshots, string(resp.Kvs[0].Key), resp.Kvs[0].Value)
	if err != nil {
		return empty, 0, err
	}
	value, err := v.value(ctx, r)
	if err != nil {
		return empty, 0, err
	}
	f, err := decodeFabric(r.Revision, value)
	return f, len(value), err
}

// entries is a page of the entries from first to last, at least one, without a
// gap, and the bytes that they take.
func (v view) entries(ctx context.Context, first, last uint64) ([]Entry, int, error) {
	resp, err := v.s.kv.Get(ctx, revisionKey(keyLog, first), clientv3.WithRange(revisionKey(keyLog, last+1)),
		clientv3.WithRev(v.at), clientv3.WithLimit(recordPage))
	if err != nil {
		return nil, 0, err
	}
	if len(resp.Kvs) == 0 {
		return nil, 0, fmt.Errorf("entry %d is missing: %w", first, errStored)
	}
	list, size := make([]Entry, 0, len(resp.Kvs)), 0
	for i, kv := range resp.Kvs {
		r, err := decodeRecord(keyLog, string(kv.Key), kv.Value)
		if err != nil {
			return nil, 0, err
		}
		if r.Revision != first+uint64(i) {
			return nil, 0, fmt.Errorf("entry %d is missing: %w", first+uint64(i), errStored)
		}
		value, err := v.value(ctx, r)
		if err != nil {
			return nil, 0, err
		}
		e, err := decodeEntry(r.Revision, value)
		if err != nil {
			return nil, 0, err
		}
		list, size = append(list, e), size+len(value)
	}
	return list, size, nil
}

// value is what r holds, put together from its chunks.
func (v view) value(ctx context.Context, r record) ([]byte, error) {
	if r.Chunks == 0 {
		return r.Value, nil
	}
	var out []byte // grows with what is really there, not with what r claims
	for n := 0; n < r.Chunks; n += chunkPage {
		end := min(n+chunkPage, r.Chunks)
		resp, err := v.s.kv.Get(ctx, chunkKey(r.ID, n), clientv3.WithRange(chunkKey(r.ID, end)), clientv3.WithRev(v.at))
		if err != nil {
			return nil, err
		}
		if len(resp.Kvs) != end-n {
			return nil, fmt.Errorf("revision %d: %d of the chunks %d to %d are missing: %w", r.Revision, end-n-len(resp.Kvs), n, end-1, errStored)
		}
		for _, kv := range resp.Kvs {
			out = append(out, kv.Value...)
		}
		if len(out) > r.Size {
			break
		}
	}
	return out, r.check(out)
}
