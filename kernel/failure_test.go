package kernel

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

func TestErrorsAreShownShort(t *testing.T) {
	numbered := func(n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf("line %d", i))
		}
		return lines
	}
	for _, c := range []struct {
		name      string
		traceback []string
		want      func(string) bool
	}{
		{"short", []string{"panic: x", "  Cell [1]:2"}, func(s string) bool { return s == "panic: x\n  Cell [1]:2" }},
		{"as long as may be", numbered(61), func(s string) bool { return s == strings.Join(numbered(61), "\n") }},
		{"many lines", []string{strings.Join(numbered(5000), "\n"), "  Cell [1]:2"}, func(s string) bool {
			return strings.HasPrefix(s, "line 0\n") && strings.Contains(s, "line 39\n... 4941 lines left out\nline 4981\n") && strings.HasSuffix(s, "line 4999\n  Cell [1]:2")
		}},
		{"a long line", []string{"panic: " + strings.Repeat("é", 100_000) + " end"}, func(s string) bool {
			return len(s) < 5000 && strings.HasPrefix(s, "panic: éé") && strings.HasSuffix(s, "éé end") && strings.Contains(s, " bytes left out ... é") && utf8.ValidString(s)
		}},
		{"no text at all", nil, func(s string) bool { return s == "Panic: said" }},
	} {
		e := failureOf(&engine.Failure{Kind: engine.Panic, Message: "said", Traceback: c.traceback})
		if got := strings.Join(e.Traceback, "\n"); !c.want(got) || e.Name != "Panic" || e.Value != "said" {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	if e := failureOf(&engine.Failure{Message: strings.Repeat("word ", 1<<20)}); len(e.Value) > 5000 {
		t.Errorf("a message of %d bytes", len(e.Value))
	}
}
