package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/notebooks"
	headless "github.com/fabricbook/fabricbook/runbooks/run"
)

// runNotebook is `fabricbook run` with the engine in this process.
func runNotebook(t *testing.T, args ...string) (code int, out, progress string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := runCommand(func() engine.Factory { return interpreter() })
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	err := c.ExecuteContext(t.Context())
	var exit exitCode
	switch {
	case errors.As(err, &exit):
		code = exit.code
	case err != nil:
		code = 2 // what cobra itself refuses
	}
	if err != nil {
		fmt.Fprint(&stderr, err)
	}
	return code, stdout.String(), stderr.String()
}

const firstName = "01-segments-router-security-groups"

// The library's first notebook runs to its end on the simulated fabric, in one
// session from top to bottom and again, each cell twice, with and without the
// clean-up: nobody is harmed by running a cell again.
func TestFirstNotebookRunsAgainAndAgain(t *testing.T) {
	controllerRunning(t)
	nb, err := notebooks.Open(firstName)
	if err != nil {
		t.Fatal(err)
	}
	var cells []notebooks.Cell
	add := func(times int, skip string) {
		for _, c := range nb.Cells {
			for range times {
				if c.Type == notebooks.Code && (skip == "" || !strings.HasPrefix(c.ID, skip)) {
					again := c
					again.ID = fmt.Sprintf("%s-%d", c.ID, len(cells))
					cells = append(cells, again)
				}
			}
		}
	}
	add(1, "clean")
	add(1, "")
	add(2, "")
	done, result, err := headless.Run(t.Context(), notebooks.Notebook{Metadata: nb.Metadata, Cells: cells}, interpreter(), headless.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f := result.Failure(); f != nil {
		t.Fatalf("cell %s: %s: %+v", f.ID, f.Status, f.Error)
	}
	passes := 0
	for _, c := range done.Cells {
		for _, o := range c.Outputs {
			if o.Text == "PASS: 25 pairs for each of 3 kinds of traffic are as the table says\n" {
				passes++
			}
		}
	}
	if passes != 4 {
		t.Errorf("the matrix was proved %d times, want 4", passes)
	}
	last, _ := done.Cells[len(done.Cells)-1].Outputs[0].Data["text/plain"].(string)
	if !strings.Contains(last, "0 nodes, 0 segments, 0 routers, 0 security groups, 0 ports, 0 gateways") {
		t.Errorf("after the clean-up there is\n%s", last)
	}
}

func TestAlertNotebookRuns(t *testing.T) {
	controllerRunning(t)
	if r := fabricbook(t, "", "apply", "--yes", "-f", fabricFile(t, dataCentre)); r.code != 0 {
		t.Fatal(r.err)
	}
	for _, param := range []string{"port=db-1", "instance=10.0.12.3:9115"} {
		code, out, progress := runNotebook(t, "alert-port-unreachable", "-p", param, "-p", "peer=web-1")
		if code != 0 || !strings.Contains(out, "ok after") {
			t.Errorf("%s: exit code %d\n%s\n%s", param, code, progress, out)
		}
	}
}

func TestRunSavesAndReports(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.ipynb"), filepath.Join(dir, "out.ipynb")
	nb := notebooks.Notebook{Cells: []notebooks.Cell{
		notebooks.CodeCell("p", "count := 1\nname := \"x\"", notebooks.TagParameters),
		notebooks.CodeCell("use", "count * 2"),
		notebooks.CodeCell("bad", "panic(name)"),
		notebooks.CodeCell("after", "1"),
	}}
	if err := notebooks.WriteFile(in, nb); err != nil {
		t.Fatal(err)
	}
	code, stdout, progress := runNotebook(t, in, "-o", out, "-p", "count=21", "-p", "name=boom=1", "--output", "json")
	var report struct {
		Notebook string
		headless.Result
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v: %s\n%s", err, stdout, progress)
	}
	if code != 1 || report.Status != headless.Failed || report.Notebook != out || report.Failure().ID != "bad" || !strings.Contains(report.Failure().Error.Message, "boom=1") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	if !strings.Contains(progress, "✓ 3/5 count * 2") || !strings.Contains(progress, "✗ 4/5 panic(name)") || strings.Contains(progress, "5/5") {
		t.Errorf("progress:\n%s", progress)
	}
	done, err := notebooks.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if got := done.Cells[2].Outputs[0].Data["text/plain"]; got != "42" {
		t.Errorf("the parameter had no effect: %v", got)
	}
	if code, stdout, _ = runNotebook(t, in); code != 1 || !strings.Contains(stdout, "cells[2] (bad): failed") || !strings.Contains(stdout, "panic: x\n  Cell [3]:1") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

func TestRunRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.ipynb")
	if err := os.WriteFile(broken, []byte(`{"cells":[{}],"metadata":{},"nbformat":4,"nbformat_minor":5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"", "accepts 1 arg"},
		{"no-such-notebook", `no notebook "no-such-notebook" in the library`},
		{"alert-port-unreachabel", `did you mean "alert-port-unreachable"?`},
		{"missing/x.ipynb", "no such file"},
		{broken, "cells[0].cell_type"},
		{"alert-port-unreachable -p port", `-p "port": want name=value`},
		{"alert-port-unreachable -p prot=x", `did you mean "port"?`},
		{firstName + " -p port=x", "the notebook declares none"},
		{"alert-port-unreachable --output xml", "choose text or json"},
	} {
		code, out, progress := runNotebook(t, strings.Fields(c.args)...)
		if code != 2 || !strings.Contains(progress, c.want) || out != "" {
			t.Errorf("run %s: exit code %d\n%s%s", c.args, code, out, progress)
		}
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	nb := notebooks.Notebook{Cells: []notebooks.Cell{notebooks.CodeCell("a", "1")}}
	_, result, err := headless.Run(ctx, nb, interpreter(), headless.Options{})
	if result.Status != headless.Interrupted {
		t.Errorf("%s: %v", result.Status, err)
	}
}
