package interp

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// lockExternals make the unlocking of what is not locked a panic, which a cell and
// its session survive. In package sync it ends the process.
func lockExternals() map[string]any {
	return map[string]any{
		"(*sync.Mutex).Unlock": unlockMutex,
		"(*sync.Cond).Wait": func(c *sync.Cond) {
			if m, ok := c.L.(interface {
				TryLock() bool
				Unlock()
			}); ok && m.TryLock() {
				m.Unlock()
				panic(ixgo.PlainError("sync: Wait of a Cond whose lock is unlocked"))
			}
			if m := readLocked(c.L); m != nil && !hasReaders(m) {
				panic(ixgo.PlainError("sync: Wait of a Cond whose lock is unlocked"))
			}
			c.Wait()
		},
		"(*sync.RWMutex).Unlock":  unlockRWMutex,
		"(*sync.RWMutex).RUnlock": readUnlockRWMutex,
	}
}

func unlockMutex(m *sync.Mutex) {
	if m.TryLock() {
		m.Unlock()
		panic(ixgo.PlainError("sync: unlock of unlocked mutex"))
	}
	m.Unlock()
}

func unlockRWMutex(m *sync.RWMutex) {
	if m.TryRLock() {
		m.RUnlock()
		panic(ixgo.PlainError("sync: Unlock of unlocked RWMutex"))
	}
	m.Unlock()
}

func readUnlockRWMutex(m *sync.RWMutex) {
	if !hasReaders(m) {
		panic(ixgo.PlainError("sync: RUnlock of unlocked RWMutex"))
	}
	m.RUnlock()
}

var readLocker = reflect.TypeOf(new(sync.RWMutex).RLocker())

// readLocked is the lock behind what RLocker returned, nil if l is something else.
func readLocked(l any) *sync.RWMutex {
	if reflect.TypeOf(l) != readLocker {
		return nil
	}
	return (*sync.RWMutex)(reflect.ValueOf(l).UnsafePointer())
}

// unlockOf is what unlocks l, nil if that is no lock of package sync.
func unlockOf(l any) func() {
	switch l := l.(type) {
	case *sync.Mutex:
		return func() { unlockMutex(l) }
	case *sync.RWMutex:
		return func() { unlockRWMutex(l) }
	}
	if m := readLocked(l); m != nil {
		return func() { readUnlockRWMutex(m) }
	}
	return nil
}

// isUnlock tells a call of Unlock by an interface.
func isUnlock(call *ssa.CallCommon) bool {
	return call.IsInvoke() && call.Method.Name() == "Unlock" && len(call.Args) == 0
}

// unlocking does for a call by an interface what lockExternals do for one without.
func unlocking(locker int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		if unlock := unlockOf(valuesOf(fr)[locker]); unlock != nil {
			unlock()
		} else {
			otherwise(fr)
		}
	}
}

// Offsets in the engine's frames and deferred calls.
var frameDefer, deferFunction, deferArguments = func() (deferred, function, arguments uintptr) {
	field, _ := reflect.TypeFor[ixgo.Frame]().FieldByName("_defer")
	fn, _ := field.Type.Elem().FieldByName("fn")
	args, _ := field.Type.Elem().FieldByName("args")
	return field.Offset, fn.Offset, args.Offset
}()

// unlockingLater does what unlocking does for a deferred call.
func unlockingLater(locker int, instr func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		instr(fr)
		if unlock := unlockOf(valuesOf(fr)[locker]); unlock != nil {
			d := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(fr), frameDefer))
			*(*any)(unsafe.Add(d, deferFunction)) = unlock
			*(*[]any)(unsafe.Add(d, deferArguments)) = nil
		}
	}
}

var readerCount = func() uintptr {
	f, _ := reflect.TypeFor[sync.RWMutex]().FieldByName("readerCount")
	return f.Offset
}()

// hasReaders tells whether somebody reads under m, or waits to: what package sync
// itself looks at, also while Lock holds m, where it counts from its least.
func hasReaders(m *sync.RWMutex) bool {
	const locked = -1 << 30
	n := (*atomic.Int32)(unsafe.Add(unsafe.Pointer(m), readerCount)).Load()
	return n != 0 && n != locked
}
