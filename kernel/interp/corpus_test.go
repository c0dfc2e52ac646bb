package interp_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
)

// TestCorpus runs sessions from testdata. Each file is a session: a section
// "cell" is a cell, and the sections after it say what becomes of it: "result"
// its value as text, "stdout" and "stderr" what it prints, "late stdout" what it has
// printed once its goroutines had their turn, "error" the kind of
// its failure and then lines that the traceback must hold. A cell without
// "error" must end well.
func TestCorpus(t *testing.T) { playCorpus(t, newSession) }

// playCorpus runs each file in a session of its own.
func playCorpus(t *testing.T, start func(testing.TB, ...*interp.Package) *session) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(".") // cells may go elsewhere
			playSession(t, start(t), a.Files)
		})
	}
}

func playSession(t *testing.T, s *session, sections []txtar.File) {
	for i := 0; i < len(sections); {
		if sections[i].Name != "cell" {
			t.Fatalf("section %q where a cell should begin", sections[i].Name)
		}
		source := strings.TrimSuffix(string(sections[i].Data), "\n")
		want := map[string]string{}
		for i++; i < len(sections) && sections[i].Name != "cell"; i++ {
			want[sections[i].Name] = string(sections[i].Data)
		}
		out := s.run(source)
		compareOutcome(t, s, source, out, want)
	}
}

func compareOutcome(t *testing.T, s *session, source string, out engine.Outcome, want map[string]string) {
	t.Helper()
	if expect, ok := want["error"]; ok {
		compareFailure(t, s, source, out.Failure, strings.Split(strings.TrimSpace(expect), "\n"))
	} else if out.Failure != nil {
		t.Errorf("cell %d failed:\n%s\n--- source\n%s", s.number, strings.Join(out.Failure.Traceback, "\n"), source)
		return
	}
	result := ""
	if out.Result != nil {
		result = out.Result.Text()
	}
	if expect, ok := want["result"]; ok && result != strings.TrimSuffix(expect, "\n") {
		t.Errorf("cell %d: result %q, want %q\n--- source\n%s", s.number, result, strings.TrimSuffix(expect, "\n"), source)
	}
	if expect, ok := want["late stdout"]; ok && !s.eventually(func() bool { return s.sink.text(s.number, "stdout") == expect }) {
		t.Errorf("cell %d: late stdout %q, want %q\n--- source\n%s", s.number, s.sink.text(s.number, "stdout"), expect, source)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if expect, ok := want[stream]; ok && s.sink.text(s.number, stream) != expect {
			t.Errorf("cell %d: %s %q, want %q\n--- source\n%s", s.number, stream, s.sink.text(s.number, stream), expect, source)
		}
	}
}

func compareFailure(t *testing.T, s *session, source string, f *engine.Failure, want []string) {
	t.Helper()
	if f == nil {
		t.Errorf("cell %d did not fail, want %s\n--- source\n%s", s.number, want, source)
		return
	}
	text := strings.Join(f.Traceback, "\n")
	if string(f.Kind) != want[0] {
		t.Errorf("cell %d: %s, want %s\n%s", s.number, f.Kind, want[0], text)
	}
	for _, line := range want[1:] {
		if !strings.Contains(text, line) {
			t.Errorf("cell %d: traceback does not hold %q:\n%s", s.number, line, text)
		}
	}
}
