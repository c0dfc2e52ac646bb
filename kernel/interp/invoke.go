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

// separateInvokes makes calls of interface methods safe for several goroutines.
// ixgo v1.1.1 keeps the method that such a call found in variables of the compiled
// instruction, which all goroutines share: one that calls the method of another
// type at the same time makes it call the wrong one. Here each call under way has
// a compiled instruction of its own.
func separateInvokes(i *ixgo.Interp) {
	for it := reflect.ValueOf(i).Elem().FieldByName("funcs").MapRange(); it.Next(); {
		f := it.Value()
		if f.IsNil() {
			continue
		}
		source := *(*[]ssa.Instruction)(privateField(f.Elem(), "ssaInstrs"))
		compiled := *(*[]func(*ixgo.Frame))(privateField(f.Elem(), "Instrs"))
		for n, instr := range source {
			if call, ok := instr.(*ssa.Call); ok && call.Call.IsInvoke() && n < len(compiled) {
				compiled[n] = separate(f.UnsafePointer(), i, call, compiled[n])
			}
		}
	}
}

// separate runs one of several instructions compiled from call, first among them,
// which nobody else runs meanwhile.
func separate(function unsafe.Pointer, i *ixgo.Interp, call *ssa.Call, first func(*ixgo.Frame)) func(*ixgo.Frame) {
	idle := &sync.Pool{New: func() any { return makeCallInstr(function, i, call, &call.Call) }}
	idle.Put(first)
	return func(fr *ixgo.Frame) {
		instr := idle.Get().(func(*ixgo.Frame))
		instr(fr)
		idle.Put(instr)
	}
}
