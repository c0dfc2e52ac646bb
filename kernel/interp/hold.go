package interp

import (
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// hold keeps the goroutines of cells where they cannot write while a debugger reads
// values: at their safepoints, in time.Sleep, at a breakpoint. One that waits in
// compiled code (a channel, the network) cannot be kept; it runs on to its next
// safepoint when it comes back, which is at most the rest of one statement.
type hold struct {
	turn sync.Mutex  // of who reads
	up   atomic.Bool // somebody reads or is about to

	mu     sync.Mutex
	gate   chan struct{}   // closed when the reader is done, nil while nobody reads
	quiet  map[uint64]bool // goroutines that wait where the gate is before them
	atGate []uint64        // those of them that only wait for the reader

	readers sync.Map // ids of goroutines that run code for the reader
}

// forget strikes a goroutine out that ends. What it wrote, it wrote before whoever
// reads next.
func (h *hold) forget(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.quiet, id)
}

// stillness is how far the goroutines of cells could be kept.
type stillness int

const (
	still   stillness = iota // none can write
	waiting                  // some wait in compiled code
	moving                   // some run and cannot be kept: nothing may be read
)

// settleTime is how long goroutines may take to reach a safepoint, and leastLooks how
// often they are looked at before that is held to be over: on a busy machine they get
// their turn late.
const (
	settleTime = 80 * time.Millisecond
	leastLooks = 10
)

// point keeps the calling goroutine while somebody reads.
func (h *hold) point(id uint64) {
	if !h.up.Load() {
		return
	}
	if _, reads := h.readers.Load(id); reads {
		return
	}
	h.rest(id)
	h.resume(id)
}

// rest says that the goroutine waits until it calls resume.
func (h *hold) rest(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.quiet == nil {
		h.quiet = map[uint64]bool{}
	}
	h.quiet[id] = true
}

// resume lets the goroutine on as soon as nobody reads. Whoever reads next waits
// until it has come to its next safepoint, so that readers cannot keep it for good.
func (h *hold) resume(id uint64) {
	h.mu.Lock()
	gate := h.gate
	if gate == nil {
		delete(h.quiet, id)
		h.mu.Unlock()
		return
	}
	h.atGate = append(h.atGate, id)
	h.mu.Unlock()
	<-gate
}

// holdAll keeps the goroutines of all cells until release is called, which must be
// soon: the cells wait.
func (ts *tasks) holdAll() (s stillness, release func()) {
	h := &ts.hold
	h.turn.Lock()
	h.mu.Lock()
	h.gate = make(chan struct{})
	h.mu.Unlock()
	ts.setHold(true)
	s = ts.settle()
	return s, func() {
		ts.setHold(false)
		h.mu.Lock()
		for _, id := range h.atGate {
			delete(h.quiet, id)
		}
		h.atGate = nil
		close(h.gate)
		h.gate = nil
		h.mu.Unlock()
		h.turn.Unlock()
	}
}

// settle waits until no goroutine of a cell runs.
func (ts *tasks) settle() stillness {
	deadline := time.Now().Add(settleTime)
	pause := time.Millisecond
	for looks := 1; ; looks++ {
		s := ts.look()
		if s != moving || looks >= leastLooks && time.Now().After(deadline) {
			return s
		}
		time.Sleep(pause)
		pause = min(2*pause, 8*time.Millisecond)
	}
}

// maxStacks bounds the text of all stacks, in bytes. With more goroutines than fit
// nobody can tell what they do.
const maxStacks = 16 << 20

// look finds out by their stacks what the goroutines in cells' code do.
func (ts *tasks) look() stillness {
	h := &ts.hold
	stacks, ok := allStacks()
	if !ok {
		return moving
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	found := still
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		stack, _, _ = strings.Cut(stack, "\ncreated by ")
		if !strings.Contains(stack, "github.com/goplus/ixgo.") && !strings.Contains(stack, "interp.(*Engine).runCell") {
			continue
		}
		id, state := readHead(stack)
		if _, reads := h.readers.Load(id); reads || h.quiet[id] || ts.isForeign(id) {
			continue
		}
		if isActive(state) {
			return moving
		}
		if !ts.isStranded(id, stack) {
			found = waiting
		}
	}
	return found
}

// allStacks is the text of all stacks; false where it is too long to be read.
func allStacks() (string, bool) {
	buf := make([]byte, 64<<10)
	n := runtime.Stack(buf, true)
	for n == len(buf) && n < maxStacks {
		buf = make([]byte, 2*n)
		n = runtime.Stack(buf, true)
	}
	return string(buf[:n]), n < len(buf)
}

// isStranded tells a goroutine that an interrupted cell left on a channel or a lock
// of its own. It may never be woken, and if so then to end at its next safepoint:
// values may be read as if it were gone.
func (ts *tasks) isStranded(id uint64, stack string) bool {
	v, ok := ts.owners.Load(id)
	if !ok || !v.(*task).stopping.Load() || !v.(*task).ended.Load() {
		return false
	}
	lines := strings.Split(stack, "\n")
	for i := 1; i < len(lines); i += 2 { // each frame is two lines
		if strings.HasPrefix(lines[i], "github.com/goplus/ixgo.") {
			return true
		}
		if !waitsForGoroutines.MatchString(lines[i]) {
			return false
		}
	}
	return false
}

// waitsForGoroutines matches the functions through which interpreted code waits on
// channels and locks.
var waitsForGoroutines = regexp.MustCompile(`^(runtime|reflect|sync|internal/sync)\.`)

// awake is how many goroutines of cells there are that are not stranded, counted no
// further than most.
func (ts *tasks) awake(most int) int {
	n := ts.goroutines(most)
	if n < most {
		return n
	}
	stacks, ok := allStacks()
	if !ok {
		return n
	}
	stranded := map[uint64]bool{}
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		if id, state := readHead(stack); !isActive(state) && ts.isStranded(id, stack) {
			stranded[id] = true
		}
	}
	n = int(ts.starting.Load())
	ts.owners.Range(func(id, _ any) bool {
		if !stranded[id.(uint64)] {
			n++
		}
		return n < most
	})
	return min(n, most)
}

// sessions are the engines of this process: one holds only its own goroutines.
var sessions struct {
	sync.Mutex
	all []weak.Pointer[tasks]
}

// enter makes ts known to the sessions of this process.
func (ts *tasks) enter() {
	sessions.Lock()
	defer sessions.Unlock()
	sessions.all = slices.DeleteFunc(sessions.all, func(w weak.Pointer[tasks]) bool { return w.Value() == nil })
	sessions.all = append(sessions.all, weak.Make(ts))
}

// isForeign tells a goroutine of another session's cell.
func (ts *tasks) isForeign(id uint64) bool {
	sessions.Lock()
	defer sessions.Unlock()
	return slices.ContainsFunc(sessions.all, func(w weak.Pointer[tasks]) bool {
		other := w.Value()
		if other == nil || other == ts {
			return false
		}
		_, owns := other.owners.Load(id)
		return owns
	})
}

// readHead reads "goroutine 7 [chan receive, 3 minutes]:".
func readHead(stack string) (id uint64, state string) {
	line, _, _ := strings.Cut(stack, "\n")
	number, rest, _ := strings.Cut(strings.TrimPrefix(line, "goroutine "), " ")
	for _, c := range number {
		if c < '0' || c > '9' {
			return 0, ""
		}
		id = id*10 + uint64(c-'0')
	}
	_, rest, _ = strings.Cut(rest, "[")
	state, _, _ = strings.Cut(rest, "]")
	state, _, _ = strings.Cut(state, ",")
	return id, state
}

// isActive tells the states of goroutines that run or will without being woken.
func isActive(state string) bool {
	for _, waits := range []string{"chan", "select", "sleep", "IO wait", "sync.", "semacquire", "finalizer wait", "syscall"} {
		if strings.HasPrefix(state, waits) {
			return false
		}
	}
	return true
}

// setHold makes every safepoint look up, or no longer.
func (ts *tasks) setHold(up bool) {
	ts.hold.up.Store(up)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.signal()
}
