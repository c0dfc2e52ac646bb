package safety

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits say when the output of a cell is long and what is shown of it then.
type Limits struct {
	Head  int // bytes shown as they come; 0: output is never shortened
	Tail  int // lines shown at the end
	Error int // lines with error words shown between
	File  int // bytes of one cell kept in the file at most
}

// DefaultLimits are generous: a notebook file of this size still opens quickly.
var DefaultLimits = Limits{Head: 1 << 20, Tail: 50, Error: 200, File: 1 << 30}

// ParseLimits reads what a person set for the limit of output: a number of bytes
// with an optional k or M behind it, or "off".
func ParseLimits(s string) (Limits, error) {
	l := DefaultLimits
	if s == "off" {
		l.Head = 0
		return l, nil
	}
	unit := 1
	switch {
	case strings.HasSuffix(s, "k"):
		unit = 1 << 10
	case strings.HasSuffix(s, "M"):
		unit = 1 << 20
	}
	n, err := strconv.Atoi(strings.TrimRight(s, "kM"))
	if err != nil || n <= 0 || n > 1<<30/unit {
		return l, fmt.Errorf("output limit %q: give bytes as 500k or 2M, or off", s)
	}
	l.Head = n * unit
	return l, nil
}

// OutputFolder is the folder of full outputs in the data folder, and how long
// they are kept there.
const (
	OutputFolder = "outputs"
	keptOutput   = 30 * 24 * time.Hour
)

// tailBytes bounds the text of the tail, lineBytes one line with an error word.
const (
	tailBytes = 64 << 10
	lineBytes = 2 << 10
)

// errorWords mark the lines that are shown of a long output, in lower case.
var errorWords = []string{
	"error", "fail", "fatal", "panic", "exception", "denied", "refused", "reject",
	"timeout", "timed out", "unreachable", "critical", "conflict", "no such", "not found",
}

// Piece is a piece of text on one stream.
type Piece struct{ Name, Text string }

// Digest shortens the streams of one cell. Until the limit it shows all; what
// comes then goes to a file that holds all of it, and only lines with error words
// are shown, and at the end the last lines. A user guards it by a lock.
type Digest struct {
	limits Limits
	path   string // of the file

	head    []Piece // shown so far, nil once the file has it
	dropped bool    // head was given up at the end of the cell
	size    int
	lines   int
	file    *os.File
	kept    int // bytes in the file
	failed  error
	told    bool // of the failure
	long    bool
	ended   bool
	errors  int               // lines shown
	partial map[string]string // beginning of a line, by stream
	tail    []Piece
	tailed  int // bytes in tail
}

// NewDigest makes the digest of a cell whose full text belongs into path.
func NewDigest(l Limits, path string) *Digest {
	return &Digest{limits: l, path: path}
}

// OutputPath names the file for a cell of a kernel in a data folder.
func OutputPath(dir, kernel string, cell int) string {
	return filepath.Join(dir, OutputFolder, fmt.Sprintf("%s-%.8s-%d.txt", time.Now().UTC().Format("20060102T150405"), kernel, cell))
}

// Next takes text and returns what is to be shown.
func (d *Digest) Next(name, text string) []Piece {
	if d.limits.Head == 0 || text == "" {
		return []Piece{{name, text}}
	}
	d.size += len(text)
	d.lines += strings.Count(text, "\n")
	var shown []Piece
	if !d.long {
		room := d.limits.Head - (d.size - len(text))
		if len(text) <= room {
			d.keepHead(name, text)
			return []Piece{{name, text}}
		}
		at := strings.LastIndexByte(text[:room], '\n') + 1
		if at > 0 {
			d.keepHead(name, text[:at])
			shown = append(shown, Piece{name, text[:at]})
		}
		text = text[at:]
		shown = append(shown, Piece{name, d.begin()})
	}
	d.store(name, text)
	if d.failed != nil { // shown rather than lost
		if !d.told {
			d.told = true
			text = fmt.Sprintf("\n[from here on all is shown again, the file cannot be written: %v]\n%s", d.failed, text)
		}
		return append(shown, Piece{name, text})
	}
	return append(shown, d.errorLines(name, text)...)
}

// Long tells whether text is left out by now.
func (d *Digest) Long() bool { return d.long && d.failed == nil }

// Cleared tells that the reader sees nothing any more of what was shown.
func (d *Digest) Cleared() {
	if !d.long {
		d.size, d.lines, d.head = 0, 0, nil
	}
}

func (d *Digest) keepHead(name, text string) {
	if !d.ended {
		d.head = append(d.head, Piece{name, text})
	}
}

// begin opens the file and says so.
func (d *Digest) begin() string {
	d.long = true
	err := os.MkdirAll(filepath.Dir(d.path), 0o700)
	if err == nil {
		removeOld(filepath.Dir(d.path))
		d.file, err = os.OpenFile(d.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		d.failed, d.told = err, true
		return fmt.Sprintf("\n[this output is long, but it is shown in full: it cannot be kept in a file: %v]\n", err)
	}
	if d.dropped {
		d.store("", "[what the cell put out before it ended stands in the notebook only]\n")
	}
	for _, p := range d.head {
		d.store(p.Name, p.Text)
	}
	d.head = nil
	return fmt.Sprintf("\n[this output is long: from here on only lines with error words are shown, and the end. All of it is in %s]\n", d.path)
}

// removeOld removes files of cells run long ago.
func removeOld(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && filepath.Ext(e.Name()) == ".txt" && time.Since(info.ModTime()) > keptOutput {
			_ = os.Remove(filepath.Join(dir, e.Name())) // another kernel may have removed it
		}
	}
}

// store appends to the file and to the tail.
func (d *Digest) store(name, text string) {
	d.keepTail(name, text)
	room := d.limits.File - d.kept
	if d.failed != nil || room <= 0 {
		return
	}
	if d.file == nil { // the cell has ended, a goroutine of it writes on
		if d.file, d.failed = os.OpenFile(d.path, os.O_WRONLY|os.O_APPEND, 0o600); d.failed != nil {
			return
		}
	}
	n, err := d.file.WriteString(text[:min(len(text), room)])
	d.kept += n
	if err == nil && d.kept >= d.limits.File {
		_, err = fmt.Fprintf(d.file, "\n[cut here: %d bytes is the most that is kept of one cell]\n", d.limits.File)
	}
	d.failed = err
	if d.ended {
		d.failed = errors.Join(err, d.closeFile())
	}
}

func (d *Digest) keepTail(name, text string) {
	if d.ended {
		return
	}
	text = text[max(0, len(text)-tailBytes):]
	d.tail = append(d.tail, Piece{name, text})
	d.tailed += len(text)
	for len(d.tail) > 1 && d.tailed-len(d.tail[0].Text) >= tailBytes {
		d.tailed -= len(d.tail[0].Text)
		d.tail = d.tail[1:]
	}
}

// errorLines returns the lines with error words that are complete now.
func (d *Digest) errorLines(name, text string) []Piece {
	if d.partial == nil {
		d.partial = map[string]string{}
	}
	at := strings.LastIndexByte(text, '\n') + 1
	if at == 0 {
		d.partial[name] = cut(d.partial[name] + text)
		return nil
	}
	whole := d.partial[name] + text[:at]
	d.partial[name] = cut(text[at:])
	var b strings.Builder
	if hasErrorWord(whole) {
		for line := range strings.Lines(whole) {
			if !hasErrorWord(line) || d.errors > d.limits.Error {
				continue
			}
			if d.errors++; d.errors > d.limits.Error {
				b.WriteString("[more lines with error words are in the file only]\n")
				break
			}
			b.WriteString(strings.TrimSuffix(cut(line), "\n") + "\n")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return []Piece{{name, b.String()}}
}

func cut(line string) string { return strings.ToValidUTF8(line[:min(len(line), lineBytes)], "") }

// byPair holds the errorWords by their first two letters, of which the lowest five
// bits count: they are the same in both cases.
var byPair = func() (t [1 << 10][]string) {
	for _, w := range errorWords {
		at := int(w[0]&31)<<5 | int(w[1]&31)
		t[at] = append(t[at], w)
	}
	return t
}()

// hasErrorWord tells whether text holds one of errorWords, in either case.
func hasErrorWord(text string) bool {
	pair := 0
	for i := range len(text) {
		pair = pair<<5&0x3ff | int(text[i]&31)
		for _, w := range byPair[pair] {
			if i > 0 && beginsWith(text[i-1:], w) {
				return true
			}
		}
	}
	return false
}

// beginsWith tells whether text begins with a word in lower case, whatever its own.
func beginsWith(text, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// End returns the tail of a long output when its cell has ended, and closes the
// file. What a goroutine of the cell writes later goes to the file as well.
func (d *Digest) End() []Piece {
	if d.ended {
		return nil
	}
	d.ended, d.dropped, d.head = true, d.head != nil, nil
	if !d.long || d.failed != nil {
		d.failed = errors.Join(d.failed, d.closeFile())
		return nil
	}
	shown, lines := d.lastLines()
	where := d.path
	if err := d.closeFile(); err != nil {
		where = fmt.Sprintf("%s, but not all: %v", where, err)
	}
	note := Piece{"stdout", fmt.Sprintf("[the last %d of %d lines (%d bytes); all of it is in %s]\n", lines, d.lines, d.size, where)}
	d.tail = nil
	return append([]Piece{note}, shown...)
}

// lastLines cuts the tail to its last lines and counts them.
func (d *Digest) lastLines() (shown []Piece, lines int) {
	last := len(d.tail) - 1
	for i, p := range slices.Backward(d.tail) {
		for at := len(p.Text) - 1; at >= 0; at-- {
			if p.Text[at] != '\n' || i == last && at == len(p.Text)-1 {
				continue
			}
			if lines++; lines == d.limits.Tail {
				first := Piece{p.Name, p.Text[at+1:]}
				return append([]Piece{first}, d.tail[i+1:]...), lines
			}
		}
	}
	if len(d.tail) > 0 {
		d.tail[0].Text = strings.ToValidUTF8(d.tail[0].Text, "") // may begin within a rune
	}
	return d.tail, lines + 1
}

func (d *Digest) closeFile() error {
	f := d.file
	d.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}
