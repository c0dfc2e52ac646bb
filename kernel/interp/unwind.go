package interp

import (
	"reflect"
	"runtime"
	"time"
	"unsafe"

	"github.com/goplus/ixgo"
)

// The engine unwinds what panics in a time that grows with the square of its depth, or
// faster: each function with deferred calls lists all calls below it, those that its
// callees listed too, and panics again on top of the stack that is being unwound. And it
// follows frames to frames of calls long over, in a circle at worst. Where a function
// begins, its frame is told of no callee; each call in a function with deferred calls
// is unwound before they run; and of all calls on the way only the innermost stay.

// keptFrames is of how many calls a panic tells: the engine shows no more.
const keptFrames = 64

// Offsets in the engine's frames and panics.
var frameCallee, framePanic, panicLink, panicPlaces = func() (callee, current, link, places uintptr) {
	offset := func(t reflect.Type, name string) uintptr {
		f, _ := t.FieldByName(name)
		return f.Offset
	}
	frame := reflect.TypeFor[ixgo.Frame]()
	field, _ := frame.FieldByName("_panic")
	p := field.Type.Elem()
	return offset(frame, "callee"), offset(frame, "_panic"), offset(p, "link"), offset(p, "pcs")
}()

func calleeOf(fr *ixgo.Frame) **ixgo.Frame {
	return (**ixgo.Frame)(unsafe.Add(unsafe.Pointer(fr), frameCallee))
}

func setCaller(fr, caller *ixgo.Frame) {
	*(**ixgo.Frame)(unsafe.Add(unsafe.Pointer(fr), callerOffset)) = caller
}

// begin makes the first instruction of a function forget the callee of an earlier call
// that had the same frame.
func begin(first func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		*calleeOf(fr) = nil
		first(fr)
	}
}

// unwound makes a call of a function with deferred calls panic anew once the stack of
// what it called is gone.
func unwound(call func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		if r := recovered(call, fr); r != nil {
			panic(r)
		}
	}
}

func recovered(call func(*ixgo.Frame), fr *ixgo.Frame) (r any) {
	defer func() {
		if r = recover(); r != nil {
			shortenBelow(fr)
		}
	}()
	call(fr)
	return nil
}

// shortenBelow leaves of the calls below fr, which are over, the innermost ones, up to
// where one of them has listed those below itself.
func shortenBelow(fr *ixgo.Frame) {
	var last [keptFrames]*ixgo.Frame
	n := 0
	for c := *calleeOf(fr); c != nil && *(*int)(unsafe.Add(unsafe.Pointer(c), frameNext)) != -1; c = *calleeOf(c) {
		last[n%keptFrames] = c
		n++
		if listed(*(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(c), framePanic))) {
			*calleeOf(c) = nil
		}
	}
	if n > keptFrames {
		first := last[n%keptFrames]
		*calleeOf(fr) = first
		setCaller(first, fr)
	}
}

// listed tells whether a panic has a list of calls, and shortens that and what the
// panic came in place of.
func listed(p unsafe.Pointer) bool {
	if p == nil {
		return false
	}
	places := (*[]uintptr)(unsafe.Add(p, panicPlaces))
	*places = (*places)[:min(len(*places), keptFrames)]
	for at, n := p, 0; at != nil; n++ {
		link := (*unsafe.Pointer)(unsafe.Add(at, panicLink))
		if n == keptFrames {
			*link = nil
		}
		at = *link
	}
	return len(*places) > 0
}

// shortenAbove makes the callers of fr, which is about to panic, find the innermost
// calls at once.
func shortenAbove(fr *ixgo.Frame) {
	first := fr
	for range keptFrames - 1 {
		if first = callerOf(first); first == nil {
			return
		}
	}
	for c := callerOf(first); c != nil; c = callerOf(c) {
		*calleeOf(c) = first
	}
}

// panicking makes an instruction that panics look at the innermost calls only.
func panicking(instr func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		shortenAbove(fr)
		defer hideAbove(fr)()
		instr(fr)
	}
}

// hideAbove hides the outer ones of many callers of fr until it is undone.
func hideAbove(fr *ixgo.Frame) (undo func()) {
	c := fr
	for range 2 * keptFrames { // some are not shown
		if c = callerOf(c); c == nil {
			return func() {}
		}
	}
	outer := callerOf(c)
	setCaller(c, nil)
	return func() { setCaller(c, outer) }
}

// depthEvery is after how many safepoints a goroutine's depth is looked at again.
const depthEvery = 1000

// tooDeep tells whether the calling goroutine, while some stack is large, has to end.
func (ts *tasks) tooDeep(id uint64) bool {
	v, _ := ts.depths.LoadOrStore(id, new(int))
	passed := v.(*int)
	if *passed++; *passed%depthEvery != 1 {
		return false
	}
	var pc [1]uintptr
	return runtime.Callers(maxDepth, pc[:]) > 0
}

// overflow ends the cell that the calling goroutine belongs to, if it still runs,
// because of the calls of fr. Go ends the process then: no deferred function can
// recover from it.
func (ts *tasks) overflow(id uint64, fr *ixgo.Frame) {
	shortenAbove(fr)
	v, ok := ts.owners.Load(id)
	if !ok || v.(*task).ended.Load() {
		panic(errTooDeep)
	}
	t, where := v.(*task), "goroutine "
	if id == t.goroutine {
		where = ""
	}
	undo := hideAbove(fr)
	frames := callsIn(fr, fr.CallerFrames())
	undo()
	ts.stop(t, panicFailure(t, errTooDeep, frames, where))
	now := time.Now()
	ts.unwinding.LoadOrStore(id, &unwinding{first: now, last: now})
	panic(halted{})
}
