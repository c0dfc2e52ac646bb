package interp_test

import (
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestOwnFieldsAreShown checks that the unexported fields of a cell's types are
// shown as the exported ones of a library's are.
func TestOwnFieldsAreShown(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("net/netip"; "time")
type base struct { zone string }
type port struct {
	base
	addr netip.Addr
	up   time.Time
	wait time.Duration
	next *port
}
web := port{base{"a"}, netip.MustParseAddr("10.0.0.1"), time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), time.Second, nil}`)
	if got, want := s.ok("web"), "main.port{\n  base: main.base{zone: \"a\"}\n  addr: 10.0.0.1\n  up: 2026-03-04 05:06:07 +0000 UTC\n  wait: 1s\n  next: <nil>\n}"; got != want {
		t.Errorf("a struct:\n%s\nwant\n%s", got, want)
	}
	want := "zone  addr      up                    wait  next\na     10.0.0.1  2026-03-04 05:06:07Z    1s"
	for _, list := range []string{"[]port{web}", "[]*port{&web}"} {
		if got := s.ok(list); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", list, got, want)
		}
	}
	if s.last.Result.Data[display.MIMEHTML] == nil {
		t.Error("the list is no table")
	}
	if got := s.ok("type named struct{ addr netip.Addr }\nfunc (n named) String() string { return \"port \" + n.addr.String() }\n[]named{{web.addr}}"); got != "[port 10.0.0.1]" {
		t.Errorf("a list of values with text of their own: %s", got)
	}
	if got := s.ok("map[string]named{\"x\": {web.addr}}[\"x\"]"); got != "port 10.0.0.1" {
		t.Errorf("a value with text of its own: %s", got)
	}
}

// TestValuesThatDoNotCome checks that a value that never says what it is can be
// interrupted, and that one that panics is shown by its fields.
func TestValuesThatDoNotCome(t *testing.T) {
	s := newSession(t)
	s.ok(`import "fmt"
type broken struct{ n int }
func (broken) String() string { panic("no words") }
type endless struct{ n int }
func (endless) String() string { fmt.Println("ready"); for {} }
type stuck struct{ n int }
func (stuck) HTML() string { fmt.Println("ready"); select {} }`)
	if got := s.ok("broken{7}"); got != "main.broken{n: 7} (String() panicked: no words)" {
		t.Errorf("a value that panics: %s", got)
	}
	for _, source := range []string{"endless{1}", "[]endless{{1}, {2}}", "stuck{1}"} {
		out, took := s.interruptWhenReady(source)
		if out.Failure == nil || out.Failure.Kind != engine.Interrupted || out.Result != nil {
			t.Errorf("%s: %+v, want an interrupt", source, out)
		}
		if took > 5*time.Second {
			t.Errorf("%s: took %v", source, took)
		}
	}
	s.ok("1 + 1")
}
