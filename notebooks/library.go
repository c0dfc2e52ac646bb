package notebooks

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed library/*.ipynb
var library embed.FS

// Ext is the extension of notebook files.
const Ext = ".ipynb"

// Entry is one notebook of the library.
type Entry struct {
	Name  string // without extension: 01-segments-router-security-groups
	Title string
}

// List returns the library, sorted by name.
func List() []Entry {
	var list []Entry
	for _, name := range Names() {
		nb, err := Open(name)
		if err != nil {
			continue // a test opens them all
		}
		list = append(list, Entry{Name: name, Title: nb.Title()})
	}
	return list
}

// Names returns the names of the library's notebooks, sorted.
func Names() []string {
	files, _ := fs.Glob(library, "library/*"+Ext)
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "library/"), Ext)
	}
	slices.Sort(files)
	return files
}

// Open reads a notebook of the library by its name, with or without extension.
// The error for an unknown name suggests the nearest.
func Open(name string) (Notebook, error) {
	data, err := library.ReadFile("library/" + strings.TrimSuffix(name, Ext) + Ext)
	if err != nil {
		return Notebook{}, fmt.Errorf("no notebook %q in the library; %s", name, Suggest(name, Names()))
	}
	nb, err := Parse(data)
	if err != nil {
		return Notebook{}, fmt.Errorf("library notebook %q: %w", name, err)
	}
	return nb, nil
}

// record names the file in that folder that remembers what Install wrote.
const record = ".fabricbook-library.json"

// Install writes the library into a folder, which it makes if need be, and
// returns the file names that it wrote. A file that is missing is written; one
// that is as an earlier Install left it is brought up to date; one that somebody
// changed since, by hand or by running it, is kept as it is.
func Install(folder string) (written []string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	sums, err := readRecord(folder)
	if err != nil {
		return nil, err
	}
	before := maps.Clone(sums)
	for _, name := range Names() {
		file := name + Ext
		data, err := library.ReadFile("library/" + file)
		if err != nil {
			return written, err
		}
		action, err := installOne(filepath.Join(folder, file), data, sums[file])
		if err != nil {
			return written, err
		}
		if action == wrote {
			written = append(written, file)
		}
		if action != kept {
			sums[file] = sum(data)
		}
	}
	if maps.Equal(sums, before) {
		return written, nil
	}
	data, err := json.MarshalIndent(sums, "", " ")
	if err != nil {
		return written, err
	}
	return written, writeAtomic(filepath.Join(folder, record), append(data, '\n'))
}

type action int

const (
	same  action = iota // the file is the library's already
	wrote               // it is now
	kept                // it is somebody's
)

// installOne brings one file up to date; last is the sum of what Install wrote
// there before, empty if nothing.
func installOne(path string, data []byte, last string) (action, error) {
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrote, writeAtomic(path, data)
	case err != nil:
		return same, err
	case bytes.Equal(have, data):
		return same, nil
	case sum(have) == last:
		return wrote, writeAtomic(path, data)
	}
	return kept, nil
}

func readRecord(folder string) (map[string]string, error) {
	sums := map[string]string{}
	data, err := os.ReadFile(filepath.Join(folder, record))
	if errors.Is(err, fs.ErrNotExist) {
		return sums, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(data, &sums) != nil || sums == nil {
		sums = map[string]string{} // unreadable: then every file counts as changed
	}
	return sums, nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// Suggest is the second half of an error about an unknown name: the nearest
// known one where one is near, else all of them.
func Suggest(name string, known []string) string {
	best, cost := "", len(name)/3+2
	for _, k := range known {
		if d := distance(name, k); d < cost {
			best, cost = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(known) == 0:
		return "there are none"
	}
	return "there are: " + strings.Join(known, ", ")
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
