package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// MaxDocument is the bytes of JSON that one document may take.
const MaxDocument = 1 << 20

// ErrChanged says that a document was not written because it is no longer at the
// version that the caller named.
var ErrChanged = errors.New("the document was changed meanwhile: read it again")

// ErrNoDocument says that there is no document of that key.
var ErrNoDocument = errors.New("no such document")

// Document is a small JSON value under a key.
type Document struct {
	Key     string
	Version int64 // grows with each write; never 0
	Data    json.RawMessage
}

// Documents is the documents of one room.
type Documents struct {
	s      *Store
	prefix string // as in keys, with the room's name
	err    error  // the room's name is none
}

// Documents gives a room its own keys, apart from every other room's. The name is
// of lower-case letters, digits and "-"; every call fails with another one.
func (s *Store) Documents(room string) *Documents {
	d := &Documents{s: s, prefix: keyDocuments + room + "/"}
	if room == "" || strings.Trim(room, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		d.err = fmt.Errorf("documents of %q: a room's name is of a-z, 0-9 and -", room)
	}
	return d
}

// Put writes a document, whatever was there, and returns its version.
func (d *Documents) Put(ctx context.Context, key string, data json.RawMessage) (int64, error) {
	return d.put(ctx, key, data)
}

// Swap writes a document only where it is at that version, 0 meaning that there
// is none; else the error is ErrChanged. It returns the new version.
func (d *Documents) Swap(ctx context.Context, key string, data json.RawMessage, version int64) (int64, error) {
	return d.put(ctx, key, data, clientv3.Compare(clientv3.ModRevision(d.prefix+key), "=", version))
}

func (d *Documents) put(ctx context.Context, key string, data json.RawMessage, conditions ...clientv3.Cmp) (int64, error) {
	if err := d.check(key); err != nil {
		return 0, err
	}
	if len(data) > MaxDocument {
		return 0, fmt.Errorf("document %s: %d bytes are more than the %d that one may take: split it, or keep the large part in a file", key, len(data), MaxDocument)
	}
	if !json.Valid(data) {
		return 0, fmt.Errorf("document %s: not JSON", key)
	}
	resp, err := d.s.kv.Txn(ctx).If(conditions...).Then(clientv3.OpPut(d.prefix+key, string(data))).Commit()
	if err != nil {
		return 0, fmt.Errorf("put document %s: %w", key, err)
	}
	if !resp.Succeeded {
		return 0, fmt.Errorf("put document %s: %w", key, ErrChanged)
	}
	return resp.Header.Revision, nil
}

// Get reads a document; the error is ErrNoDocument where there is none.
func (d *Documents) Get(ctx context.Context, key string) (Document, error) {
	if err := d.check(key); err != nil {
		return Document{}, err
	}
	resp, err := d.s.kv.Get(ctx, d.prefix+key)
	if err != nil {
		return Document{}, fmt.Errorf("get document %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 {
		return Document{}, fmt.Errorf("get document %s: %w", key, ErrNoDocument)
	}
	return Document{Key: key, Version: resp.Kvs[0].ModRevision, Data: resp.Kvs[0].Value}, nil
}

// List is the documents whose keys begin with start, sorted by key, as they were
// at one moment.
func (d *Documents) List(ctx context.Context, start string) ([]Document, error) {
	if d.err != nil {
		return nil, d.err
	}
	var out []Document
	at, from, end := int64(0), d.prefix+start, clientv3.GetPrefixRangeEnd(d.prefix+start)
	for {
		resp, err := d.s.kv.Get(ctx, from, clientv3.WithRange(end), clientv3.WithRev(at), clientv3.WithLimit(recordPage))
		if err != nil {
			return nil, fmt.Errorf("list documents %s: %w", start, err)
		}
		if at == 0 {
			at = resp.Header.Revision
		}
		for _, kv := range resp.Kvs {
			out = append(out, Document{Key: strings.TrimPrefix(string(kv.Key), d.prefix), Version: kv.ModRevision, Data: kv.Value})
			from = string(kv.Key) + "\x00"
		}
		if !resp.More {
			return out, nil
		}
	}
}

// Delete removes a document; an absent one is no error.
func (d *Documents) Delete(ctx context.Context, key string) error {
	if err := d.check(key); err != nil {
		return err
	}
	if _, err := d.s.kv.Delete(ctx, d.prefix+key); err != nil {
		return fmt.Errorf("delete document %s: %w", key, err)
	}
	return nil
}

func (d *Documents) check(key string) error {
	if d.err != nil {
		return d.err
	}
	bad := func(r rune) bool { return !unicode.IsPrint(r) }
	if key == "" || len(key) > 512 || !utf8.ValidString(key) || strings.ContainsFunc(key, bad) {
		return fmt.Errorf("document key %q: want 1 to 512 bytes of printable text", key)
	}
	return nil
}
