package interp_test

import (
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestUnlocked unlocks what is not locked, by an interface or through other types,
// which would end the process.
func TestUnlocked(t *testing.T) {
	s := newSession(t)
	s.ok(`import "sync"
type embedding struct{ sync.Mutex }
type holding struct{ sync.Locker }`)
	for _, c := range []struct{ cell, want string }{
		{`var l sync.Locker = new(sync.Mutex); l.Unlock()`, "panic: sync: unlock of unlocked mutex"},
		{`var l sync.Locker = new(sync.RWMutex); l.Unlock()`, "panic: sync: Unlock of unlocked RWMutex"},
		{`new(sync.RWMutex).RLocker().Unlock()`, "panic: sync: RUnlock of unlocked RWMutex"},
		{`var l interface{ Unlock() } = new(sync.Mutex); l.Unlock()`, "panic: sync: unlock of unlocked mutex"},
		{`func() { var l sync.Locker = new(sync.Mutex); l.Lock(); defer l.Unlock(); defer l.Unlock() }()`, "panic: sync: unlock of unlocked mutex"},
		{`func() { defer new(sync.RWMutex).RLocker().Unlock() }()`, "panic: sync: RUnlock of unlocked RWMutex"},
		{`var l sync.Locker = new(sync.Mutex); u := l.Unlock; u()`, "panic: sync: unlock of unlocked mutex"},
		{`m := holding{new(sync.Mutex)}; m.Lock(); m.Unlock(); m.Unlock()`, "panic: sync: unlock of unlocked mutex"},
		{`var e embedding; e.Lock(); e.Unlock(); e.Unlock()`, "panic: sync: unlock of unlocked mutex"},
		{`sync.NewCond(new(sync.Mutex)).Wait()`, "panic: sync: Wait of a Cond whose lock is unlocked"},
		{`sync.NewCond(new(sync.RWMutex).RLocker()).Wait()`, "panic: sync: Wait of a Cond whose lock is unlocked"},
		{`sync.NewCond(new(sync.Mutex)).L.Unlock()`, "panic: sync: unlock of unlocked mutex"},
	} {
		if out := s.run(c.cell); out.Failure == nil || out.Failure.Kind != engine.Panic || out.Failure.Message != c.want {
			t.Errorf("%s: outcome %+v, want %q", c.cell, out.Failure, c.want)
		}
	}
	s.ok(`mu := new(sync.RWMutex)
for _, l := range []sync.Locker{mu, mu.RLocker(), new(sync.Mutex), &embedding{}, holding{mu}} {
	l.Lock()
	l.Unlock()
	func() { l.Lock(); defer l.Unlock() }()
}
mu.Lock()`)
}
