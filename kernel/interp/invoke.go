package interp

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// makeCallInstr compiles one call. The engine offers no other way to have a call
// compiled once more.
//
//go:linkname makeCallInstr github.com/goplus/ixgo.makeCallInstr
func makeCallInstr(function unsafe.Pointer, i *ixgo.Interp, instr ssa.Value, call *ssa.CallCommon) func(*ixgo.Frame)

// adapt replaces compiled instructions of t's interpreter: calls of methods through
// interfaces, see separate, where files turn into interfaces, see handOn, assertions of
// types, see assert, where maps hold interfaces, see nilInMap, min and max, see extreme,
// where ways meet, see phis, what panics, see faulty, what has several results, see
// separateResults, what waits on channels, see stoppable, and what panics
// pass, see unwound.
func adapt(p *program, t *task, out *output) {
	for it := reflect.ValueOf(p.interp).Elem().FieldByName("funcs").MapRange(); it.Next(); {
		f := it.Value()
		if f.IsNil() {
			continue
		}
		c := code{
			source:   *(*[]ssa.Instruction)(privateField(f.Elem(), "ssaInstrs")),
			compiled: *(*[]func(*ixgo.Frame))(privateField(f.Elem(), "Instrs")),
			slots:    *(*map[ssa.Value]uint32)(privateField(f.Elem(), "index")),
			blocks:   *(*[]int)(privateField(f.Elem(), "Blocks")),
		}
		defers := f.Elem().FieldByName("Recover").Len() > 0
		for n, instr := range c.source[:min(len(c.source), len(c.compiled))] {
			if fault := p.faults[instr]; fault != nil {
				c.compiled[n] = fault
			} else if call, ok := instr.(*ssa.Call); ok && call.Call.IsInvoke() {
				c.compiled[n] = separate(f.UnsafePointer(), p.interp, call, slot(c.slots[call.Call.Value]), c.compiled[n])
				if isUnlock(&call.Call) && c.known(call.Call.Value) {
					c.compiled[n] = unlocking(c.slot(call.Call.Value), c.compiled[n])
				}
			} else if other := out.handOn(t, c.slots, instr, c.compiled[n]); other != nil {
				c.compiled[n] = other
			} else if a, ok := instr.(*ssa.TypeAssert); ok {
				c.asserts(p.interp, n, a)
			} else if conversion, ok := instr.(*ssa.ChangeType); ok {
				c.compiled[n] = changeType(c.slots, conversion, c.compiled[n])
			} else if other := nilInMap(c.slots, instr, c.compiled[n]); other != nil {
				c.compiled[n] = other
			} else if other := extreme(c.slots, instr); other != nil {
				c.compiled[n] = other
			} else if !c.stoppable(n, out.tasks) {
				c.faulty(n)
				c.phis(n)
				c.quicken(n, p.stop)
			}
			c.around(n, defers)
		}
		if len(c.source) > 0 && c.compiled[0] != nil && !c.begins {
			c.compiled[0] = begin(c.compiled[0])
		}
		c.separateResults(f.Elem())
	}
}

// around adds to instruction n what stands before or behind it, whatever it is. defers
// tells whether its function defers calls.
func (c *code) around(n int, defers bool) {
	switch instr := c.source[n].(type) {
	case *ssa.Defer:
		if isUnlock(&instr.Call) && instr.DeferStack == nil && c.known(instr.Call.Value) {
			c.compiled[n] = unlockingLater(c.slot(instr.Call.Value), c.compiled[n])
		}
	case *ssa.Call:
		if c.compiled[n] != nil && defers {
			c.compiled[n] = unwound(c.compiled[n])
		}
	case *ssa.Panic:
		c.panicValue(n, instr)
		c.compiled[n] = panicking(c.compiled[n])
	}
}

// separate makes a call of an interface method safe for several goroutines. ixgo
// v1.1.1 keeps the method that such a call found in variables of the compiled
// instruction, which all goroutines share: one that calls the method of another
// type at the same time makes it call the wrong one. Here each call under way has
// a compiled instruction of its own: first, or another that nobody else runs
// meanwhile.
//
// Of a nil interface, in the slot receiver, Go panics; the engine's error has other words.
func separate(function unsafe.Pointer, i *ixgo.Interp, call *ssa.Call, receiver int, first func(*ixgo.Frame)) func(*ixgo.Frame) {
	idle := &sync.Pool{New: func() any { return makeCallInstr(function, i, call, &call.Call) }}
	idle.Put(first)
	return func(fr *ixgo.Frame) {
		if valuesOf(fr)[receiver] == nil {
			dereference(nil)
		}
		instr := idle.Get().(func(*ixgo.Frame))
		instr(fr)
		idle.Put(instr)
	}
}
