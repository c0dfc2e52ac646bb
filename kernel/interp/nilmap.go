package interp

import (
	"go/types"
	"reflect"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// nilInMap replaces a compiled instruction on a map whose keys or elements are
// interfaces; it is nil for other instructions. ixgo v1.1.1 hands a nil interface to
// reflect as no value at all: as an element that deletes the key, as a key it
// panics.
func nilInMap(slots map[ssa.Value]uint32, instr ssa.Instruction, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	switch instr := instr.(type) {
	case *ssa.MapUpdate:
		if mapOfInterfaces(instr.Map) {
			return updateMap(slot(slots[instr.Map]), slot(slots[instr.Key]), slot(slots[instr.Value]), compiled)
		}
	case *ssa.Lookup:
		if mapOfInterfaces(instr.X) {
			return lookUpMap(slot(slots[instr.X]), slot(slots[instr.Index]), slot(slots[instr]), instr.CommaOk, compiled)
		}
	case *ssa.Call:
		b, ok := instr.Call.Value.(*ssa.Builtin)
		if ok && b.Name() == "delete" && mapOfInterfaces(instr.Call.Args[0]) {
			return deleteFromMap(slot(slots[instr.Call.Args[0]]), slot(slots[instr.Call.Args[1]]), compiled)
		}
	}
	return nil
}

func mapOfInterfaces(v ssa.Value) bool {
	m, ok := v.Type().Underlying().(*types.Map)
	return ok && (types.IsInterface(m.Key()) || types.IsInterface(m.Elem()))
}

func updateMap(m, key, elem int, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if values[key] != nil && values[elem] != nil {
			compiled(fr)
			return
		}
		in := reflect.ValueOf(values[m])
		in.SetMapIndex(valueOf(values[key], in.Type().Key()), valueOf(values[elem], in.Type().Elem()))
	}
}

func lookUpMap(m, key, result int, commaOk bool, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if values[key] != nil {
			compiled(fr)
			return
		}
		in := reflect.ValueOf(values[m])
		of := in.Type()
		found := in.MapIndex(reflect.Zero(of.Key()))
		switch {
		case !commaOk && found.IsValid():
			values[result] = found.Interface()
		case !commaOk:
			values[result] = reflect.Zero(of.Elem()).Interface()
		default:
			// Of a nil map, nothing is found by any key, and the engine makes its pair.
			values[m], values[key] = reflect.Zero(reflect.MapOf(reflect.TypeFor[int](), of.Elem())).Interface(), 0
			compiled(fr)
			values[m], values[key] = in.Interface(), nil
			if found.IsValid() {
				pair := reflect.ValueOf(values[result])
				pair.Index(0).Set(found)
				pair.Index(1).Set(reflect.ValueOf(true))
			}
		}
	}
}

func deleteFromMap(m, key int, compiled func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		if values[key] != nil {
			compiled(fr)
			return
		}
		in := reflect.ValueOf(values[m])
		in.SetMapIndex(reflect.Zero(in.Type().Key()), reflect.Value{})
	}
}

// valueOf is what an engine's value is as one of type t.
func valueOf(v any, t reflect.Type) reflect.Value {
	if v == nil {
		return reflect.Zero(t)
	}
	return reflect.ValueOf(v)
}
