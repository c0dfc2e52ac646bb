package safety

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func records(t *testing.T, dir string) (all []Record) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, JournalName))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	j := NewJournal(dir)
	if err := j.Start(Record{ID: "k-1", User: "op", Cell: "c", SHA256: Hash("x")}); err != nil {
		t.Fatal(err)
	}
	if got := records(t, dir); len(got) != 1 || got[0].Event != "start" || got[0].User != "op" || got[0].Time.IsZero() || len(got[0].SHA256) != 64 {
		t.Errorf("before the cell runs: %+v", got)
	}
	if err := j.End(Record{ID: "k-1", Result: "ok", Duration: 0.5}); err != nil {
		t.Fatal(err)
	}
	if got := records(t, dir); len(got) != 2 || got[1].Event != "end" || got[1].Result != "ok" || got[1].Duration != 0.5 {
		t.Errorf("after it: %+v", got)
	}
	info, err := os.Stat(filepath.Join(dir, JournalName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for range 2 {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestJournalOfManyKernels(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			j := NewJournal(dir)
			defer j.Close()
			for range 50 {
				if err := j.Start(Record{ID: "k", Notebook: strings.Repeat("n", 500)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := records(t, dir); len(got) != 400 {
		t.Errorf("%d records, want 400", len(got))
	}
}

func TestAJournalThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewJournal(dir).Start(Record{}); err == nil {
		t.Error("a start that is not on the disk was taken for recorded")
	}
}
