package interp

import (
	"slices"
	"strings"
	"time"
)

const (
	// leftEvery is how often what stopped cells left behind is looked for.
	leftEvery = 50 * time.Millisecond
	// leftShare is how many times as long as a look takes is waited for the next one.
	leftShare = 20
	// leftWaits is how many times in a row it must be found to wait before it is no
	// longer looked for: it may wait for good.
	leftWaits = 10
)

// abandon keeps the flags of all programs up until a task that was stopped and whose
// goroutines nobody awaits any more has no code running: the code of earlier cells
// that it runs, such as a closure, has no other flag that stays up.
func (ts *tasks) abandon(t *task) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.leaveBehind(t)
	ts.signal()
}

// leaveBehind is abandon for who holds ts.mu and calls signal.
func (ts *tasks) leaveBehind(t *task) {
	found := ts.starting.Load() > 0 // first: one that begins meanwhile has an owner before it counts no more
	ts.owners.Range(func(_, owner any) bool {
		found = found || owner.(*task) == t
		return !found
	})
	if !found || slices.Contains(ts.left, t) {
		return
	}
	if ts.left = append(ts.left, t); len(ts.left) == 1 {
		time.AfterFunc(leftEvery, ts.lookForLeft)
	}
}

// lookForLeft strikes out of ts.left what has halted, and what waits and may do so for
// good: that halts where it runs its own code. It comes back while anything is left.
func (ts *tasks) lookForLeft() {
	began := time.Now()
	starting := ts.starting.Load() > 0
	active, waiting := ts.activity()
	next := max(leftEvery, leftShare*time.Since(began)) // stacks can be deep, and all wait meanwhile
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.left = slices.DeleteFunc(ts.left, func(t *task) bool {
		switch {
		case active[t]:
			t.waited = 0
		case starting || waiting[t]:
			t.waited++
		default:
			return true
		}
		return t.waited >= leftWaits
	})
	if len(ts.left) > 0 && !ts.closed {
		time.AfterFunc(next, ts.lookForLeft)
	}
	ts.signal()
}

// activity finds out by their stacks which tasks have goroutines that run, or wait for
// something else than channels and locks of their own.
func (ts *tasks) activity() (active, waiting map[*task]bool) {
	active, waiting = map[*task]bool{}, map[*task]bool{}
	stacks, ok := allStacks()
	if !ok { // nobody can tell
		ts.owners.Range(func(_, t any) bool {
			active[t.(*task)] = true
			return true
		})
		return active, waiting
	}
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		id, state := readHead(stack)
		t, ok := ts.owners.Load(id)
		switch {
		case !ok:
		case isActive(state):
			active[t.(*task)] = true
		case !ts.isStranded(id, stack):
			waiting[t.(*task)] = true
		}
	}
	return active, waiting
}
