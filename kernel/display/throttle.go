package display

import (
	"sync"
	"time"
)

// throttle lets what changes often be told once in an interval, and always the last
// of it. Its user's lock guards it.
type throttle struct {
	told    time.Time
	pending *time.Timer
}

// tell calls f: at once where now is set or the interval is over, else when it is,
// with lock held.
func (t *throttle) tell(lock sync.Locker, interval time.Duration, now bool, f func()) {
	switch wait := interval - time.Since(t.told); {
	case now || wait <= 0:
		t.stop()
		t.told = time.Now()
		f()
	case t.pending == nil:
		t.pending = time.AfterFunc(wait, func() {
			lock.Lock()
			defer lock.Unlock()
			if t.pending != nil {
				t.tell(lock, interval, true, f)
			}
		})
	}
}

// stop takes back what would be told later.
func (t *throttle) stop() {
	if t.pending != nil {
		t.pending.Stop()
		t.pending = nil
	}
}
