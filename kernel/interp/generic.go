package interp

import (
	"reflect"
	"sync"

	"github.com/goplus/ixgo"
)

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

// uniqueSource is package unique for cells: the values are the session's, where
// those of the engine's own source would be each cell's.
const uniqueSource = `package unique

import runtime "` + runtimePath + `"

type Handle[T comparable] struct{ value *T }

func (h Handle[T]) Value() T { return *h.value }

func Make[T comparable](value T) Handle[T] {
	p := new(T)
	*p = value
	return Handle[T]{runtime.Unique(value, p).(*T)}
}
`

// uniques are the values that cells made unique, by type and value: pointers to
// them. They stay as long as the session.
type uniques struct{ made sync.Map }

// pointer is the pointer to value that was given first.
func (u *uniques) pointer(value, pointer any) any {
	type key struct {
		of    reflect.Type
		value any
	}
	p, _ := u.made.LoadOrStore(key{reflect.TypeOf(pointer), value}, pointer)
	return p
}

func init() {
	ixgo.RegisterPackage(&ixgo.Package{
		Name: "unique", Path: "unique",
		Deps: map[string]string{}, Interfaces: map[string]reflect.Type{}, NamedTypes: map[string]reflect.Type{}, AliasTypes: map[string]reflect.Type{},
		Vars: map[string]reflect.Value{}, Funcs: map[string]reflect.Value{},
		TypedConsts: map[string]ixgo.TypedConst{}, UntypedConsts: map[string]ixgo.UntypedConst{},
	})
	ixgo.RegisterPatch("unique", []byte(uniqueSource))
	for path, source := range generics {
		ixgo.RegisterPatch(path, []byte(source))
	}
}
