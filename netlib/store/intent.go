package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/fabricbook/fabricbook/netlib"
)

// page is how many records or chunks one request reads.
const (
	recordPage = 128
	chunkPage  = 16
)

// ConflictError says that an entry was not committed because the intent had moved
// on from the revision that it was made for.
type ConflictError struct {
	Base    uint64 // that the entry was made for
	Present uint64 // of the intent now
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the intent is at revision %d, not %d: another change came first", e.Present, e.Base)
}

// Commit makes e the next entry of the intent, in one transaction: when it returns
// nil, e is durable; when it returns a *ConflictError, nothing changed. After any
// other error the caller must Load to learn which. Next is the fabric with e
// applied; it is only kept when a snapshot is due, and must not be changed later.
func (s *Store) Commit(ctx context.Context, e Entry, next netlib.Fabric) error {
	if e.Revision == 0 || e.Revision != next.Revision {
		return fmt.Errorf("commit: entry %d with a fabric at revision %d", e.Revision, next.Revision)
	}
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("commit entry %d: %w", e.Revision, err)
	}
	w, err := s.write(ctx, e.Revision, value)
	if err != nil {
		return fmt.Errorf("commit entry %d: %w", e.Revision, err)
	}
	// A caller that gives up half-way must not leave the outcome open.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	if err := s.swap(ctx, e.Revision-1, w); err != nil {
		w.discard(ctx)
		return fmt.Errorf("commit entry %d: %w", e.Revision, err)
	}
	s.committed(len(value), next)
	return nil
}

// swap puts w's record into the log and moves the head from base to it.
func (s *Store) swap(ctx context.Context, base uint64, w *writing) error {
	now, modified, err := s.head(ctx)
	if err != nil {
		return err
	}
	if now.Revision != base {
		return &ConflictError{Base: base, Present: now.Revision}
	}
	h, err := json.Marshal(head{Revision: w.record.Revision, ID: w.record.ID})
	if err != nil {
		return err
	}
	conditions := append(w.conditions(), clientv3.Compare(clientv3.ModRevision(keyHead), "=", modified))
	ops := append(w.finish(keyLog), clientv3.OpPut(keyHead, string(h)))
	resp, err := s.kv.Txn(ctx).If(conditions...).Then(ops...).Commit()
	if err != nil {
		return s.settle(ctx, w, err)
	}
	if resp.Succeeded {
		return nil
	}
	if now, _, err = s.head(ctx); err != nil {
		return err
	}
	if now.Revision == base {
		return errors.New("writing took too long and was given up: nothing was changed, try again")
	}
	return &ConflictError{Base: base, Present: now.Revision}
}

// settle finds out whether a transaction whose answer was lost took place.
func (s *Store) settle(ctx context.Context, w *writing, cause error) error {
	resp, err := s.kv.Get(ctx, revisionKey(keyLog, w.record.Revision))
	if err == nil && len(resp.Kvs) == 1 {
		r, err := decodeRecord(keyLog, string(resp.Kvs[0].Key), resp.Kvs[0].Value)
		if err == nil && r.ID == w.record.ID {
			return nil
		}
	}
	return fmt.Errorf("no answer from etcd, so it is not known whether the change was stored: %w", cause)
}

// head reads the head and the etcd revision that it was written at; both are 0
// where there is no intent yet.
func (s *Store) head(ctx context.Context) (head, int64, error) {
	resp, err := s.kv.Get(ctx, keyHead)
	if err != nil {
		return head{}, 0, fmt.Errorf("read head: %w", err)
	}
	if len(resp.Kvs) == 0 {
		return head{}, 0, nil
	}
	h, err := decodeHead(resp.Kvs[0].Value)
	return h, resp.Kvs[0].ModRevision, err
}

// Load is the present intent: the newest snapshot and the entries after it. With
// none stored it is the empty fabric at revision 0.
func (s *Store) Load(ctx context.Context) (netlib.Fabric, error) {
	f, err := s.load(ctx)
	if err != nil {
		return netlib.Fabric{}, fmt.Errorf("load intent: %w", err)
	}
	return f, nil
}

func (s *Store) load(ctx context.Context) (netlib.Fabric, error) {
	f := netlib.Fabric{ASN: netlib.DefaultASN}
	resp, err := s.kv.Get(ctx, keyHead)
	if err != nil {
		return f, err
	}
	if len(resp.Kvs) == 0 {
		return f, nil
	}
	h, err := decodeHead(resp.Kvs[0].Value)
	if err != nil {
		return f, err
	}
	v := view{s: s, at: resp.Header.Revision}
	f, size, err := v.snapshot(ctx, f)
	if err != nil {
		return f, err
	}
	entries, bytes := 0, 0
	for f.Revision < h.Revision {
		list, n, err := v.entries(ctx, f.Revision+1, h.Revision)
		if err != nil {
			return f, err
		}
		if f, err = Replay(f, list...); err != nil {
			return f, err
		}
		entries, bytes = entries+len(list), bytes+n
	}
	s.pace.loaded(entries, bytes, size)
	return f, nil
}

// Since is the entries after revision rev, oldest first, at most limit.
func (s *Store) Since(ctx context.Context, rev uint64, limit int) ([]Entry, error) {
	h, _, err := s.head(ctx)
	if err != nil {
		return nil, fmt.Errorf("entries since %d: %w", rev, err)
	}
	if h.Revision <= rev || limit < 1 {
		return nil, nil
	}
	last := min(h.Revision, rev+uint64(limit))
	v := view{s: s}
	var out []Entry
	for next := rev + 1; next <= last; next = out[len(out)-1].Revision + 1 {
		list, _, err := v.entries(ctx, next, last)
		if err != nil {
			return nil, fmt.Errorf("entries since %d: %w", rev, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// Watch tells the revision of the intent now and whenever it grows, until ctx
// ends; then the channel is closed. A slow reader gets only the newest.
func (s *Store) Watch(ctx context.Context) <-chan uint64 {
	out := make(chan uint64, 1)
	go func() {
		defer close(out)
		for delay := 10 * time.Millisecond; ctx.Err() == nil && s.ctx.Err() == nil; delay = min(2*delay, 5*time.Second) {
			err := s.watch(ctx, out, func() { delay = 10 * time.Millisecond })
			if ctx.Err() != nil || s.ctx.Err() != nil {
				return
			}
			s.log.Warn("watch of the intent broke; trying again", "error", err)
			select {
			case <-ctx.Done():
			case <-s.ctx.Done():
			case <-time.After(delay):
			}
		}
	}()
	return out
}

func (s *Store) watch(ctx context.Context, out chan uint64, alive func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	resp, err := s.kv.Get(ctx, keyHead)
	if err != nil {
		return err
	}
	for _, kv := range resp.Kvs {
		if err := tell(out, kv.Value); err != nil {
			return err
		}
	}
	alive()
	for ev := range s.kv.Watch(clientv3.WithRequireLeader(ctx), keyHead, clientv3.WithRev(resp.Header.Revision+1)) {
		if err := ev.Err(); err != nil {
			return err
		}
		for _, e := range ev.Events {
			if e.Type != clientv3.EventTypePut {
				return fmt.Errorf("the head was deleted: %w", errStored)
			}
			if err := tell(out, e.Kv.Value); err != nil {
				return err
			}
		}
	}
	return errors.New("the watch was closed")
}

// tell replaces what the reader has not taken yet. It is out's only sender.
func tell(out chan uint64, value []byte) error {
	h, err := decodeHead(value)
	if err != nil {
		return err
	}
	select {
	case <-out:
	default:
	}
	out <- h.Revision
	return nil
}
