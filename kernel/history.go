package kernel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// Bounds of the history, in entries where nothing else is said.
const (
	keptEntries = 10_000
	maxEntries  = 20_000  // more are cut to keptEntries at the next start
	maxSource   = 1 << 20 // bytes; a longer cell is no history to search, it is not kept
)

// entry is one line of the history file: a cell, or with line 0 the start of a
// session, which reserves its number.
type entry struct {
	Session int    `json:"session"`
	Line    int    `json:"line"`
	Source  string `json:"source,omitempty"`
	output  string // kept in memory only: outputs may hold secrets
}

// history is the list of cells run, in this session and in those before. Its file
// is shared by the user's kernels: each appends whole lines.
type history struct {
	log *slog.Logger

	mu      sync.Mutex
	loaded  bool
	path    string   // empty: not kept
	file    *os.File // open for appending
	entries []entry
	session int
	masked  int // forms of secrets that were known when redact last looked
}

func newHistory(dir string, log *slog.Logger) *history {
	h := &history{log: log, session: 1}
	if dir != "" {
		h.path = filepath.Join(dir, "history.jsonl")
	}
	return h
}

// load reads the file once, when the history is first needed. h.mu is held.
func (h *history) load() {
	if h.loaded || h.path == "" {
		return
	}
	h.loaded = true
	if err := h.open(); err != nil {
		h.log.Warn("history is not kept", "path", h.path, "err", err)
	}
}

// open reads what is there, cuts it if it has grown long, and reserves the
// number of this session, under the file's lock.
func (h *history) open() error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	unlock, err := lock(f)
	if err != nil {
		f.Close()
		return err
	}
	defer unlock()
	all := readEntries(f)
	for _, e := range all {
		h.session = max(h.session, e.Session+1)
	}
	if len(all) > maxEntries {
		all = all[len(all)-keptEntries:]
		if err := rewrite(f, all); err != nil {
			f.Close()
			return err
		}
	}
	h.entries = append(slices.DeleteFunc(all, func(e entry) bool { return e.Line == 0 }), h.entries...)
	h.file = f
	return h.write(entry{Session: h.session})
}

// lock waits until no other kernel changes what is in the file.
func lock(f *os.File) (unlock func(), err error) {
	fd := int(f.Fd())
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(fd, syscall.LOCK_EX)
	}
	return func() { _ = syscall.Flock(fd, syscall.LOCK_UN) }, err
}

// readEntries reads the lines that parse; one that was cut off is skipped.
func readEntries(f *os.File) []entry {
	var all []entry
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			all = append(all, e)
		}
	}
	return all
}

func rewrite(f *os.File, all []entry) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	for _, e := range all {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.Write(buf.Bytes())
	return err
}

func (h *history) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = h.file.Write(append(line, '\n'))
	return err
}

// add stores one cell and the text of its result.
func (h *history) add(line int, source string, outcome engine.Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.load()
	if len(source) > maxSource || strings.TrimSpace(source) == "" {
		return
	}
	e := entry{Session: h.session, Line: line, Source: source}
	if outcome.Result != nil {
		e.output = outcome.Result.Text()
	}
	h.entries = append(h.entries, e)
	if h.file == nil {
		return
	}
	unlock, err := lock(h.file)
	if err == nil {
		defer unlock()
		err = h.write(e)
	}
	if err != nil {
		h.log.Warn("history", "path", h.path, "err", err)
	}
}

// redact masks the secrets that became some since it last looked, in the cells of
// this session and of those before, in memory and in the file.
func (h *history) redact(m *safety.Masker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := m.Known()
	if known == h.masked {
		return
	}
	h.masked = known
	h.load()
	for i := range h.entries {
		h.entries[i].Source, h.entries[i].output = m.Text(h.entries[i].Source), m.Text(h.entries[i].output)
	}
	if h.file == nil {
		return
	}
	if err := h.redactFile(m); err != nil {
		h.log.Warn("secrets may be left in the history", "path", h.path, "err", err)
	}
}

// redactFile writes masked lines over those that hold a secret, at the same length,
// so that a kernel that ends meanwhile loses no other line.
func (h *history) redactFile(m *safety.Masker) error {
	unlock, err := lock(h.file)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := os.OpenFile(h.path, os.O_RDWR, 0) // a file open for appending takes no other place
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for at := int64(0); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var e entry
		if json.Unmarshal(line, &e) == nil && m.Text(e.Source) != e.Source {
			e.Source = m.Text(e.Source)
			if _, err := f.WriteAt(fit(e, len(line)-1), at); err != nil {
				return err
			}
		}
		at += int64(len(line))
	}
}

// fit returns the line of e, of just so many bytes: it is filled up with spaces, or
// the end of its source is left out.
func fit(e entry, size int) []byte {
	for {
		line, err := json.Marshal(e)
		over := len(line) - size
		if err != nil || over <= 0 || e.Source == "" {
			return append(line, bytes.Repeat([]byte{' '}, max(0, -over))...)
		}
		e.Source = strings.ToValidUTF8(e.Source[:len(e.Source)-min(len(e.Source), over/6+1)], "")
	}
}

func (h *history) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil {
		h.file.Close()
		h.file = nil
	}
	h.path = ""
}

// serveHistory answers history_request. The cell that runs can have made a secret of
// what stands in earlier ones.
func (k *Kernel) serveHistory(r *request) (any, error) {
	var q wire.History
	if err := r.content(&q); err != nil {
		return nil, err
	}
	found, err := k.history.find(q)
	if err != nil {
		return nil, err
	}
	rows := make([]any, 0, len(found))
	for _, e := range found {
		source := k.masker.Text(e.Source)
		var cell any = source
		if q.Output {
			var output any
			if e.output != "" {
				output = k.masker.Text(e.output)
			}
			cell = []any{source, output}
		}
		rows = append(rows, []any{e.Session, e.Line, cell})
	}
	return map[string]any{"status": "ok", "history": rows}, nil
}

func (h *history) find(q wire.History) ([]entry, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.load()
	switch q.Access {
	case "range":
		return h.between(q), nil
	case "search":
		return h.search(q)
	case "tail":
		return last(h.entries, q.N), nil
	}
	return nil, fmt.Errorf("history_request: hist_access_type %q is not known; use range, tail or search", q.Access)
}

// between selects lines of one session. Session 0 is the present one, negative
// ones count back from it.
func (h *history) between(q wire.History) []entry {
	session := q.Session
	if session <= 0 {
		session += h.session
	}
	var found []entry
	for _, e := range h.entries {
		if e.Session == session && e.Line >= q.Start && (q.Stop == nil || e.Line < *q.Stop) {
			found = append(found, e)
		}
	}
	return found
}

// search selects cells that match a pattern with * and ?.
func (h *history) search(q wire.History) ([]entry, error) {
	pattern := q.Pattern
	if pattern == "" {
		pattern = "*"
	}
	match, err := globber(pattern)
	if err != nil {
		return nil, err
	}
	var found []entry
	for _, e := range h.entries {
		if !match(e.Source) {
			continue
		}
		if q.Unique {
			found = slices.DeleteFunc(found, func(old entry) bool { return old.Source == e.Source })
		}
		found = append(found, e)
	}
	return last(found, q.N), nil
}

func last(entries []entry, n *int) []entry {
	if n != nil && *n >= 0 && *n < len(entries) {
		entries = entries[len(entries)-*n:]
	}
	return slices.Clone(entries)
}
