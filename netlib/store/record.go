package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
)

// Keys. Revisions are written as 16 hex digits, so that they sort as numbers.
const (
	root         = "/fabricbook/v1/"
	keyHead      = root + "head"      // head
	keyLog       = root + "log/"      // REVISION -> record of an Entry
	keySnapshots = root + "snapshot/" // REVISION -> record of a Fabric
	keyChunks    = root + "chunk/"    // ID/NUMBER -> bytes
	keyPending   = root + "pending/"  // ID, leased: its chunks are being written
	keyOwner     = root + "owner/"    // ID -> key of the record that its chunks belong to
	keyDocuments = root + "document/" // PREFIX/KEY -> JSON
)

// maxSize bounds what a record may claim to hold, 1 GiB.
const maxSize = 1 << 30

// head is the value of the one key that decides what the intent is.
type head struct {
	Revision uint64 `json:"revision"`
	ID       string `json:"id"` // of the record at Revision
}

// record holds a value, or says in which chunks it lies.
type record struct {
	Revision uint64          `json:"revision"`
	ID       string          `json:"id"`   // 32 hex digits, never used twice
	Size     int             `json:"size"` // bytes of the value
	Sum      string          `json:"sum"`  // SHA-256 of the value, hex
	Chunks   int             `json:"chunks,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"` // where there are no chunks
}

// Entry is one applied edit of the intent, with what the fabric after it holds
// beside its objects.
type Entry struct {
	Revision uint64        `json:"revision"`
	ASN      uint32        `json:"asn"`
	Next     netlib.Cursor `json:"next,omitzero"`
	Title    string        `json:"title,omitempty"`
	Time     time.Time     `json:"time"`
	Edit     netlib.Edit   `json:"edit"` // complete: with addresses, labels and identifiers
}

// NewEntry is the entry whose edit leads to the fabric after.
func NewEntry(title string, at time.Time, e netlib.Edit, after netlib.Fabric) Entry {
	return Entry{Revision: after.Revision, ASN: after.ASN, Next: after.Next, Title: title, Time: at.UTC(), Edit: e}
}

// errStored marks stored bytes that are not what this package wrote.
var errStored = errors.New("the stored intent is damaged, or was written by a newer version")

func revisionKey(prefix string, rev uint64) string { return fmt.Sprintf("%s%016x", prefix, rev) }

func parseRevisionKey(prefix, key string) (uint64, error) {
	s, ok := strings.CutPrefix(key, prefix)
	if !ok || len(s) != 16 {
		return 0, fmt.Errorf("key %q: %w", key, errStored)
	}
	rev, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("key %q: %w", key, errStored)
	}
	return rev, nil
}

func chunkKey(id string, n int) string { return fmt.Sprintf("%s%s/%08x", keyChunks, id, n) }

// newRecord describes value. It is inline where it has at most inline bytes.
func newRecord(rev uint64, id string, value []byte, inline, chunk int) record {
	sum := sha256.Sum256(value)
	r := record{Revision: rev, ID: id, Size: len(value), Sum: hex.EncodeToString(sum[:])}
	if len(value) <= inline {
		r.Value = value
	} else {
		r.Chunks = (len(value) + chunk - 1) / chunk
	}
	return r
}

func decodeHead(data []byte) (head, error) {
	var h head
	if err := strict(data, &h); err != nil {
		return head{}, fmt.Errorf("head: %w", err)
	}
	if h.Revision == 0 || !validID(h.ID) {
		return head{}, fmt.Errorf("head %+v: %w", h, errStored)
	}
	return h, nil
}

// decodeRecord reads the record that key holds.
func decodeRecord(prefix, key string, data []byte) (record, error) {
	rev, err := parseRevisionKey(prefix, key)
	if err != nil {
		return record{}, err
	}
	var r record
	if err := strict(data, &r); err != nil {
		return record{}, fmt.Errorf("record %s: %w", key, err)
	}
	switch {
	case r.Revision != rev || !validID(r.ID) || r.Size < 0 || r.Size > maxSize:
		err = errStored
	case r.Chunks < 0 || r.Chunks > r.Size || (r.Chunks == 0) != (len(r.Value) > 0):
		err = errStored
	case r.Chunks == 0:
		err = r.check(r.Value)
	}
	if err != nil {
		return record{}, fmt.Errorf("record %s: %w", key, err)
	}
	return r, nil
}

// check reports whether value is the one that the record was made for.
func (r record) check(value []byte) error {
	sum := sha256.Sum256(value)
	if len(value) != r.Size || hex.EncodeToString(sum[:]) != r.Sum {
		return fmt.Errorf("value of revision %d does not match its checksum: %w", r.Revision, errStored)
	}
	return nil
}

// decodeEntry reads the value of a record of the log.
func decodeEntry(rev uint64, value []byte) (Entry, error) {
	var e Entry
	if err := strict(value, &e); err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", rev, err)
	}
	if e.Revision != rev {
		return Entry{}, fmt.Errorf("entry %d says that it is %d: %w", rev, e.Revision, errStored)
	}
	if err := checkNames(e.Edit); err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", rev, err)
	}
	return e, nil
}

// decodeFabric reads the value of a snapshot.
func decodeFabric(rev uint64, value []byte) (netlib.Fabric, error) {
	var f netlib.Fabric
	if err := strict(value, &f); err != nil {
		return netlib.Fabric{}, fmt.Errorf("snapshot %d: %w", rev, err)
	}
	if f.Revision != rev {
		return netlib.Fabric{}, fmt.Errorf("snapshot %d says that it is %d: %w", rev, f.Revision, errStored)
	}
	if err := checkSorted(f); err != nil {
		return netlib.Fabric{}, fmt.Errorf("snapshot %d: %w", rev, err)
	}
	return f, nil
}

// strict decodes one JSON value and refuses fields that it does not know: to pass
// over one would compute another fabric than the version that wrote it.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errStored, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more follows the value", errStored)
	}
	return nil
}

func validID(id string) bool {
	if len(id) != 32 {
		return false
	}
	_, err := hex.DecodeString(id)
	return err == nil
}
