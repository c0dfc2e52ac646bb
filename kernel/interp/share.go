package interp

import (
	"go/types"
	"maps"
	"reflect"
	"slices"
	"weak"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

type methodSets = map[reflect.Type]map[string]*ssa.Function

// sharedTypes makes every live interpreter of a session treat every type that a
// cell declared as one with interpreted methods. ixgo v1.1.1 calls the methods
// of a type that it does not know through reflect.Method.Func, which for a type
// made at run time jumps to a bad address. An empty entry in its table of method
// sets makes it take the right way.
//
// Tables are replaced, never changed: goroutines of earlier cells read them.
type sharedTypes struct {
	known   methodSets                  // every type so far, each with an empty entry
	callers []weak.Pointer[ixgo.Interp] // those that call methods through interfaces
}

// shareTypes tells the session about the types of a new interpreter and the
// interpreter about those of the session.
func (s *session) shareTypes(i *ixgo.Interp, invokes bool) {
	v := reflect.ValueOf(i).Elem()
	table := (*methodSets)(privateField(v, "msets"))
	own, fresh := *table, methodSets{}
	for t := range own {
		if _, ok := s.shared.known[t]; !ok && reflectx.NumMethodX(t) > 0 { // with those that only the package can call
			fresh[t] = map[string]*ssa.Function{}
		}
	}
	invokes = invokes || len(own) > 0 // methods that a struct has of an interface in it
	switch {
	case !invokes: // asks its table for nothing
	case len(own) == 0 && len(s.shared.known) > 0:
		*table = s.shared.known
	default:
		for t, none := range s.shared.known {
			if _, ok := own[t]; !ok {
				own[t] = none
			}
		}
	}
	s.shared.add(fresh)
	if invokes {
		s.shared.callers = append(s.shared.callers, weak.Make(i))
	}
	record := reflect.ValueOf(*(**ixgo.TypesRecord)(privateField(v, "record"))).Elem()
	(*(**typeutil.Map)(privateField(record, "tcache"))).Iterate(func(t types.Type, rt any) {
		if named, ok := t.(*types.Named); ok && s.isInterpreted(named) {
			if rt, ok := rt.(reflect.Type); ok {
				s.loader.keep(named, rt)
			}
		}
	})
}

// isInterpreted tells types that the engine makes at run time from those that are
// compiled in: those of cells, of packages that come as source, and all instances.
func (s *session) isInterpreted(t *types.Named) bool {
	p := t.Obj().Pkg()
	return p == s.pkg || t.TypeArgs().Len() > 0 || p != nil && s.base.SourcePackage(p.Path()) != nil
}

// copiedEntries bounds how much a new type may cost: so many entries of tables are
// copied at most.
const copiedEntries = 4096

// add enters fresh types everywhere. The latest interpreters keep the entries of
// their own types, which are the fast way to those methods; older ones share one
// table, so that a new type costs hardly more after a thousand others.
func (st *sharedTypes) add(fresh methodSets) {
	if len(fresh) == 0 {
		return
	}
	known := maps.Clone(st.known)
	if known == nil {
		known = methodSets{}
	}
	maps.Copy(known, fresh)
	st.known = known
	st.callers = slices.DeleteFunc(st.callers, func(w weak.Pointer[ixgo.Interp]) bool { return w.Value() == nil })
	shared := len(st.callers) - copiedEntries/len(known)
	for n, w := range st.callers {
		i := w.Value()
		if i == nil {
			continue
		}
		table := (*methodSets)(privateField(reflect.ValueOf(i).Elem(), "msets"))
		if n < shared {
			*table = known
			continue
		}
		own := maps.Clone(*table)
		maps.Copy(own, fresh)
		*table = own
	}
}
