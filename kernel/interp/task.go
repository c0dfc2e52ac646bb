package interp

import (
	"context"
	"reflect"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// task is a cell that runs, or ran and left goroutines behind.
type task struct {
	cell      int
	name      string // of the cell in positions
	sources   *sources
	asks      bool          // the front end can answer questions
	stopping  atomic.Bool   // its goroutines are to halt at their next safepoint
	stopped   chan struct{} // closed with stopping
	once      sync.Once
	ended     atomic.Bool // Execute has returned
	goroutine uint64      // the cell's own
	waited    int         // how often in a row it was seen to wait after it was stopped; under tasks.mu

	mu      sync.Mutex
	results []any
	clock   time.Time       // when what %time measures began, zero if nothing does
	failure *engine.Failure // why it is being stopped, nil if by the user
}

func newTask(cell int, name string, sources *sources) *task {
	return &task{cell: cell, name: name, sources: sources, stopped: make(chan struct{})}
}

// halted is what a safepoint panics with to unwind a goroutine.
type halted struct{}

func (halted) Error() string { return "interrupted" }

// exited is what os.Exit panics with.
type exited struct{ code int }

// errTooDeep stands for what Go ends a process with, and so is a runtime error.
const errTooDeep = ixgo.PlainError("stack overflow: recursion too deep")

// tasks knows which goroutine belongs to which cell and stops cells.
type tasks struct {
	owners    sync.Map     // goroutine id to *task
	starting  atomic.Int64 // goroutines whose go statement has run and that have no owner yet
	unwinding sync.Map     // goroutine id to *unwinding
	depths    sync.Map     // goroutine id to *int, how many safepoints it has passed while some stack was large

	mu      sync.Mutex
	flags   []weak.Pointer[flag] // of all programs that may have code running
	running []*task              // in the order in which they began
	latest  *task                // ran last where none runs
	closed  bool                 // everything is to halt
	left    []*task              // were stopped and may have code running yet

	hold      hold
	leftovers leftovers
	stops     *stops
	deep      atomic.Bool // some stack has grown large: safepoints look at their depth
	out       *output
}

// owner is the task that the calling goroutine belongs to; the current one for
// goroutines that no cell started itself.
func (ts *tasks) owner() *task {
	if t, ok := ts.owners.Load(gid.Get()); ok {
		return t.(*task)
	}
	return ts.current()
}

// goroutines is how many goroutines of cells there are, counted no further than most.
func (ts *tasks) goroutines(most int) int {
	n := int(ts.starting.Load()) // first: a goroutine that begins meanwhile has an owner before it counts no more
	ts.owners.Range(func(any, any) bool {
		n++
		return n < most
	})
	return min(n, most)
}

// current is the task that began last of those that run, or that ran last; nil
// before the first.
func (ts *tasks) current() *task {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if n := len(ts.running); n > 0 {
		return ts.running[n-1]
	}
	return ts.latest
}

// close stops everything.
func (ts *tasks) close() {
	ts.mu.Lock()
	ts.closed = true
	running := slices.Clone(ts.running)
	ts.mu.Unlock()
	for _, t := range running {
		ts.stop(t, nil)
	}
	ts.owners.Range(func(_, t any) bool {
		ts.stop(t.(*task), nil)
		return true
	})
}

// begin enters a task, with the flag of its program, before it runs.
func (ts *tasks) begin(t *task, stop *flag) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.running, ts.latest = append(ts.running, t), t
	if len(ts.flags) == cap(ts.flags) {
		ts.flags = slices.DeleteFunc(ts.flags, func(w weak.Pointer[flag]) bool { return w.Value() == nil })
	}
	ts.flags = append(ts.flags, weak.Make(stop))
	if ts.raised() {
		stop.set(true)
	}
}

// finish strikes a task out. The flag of one that was stopped stays up for good:
// what it left behind halts wherever it runs its own code.
func (ts *tasks) finish(t *task, stop *flag, stopped bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.running = slices.DeleteFunc(ts.running, func(x *task) bool { return x == t })
	ts.latest = t
	if stopped {
		stop.stays = true
		ts.leaveBehind(t)
		ts.signal()
	}
}

// externals are the runtime's functions for this session.
func (ts *tasks) externals() map[string]any {
	return map[string]any{
		runtimePath + ".Halt":   ts.halt,
		runtimePath + ".Result": func(v ...any) { ts.owner().setResults(v) },
		runtimePath + ".Zero":   func(p any) { reflect.ValueOf(p).Elem().SetZero() },
		runtimePath + ".Owner":  func() any { return ts.owner() },
		runtimePath + ".Starting": func() any {
			ts.starting.Add(1)
			return ts.owner()
		},
		runtimePath + ".Begin": func(owner any) {
			ts.take(owner)
			ts.starting.Add(-1)
		},
		runtimePath + ".End":    ts.end,
		runtimePath + ".Break":  ts.stops.at,
		runtimePath + ".Unique": new(uniques).pointer,
		"os.Exit":               func(code int) { ts.exit(code) },
		"time.Sleep":            ts.sleep,
		runtimePath + ".Enter":  ts.take,
		runtimePath + ".Leave":  ts.leave,
	}
}

func (t *task) setResults(v []any) {
	t.mu.Lock()
	t.results = v
	t.mu.Unlock()
}

// halt is called at safepoints while flags are up.
func (ts *tasks) halt(fr *ixgo.Frame) {
	id := gid.Get()
	if ts.deep.Load() && ts.tooDeep(id) {
		ts.overflow(id, fr)
	}
	ts.hold.point(id)
	v, ok := ts.owners.Load(id)
	if !ok || !v.(*task).stopping.Load() {
		return
	}
	now := time.Now()
	v, again := ts.unwinding.LoadOrStore(id, &unwinding{first: now, last: now})
	if u := v.(*unwinding); again && !u.over(now) {
		return
	}
	shortenAbove(fr)
	panic(halted{})
}

// unwinding is when a goroutine was halted, for the first and the last time, and how
// many safepoints it has passed since. Only that goroutine uses it.
type unwinding struct {
	first, last        time.Time
	sinceFirst, passed int
}

const (
	// cleanup is how long deferred functions of a halted goroutine may run before
	// they are halted too, and cleanupPoints how many safepoints they may pass: on a
	// busy machine the time can be over before they had a turn.
	cleanup       = 40 * time.Millisecond
	cleanupPoints = 32
	// cleanups is how many times as long all of them may: what recovers and goes on
	// would not end.
	cleanups = 10
)

// over tells whether the goroutine is to be halted again.
func (u *unwinding) over(now time.Time) bool {
	u.passed++
	u.sinceFirst++
	if (now.Sub(u.last) < cleanup || u.passed < cleanupPoints) && (now.Sub(u.first) < cleanups*cleanup || u.sinceFirst < cleanups*cleanupPoints) {
		return false
	}
	u.last, u.passed = now, 0
	return true
}

// forget drops what is known of the calling goroutine, which ends.
func (ts *tasks) forget() {
	id := gid.Get()
	ts.owners.Delete(id)
	ts.unwinding.Delete(id)
	ts.depths.Delete(id)
	ts.stops.forget(id)
	ts.hold.forget(id)
}

// end is called when a goroutine that a cell started ends.
func (ts *tasks) end(fr *ixgo.Frame, recovered any) {
	ts.endWith(recoveredBy(recovered), framesOf(fr))
}

// recoveredBy is what recover returned in a cell: ixgo hands over its frame for nil.
func recoveredBy(v any) any {
	if _, none := v.(*ixgo.Frame); none {
		return nil
	}
	return v
}

// endWith reports what a goroutine recovered, which panicked in frames.
func (ts *tasks) endWith(recovered any, frames []frame) {
	t := ts.owner()
	ts.forget()
	if recovered == nil || t == nil {
		return
	}
	switch v := recovered.(type) {
	case halted:
		return
	case exited:
		if t.ended.Load() {
			ts.out.write(t.cell, "stderr", exitFailure(v.code).Message+" in a goroutine: the session goes on\n")
		}
		return
	}
	f := panicFailure(t, recovered, frames, "goroutine ")
	if t.ended.Load() {
		ts.out.write(t.cell, "stderr", joinLines(f.Traceback))
		return
	}
	ts.stop(t, f)
}

// exit stands for os.Exit: it ends the cell, not the process.
func (ts *tasks) exit(code int) {
	t := ts.owner()
	if t != nil && !t.ended.Load() {
		ts.stop(t, exitFailure(code))
	}
	panic(exited{code})
}

// sleep stands for time.Sleep.
func (ts *tasks) sleep(d time.Duration) {
	t := ts.owner()
	if t == nil {
		time.Sleep(d)
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	id := gid.Get()
	ts.hold.rest(id)
	defer ts.hold.resume(id)
	select {
	case <-timer.C:
	case <-t.stopped:
		panic(halted{})
	}
}

// stop makes the goroutines of t halt at their next safepoint, for the reason f,
// nil if the user wants it.
func (ts *tasks) stop(t *task, f *engine.Failure) {
	t.mu.Lock()
	if t.failure == nil && !t.stopping.Load() {
		t.failure = f
	}
	t.mu.Unlock()
	t.once.Do(func() {
		t.stopping.Store(true)
		close(t.stopped)
	})
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.signal()
}

// flag is what the safepoints of one program read. The program's code is all
// that keeps it: a cell that left nothing behind can be collected.
type flag struct {
	up    bool // read without synchronisation: a late look costs a turn of a loop
	stays bool // the cell was stopped; under tasks.mu
}

// raised tells whether every safepoint is to look up: a running cell is to stop,
// which may be running code that was compiled for another, or a stack is large, or
// a debugger reads, or the session ends. So while one that was stopped has not halted.
// ts.mu is held.
func (ts *tasks) raised() bool {
	return ts.closed || len(ts.left) > 0 || ts.deep.Load() || ts.hold.up.Load() || slices.ContainsFunc(ts.running, func(t *task) bool { return t.stopping.Load() })
}

// signal sets the flags of all programs to what they should be. ts.mu is held.
func (ts *tasks) signal() {
	up := ts.raised()
	for _, w := range ts.flags {
		if f := w.Value(); f != nil {
			f.set(up || f.stays)
		}
	}
}

//go:norace
func (f *flag) set(up bool) { f.up = up }

const (
	watchEvery  = 10 * time.Millisecond
	largeStacks = 96 << 20 // bytes of all stacks beyond which depth is looked at
	maxDepth    = 100_000  // Go frames; an interpreted call takes about two
	// maxStack is how many bytes one stack may have before Go ends the process: twice
	// what Go allows, since on a busy machine watchDepth looks late.
	maxStack = 2_000_000_000
)

// watchDepth looks at the size of the stacks while a cell runs, so that endless
// recursion becomes a panic before Go ends the process. It ends with ctx.
func (ts *tasks) watchDepth(ctx context.Context) {
	var tick func()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	tick = func() {
		if ctx.Err() != nil {
			return
		}
		metrics.Read(sample)
		large := sample[0].Value.Uint64() > largeStacks
		if large != ts.deep.Swap(large) {
			ts.depths.Clear()
			ts.mu.Lock()
			ts.signal()
			ts.mu.Unlock()
		}
		time.AfterFunc(watchEvery, tick)
	}
	time.AfterFunc(watchEvery, tick)
}
