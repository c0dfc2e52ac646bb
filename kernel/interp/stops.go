package interp

import (
	"encoding/json"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"

	dap "github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// stops is what stops the goroutines of cells for a debugger. One is stopped at a
// time; others that reach a breakpoint meanwhile wait for their turn.
type stops struct {
	tasks *tasks
	sites *sites
	emit  func(cell int, event string, body any)
	over  func(thread int) // told when a thread goes on

	flag   flag                 // up while a place can matter to somebody
	turn   chan struct{}        // held by the thread that is stopped
	pause  atomic.Pointer[task] // to be stopped wherever it is
	epoch  atomic.Int64         // goes up when the flag does: what threads saw before is old
	frames atomic.Int64         // numbers frames

	mu       sync.Mutex
	gone     chan struct{}      // closed when the debugger has gone
	threads  map[uint64]*thread // by goroutine
	last     int                // number of a thread
	stepping int
	halted   *halt // nil while none is stopped
}

// halt is a thread that is stopped, as it was then.
type halt struct {
	*thread
	stack []visit // outermost call first
	first int     // number of the innermost frame, and of all that follow it
	base  int     // number of the innermost frame now
}

// thread is a goroutine of a cell as a debugger knows it.
type thread struct {
	number    int
	goroutine uint64
	task      *task

	// What follows belongs to the goroutine.
	epoch  int64
	stack  []visit             // outermost call first
	index  map[*ixgo.Frame]int // of the calls in stack
	mode   stepMode
	depth  int // of the stack where the step began
	resume chan stepMode
}

// visit is the latest place of one call.
type visit struct {
	frame  *ixgo.Frame
	caller *ixgo.Frame
	depth  int // of calls: that of its caller, and one
	height int // of Go's stack, where library code made the call; else 0
	site   *site
	vars   []any // pointers, for site.names
}

// stepMode says how far a thread goes on.
type stepMode int

const (
	run   stepMode = iota // to the next breakpoint
	over                  // to the next statement that is not in a call
	into                  // to the next statement
	outOf                 // to the next statement of a caller
)

func newStops(ts *tasks, path func(cell string) string, emit func(int, string, any), goesOn func(int)) *stops {
	return &stops{tasks: ts, sites: newSites(path), emit: emit, over: goesOn, turn: make(chan struct{}, 1), threads: map[uint64]*thread{}}
}

// canStop tells whether a debugger may stop the code of t: not what it runs itself.
func (t *task) canStop() bool { return strings.HasPrefix(t.name, cellPrefix) }

// update puts the flag up if a place can matter: at a breakpoint, a step or a pause.
// It stays up while a thread is stopped, whose calls would be forgotten else.
func (d *stops) update() {
	d.mu.Lock()
	defer d.mu.Unlock()
	waited := d.pause.Load()
	up := d.gone != nil && (d.halted != nil || d.sites.any() || d.stepping > 0 || waited != nil && !waited.ended.Load())
	if up && !d.flag.isUp() {
		d.epoch.Add(1)
	}
	d.flag.set(up)
}

// ended takes back a pause that came too late for t, which has ended.
func (d *stops) ended(t *task) {
	if d.pause.CompareAndSwap(t, nil) {
		d.update()
	}
}

//go:norace
func (f *flag) isUp() bool { return f.up }

// enter begins a debugger, if none is there.
func (d *stops) enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone == nil {
		d.gone = make(chan struct{})
	}
}

// leave ends the debugger: whoever is stopped goes on.
func (d *stops) leave() {
	d.pause.Store(nil)
	d.sites.clear()
	d.mu.Lock()
	if d.gone != nil {
		close(d.gone)
		d.gone = nil
	}
	d.threads, d.stepping = map[uint64]*thread{}, 0
	d.mu.Unlock()
	d.update()
}

// left is closed when the debugger has gone, nil where none is there.
func (d *stops) left() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// at is called before each statement while the flag is up.
func (d *stops) at(fr *ixgo.Frame, number int, vars ...any) {
	t := d.tasks.owner()
	if t == nil || !t.canStop() {
		return
	}
	th, at := d.thread(t), d.sites.get(number)
	th.visit(fr, at, vars, d.epoch.Load())
	if reason := d.reason(th, at); reason != "" {
		d.stop(th, reason)
	}
}

// thread is the calling goroutine.
func (d *stops) thread(t *task) *thread {
	id := gid.Get()
	d.mu.Lock()
	defer d.mu.Unlock()
	th := d.threads[id]
	if th == nil {
		d.last++
		th = &thread{number: d.last, goroutine: id, task: t, resume: make(chan stepMode, 1)}
		d.threads[id] = th
	}
	return th
}

// forget strikes the calling goroutine out, which ends.
func (d *stops) forget(id uint64) {
	d.mu.Lock()
	th := d.threads[id]
	delete(d.threads, id)
	stepped := th != nil && th.mode != run
	if stepped {
		d.stepping--
	}
	d.mu.Unlock()
	if stepped {
		d.update()
	}
}

// visit notes where the thread is.
func (th *thread) visit(fr *ixgo.Frame, at *site, vars []any, epoch int64) {
	if th.epoch != epoch || th.index == nil {
		th.stack, th.index, th.epoch = nil, map[*ixgo.Frame]int{}, epoch
	}
	caller := callerOf(fr)
	if i, ok := th.index[fr]; ok && th.stack[i].caller == caller {
		th.cut(i + 1)
		th.stack[i].site, th.stack[i].vars = at, vars
		return
	}
	v := visit{frame: fr, caller: caller, site: at, vars: vars}
	if i := th.known(caller); i >= 0 {
		th.cut(i + 1)
		v.depth = th.stack[i].depth + 1
	} else if n := th.returned(fr); n > 0 {
		v.depth = th.stack[0].depth - n
		th.cut(0)
	} else {
		v.height = stackHeight()
		th.called(v.height)
		if n := len(th.stack); n > 0 {
			v.depth = th.stack[n-1].depth + 1
		}
	}
	th.index[fr] = len(th.stack)
	th.stack = append(th.stack, v)
}

// cut drops the calls from number n on: they have ended.
func (th *thread) cut(n int) {
	for _, v := range th.stack[n:] {
		delete(th.index, v.frame)
	}
	th.stack = th.stack[:n]
}

// known finds the innermost caller that is in the stack, -1 if none is: functions
// that the engine makes itself are not.
func (th *thread) known(caller *ixgo.Frame) int {
	for f := caller; f != nil && len(th.stack) > 0; f = callerOf(f) {
		if i, ok := th.index[f]; ok {
			return i
		}
	}
	return -1
}

// returned tells how far up fr is among the callers of the outermost call that is
// known, 0 if it is none.
func (th *thread) returned(fr *ixgo.Frame) int {
	if len(th.stack) == 0 {
		return 0
	}
	n := 1
	for f := th.stack[0].caller; f != nil; f = callerOf(f) {
		if f == fr {
			return n
		}
		n++
	}
	return 0
}

// called drops what has ended when library code makes a call at a height of Go's
// stack: calls that it made before at that height or above, and theirs.
func (th *thread) called(height int) {
	for i, v := range th.stack {
		if v.height >= height {
			th.cut(i)
			return
		}
	}
}

var callerOffset = func() uintptr {
	f, ok := reflect.TypeFor[ixgo.Frame]().FieldByName("caller")
	if !ok {
		panic("interp: ixgo.Frame has no caller")
	}
	return f.Offset
}()

// callerOf is the call that made fr, nil for none.
func callerOf(fr *ixgo.Frame) *ixgo.Frame {
	return *(**ixgo.Frame)(unsafe.Add(unsafe.Pointer(fr), callerOffset))
}

// stackHeight is how many Go functions the calling goroutine is in.
func stackHeight() int {
	var pcs [512]uintptr
	total := 0
	for {
		n := runtime.Callers(total, pcs[:])
		total += n
		if n < len(pcs) {
			return total
		}
	}
}

// reason says why the thread stops here, empty if it does not.
func (d *stops) reason(th *thread, at *site) string {
	now := th.stack[len(th.stack)-1].depth
	stepped := th.mode == into || th.mode == over && now <= th.depth || th.mode == outOf && now < th.depth
	switch {
	case at.stop.Load():
		return "breakpoint"
	case stepped:
		return "step"
	case d.pause.CompareAndSwap(th.task, nil):
		return "pause"
	}
	return ""
}

// stop stops the calling goroutine until it may go on, or its cell is to end.
func (d *stops) stop(th *thread, reason string) {
	gone := d.left()
	if gone == nil {
		return
	}
	d.tasks.hold.rest(th.goroutine)
	defer d.tasks.afterStop(th)
	select {
	case d.turn <- struct{}{}:
	case <-th.task.stopped:
		return
	case <-gone:
		return
	}
	first := d.number(th.stack)
	d.setHalted(&halt{th, slices.Clone(th.stack), first, first})
	d.pause.CompareAndSwap(th.task, nil)
	d.setMode(th, run)
	select {
	case <-th.resume: // said when the stop before was over
	default:
	}
	d.emit(th.task.cell, "stopped", map[string]any{"reason": reason, "threadId": th.number, "allThreadsStopped": false, "preserveFocusHint": false})
	mode := run
	select {
	case mode = <-th.resume:
	case <-th.task.stopped:
	case <-gone:
	}
	th.depth = th.stack[len(th.stack)-1].depth
	d.setMode(th, mode)
	d.setHalted(nil)
	d.update()
	d.over(th.number)
	d.emit(th.task.cell, "continued", map[string]any{"threadId": th.number, "allThreadsContinued": true})
	<-d.turn
}

// afterStop lets the calling goroutine on after a stop, unless its cell is to end.
func (ts *tasks) afterStop(th *thread) {
	ts.hold.resume(th.goroutine)
	if th.task.stopping.Load() {
		ts.halt(th.stack[len(th.stack)-1].frame)
	}
}

// number gives numbers to the frames of a stack and returns that of the innermost.
func (d *stops) number(stack []visit) int {
	return int(d.frames.Add(int64(len(stack)))) - len(stack) + 1
}

// renumber gives the frames of the stopped thread new numbers beside those that they
// have, if the given one is the innermost: a front end that forgot their variables asks
// anew only for frames that are new, and looks at the innermost then.
func (d *stops) renumber(frame int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.halted != nil && (frame-d.halted.first)%len(d.halted.stack) == 0 {
		now := *d.halted
		now.base = d.number(now.stack)
		d.halted = &now
	}
}

func (d *stops) setHalted(h *halt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.halted = h
}

// setMode says how far the thread goes on.
func (d *stops) setMode(th *thread, mode stepMode) {
	d.mu.Lock()
	if known := d.threads[th.goroutine] == th; known && th.mode != run {
		d.stepping--
	} else if !known {
		mode = run // the debugger has gone
	}
	if mode != run {
		d.stepping++
	}
	th.mode = mode
	d.mu.Unlock()
	d.update()
}

// stoppedThread is the thread that is stopped, nil for none.
func (d *stops) stoppedThread() *halt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.halted
}

// goOn lets the stopped thread on; false if none is stopped.
func (d *stops) goOn(mode stepMode) bool {
	th := d.stoppedThread()
	if th == nil {
		return false
	}
	select {
	case th.resume <- mode:
	default: // it was let on already
	}
	return true
}

// list names the threads that are known.
func (d *stops) list() []dap.Thread {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []dap.Thread{}
	for _, th := range d.threads {
		all = append(all, dap.Thread{ID: th.number, Name: th.task.name})
	}
	slices.SortFunc(all, func(a, b dap.Thread) int { return a.ID - b.ID })
	return all
}

// emitDebug publishes an event of the debugger.
func (e *Engine) emitDebug(cell int, event string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		return // plain values
	}
	e.out.sync()
	e.sink.Emit(engine.Event{Cell: cell, Debug: &engine.DebugEvent{Event: event, Body: raw}})
}
