package interp

import (
	"reflect"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// extreme replaces a compiled call of min or max; it is nil for other instructions.
// ixgo v1.1.1 passes over an argument behind the first that is in slot 0, such as a
// function's first parameter. It compares floating-point numbers as if there were no
// NaN and no -0, and values of uintptr not at all.
func extreme(slots map[ssa.Value]uint32, instr ssa.Instruction) func(*ixgo.Frame) {
	call, ok := instr.(*ssa.Call)
	if !ok {
		return nil
	}
	b, ok := call.Call.Value.(*ssa.Builtin)
	if !ok || b.Name() != "min" && b.Name() != "max" {
		return nil
	}
	result, least := slot(slots[call]), b.Name() == "min"
	args := make([]int, 0, len(call.Call.Args))
	for _, a := range call.Call.Args {
		args = append(args, slot(slots[a]))
	}
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		best := values[args[0]]
		for _, a := range args[1:] {
			best = better(best, values[a], least)
		}
		values[result] = best
	}
}

// better is the lesser of two values of the same type, or the greater.
func better(a, b any, least bool) any {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			if (y < x) == least && x != y {
				return b
			}
			return a
		}
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	to := reflect.New(x.Type()).Elem()
	switch {
	case x.CanInt():
		to.SetInt(choose(least, min(x.Int(), y.Int()), max(x.Int(), y.Int())))
	case x.CanUint():
		to.SetUint(choose(least, min(x.Uint(), y.Uint()), max(x.Uint(), y.Uint())))
	case x.CanFloat():
		to.SetFloat(choose(least, min(x.Float(), y.Float()), max(x.Float(), y.Float())))
	default:
		to.SetString(choose(least, min(x.String(), y.String()), max(x.String(), y.String())))
	}
	return to.Interface()
}

func choose[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
