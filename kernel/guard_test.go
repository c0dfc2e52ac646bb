package kernel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

func TestSecretsAreMaskedEverywhere(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Config{DataDir: dir})
	for _, step := range []struct{ code, seen string }{
		{"secret hunter2", "busy | in 1 | idle"},
		{"print it is hunter2", "busy | in 2 | stdout it is [secret] | idle"},
		{"part hun\npart ter2\npart !", "busy | in 3 | stdout [secret]! | idle"},
		{"part hunt", "busy | in 4 | stdout [secret] | idle"},
		{"part hun\neprint ter2", "busy | in 5 | stderr ter2 | stdout hun | idle"},
		{"show id pw hunter2", "busy | in 6 | display_data id pw [secret] | idle"},
		{"html <b>hunter2</b>", "busy | in 7 | display_data <nil> [secret] | idle"},
		{"result hunter2", "busy | in 8 | out 8 [secret] | idle"},
		{"fail with hunter2", "busy | in 9 | Panic: with [secret] | idle"},
	} {
		if got := c.run(step.code); got.seen != step.seen {
			t.Errorf("%q:\n got %s\nwant %s", step.code, got.seen, step.seen)
		} else if strings.Contains(got.Value+strings.Join(got.Traceback, ""), "hunter2") {
			t.Errorf("%q: reply %+v", step.code, got.executeReply)
		}
	}
	got := c.finish(c.send("shell", wire.ExecuteRequest, map[string]any{"code": "print x", "user_expressions": map[string]string{"e": "hunter2"}}))
	if text, err := json.Marshal(got.UserExpressions); err != nil || strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), safety.Mask) {
		t.Errorf("expressions %s, %v", text, err)
	}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "hunter2") {
			t.Errorf("the secret stands in %s", e.Name())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A secret can be declared after the cells in which it stands.
func TestLaterSecretsAreMaskedInReplies(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Config{DataDir: dir})
	c.run("set print hunter2")
	c.run("result print")
	c.run("secret hunter2")
	c.run("secret print")
	if data, err := os.ReadFile(filepath.Join(dir, "history.jsonl")); err != nil || strings.Contains(string(data), "hunter2") {
		t.Errorf("kept: %s, error %v", data, err)
	}
	ask := func(msgType string, content any) string {
		var reply json.RawMessage
		c.reply("shell", c.send("shell", msgType, content), &reply)
		return string(reply)
	}
	for _, q := range []wire.History{{Access: "tail", Output: true}, {Access: "range", Output: true}, {Access: "search", Pattern: "*"}} {
		reply := ask(wire.HistoryRequest, q)
		if !strings.Contains(reply, "set [secret] [secret]") || strings.Contains(reply, "hunter2") {
			t.Errorf("history by %s: %s", q.Access, reply)
		}
	}
	if reply := ask(wire.CompleteRequest, map[string]any{"code": "p", "cursor_pos": 1}); strings.Contains(reply, "print") || !strings.Contains(reply, `"password"`) {
		t.Errorf("completion: %s", reply)
	}
}

func journal(t *testing.T, dir string) (all []safety.Record) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, safety.JournalName))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var r safety.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestEveryExecutionIsRecorded(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Config{DataDir: dir, Notebook: "/srv/a.ipynb"})
	id := c.sendMessage("shell", c.session.Header(wire.ExecuteRequest), map[string]string{"cellId": "c1"}, map[string]any{"code": "print on\nblock"})
	for m := c.receive("iopub"); m.Header.MsgType != wire.StreamMsg; m = c.receive("iopub") {
		c.iopub = append(c.iopub, m)
	}
	if got := journal(t, dir); len(got) != 1 || got[0].Event != "start" {
		t.Errorf("while the cell runs: %+v", got)
	}
	c.send("control", wire.InterruptRequest, struct{}{})
	c.finish(id)
	c.run("fail it")
	c.run("   ")
	c.finish(c.send("shell", wire.ExecuteRequest, map[string]any{"code": "print x", "silent": true}))
	got := journal(t, dir)
	if len(got) != 6 {
		t.Fatalf("%d records: %+v", len(got), got)
	}
	first := got[0]
	if first.User == "" || first.Username != "tester" || first.Session != "client" || first.Kernel == "" || first.Notebook != "/srv/a.ipynb" ||
		first.Cell != "c1" || first.Count != 1 || first.SHA256 != safety.Hash("print on\nblock") {
		t.Errorf("start %+v", first)
	}
	for i, want := range []string{"", "interrupted", "", "failed", "", "ok"} {
		if r := got[i]; r.Result != want || r.ID != got[i/2*2].ID || (want != "" && r.Duration <= 0) {
			t.Errorf("record %d: %+v, want result %q", i, r, want)
		}
	}
	if got[4].Count != 0 {
		t.Errorf("a silent cell has count %d", got[4].Count)
	}
}

func TestLongOutputGoesToAFile(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Config{DataDir: dir, OutputLimit: "100"})
	got := c.run("many 1000\neprint it failed here\nmany 3")
	files, err := filepath.Glob(filepath.Join(dir, safety.OutputFolder, "*.txt"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, want := range []string{"stdout line 0\n", "All of it is in " + files[0], "stderr it failed here", "the last 50 of 1004 lines", "line 2 | idle"} {
		if !strings.Contains(got.seen, want) {
			t.Errorf("%q is missing in\n%s", want, got.seen)
		}
	}
	if len(got.seen) > 3000 {
		t.Errorf("%d bytes were shown", len(got.seen))
	}
	kept, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(kept), "\n") != 1004 {
		t.Errorf("%d lines kept, %v", strings.Count(string(kept), "\n"), err)
	}
}

func TestARunbookFreezesItsSteps(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Config{DataDir: dir})
	step := "//fabricbook:step "
	for _, s := range []struct{ id, code, seen string }{
		{"b", "%steps", "Frozen: This notebook is no runbook"},
		{"b", step + "2\nprint two", "Frozen: Step 1 comes before step 2"},
		{"a", step + "1\nprint one\nshow id pw\nresult done", "| stdout one | display_data id pw | out 3 done | idle"},
		{"a", step + "1\nprint one\nresult done", "| stdout one | display_data id pw | out 3 done | Frozen: Step 1 “print one” is frozen: it ended well as [3]"},
		{"b", step + "2\nprint two", "| stdout two | idle"},
		{"a", "%unfreeze once\n" + step + "1\nprint more", "| stdout more | idle"},
		{"a", "%unfreeze once\n" + step + "1\nprint more", "| stdout more | Frozen: Step 1"},
		{"x", "%steps", "frozen at"},
	} {
		if got := c.runCell(s.id, s.code); !strings.Contains(got.seen, s.seen) || strings.Contains(s.seen, "Frozen:") != (got.Name == "Frozen") {
			t.Errorf("%q: %s", s.code, got.seen)
		}
	}
	var results, notes string
	for _, r := range journal(t, dir) {
		results += r.Result + " "
		notes += r.Note
	}
	if want := "refused refused ok refused ok ok refused ok"; strings.Join(strings.Fields(results), " ") != want || notes != "unfreeze once" {
		t.Errorf("journal: %s, %s", results, notes)
	}
}

func TestAStepThatCannotBeRecordedIsNotRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Config{DataDir: file})
	if got := c.run("print x"); !strings.Contains(got.seen, "the record of executions lacks this cell") || !strings.Contains(got.seen, "stdout x") {
		t.Errorf("an ordinary cell: %s", got.seen)
	}
	if got := c.run("//fabricbook:runbook\nprint x"); got.Name != "Frozen" || strings.Contains(got.seen, "stdout x") {
		t.Errorf("a step: %s", got.seen)
	}
}
