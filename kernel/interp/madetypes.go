package interp

import (
	"encoding/binary"
	"go/types"
	"reflect"
	"sync"
	"unsafe"

	"github.com/goplus/ixgo"
)

// reflectx v1.7.2 marks embedded fields in types that package reflect made and keeps
// for every struct of such fields: one with a field E of type E has it embedded as soon
// as another struct embeds E. A struct without a name that has methods lost the package of
// its fields, so that all counted as exported. And an array of a type that is not complete
// yet compares its elements as what stands for that type meanwhile.

// structType is internal/abi.StructType.
type structType struct {
	_       [unsafe.Sizeof(commonType{})]byte
	pkgPath *byte
	fields  []structField
}

type structField struct {
	name *byte
	_    unsafe.Pointer // type
	_    uintptr        // offset
}

// commonType is internal/abi.Type.
type commonType struct {
	_, _  uintptr
	_     uint32
	_     [4]uint8
	equal func(p, q unsafe.Pointer) bool
	_     *byte
	_, _  int32
}

const embeddedFlag = 1 << 3 // in the first byte of a field's name

// unnamedStructs are those of all sessions that could lose what they do not embed.
var unnamedStructs = struct {
	sync.Mutex
	all map[reflect.Type]*types.Struct
}{all: map[reflect.Type]*types.Struct{}}

// mendTypes puts types right that an interpreter made, before it runs.
func (s *session) mendTypes(record *ixgo.TypesRecord) {
	_, made := recorded(record)
	for rt, t := range made {
		switch rt.Kind() {
		case reflect.Struct:
			if named, ok := t.(*types.Named); ok && s.isNew(named) {
				if st := t.Underlying().(*types.Struct); likeEmbedded(st) {
					embedOnly(rt, st)
				}
			} else if st, ok := t.(*types.Struct); ok {
				givePackage(rt, st)
				if likeEmbedded(st) {
					unnamedStructs.Lock()
					unnamedStructs.all[rt] = st
					unnamedStructs.Unlock()
				}
			}
		case reflect.Array:
			if rt.Comparable() && s.isNew(t) {
				(*commonType)(wordOf(rt)).equal = equalArrays(rt)
			}
		}
	}
	unnamedStructs.Lock()
	defer unnamedStructs.Unlock()
	for rt, st := range unnamedStructs.all {
		embedOnly(rt, st)
	}
}

// isNew tells a type that a cell declares, or an array of one, as long as no earlier
// cell knows it.
func (s *session) isNew(t types.Type) bool {
	for {
		array, ok := t.(*types.Array)
		if !ok {
			break
		}
		t = types.Unalias(array.Elem())
	}
	named, ok := t.(*types.Named)
	if !ok || !s.isInterpreted(named) {
		return false
	}
	_, known := s.loader.LookupReflect(named)
	return !known
}

// likeEmbedded tells whether a struct has a field that is called like its type.
func likeEmbedded(t *types.Struct) bool {
	for f := range t.Fields() {
		of := types.Unalias(f.Type())
		if p, ok := of.(*types.Pointer); ok {
			of = types.Unalias(p.Elem())
		}
		named, ok := of.(interface{ Obj() *types.TypeName })
		if !f.Embedded() && (ok && named.Obj().Name() == f.Name() || of.String() == f.Name()) {
			return true
		}
	}
	return false
}

// embedOnly has a type embed what t embeds. Its fields become its own.
func embedOnly(rt reflect.Type, t *types.Struct) {
	st := (*structType)(wordOf(rt))
	wrong := rt.Name() != "" // or will be
	for n := range t.NumFields() {
		wrong = wrong || rt.Field(n).Anonymous != t.Field(n).Embedded()
	}
	if !wrong {
		return
	}
	own := make([]structField, len(st.fields))
	copy(own, st.fields)
	for n := range own {
		name := cloneName(own[n].name)
		*name &^= embeddedFlag
		if t.Field(n).Embedded() {
			*name |= embeddedFlag
		}
		own[n].name = name
	}
	st.fields = own
}

// givePackage notes in a type the package of fields that are not exported.
func givePackage(rt reflect.Type, t *types.Struct) {
	st := (*structType)(wordOf(rt))
	for f := range t.Fields() {
		if !f.Exported() && f.Pkg() != nil && st.pkgPath == nil {
			path := f.Pkg().Path()
			st.pkgPath = &append(binary.AppendUvarint([]byte{0}, uint64(len(path))), path...)[0]
		}
	}
}

// cloneName copies a name of internal/abi: flags, text and, if there is one, the tag,
// each with its length before it, and room for the path of a package.
func cloneName(name *byte) *byte {
	size := 1
	for _, has := range []bool{true, *name&2 != 0} {
		if has {
			n, digits := 0, 0
			for {
				b := *(*byte)(unsafe.Add(unsafe.Pointer(name), size+digits))
				n |= int(b&0x7f) << (7 * digits)
				digits++
				if b < 0x80 {
					break
				}
			}
			size += digits + n
		}
	}
	if *name&4 != 0 {
		size += 4
	}
	own := make([]byte, size)
	copy(own, unsafe.Slice(name, size))
	return &own[0]
}

// equalArrays compares arrays by what their elements are then.
func equalArrays(t reflect.Type) func(p, q unsafe.Pointer) bool {
	elem, n, size := (*commonType)(wordOf(t.Elem())), t.Len(), t.Elem().Size()
	return func(p, q unsafe.Pointer) bool {
		for i := range n {
			if !elem.equal(unsafe.Add(p, uintptr(i)*size), unsafe.Add(q, uintptr(i)*size)) {
				return false
			}
		}
		return true
	}
}
