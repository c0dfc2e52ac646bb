package notebooks

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLibraryIsCleanAndValid(t *testing.T) {
	s := schema(t)
	for _, name := range Names() {
		data, err := library.ReadFile("library/" + name + Ext)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, s, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		nb, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		clear, err := Encode(nb.Cleared())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(clear, data) {
			t.Errorf("%s: stored outputs, or not as Jupyter writes it; clear its outputs and save it:\n%s", name, firstDifference(data, clear))
		}
		spec, _ := nb.Metadata["kernelspec"].(map[string]any)
		if spec["name"] != "fabricbook" || spec["display_name"] != "Go (Fabricbook)" || spec["language"] != "go" {
			t.Errorf("%s: kernelspec %v", name, spec)
		}
		if nb.Title() == "" || strings.Contains(nb.Cells[0].ID, " ") {
			t.Errorf("%s: no title", name)
		}
	}
}

func TestLibraryList(t *testing.T) {
	list := List()
	want := []Entry{
		{"01-segments-router-security-groups", "Segments, router and security groups"},
		{"alert-port-unreachable", "A workload does not answer"},
	}
	if !slices.Equal(list, want) {
		t.Errorf("got %v", list)
	}
	if _, err := Open("alert-port-unreachable.ipynb"); err != nil {
		t.Error(err)
	}
	if _, err := Open("alert-port-unreachabel"); err == nil || !strings.Contains(err.Error(), `did you mean "alert-port-unreachable"?`) {
		t.Errorf("got %v", err)
	}
	if _, err := Open("../library_test.go"); err == nil {
		t.Error("a name must not leave the library")
	}
}

func TestAlertNotebookDeclaresItsParameters(t *testing.T) {
	nb, err := Open("alert-port-unreachable")
	if err != nil {
		t.Fatal(err)
	}
	declared, err := nb.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range declared {
		names = append(names, d.Name+" "+string(d.Type))
	}
	if got := strings.Join(names, ", "); got != "alertname string, severity string, instance string, port string, segment string, peer string, since string" {
		t.Errorf("declares %s", got)
	}
	for _, section := range []string{"## Meaning", "## Impact", "## Diagnosis", "## Mitigation"} {
		if !slices.ContainsFunc(nb.Cells, func(c Cell) bool { return c.Type == Markdown && strings.Contains(c.Source, section) }) {
			t.Errorf("section %s is missing", section)
		}
	}
}

func TestInstallKeepsWhatPeopleChanged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "books")
	first, err := Install(dir)
	if err != nil || len(first) != len(Names()) {
		t.Fatalf("wrote %v: %v", first, err)
	}
	again, err := Install(dir)
	if err != nil || len(again) != 0 {
		t.Fatalf("the second time it wrote %v: %v", again, err)
	}
	mine, other := filepath.Join(dir, first[0]), filepath.Join(dir, first[1])
	write(t, mine, "edited")
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	got, err := Install(dir)
	if err != nil || !slices.Equal(got, first[1:]) {
		t.Fatalf("wrote %v: %v", got, err)
	}
	if data, _ := os.ReadFile(mine); string(data) != "edited" {
		t.Errorf("the edited file is now %q", data)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestInstallUpdatesWhatNobodyChanged(t *testing.T) {
	dir := t.TempDir()
	if _, err := Install(dir); err != nil {
		t.Fatal(err)
	}
	name := Names()[0] + Ext
	// As if an earlier release had installed another text.
	write(t, filepath.Join(dir, name), "old release")
	record := filepath.Join(dir, record)
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	sums, _ := readRecord(dir)
	write(t, record, strings.Replace(string(data), sums[name], sum([]byte("old release")), 1))
	got, err := Install(dir)
	if err != nil || !slices.Equal(got, []string{name}) {
		t.Fatalf("wrote %v: %v", got, err)
	}
	write(t, record, "not JSON")
	write(t, filepath.Join(dir, name), "old release")
	if got, err := Install(dir); err != nil || len(got) != 0 {
		t.Errorf("without a readable record every difference is an edit; wrote %v: %v", got, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteFileKeepsTheModeAndLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ipynb")
	nb := Notebook{Cells: []Cell{CodeCell("a", "x")}}
	if err := WriteFile(path, nb); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	nb.Cells[0].Source = "y"
	if err := WriteFile(path, nb); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, Notebook{Cells: []Cell{{}}}); err == nil {
		t.Error("an invalid notebook was written")
	}
	info, _ := os.Stat(path)
	back, err := ReadFile(path)
	if err != nil || back.Cells[0].Source != "y" || info.Mode().Perm() != 0o600 {
		t.Errorf("source %q, mode %v: %v", back.Cells[0].Source, info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files: %v", files)
	}
}
