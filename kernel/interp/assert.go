package interp

import (
	"go/types"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
)

// toType is preToType for code that runs.
//
//go:linkname toType github.com/goplus/ixgo.(*Interp).toType
func toType(i *ixgo.Interp, t types.Type) reflect.Type

// assert replaces a compiled type assertion, of which type switches are made as well.
// ixgo v1.1.1 asserts that a value can be assigned to a type, not that it is of it: a
// []int passed for every type that is declared as []int, and the other way round. And
// it has other words than Go for assertions that fail.
func assert(i *ixgo.Interp, slots map[ssa.Value]uint32, instr *ssa.TypeAssert, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	if _, static := instr.X.(*ssa.Const); static && !instr.CommaOk {
		return func(*ixgo.Frame) { panic(assertionError(i, instr, nil)) }
	} else if static {
		return compiled // of nil
	}
	from, result := slot(slots[instr.X]), slot(slots[instr])
	if instr.CommaOk {
		return func(fr *ixgo.Frame) {
			compiled(fr)
			values := valuesOf(fr)
			pair := *(**[2]any)(*dataWord(&values[result])) // of a Tuple, a slice
			if pair[1] == true && typeWord(&pair[0]) != typeWord(&values[from]) {
				pair[0], pair[1] = reflect.Zero(reflect.TypeOf(pair[0])).Interface(), false
			}
		}
	}
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		passed := false
		defer func() {
			if !passed && recover() != nil {
				panic(assertionError(i, instr, values[from]))
			}
		}()
		compiled(fr)
		passed = typeWord(&values[result]) == typeWord(&values[from])
		if !passed {
			panic(instr)
		}
	}
}

// The words of an interface: what tells the type, and the value or where it is.
func typeWord(v *any) unsafe.Pointer  { return (*[2]unsafe.Pointer)(unsafe.Pointer(v))[0] }
func dataWord(v *any) *unsafe.Pointer { return &(*[2]unsafe.Pointer)(unsafe.Pointer(v))[1] }

// assertionError is what Go panics with where v is not what instr asserts.
func assertionError(i *ixgo.Interp, instr *ssa.TypeAssert, v any) error {
	e := new(runtime.TypeAssertionError)
	fields := (*struct {
		from, is, asserted unsafe.Pointer
		missing            string
	})(unsafe.Pointer(e))
	want := toType(i, instr.AssertedType)
	fields.asserted, fields.is = wordOf(want), typeWord(&v)
	if want.Kind() != reflect.Interface {
		fields.from = wordOf(toType(i, instr.X.Type()))
	} else if v != nil {
		fields.missing = missingMethod(reflect.TypeOf(v), want)
	}
	return e
}

// missingMethod is the first method of an interface that t does not have.
func missingMethod(t, of reflect.Type) string {
	for want := range of.Methods() {
		if m, ok := reflectx.MethodByName(t, want.Name); !ok || m.Type != nil && !implements(m.Type, want.Type) {
			return want.Name
		}
	}
	return ""
}

// implements compares the signature of a method with that of one of an interface.
func implements(method, of reflect.Type) bool {
	if method.NumIn() != of.NumIn()+1 || method.NumOut() != of.NumOut() || method.IsVariadic() != of.IsVariadic() {
		return false
	}
	for n := range of.NumIn() {
		if method.In(n+1) != of.In(n) {
			return false
		}
	}
	for n := range of.NumOut() {
		if method.Out(n) != of.Out(n) {
			return false
		}
	}
	return true
}
