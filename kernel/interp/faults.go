package interp

import (
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"reflect"
	"runtime"
	"strconv"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// faults are instructions that can only panic, with what they do. ixgo v1.1.1 computes
// with two constants while it builds, and so fails to build code that divides by zero
// or shifts by a negative count, which may never run.
type faults map[ssa.Instruction]func(*ixgo.Frame)

// takeFaults finds them in all functions of a program, and makes the engine build
// something harmless in their place, which adapt replaces.
func takeFaults(p *ssa.Program) faults {
	found := faults{}
	for f := range ssautil.AllFunctions(p) {
		for _, b := range f.Blocks {
			for _, instr := range b.Instrs {
				op, ok := instr.(*ssa.BinOp)
				if !ok {
					continue
				}
				if fault := faultOf(op); fault != nil {
					found[op] = fault
					op.Y = ssa.NewConst(constant.MakeInt64(1), op.Y.Type())
				}
			}
		}
	}
	return found
}

func faultOf(op *ssa.BinOp) func(*ixgo.Frame) {
	y, ok := op.Y.(*ssa.Const)
	if !ok || y.Value == nil {
		return nil
	}
	if t, ok := op.Y.Type().Underlying().(*types.Basic); !ok || t.Info()&types.IsInteger == 0 {
		return nil
	}
	sign := constant.Sign(y.Value)
	switch {
	case (op.Op == token.QUO || op.Op == token.REM) && sign == 0:
		return func(*ixgo.Frame) { divide(0) }
	case (op.Op == token.SHL || op.Op == token.SHR) && sign < 0:
		return func(*ixgo.Frame) { shift(-1) }
	}
	return nil
}

// divide panics for 0, and shift for less, as Go does.
func divide(by int) { panic(1 / by) }
func shift(by int)  { panic(1 << by) }

// faulty makes instruction n panic as Go does, where the engine panics with a text of
// reflect, with none, or with another.
func (c *code) faulty(n int) {
	compiled := c.compiled[n]
	switch instr := c.source[n].(type) {
	case *ssa.Slice:
		c.slices(n, instr)
	case *ssa.BinOp:
		c.equal(n, instr)
	case *ssa.MakeSlice:
		if instr.Len != instr.Cap {
			c.compiled[n] = makesSlice(c.slot(instr.Len), c.slot(instr.Cap), compiled)
		}
	case *ssa.MakeChan:
		c.compiled[n] = makesChan(c.slot(instr.Size), compiled)
	case *ssa.IndexAddr:
		c.index(n, instr.X, instr.Index)
	case *ssa.Index:
		c.index(n, instr.X, instr.Index)
	case *ssa.Lookup:
		if _, ok := instr.X.Type().Underlying().(*types.Basic); ok {
			c.index(n, instr.X, instr.Index)
		}
	case *ssa.Defer:
		if !instr.Call.IsInvoke() && isValue(instr.Call.Value) {
			c.compiled[n] = defersNil(c.slot(instr.Call.Value), compiled)
		}
	}
}

// isValue tells functions that are the value of an expression from those that are known
// where they are called.
func isValue(function ssa.Value) bool {
	switch function.(type) {
	case *ssa.Builtin, *ssa.Function, *ssa.MakeClosure:
		return false
	}
	return true
}

// slices is for what is sliced: nil pointers, arrays of which the engine takes the bounds
// for those of make, and bounds that it takes for negative ones.
func (c *code) slices(n int, instr *ssa.Slice) {
	array, isAlloc := instr.X.(*ssa.Alloc)
	_, isPointer := instr.X.Type().Underlying().(*types.Pointer)
	bounds := [3]int{c.bound(instr.Low), c.bound(instr.High), c.bound(instr.Max)}
	switch {
	case isAlloc && (array.Comment == "makeslice" || bounds == [3]int{-1, -1, -1}):
		return
	case isPointer, isLarge(instr.Low), isLarge(instr.High), isLarge(instr.Max):
	default:
		return
	}
	of, otherwise := c.slot(instr.X), c.compiled[n]
	c.compiled[n] = func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		x := reflect.ValueOf(values[of])
		if x.Kind() == reflect.Pointer {
			if x.IsNil() {
				dereference(nil)
			}
			x = x.Elem()
		}
		if text := outOfBounds(values, bounds, x); text != "" {
			panic(ixgo.RuntimeError("slice bounds out of range " + text))
		}
		otherwise(fr)
	}
}

// bound is the slot of a bound; -1 if it is left out.
func (c *code) bound(v ssa.Value) int {
	if v == nil {
		return -1
	}
	return c.slot(v)
}

// outOfBounds is what is wrong with the bounds, in slots, by which x is sliced.
func outOfBounds(values []any, bounds [3]int, x reflect.Value) string {
	last, with := number{n: x.Len()}, " with length "
	if x.Kind() == reflect.Slice {
		last, with = number{n: x.Cap()}, " with capacity "
	}
	with += last.String()
	colons, full := [3]string{"", ":", "::"}, bounds[2] >= 0
	for at := 2; at >= 0; at-- {
		if bounds[at] < 0 {
			if at == 1 && !full {
				last, with = number{n: x.Len()}, ""
			}
			continue
		}
		b := wide(values[bounds[at]])
		behind := ""
		if full {
			behind = colons[2-at]
		} else if at == 0 {
			behind = ":"
		}
		switch {
		case !b.above && b.n < 0:
			return "[" + colons[at] + b.String() + behind + "]"
		case b.above || b.n > last.n:
			if with != "" {
				return "[" + colons[at] + b.String() + "]" + with
			}
			if at == 0 && full {
				return "[" + b.String() + ":" + last.String() + ":]"
			}
			return "[" + colons[at] + b.String() + ":" + last.String() + "]"
		}
		last, with = b, ""
	}
	return ""
}

func makesSlice(length, capacity int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if l, c := wide(values[length]), wide(values[capacity]); !l.above && !c.above && c.n >= 0 && l.n > c.n {
			panic(ixgo.RuntimeError("makeslice: cap out of range"))
		}
		otherwise(fr)
	}
}

func makesChan(size int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		if n := wide(valuesOf(fr)[size]); n.above || n.n < 0 {
			panic(ixgo.PlainError("makechan: size out of range"))
		}
		otherwise(fr)
	}
}

// number is an integer of any type; above where it is greater than every int.
type number struct {
	n     int
	above bool
}

func (n number) String() string {
	if n.above {
		return strconv.FormatUint(uint64(n.n), 10)
	}
	return strconv.Itoa(n.n)
}

func wide(v any) number {
	if n, ok := v.(int); ok {
		return number{n: n}
	}
	x := reflect.ValueOf(v)
	if x.CanUint() {
		return number{int(x.Uint()), x.Uint() > math.MaxInt}
	}
	return number{n: int(x.Int())}
}

// index is for indexes that the engine takes for negative ones.
func (c *code) index(n int, x, index ssa.Value) {
	if !isLarge(index) {
		return
	}
	of, at, otherwise := c.slot(x), c.slot(index), c.compiled[n]
	c.compiled[n] = func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if i := wide(values[at]); i.above {
			in := reflect.ValueOf(values[of])
			if in.Kind() == reflect.Pointer && in.IsNil() {
				dereference(nil)
			}
			if in.Kind() == reflect.Pointer {
				in = in.Elem()
			}
			panic(ixgo.RuntimeError("index out of range [" + i.String() + "] with length " + strconv.Itoa(in.Len())))
		}
		otherwise(fr)
	}
}

// isLarge tells whether an integer can be greater than every int.
func isLarge(v ssa.Value) bool {
	if v == nil {
		return false
	}
	t, ok := v.Type().Underlying().(*types.Basic)
	return ok && (t.Kind() == types.Uint || t.Kind() == types.Uint64 || t.Kind() == types.Uintptr)
}

// defersNil makes a deferred call of a nil function panic when it is due.
func defersNil(function int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		f := reflect.ValueOf(values[function])
		if f.Kind() != reflect.Func || !f.IsNil() {
			otherwise(fr)
			return
		}
		was := values[function]
		values[function] = reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value {
			dereference(nil)
			return nil
		}).Interface()
		otherwise(fr)
		values[function] = was
	}
}

// panicValue makes a panic with nil, and those of ranges over functions, panic with
// the errors of Go.
func (c *code) panicValue(n int, instr *ssa.Panic) {
	at, text, otherwise := c.slot(instr.X), rangeFault(instr), c.compiled[n]
	c.compiled[n] = func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		was := values[at]
		if text != nil {
			values[at] = ixgo.RuntimeError(text(func(v ssa.Value) any { return values[c.slot(v)] }))
		} else if was == nil {
			values[at] = new(runtime.PanicNilError)
		}
		defer func() { values[at] = was }()
		otherwise(fr)
	}
}

// rangeFault is what Go says where the body of a range over a function is called when it
// must not be; nil for panics of the program. Package ssa panics with texts of its own.
func rangeFault(instr *ssa.Panic) func(value func(ssa.Value) any) string {
	in, ok := instr.X.(*ssa.MakeInterface)
	if !ok || instr.Pos().IsValid() || len(instr.Block().Preds) != 1 {
		return nil
	}
	text, ok := in.X.(*ssa.Const)
	if !ok || text.Value == nil || text.Value.Kind() != constant.String {
		return nil
	}
	switch constant.StringVal(text.Value) {
	case "iterator call did not preserve panic":
		return func(func(ssa.Value) any) string {
			return "range function recovered a loop body panic and did not resume panicking"
		}
	case "yield function called after range loop exit":
		before := instr.Block().Preds[0].Instrs
		test, ok := before[len(before)-1].(*ssa.If)
		if !ok {
			return nil
		}
		is, ok := test.Cond.(*ssa.BinOp)
		if !ok {
			return nil
		}
		return func(value func(ssa.Value) any) string {
			const again = "range function continued iteration after "
			switch state, _ := value(is.X).(int); {
			case state == -1:
				return again + "loop body panic"
			case state < 0:
				return again + "whole loop exit"
			}
			return again + "function for loop body returned false"
		}
	}
	return nil
}

func (c *code) asserts(i *ixgo.Interp, n int, a *ssa.TypeAssert) {
	if c.ofMethodValue(n, a) {
		c.compiled[n] = notNilInterface(c.slot(a.X), c.compiled[n])
	} else {
		c.compiled[n] = assert(i, c.slots, a, c.compiled[n])
	}
}

// ofMethodValue tells whether an assertion is only to find out that the interface whose
// method value comes next is not nil.
func (c *code) ofMethodValue(n int, a *ssa.TypeAssert) bool {
	if a.CommaOk || len(*a.Referrers()) > 0 || n+1 >= len(c.source) {
		return false
	}
	value, ok := c.source[n+1].(*ssa.MakeClosure)
	return ok && len(value.Bindings) == 1 && value.Bindings[0] == a.X && value.Pos() == a.Pos()
}

func notNilInterface(at int, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		if valuesOf(fr)[at] == nil {
			dereference(nil)
		}
		otherwise(fr)
	}
}
