package interp

import (
	"go/token"
	"go/types"
	"math"
	"reflect"
	"sync"
	"unsafe"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
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
//     before it. And a method that is promoted through a pointer, by what stands there as
//     a value, is called with no receiver of its type.
//
// The first is put right once a type is made, the second by numbers that share nothing
// and by functions of our own.

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
	reflectCall   int32 // of a type made at run time, a function of reflect.MakeFunc
}

// entryProvider is in the place of the provider of entries for interface calls and makes
// a second one where values stand in the word of the interface.
type entryProvider struct {
	abi.MethodProvider

	mu      sync.Mutex
	entries map[reflect.Type]map[string]unsafe.Pointer // by method, until the type has them
	// promoted are the functions of promoted methods, by type and method, until they do
	// what they should.
	promoted map[reflect.Type]map[string]reflect.Value
	// hidden are functions of methods with values as receivers, likewise, that are not
	// exported: pointers call them by numbers that count others only.
	hidden map[reflect.Type]map[string]reflect.Value
}

var direct = newEntryProvider()

func newEntryProvider() *entryProvider {
	embedNumber = math.MinInt64
	providers := abi.Default.List()
	r := &entryProvider{
		MethodProvider: providers[0],
		entries:        map[reflect.Type]map[string]unsafe.Pointer{},
		promoted:       map[reflect.Type]map[string]reflect.Value{},
		hidden:         map[reflect.Type]map[string]reflect.Value{},
	}
	providers[0] = r
	return r
}

// Insert implements abi.MethodProvider.
func (r *entryProvider) Insert(info *abi.MethodInfo) (entry unsafe.Pointer, index int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, index = r.MethodProvider.Insert(info)
	if info.FuncId < -1 {
		remember(r.promoted, info.Type, info.Name, info.Func)
	}
	if info.Pointer && info.Indirect && !token.IsExported(info.Name) {
		remember(r.hidden, info.Type, info.Name, info.Func)
	}
	if index < 0 || !info.Indirect || info.OnePtr || !isDirect(info.Type) {
		return entry, index
	}
	byWord := *info
	byWord.Pointer, byWord.Indirect, byWord.OnePtr = false, false, true
	if second, at := r.MethodProvider.Insert(&byWord); at >= 0 {
		remember(r.entries, info.Type, info.Name, second)
	}
	return entry, index
}

func remember[T any](notes map[reflect.Type]map[string]T, t reflect.Type, method string, what T) {
	if notes[t] == nil {
		notes[t] = map[string]T{}
	}
	notes[t][method] = what
}

// isDirect tells whether values of t stand in the word of an interface.
func isDirect(t reflect.Type) bool {
	if t.Size() != unsafe.Sizeof(uintptr(0)) {
		return false
	}
	zero := reflect.Zero(t).Interface()
	return *dataWord(&zero) == nil // else the address of a zero
}

// enter puts the entries of the types of a new interpreter into their tables, before
// it runs.
func (r *entryProvider) enter(record *ixgo.TypesRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 && len(r.promoted) == 0 && len(r.hidden) == 0 {
		return
	}
	_, made := recorded(record)
	for t, functions := range r.promoted {
		for _, m := range pointerMethods(made[t]) {
			if f, ok := functions[m.Obj().Name()]; ok && len(m.Index()) > 1 {
				setFunction(f, promote(m))
				delete(r.promoted, t)
			}
		}
	}
	for t, functions := range r.hidden {
		pointer := reflect.PointerTo(t)
		for n, m := range pointerMethods(made[t]) {
			if f, ok := functions[m.Obj().Name()]; ok {
				methodsOf(wordOf(pointer))[n].reflectCall = textOffset(pointerTo(pointer, f))
				delete(r.hidden, t)
			}
		}
	}
	for t, entries := range r.entries {
		if _, ok := made[t]; !ok {
			continue // another session makes it just now
		}
		table := methodsOf(wordOf(t))
		for i := range t.NumMethod() { // only exported ones can be called by compiled code
			if entry := entries[t.Method(i).Name]; entry != nil {
				table[i].interfaceCall = textOffset(entry)
			}
		}
		delete(r.entries, t)
	}
}

// madeFunction is what reflect.MakeFunc makes: reflect.makeFuncImpl.
type madeFunction struct {
	_, _, _, _ uintptr
	typ        unsafe.Pointer
	function   func([]reflect.Value) []reflect.Value
}

// setFunction has f, which reflect.MakeFunc made, do something else.
func setFunction(f reflect.Value, function func([]reflect.Value) []reflect.Value) {
	made := (*madeFunction)((*[2]unsafe.Pointer)(unsafe.Pointer(&f))[1])
	if made.typ == wordOf(f.Type()) {
		made.function = function
	}
}

func wordOf(t reflect.Type) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

// pointerMethods are the methods of pointers to t, in the order of their table; none if
// another session makes it just now.
func pointerMethods(t types.Type) (list []*types.Selection) {
	if t != nil {
		for m := range types.NewMethodSet(types.NewPointer(t)).Methods() {
			list = append(list, m)
		}
	}
	return list
}

// pointerTo makes a function for pointers of one for values.
func pointerTo(pointer reflect.Type, f reflect.Value) unsafe.Pointer {
	in, out := []reflect.Type{pointer}, []reflect.Type(nil)
	for n := range f.Type().NumIn() - 1 {
		in = append(in, f.Type().In(n+1))
	}
	for t := range f.Type().Outs() {
		out = append(out, t)
	}
	made := reflect.MakeFunc(reflect.FuncOf(in, out, f.Type().IsVariadic()), func(args []reflect.Value) []reflect.Value {
		args[0] = pointee(args[0])
		if f.Type().IsVariadic() {
			return f.CallSlice(args)
		}
		return f.Call(args)
	})
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&made))[1]
}

// promote is the function of a promoted method: it calls the method of what is embedded.
func promote(m *types.Selection) func([]reflect.Value) []reflect.Value {
	method := m.Obj().(*types.Func)
	receiver := method.Signature().Recv().Type()
	_, byPointer := types.Unalias(receiver).(*types.Pointer)
	name, path, variadic := method.Name(), m.Index()[:len(m.Index())-1], method.Signature().Variadic()
	return func(args []reflect.Value) []reflect.Value {
		v := args[0]
		for _, field := range path {
			v = reflectx.FieldX(pointee(v), field)
		}
		switch {
		case v.Kind() == reflect.Interface:
			if v.IsNil() {
				dereference(nil)
			}
			v = v.Elem()
		case byPointer && v.Kind() != reflect.Pointer:
			v = v.Addr()
		case !byPointer:
			v = pointee(v)
		}
		f, _ := reflectx.MethodByName(v.Type(), name)
		args[0] = v
		if variadic {
			return f.Func.CallSlice(args)
		}
		return f.Func.Call(args)
	}
}

// pointee is what v points to, or v if it is no pointer.
func pointee(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		dereference(nil)
	}
	return v.Elem()
}

// dereference panics for nil as Go does.
func dereference(p *byte) byte { return *p }
