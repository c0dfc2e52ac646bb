package safety

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	for id, want := range map[string]address{
		"vscode-notebook-cell:/home/o/change.ipynb#W0sZmlsZQ%3D%3D":                                {"/home/o/change.ipynb", 0},
		"vscode-notebook-cell:/home/o/two%20words.ipynb#X13sZmlsZQ%3D%3D":                          {"/home/o/two words.ipynb", 10},
		"vscode-notebook-cell://ssh-remote%2Bhost/home/o/change.ipynb#W5sdnNjb2RlLXJlbW90ZQ%3D%3D": {"/home/o/change.ipynb", 5},
		"vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook#W0sdW50aXRsZWQ%3D":                 {},
		"vscode-notebook-cell:/home/o/change.ipynb":                                                {},
		"vscode-notebook-cell:/home/o/change.ipynb#W9s":                                            {},
		"vscode-notebook-cell:/home/%zz#W0s":                                                       {},
		"vscode-interactive-input:/InteractiveInput-1":                                             {},
		"5a1c9f2e-7d1b-4c52-9f0e-1d2c3b4a5968":                                                     {},
		"":                                                                                         {},
	} {
		a, ok := parseAddress(id)
		if a != want || ok != (want.notebook != "") || NotebookOf(id) != want.notebook {
			t.Errorf("%s: %v %v, want %v", id, a, ok, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("vscode-notebook-cell://ssh-remote%2Bhost/home/o/change.ipynb#X13sZmlsZQ%3D%3D")
	f.Fuzz(func(t *testing.T, id string) {
		a, ok := parseAddress(id)
		if ok && (!filepath.IsAbs(a.notebook) || a.number < 0) || !ok && a != (address{}) {
			t.Errorf("%q: %v %v", id, a, ok)
		}
	})
}

// TestRunbooksInVSCode checks that a notebook's file gives the order also to a front
// end that names cells by numbers of its own.
func TestRunbooksInVSCode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	cell := func(number int, source string) string {
		return fmt.Sprintf("vscode-notebook-cell:%s#W%dsZmlsZQ%%3D%%3D: %s", path, number, source)
	}
	notebookFile(t, path, true, "a: connect()", "r1: look()", "b: apply()", "r2: look()", "d: report()")
	r := NewRunbook("")
	wantPlay(t, play(r, cell(3, "apply()"), cell(1, "connect()"), cell(4, "look()"), cell(3, "apply()"), cell(2, "look()"), cell(3, "apply()"),
		cell(3, "apply()"), cell(3, "apply(again)"), cell(3, "%unfreeze wrong port\napply()")),
		"refused: Step 1 “connect()” comes before step 3 “apply()”.",
		"ran connect()",
		"refused: Step 2 “look()” comes before step 4 “look()”.",
		"refused: Step 2 “look()” comes before step 3 “apply()”.",
		"ran look()", "ran apply()",
		"refused: Step 3 “apply()” is frozen: it ended well as [6] at T.",
		"refused: Step 3 “apply()” is frozen: it ended well as [6] at T and was changed since.",
		"ran apply() (unfreeze wrong port)")

	// A window that was loaded again numbers its cells anew: the sources tell.
	wantPlay(t, play(r, cell(0, "apply()"), cell(5, "connect()")),
		"refused: Step 3 “apply()” is frozen: it ended well as [9] at T and was changed since.",
		"refused: Step 1 “connect()” is frozen: it ended well as [2] at T.")

	// A cell that was written there runs before the editor saves it.
	wantPlay(t, play(r, cell(4, "look()"), cell(6, "confirm()")), "ran look()", "ran confirm()")
	notebookFile(t, path, true, "a: connect()", "r1: look()", "b: apply()", "r2: look()", "c: confirm()", "d: report()")
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	wantPlay(t, play(r, cell(2, "report()")), "ran report()")
	if got := play(r, cell(16, "other()"), strings.Replace(cell(6, "apply()"), path, "/elsewhere.ipynb", 1)); got != "ran other()\nran apply()\n" {
		t.Errorf("cells of no step: %s", got)
	}
}
