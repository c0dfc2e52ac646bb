package interp

import (
	"go/token"
	"go/types"
	"reflect"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// changeType replaces a compiled conversion between types of one underlying type. ixgo
// v1.1.1 copies structs and arrays from where the word of their interface points to, also
// those that stand in the word itself, like an array of one channel.
func changeType(slots map[ssa.Value]uint32, instr *ssa.ChangeType, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	switch instr.Type().Underlying().(type) {
	case *types.Struct, *types.Array:
	default:
		return compiled
	}
	if _, static := instr.X.(*ssa.Const); static || !mayBeWord(instr.Type()) {
		return compiled
	}
	from, result := slot(slots[instr.X]), slot(slots[instr])
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		before := values[from]
		if before == nil || !isDirect(reflect.TypeOf(before)) {
			compiled(fr)
			return
		}
		word := *dataWord(&before)
		values[from] = &word
		compiled(fr)
		values[from] = before
		*dataWord(&values[result]) = word
	}
}

// mayBeWord tells whether values of t can stand in the word of an interface.
func mayBeWord(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Struct:
		for f := range t.Fields() {
			if mayBeWord(f.Type()) {
				return true
			}
		}
		return false
	case *types.Array:
		return t.Len() == 1 && mayBeWord(t.Elem())
	case *types.Pointer, *types.Map, *types.Chan, *types.Signature:
		return true
	case *types.Basic:
		return t.Kind() == types.UnsafePointer
	}
	return false
}

// equal makes comparisons of structs and channels whose types differ in the name only
// compare the values; ixgo v1.1.1 takes such values for different.
func (c *code) equal(n int, instr *ssa.BinOp) {
	if instr.Op != token.EQL && instr.Op != token.NEQ || types.Identical(instr.X.Type(), instr.Y.Type()) {
		return
	}
	x, y, result, is := c.slot(instr.X), c.slot(instr.Y), c.slot(instr), instr.Op == token.EQL
	switch instr.X.Type().Underlying().(type) {
	case *types.Struct:
		c.compiled[n] = func(fr *ixgo.Frame) {
			values := valuesOf(fr)
			other := reflect.ValueOf(values[y]).Convert(reflect.TypeOf(values[x])).Interface()
			values[result] = (values[x] == other) == is
		}
	case *types.Chan:
		c.compiled[n] = func(fr *ixgo.Frame) {
			values := valuesOf(fr)
			values[result] = (reflect.ValueOf(values[x]).Pointer() == reflect.ValueOf(values[y]).Pointer()) == is
		}
	}
}
