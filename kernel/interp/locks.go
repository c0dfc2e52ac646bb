package interp

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goplus/ixgo"
)

// lockExternals make the unlocking of what is not locked a panic, which a cell and
// its session survive. In package sync it ends the process.
func lockExternals() map[string]any {
	return map[string]any{
		"(*sync.Mutex).Unlock": func(m *sync.Mutex) {
			if m.TryLock() {
				m.Unlock()
				panic(ixgo.PlainError("sync: unlock of unlocked mutex"))
			}
			m.Unlock()
		},
		"(*sync.Cond).Wait": func(c *sync.Cond) {
			if m, ok := c.L.(interface {
				TryLock() bool
				Unlock()
			}); ok && m.TryLock() {
				m.Unlock()
				panic(ixgo.PlainError("sync: Wait of a Cond whose lock is unlocked"))
			}
			c.Wait()
		},
		"(*sync.RWMutex).Unlock": func(m *sync.RWMutex) {
			if m.TryRLock() {
				m.RUnlock()
				panic(ixgo.PlainError("sync: Unlock of unlocked RWMutex"))
			}
			m.Unlock()
		},
		"(*sync.RWMutex).RUnlock": func(m *sync.RWMutex) {
			if !hasReaders(m) {
				panic(ixgo.PlainError("sync: RUnlock of unlocked RWMutex"))
			}
			m.RUnlock()
		},
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
