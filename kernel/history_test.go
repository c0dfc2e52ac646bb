package kernel

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

var quiet = slog.New(slog.DiscardHandler)

// sources joins what a query finds.
func sources(t *testing.T, h *history, q wire.History) string {
	t.Helper()
	found, err := h.find(q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range found {
		out = append(out, fmt.Sprintf("%d/%d %s", e.Session, e.Line, e.Source))
	}
	return strings.Join(out, ", ")
}

func number(n int) *int { return &n }

func TestHistoryOfSeveralSessions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	b := display.Text("2")
	for session := range 3 {
		h := newHistory(dir, quiet)
		h.add(1, fmt.Sprint("cell ", session), engine.Outcome{})
		h.add(2, "1 + 1", engine.Outcome{Result: &b})
		h.close()
	}
	h := newHistory(dir, quiet)
	defer h.close()
	h.add(1, "now", engine.Outcome{})
	h.add(2, strings.Repeat("x", maxSource+1), engine.Outcome{})
	h.add(3, " \n", engine.Outcome{})
	for _, c := range []struct {
		q    wire.History
		want string
	}{
		{wire.History{Access: "tail", N: number(2)}, "3/2 1 + 1, 4/1 now"},
		{wire.History{Access: "tail", N: number(0)}, ""},
		{wire.History{Access: "range", Session: 0}, "4/1 now"},
		{wire.History{Access: "range", Session: -1, Start: 1, Stop: number(2)}, "3/1 cell 2"},
		{wire.History{Access: "range", Session: 2, Start: 2}, "2/2 1 + 1"},
		{wire.History{Access: "search", Pattern: "cell ?"}, "1/1 cell 0, 2/1 cell 1, 3/1 cell 2"},
		{wire.History{Access: "search", Pattern: "cell*", N: number(1)}, "3/1 cell 2"},
		{wire.History{Access: "search", Pattern: "1 + 1", Unique: true}, "3/2 1 + 1"},
		{wire.History{Access: "search", Pattern: "cell"}, ""},
	} {
		if got := sources(t, h, c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	if _, err := h.find(wire.History{Access: "sideways"}); err == nil {
		t.Error("an unknown access was accepted")
	}
	info, err := os.Stat(filepath.Join(dir, "history.jsonl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, error %v, want 0600", info.Mode(), err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "history.jsonl"))
	if err != nil || strings.Contains(string(data), "output") {
		t.Errorf("outputs were written: %s, error %v", data, err)
	}
}

func TestHistoryOfKernelsAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	one, two := newHistory(dir, quiet), newHistory(dir, quiet)
	one.add(1, "a", engine.Outcome{})
	two.add(1, "b", engine.Outcome{})
	one.close()
	two.close()
	h := newHistory(dir, quiet)
	defer h.close()
	if got := sources(t, h, wire.History{Access: "tail"}); got != "1/1 a, 2/1 b" {
		t.Errorf("history %s", got)
	}
}

func TestHistoryIsCutAndSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	var file strings.Builder
	for i := range maxEntries + 5 {
		fmt.Fprintf(&file, `{"session":7,"line":%d,"source":"x"}`+"\n", i+1)
	}
	file.WriteString("\x00garbage\n{\"session\":")
	path := filepath.Join(dir, "history.jsonl")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHistory(dir, quiet)
	h.add(1, "new", engine.Outcome{})
	if got := sources(t, h, wire.History{Access: "tail", N: number(2)}); got != fmt.Sprintf("7/%d x, 8/1 new", maxEntries+5) {
		t.Errorf("tail %s", got)
	}
	h.close()
	data, err := os.ReadFile(path)
	if lines := strings.Count(string(data), "\n"); err != nil || lines != keptEntries+2 {
		t.Errorf("%d lines left, error %v, want %d", lines, err, keptEntries+2)
	}
}

// Secrets that are declared after their cells ran, also in other sessions.
func TestHistoryIsRedacted(t *testing.T) {
	dir := t.TempDir()
	one, two := newHistory(dir, quiet), newHistory(dir, quiet)
	b := display.Text("hunter2")
	one.add(1, `first := "hunter2"`, engine.Outcome{Result: &b})
	two.add(1, `"a" < "b" + hunter2`, engine.Outcome{})
	two.add(2, "abcd", engine.Outcome{})
	one.add(2, "unharmed ‹ünïcode›", engine.Outcome{})
	var m safety.Masker
	m.Add("hunter2")
	m.Add(`a" < "b"`) // JSON writes it in another way
	m.Add("abcd")     // shorter than its mask
	one.redact(&m)
	want := `1/1 first := "[secret], 2/1 "[secret] + [secret], 2/2 [sec, 1/2 unharmed ‹ünïcode›`
	if output := one.entries[0].output; output != "[secret]" {
		t.Errorf("output %q", output)
	}
	one.add(3, "after", engine.Outcome{})
	two.add(3, "after", engine.Outcome{})
	one.close()
	two.close()
	data, err := os.ReadFile(filepath.Join(dir, "history.jsonl"))
	if err != nil || strings.Contains(string(data), "hunter2") || strings.Contains(string(data), "abcd") {
		t.Errorf("secrets are left, error %v: %s", err, data)
	}
	h := newHistory(dir, quiet)
	defer h.close()
	if got := sources(t, h, wire.History{Access: "tail"}); got != want+", 1/3 after, 2/3 after" {
		t.Errorf("history %s", got)
	}
}

func TestHistoryWithoutAFolder(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", blocked} {
		h := newHistory(dir, quiet)
		h.add(1, "kept in memory", engine.Outcome{})
		if got := sources(t, h, wire.History{Access: "tail"}); got != "1/1 kept in memory" {
			t.Errorf("%q: %s", dir, got)
		}
		h.close()
	}
}
