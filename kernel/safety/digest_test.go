package safety

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func shownText(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestLongOutputIsShortenedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outputs", "out.txt")
	d := NewDigest(Limits{Head: 100, Tail: 2, Error: 2, File: 1 << 20}, path)
	var all, shown strings.Builder
	for i := range 100 {
		line := fmt.Sprintf("line %d\n", i)
		if i%30 == 20 {
			line = fmt.Sprintf("line %d: ping FAILED\n", i)
		}
		all.WriteString(line)
		shown.WriteString(shownText(d.Next("stdout", line[:3])))
		shown.WriteString(shownText(d.Next("stdout", line[3:])))
	}
	shown.WriteString(shownText(d.End()))
	var head strings.Builder
	for i := range 13 {
		fmt.Fprintf(&head, "line %d\n", i)
	}
	want := head.String() + "lin\n[this output is long: from here on only lines with error words are shown, and the end. All of it is in " + path + "]\n" +
		"line 20: ping FAILED\nline 50: ping FAILED\n[more lines with error words are in the file only]\n" +
		fmt.Sprintf("[the last 2 of 100 lines (%d bytes); all of it is in %s]\n", all.Len(), path) +
		"line 98\nline 99\n"
	if got := shown.String(); got != want {
		t.Errorf("shown\n%s\nwant\n%s", got, want)
	}
	kept, err := os.ReadFile(path)
	if err != nil || string(kept) != all.String() {
		t.Errorf("%d bytes kept of %d, %v", len(kept), all.Len(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if got := shownText(d.Next("stdout", "late\n")); got != "" {
		t.Errorf("late text shown: %q", got)
	}
	if kept, _ := os.ReadFile(path); !strings.HasSuffix(string(kept), "late\n") {
		t.Error("late text is not in the file")
	}
}

func TestOutputWithinTheLimitIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	d := NewDigest(Limits{Head: 10, Tail: 2, Error: 2, File: 100}, path)
	for _, want := range []string{"12345", "67890"} {
		if got := shownText(d.Next("stdout", want)); got != want {
			t.Errorf("shown %q, want %q", got, want)
		}
	}
	d.Cleared()
	if got := shownText(d.Next("stdout", "after clear")); !strings.Contains(got, "long") {
		t.Errorf("11 bytes of 10 shown as %q", got)
	}
	if got := shownText(d.End()); !strings.HasSuffix(got, "after clear") {
		t.Errorf("end %q", got)
	}
}

func TestOutputThatCannotBeKeptIsShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewDigest(Limits{Head: 4, Tail: 1, Error: 1, File: 100}, filepath.Join(file, "out.txt"))
	if got := shownText(append(d.Next("stdout", "all of it"), d.End()...)); !strings.Contains(got, "shown in full") || !strings.HasSuffix(got, "all of it") {
		t.Errorf("shown %q", got)
	}
	if got := shownText(d.Next("stdout", "and more")); got != "and more" {
		t.Errorf("shown %q", got)
	}
}

func TestTheFileHasALimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	d := NewDigest(Limits{Head: 4, Tail: 1, Error: 1, File: 20}, path)
	for range 10 {
		d.Next("stdout", "0123456789")
	}
	d.End()
	kept, _ := os.ReadFile(path)
	if want := "01234567890123456789\n[cut here: 20 bytes is the most that is kept of one cell]\n"; string(kept) != want {
		t.Errorf("kept %q", kept)
	}
}

func TestOldOutputsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"old.txt": keptOutput + time.Hour, "new.txt": time.Hour, "old.log": keptOutput + time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	removeOld(dir)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestParseLimits(t *testing.T) {
	for s, want := range map[string]int{"off": 0, "123": 123, "2k": 2048, "3M": 3 << 20, "": -1, "-1": -1, "x": -1, "0": -1, "9999999999M": -1} {
		l, err := ParseLimits(s)
		if (err != nil) != (want < 0) || want >= 0 && l.Head != want {
			t.Errorf("%q: %d, %v", s, l.Head, err)
		}
	}
}

func TestErrorWordsInEitherCase(t *testing.T) {
	for _, w := range errorWords {
		for _, text := range []string{w, strings.ToUpper(w), "a " + strings.ToUpper(w[:1]) + w[1:], w + ".", "\xff" + w, "eE" + w + "\n", w[:1] + w} {
			if !hasErrorWord(text) {
				t.Errorf("not found in %q", text)
			}
		}
		for _, text := range []string{w[1:], w[:len(w)-1], w[:2] + "_" + w[2:], "&" + w[1:], strings.ReplaceAll(w[:3], "e", "E")} {
			if hasErrorWord(text) {
				t.Errorf("found in %q", text)
			}
		}
	}
	if hasErrorWord("") || hasErrorWord("e") {
		t.Error("found in nothing")
	}
}

func FuzzErrorWords(f *testing.F) {
	f.Add("Timed OUT, no route")
	f.Fuzz(func(t *testing.T, text string) {
		want := false
		for _, w := range errorWords {
			for i := range text {
				want = want || i+len(w) <= len(text) && strings.EqualFold(text[i:i+len(w)], w)
			}
		}
		if hasErrorWord(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	})
}
