package interp

import (
	"math"
	"reflect"
	"sync"
	"unsafe"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx/abi"
)

// Compiled code calls a method by the entry of the type's table. ixgo v1.1.1 and
// reflectx v1.7.2 fill the tables of two kinds of types wrongly, each so that a method
// is called with something else than its receiver:
//
//   - Of values that stand in the word of an interface itself they know pointers,
//     maps, channels, functions and structs of one pointer. The entries of other such
//     types, like a struct of one map, take the word for the address of the value.
//   - What embeds the same type at the same place shares its entries, whatever stands
//     before it.
//
// The first is put right once a type is made, the second by numbers that share nothing.

// embedNumber is the last number by which methods of embedded fields are known;
// those of negative numbers are not shared, and -1 has a meaning of its own.
//
//go:linkname embedNumber github.com/goplus/ixgo.mfnId
var embedNumber int64

// methodsOf is the table of methods of a type, as the runtime reads it: those of
// exported names first, each kind in the order of names.
//
//go:linkname methodsOf github.com/goplus/reflectx.rtypeMethods
func methodsOf(t unsafe.Pointer) []tableEntry

// textOffset makes code known to the runtime by a number.
//
//go:linkname textOffset github.com/goplus/reflectx.resolveReflectText
func textOffset(code unsafe.Pointer) int32

// tableEntry is internal/abi.Method.
type tableEntry struct {
	_, _          int32 // name and signature
	interfaceCall int32
	_             int32 // code for calls by package reflect
}

// entryProvider is in the place of the provider of entries for interface calls and makes
// a second one where values stand in the word of the interface.
type entryProvider struct {
	abi.MethodProvider

	mu      sync.Mutex
	entries map[reflect.Type]map[string]unsafe.Pointer // by method, until the type has them
}

var direct = newEntryProvider()

func newEntryProvider() *entryProvider {
	embedNumber = math.MinInt64
	providers := abi.Default.List()
	r := &entryProvider{MethodProvider: providers[0], entries: map[reflect.Type]map[string]unsafe.Pointer{}}
	providers[0] = r
	return r
}

// Insert implements abi.MethodProvider.
func (r *entryProvider) Insert(info *abi.MethodInfo) (entry unsafe.Pointer, index int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, index = r.MethodProvider.Insert(info)
	if index < 0 || !info.Indirect || info.OnePtr || !isDirect(info.Type) {
		return entry, index
	}
	byWord := *info
	byWord.Pointer, byWord.Indirect, byWord.OnePtr = false, false, true
	if second, at := r.MethodProvider.Insert(&byWord); at >= 0 {
		if r.entries[info.Type] == nil {
			r.entries[info.Type] = map[string]unsafe.Pointer{}
		}
		r.entries[info.Type][info.Name] = second
	}
	return entry, index
}

// isDirect tells whether values of t stand in the word of an interface.
func isDirect(t reflect.Type) bool {
	if t.Size() != unsafe.Sizeof(uintptr(0)) {
		return false
	}
	zero := reflect.Zero(t).Interface()
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&zero))[1] == nil // else the address of a zero
}

// enter puts the entries of the types of a new interpreter into their tables, before
// it runs.
func (r *entryProvider) enter(record *ixgo.TypesRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 {
		return
	}
	_, made := recorded(record)
	for t, entries := range r.entries {
		if _, ok := made[t]; !ok {
			continue // another session makes it just now
		}
		table := methodsOf((*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1])
		for i := range t.NumMethod() { // only exported ones can be called by compiled code
			if entry := entries[t.Method(i).Name]; entry != nil {
				table[i].interfaceCall = textOffset(entry)
			}
		}
		delete(r.entries, t)
	}
}
