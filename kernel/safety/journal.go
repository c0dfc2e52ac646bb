package safety

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// JournalName is the file name of the journal in the data folder.
const JournalName = "executions.jsonl"

// Record is one line of the journal, a JSON object. Each execution has two: one
// with event "start", which is on the disk before the cell begins, and one with
// event "end" and the same id. A start without an end is a cell whose kernel died.
type Record struct {
	Event string    `json:"event"` // "start" or "end"
	Time  time.Time `json:"time"`  // UTC
	ID    string    `json:"id"`    // of the execution: kernel and a number

	// Of a start.
	User     string `json:"user,omitempty"`     // of the operating system, who runs the kernel
	Username string `json:"username,omitempty"` // as the front end's request says
	Session  string `json:"session,omitempty"`  // the front end's
	Kernel   string `json:"kernel,omitempty"`   // session id of the kernel
	Notebook string `json:"notebook,omitempty"` // path, where the front end tells it
	Cell     string `json:"cell,omitempty"`     // id, where the front end tells it
	Count    int    `json:"count,omitempty"`    // execution count; 0 of a cell that is not counted
	SHA256   string `json:"sha256,omitempty"`   // of the source, in hexadecimal digits
	Note     string `json:"note,omitempty"`     // "unfreeze REASON", "skip REASON"

	// Of an end.
	Result   string  `json:"result,omitempty"`  // "ok", "failed", "interrupted", "lost", "refused"
	Error    string  `json:"error,omitempty"`   // kind of the failure
	Duration float64 `json:"seconds,omitempty"` // from start to end
}

// Hash is the form of a source in the journal.
func Hash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}

// Journal appends records to a file that all kernels of a user share. Nothing
// here ever shortens or rewrites it.
type Journal struct {
	path string

	mu   sync.Mutex
	file *os.File
}

// NewJournal makes the journal of a data folder; without a folder nothing is kept.
// The file is opened when it is first written to.
func NewJournal(dir string) *Journal {
	if dir == "" {
		return &Journal{}
	}
	return &Journal{path: filepath.Join(dir, JournalName)}
}

// Start records the start of an execution. When it returns nil the record is on
// the disk.
func (j *Journal) Start(r Record) error {
	r.Event = "start"
	return j.append(r, true)
}

// End records the end of an execution.
func (j *Journal) End(r Record) error {
	r.Event = "end"
	return j.append(r, false)
}

// append writes one line by one write, so that lines of several kernels do not mix.
func (j *Journal) append(r Record, sync bool) error {
	if j.path == "" {
		return nil
	}
	r.Time = time.Now().UTC()
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.open(); err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil || !sync {
		return err
	}
	return j.file.Sync()
}

func (j *Journal) open() error {
	if j.file != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	j.file = f
	return err
}

// Close closes the file. It may be called twice; a later record opens it again.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := j.file
	j.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}
