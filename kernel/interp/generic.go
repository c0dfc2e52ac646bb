package interp

import "github.com/goplus/ixgo"

// generics holds the generic functions that the engine's bindings of the standard
// library lack: those are compiled in as values, and a generic function is none.
// They are interpreted as part of their package.
var generics = map[string]string{
	"errors": `package errors

import "errors"

func AsType[E error](err error) (E, bool) {
	var target E
	if errors.As(err, &target) {
		return target, true
	}
	var none E
	return none, false
}
`,
	"reflect": `package reflect

import "reflect"

func TypeAssert[T any](v reflect.Value) (T, bool) {
	x, ok := v.Interface().(T)
	return x, ok
}
`,
	"hash/maphash": `package maphash

import (
	"hash/maphash"

	runtime "` + runtimePath + `"
)

func Comparable[T comparable](seed maphash.Seed, v T) uint64 { return runtime.HashComparable(seed, v) }

func WriteComparable[T comparable](h *maphash.Hash, v T) { runtime.WriteHashComparable(h, v) }
`,
}

func init() {
	for path, source := range generics {
		ixgo.RegisterPatch(path, []byte(source))
	}
}
