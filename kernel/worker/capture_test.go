package worker

import "testing"

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
