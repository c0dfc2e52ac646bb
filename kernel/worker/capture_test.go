package worker

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFatalAt(t *testing.T) {
	for text, want := range map[string]int{
		"":                                       0,
		"all is well\n":                          12,
		"fatal error: concurrent map writes\n":   0,
		"before\nfatal error: out of memory\n\n": 7,
		"no fatal error: here\nneither":          28,
		"a\n\npanic: x\ngoroutine 1":             3,
		"==\nWARNING: DATA RACE\n==\nruntime: b": 25,
	} {
		if got := fatalAt([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestADeathThatTakesLong has a program die so slowly that its last words are shown
// before its end is known. Words that the program outlives are none.
func TestADeathThatTakesLong(t *testing.T) {
	for _, c := range []struct {
		name         string
		lives, crash bool
		want         string
	}{
		{"dies", false, true, "fatal error: x|goroutine 1|panic: y|goroutine 2"},
		{"is killed", false, false, "panic: y|goroutine 2"},
		{"lives on", true, true, "panic: y|goroutine 2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var shown strings.Builder
			capture := newCapture(make([]byte, secretLen), func() bool { return false }, func(_, text string) { shown.WriteString(text) })
			say := func(text string) {
				capture.mu.Lock()
				defer capture.mu.Unlock()
				capture.pass(1, []byte(text))
			}
			say("before\nfatal error: x\n")
			time.Sleep(crashTime + 1)
			synctest.Wait()
			say("goroutine 1\n")
			if c.lives {
				capture.message([2]uint64{}, func() {}, false)
			}
			say("panic: y\n")
			say("goroutine 2\n")
			capture.finish()
			if got := strings.Join(capture.report(c.crash), "|"); got != c.want {
				t.Errorf("%s: last words %q, want %q", c.name, got, c.want)
			}
			if got := shown.String(); got != "before\nfatal error: x\ngoroutine 1\n" {
				t.Errorf("%s: shown %q", c.name, got)
			}
		})
	}
}
