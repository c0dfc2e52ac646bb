package safety

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

var clock = regexp.MustCompile(`\d\d:\d\d:\d\d`)

// play runs cells "ID: SOURCE" one after the other and writes what the runbook
// said of each. A source that holds "fails" fails.
func play(r *Runbook, cells ...string) string {
	var b strings.Builder
	for i, cell := range cells {
		id, source, _ := strings.Cut(cell, ": ")
		v := r.Admit(Cell{ID: id, Source: source, Count: i + 1})
		switch {
		case v.Refusal != nil:
			b.WriteString("refused: " + v.Refusal.Message)
			if v.Refusal.Kind != engine.Frozen || len(v.Refusal.Traceback) != 2 {
				b.WriteString(" (without its fix)")
			}
		case v.Answer != "":
			b.WriteString("answer: " + v.Answer)
		default:
			b.WriteString("ran " + strings.TrimSpace(v.Source))
			v.Done(!strings.Contains(source, "fails"))
		}
		if v.Note != "" {
			b.WriteString(" (" + v.Note + ")")
		}
		b.WriteString("\n")
	}
	return clock.ReplaceAllString(b.String(), "T")
}

func wantPlay(t *testing.T, got string, want ...string) {
	t.Helper()
	if w := strings.Join(want, "\n") + "\n"; got != w {
		t.Errorf("got\n%s\nwant\n%s", got, w)
	}
}

func TestAnOrdinaryNotebookIsFree(t *testing.T) {
	wantPlay(t, play(NewRunbook(""), "a: x := 1", "a: x := 1", "b: %unfreeze all", "c: // see //fabricbook:runbook\nx"),
		"ran x := 1", "ran x := 1",
		"refused: This notebook is no runbook: nothing is frozen and no order is kept.",
		"ran // see //fabricbook:runbook\nx")
}

func TestFinishedCellsAreFrozen(t *testing.T) {
	wantPlay(t, play(NewRunbook(""),
		"a: //fabricbook:runbook\napply()",
		"a: //fabricbook:runbook\napply()",
		"a: apply(2)",
		"b: fails()", "b: works()", "b: works()",
		"c: //fabricbook:repeatable\nlook()", "c: //fabricbook:repeatable\nlook()",
		": noid()", ": noid()",
	),
		"ran //fabricbook:runbook\napply()",
		"refused: The cell “apply()” is frozen: it ended well as [1] at T.",
		"refused: The cell “apply()” is frozen: it ended well as [1] at T and was changed since.",
		"ran fails()", "ran works()", "refused: The cell “works()” is frozen: it ended well as [5] at T.",
		"ran //fabricbook:repeatable\nlook()", "ran //fabricbook:repeatable\nlook()",
		"ran noid()", "refused: The cell “noid()” is frozen: it ended well as [9] at T.")
}

func TestARepeatableCellIsListedAsDone(t *testing.T) {
	wantPlay(t, play(NewRunbook(""),
		"a: //fabricbook:step 1\none()", "b: //fabricbook:step 2\n//fabricbook:repeatable\nlook()",
		"x: %steps", "x: %unfreeze 2 why not", "x: %unfreeze all again",
		"b: //fabricbook:step 2\nlook()",
	),
		"ran //fabricbook:step 1\none()", "ran //fabricbook:step 2\n//fabricbook:repeatable\nlook()",
		"answer: frozen at T   1            one()\ndone at T     2            look()\n",
		"refused: No frozen cell is called \"2\".",
		"answer: unfrozen: step 1 “one()” (unfreeze all again)",
		"refused: Step 2 “look()” is frozen: it ended well as [2] at T and was changed since.")
}

func TestUnfreezing(t *testing.T) {
	wantPlay(t, play(NewRunbook(""),
		"a: //fabricbook:step 1\none()", "b: //fabricbook:step 2\ntwo()",
		"a: %unfreeze link flapped\n//fabricbook:step 1\none()",
		"a: %unfreeze link flapped\n//fabricbook:step 1\none()",
		"a: %unfreeze it flapped again\n//fabricbook:step 1\none()",
		"x: %unfreeze 7", "x: %unfreeze 2 wrong host", "b: //fabricbook:step 2\ntwo()",
		"x: %unfreeze all", "b: //fabricbook:step 2\ntwo()",
	),
		"ran //fabricbook:step 1\none()", "ran //fabricbook:step 2\ntwo()",
		"ran //fabricbook:step 1\none() (unfreeze link flapped)",
		"refused: Step 1 “one()” is frozen: it ended well as [3] at T.",
		"ran //fabricbook:step 1\none() (unfreeze it flapped again)",
		"refused: No frozen cell is called \"7\".",
		"answer: unfrozen: step 2 “two()” (unfreeze 2 wrong host)", "ran //fabricbook:step 2\ntwo()",
		"answer: unfrozen: step 1 “one()”, step 2 “two()” (unfreeze all)", "ran //fabricbook:step 2\ntwo()")
}

func TestNumberedStepsKeepTheirOrder(t *testing.T) {
	wantPlay(t, play(NewRunbook(""),
		": //fabricbook:step 2\ntwo()", ": //fabricbook:step 1\nfails()", ": //fabricbook:step 2\ntwo()",
		": //fabricbook:step 1\nworks()", ": //fabricbook:step 2\ntwo()", ": //fabricbook:step 4\nfour()",
		": %skip nothing to do\n//fabricbook:step 3\nthree()", ": //fabricbook:step 4\nfour()",
		": //fabricbook:step 3\nthree()",
	),
		"refused: Step 1 comes before step 2 “two()”.",
		"ran //fabricbook:step 1\nfails()",
		"refused: Step 1 comes before step 2 “two()”.",
		"ran //fabricbook:step 1\nworks()", "ran //fabricbook:step 2\ntwo()",
		"refused: Step 3 comes before step 4 “four()”.",
		"answer: skipped step 3 “three()” (skip nothing to do)", "ran //fabricbook:step 4\nfour()",
		"ran //fabricbook:step 3\nthree()")
}

// notebookFile writes a notebook with code cells "ID: SOURCE".
func notebookFile(t *testing.T, path string, runbook any, cells ...string) {
	t.Helper()
	list := []any{map[string]any{"cell_type": "markdown", "id": "m", "metadata": map[string]any{}, "source": []string{"# Title"}}}
	for _, c := range cells {
		id, source, _ := strings.Cut(c, ": ")
		tags := []string{}
		if strings.HasPrefix(id, "r") {
			tags = append(tags, "repeatable")
		}
		list = append(list, map[string]any{"cell_type": "code", "id": id, "metadata": map[string]any{"tags": tags}, "source": []string{source}})
	}
	data, err := json.Marshal(map[string]any{"nbformat": 4, "metadata": map[string]any{"fabricbook": map[string]any{"runbook": runbook}}, "cells": list})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestANotebookFileGivesTheOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	notebookFile(t, path, true, "a: connect()", "s: %steps", "e: ", "r1: look()", "b: apply()")
	r := NewRunbook(path)
	wantPlay(t, play(r, "b: apply()", "a: connect()", "b: apply()", "r1: look()", "r1: look()", "new: try()", "b: apply()", "b: apply()", ": connect()"),
		"refused: Step 1 “connect()” comes before step 3 “apply()”.",
		"ran connect()",
		"refused: Step 2 “look()” comes before step 3 “apply()”.",
		"ran look()", "ran look()", "ran try()", "ran apply()",
		"refused: Step 3 “apply()” is frozen: it ended well as [7] at T.",
		"ran connect()") // a front end that names no cells: its cell is another one
	notebookFile(t, path, true, "a: connect()", "r1: look()", "b: apply()", "c: confirm()", "d: report()")
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	wantPlay(t, play(r, "d: report()"), "refused: Step 4 “confirm()” comes before step 5 “report()”.")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantPlay(t, play(r, "d: report()"), "refused: Step 4 “confirm()” comes before step 5 “report()”.")
}

func TestAFileThatIsNoRunbook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	for _, declared := range []any{false, nil} {
		notebookFile(t, path, declared, "a: one()", "b: two()")
		wantPlay(t, play(NewRunbook(path), "b: two()", "b: two()"), "ran two()", "ran two()")
	}
}

func TestSteps(t *testing.T) {
	r := NewRunbook("")
	play(r, "a: //fabricbook:step 1\none()", "b: //fabricbook:step 2\nfails()")
	got := play(r, ": %steps")
	for _, want := range []string{"frozen at T", "1            one()", "to do", "2            fails()"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestStepsOfAFileAreCalledByTheirPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	notebookFile(t, path, true, "a: connect()", "b: look()", "c: apply()", "s: %steps")
	r := NewRunbook(path)
	wantPlay(t, play(r, "c: apply()", "a: connect()", "b: look()", "new: try()", "a: %unfreeze once more\nconnect()", "s: %steps", "s: %unfreeze 2 because", "b: look()"),
		"refused: Step 1 “connect()” comes before step 3 “apply()”.",
		"ran connect()", "ran look()", "ran try()", "ran connect() (unfreeze once more)",
		"answer: frozen at T   1            connect()",
		"frozen at T   2            look()",
		"to do                3            apply()",
		"frozen at T   new          try()",
		"next: step 3 “apply()”", "",
		"answer: unfrozen: step 2 “look()” (unfreeze 2 because)", "ran look()")
}

func TestACellRunsOnceAtATime(t *testing.T) {
	r := NewRunbook("")
	first := r.Admit(Cell{ID: "a", Source: "//fabricbook:runbook\none()"})
	if v := r.Admit(Cell{ID: "a", Source: "one()"}); v.Refusal == nil || !strings.Contains(v.Refusal.Message, "is running now") {
		t.Errorf("verdict %+v", v)
	}
	first.Done(false)
	if v := r.Admit(Cell{ID: "a", Source: "one()"}); v.Refusal != nil {
		t.Errorf("refused %+v", v.Refusal)
	}
}

func FuzzParseNotebook(f *testing.F) {
	f.Add([]byte(`{"metadata":{"fabricbook":{"runbook":true}},"cells":[{"cell_type":"code","id":"a","source":["x"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		runbook, steps, ok := parseNotebook(data)
		if !ok && (runbook || len(steps) > 0) {
			t.Error("what is no notebook has steps")
		}
	})
}
