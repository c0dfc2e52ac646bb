package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRequirementsArePinnedWithHashes(t *testing.T) {
	places := packages.FindAllIndex(requirements, -1)
	if len(places) < 50 {
		t.Errorf("only %d packages are pinned", len(places))
	}
	for i, at := range places {
		end := len(requirements)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		if block := string(requirements[at[0]:end]); !strings.Contains(block, "--hash=sha256:") {
			t.Errorf("no hash: %.60s", block)
		}
	}
}

func TestPipOutputCountsPackages(t *testing.T) {
	var log bytes.Buffer
	var steps []int
	o := &pipOutput{log: &log, total: 3, progress: func(done, total int) { steps = append(steps, done*10+total) }}
	for _, part := range []string{"Collecting a==1 (from", " x)\n  Downloading a\nIgnoring b: markers do not match\nColl", "ecting c\nERROR: no matching", " hash"} {
		if _, err := o.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if len(steps) != 3 || steps[2] != 33 {
		t.Errorf("progress %v, want 1, 2 and 3 of 3", steps)
	}
	if !strings.HasSuffix(o.last(), "ERROR: no matching hash") || !strings.Contains(log.String(), "Downloading a") {
		t.Errorf("last %q, log %q", o.last(), log.String())
	}
}

func TestAnEnvironmentIsCurrentOnlyWhenFinished(t *testing.T) {
	v := Venv{Dir: t.TempDir()}
	if v.Current() {
		t.Fatal("an empty folder is no environment")
	}
	if err := os.WriteFile(v.stamp(), []byte(want()), 0o600); err != nil {
		t.Fatal(err)
	}
	if v.Current() {
		t.Fatal("there is no jupyter-lab in it")
	}
	if err := os.MkdirAll(filepath.Dir(v.Bin("jupyter-lab")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.Bin("jupyter-lab"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if !v.Current() {
		t.Fatal("it is as Ensure leaves it")
	}
	if err := os.WriteFile(v.stamp(), []byte("of another version"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v.Current() {
		t.Fatal("it holds another version's packages")
	}
}
