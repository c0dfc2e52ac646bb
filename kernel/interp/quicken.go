package interp

import (
	"go/token"
	"go/types"
	"reflect"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// The engine reads and writes memory by reflection, whatever its type. Most of what
// cells do is with a few types, for which that is several times as slow as it has to
// be, and each safepoint reads memory. So the compiled instructions of those are
// replaced. What a replacement does not expect (nil, an index out of range, a type of
// the cell's own) it leaves to the instruction that it stands for.

// code is what the engine compiled of one function.
type code struct {
	source   []ssa.Instruction
	compiled []func(*ixgo.Frame)  // of source, one by one
	slots    map[ssa.Value]uint32 // see slot
	blocks   []int                // where in compiled each block begins
	begins   bool                 // the first instruction is a safepoint
}

// quicken replaces instruction n, if there is a quicker one. stop is the flag of the
// program that it belongs to.
func (c *code) quicken(n int, stop *flag) {
	switch instr := c.source[n].(type) {
	case *ssa.UnOp:
		if instr.Op == token.MUL && maybeNil(instr.X) {
			c.place(n)
		}
		g, isGlobal := instr.X.(*ssa.Global)
		if instr.Op != token.MUL || !c.known(instr, instr.X) {
			return
		}
		if isGlobal && g.Name() == stopName {
			c.safepoint(n, instr, stop)
		} else if quick, ok := quickLoads[plainType(instr.Type())]; ok {
			c.compiled[n] = quick(c.slot(instr.X), c.slot(instr), c.compiled[n])
		}
	case *ssa.SliceToArrayPointer:
		c.place(n)
	case *ssa.Store:
		if maybeNil(instr.Addr) && c.known(instr.Addr) {
			c.compiled[n] = storeThrough(c.slot(instr.Addr), c.compiled[n])
		}
		if quick, ok := quickStores[plainType(instr.Val.Type())]; ok && c.known(instr.Val, instr.Addr) {
			c.compiled[n] = quick(c.slot(instr.Val), c.slot(instr.Addr), c.compiled[n])
		}
	case *ssa.IndexAddr:
		if quick, ok := quickElements[plainType(instr.X.Type())]; ok && c.known(instr, instr.X, instr.Index) {
			c.compiled[n] = quick(c.slot(instr.X), c.slot(instr.Index), c.slot(instr), c.compiled[n])
		}
	}
}

// known tells whether all values have a place in frames.
func (c *code) known(values ...ssa.Value) bool {
	for _, v := range values {
		if _, ok := c.slots[v]; !ok {
			return false
		}
	}
	return true
}

func (c *code) slot(v ssa.Value) int { return slot(c.slots[v]) }

// plainType is the name of a type that is made of predeclared ones only.
func plainType(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return types.Typ[t.Kind()].Name() // not byte or rune
	case *types.Slice:
		if e, ok := types.Unalias(t.Elem()).(*types.Basic); ok {
			return "[]" + types.Typ[e.Kind()].Name()
		}
	}
	return ""
}

// Offsets in the engine's frames.
var frameBlock, framePred, frameNext = func() (block, pred, next uintptr) {
	offset := func(name string) uintptr {
		f, _ := reflect.TypeFor[ixgo.Frame]().FieldByName(name)
		return f.Offset
	}
	return offset("block"), offset("pred"), offset("ipc")
}()

// safepoint makes instruction n, which reads the flag, and the one behind it, which
// asks for it, one: while the flag is down it goes on where that would have gone on.
// At the head of a function it does what begin does too.
func (c *code) safepoint(n int, read *ssa.UnOp, stop *flag) {
	if n+1 >= len(c.source) {
		return
	}
	test, ok := c.source[n+1].(*ssa.If)
	if !ok || test.Cond != ssa.Value(read) {
		return
	}
	c.begins = c.begins || n == 0
	result, this, next := c.slot(read), test.Block().Index, test.Block().Succs[1]
	begin := c.blocks[next.Index]
	first := n == 0
	c.compiled[n] = func(fr *ixgo.Frame) {
		p := unsafe.Pointer(fr)
		if callee := (*unsafe.Pointer)(unsafe.Add(p, frameCallee)); first && *callee != nil {
			*callee = nil
		}
		if stop.up {
			valuesOf(fr)[result] = true
			return
		}
		*(*int)(unsafe.Add(p, framePred)) = this
		*(**ssa.BasicBlock)(unsafe.Add(p, frameBlock)) = next
		*(*int)(unsafe.Add(p, frameNext)) = begin
	}
}

type (
	makeMove    = func(from, to int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame)
	makeElement = func(from, index, to int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame)
)

var quickLoads = map[string]makeMove{
	"bool": load[bool], "int": load[int], "int32": load[int32], "int64": load[int64], "uint8": load[uint8], "uint64": load[uint64],
	"float64": load[float64], "string": load[string],
	"[]int": load[[]int], "[]uint8": load[[]uint8], "[]float64": load[[]float64], "[]string": load[[]string], "[]bool": load[[]bool],
}

func load[T any](from, to int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if p, ok := values[from].(*T); ok && p != nil {
			values[to] = *p
			return
		}
		otherwise(fr)
	}
}

var quickStores = map[string]makeMove{
	"bool": store[bool], "int": store[int], "int32": store[int32], "int64": store[int64], "uint8": store[uint8], "uint64": store[uint64],
	"float64": store[float64], "string": store[string],
	"[]int": store[[]int], "[]uint8": store[[]uint8], "[]float64": store[[]float64], "[]string": store[[]string], "[]bool": store[[]bool],
}

func store[T any](from, to int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		v, isT := values[from].(T)
		if p, ok := values[to].(*T); ok && isT && p != nil {
			*p = v
			return
		}
		otherwise(fr)
	}
}

// maybeNil tells addresses that are values of the program from those of what is there.
func maybeNil(address ssa.Value) bool {
	switch address.(type) {
	case *ssa.Alloc, *ssa.Global, *ssa.FieldAddr, *ssa.IndexAddr, *ssa.FreeVar:
		return false
	}
	return true
}

// storeThrough panics as Go does where the pointer in a slot is nil. The engine would
// panic with an error of reflect.
func storeThrough(pointer int, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		if *dataWord(&valuesOf(fr)[pointer]) == nil {
			dereference(nil)
		}
		compiled(fr)
	}
}

var quickElements = map[string]makeElement{
	"[]int": element[int], "[]uint8": element[uint8], "[]float64": element[float64], "[]string": element[string], "[]bool": element[bool],
}

func element[T any](from, index, to int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		i, isInt := values[index].(int)
		if s, ok := values[from].([]T); ok && isInt && uint(i) < uint(len(s)) {
			values[to] = &s[i]
			return
		}
		otherwise(fr)
	}
}
