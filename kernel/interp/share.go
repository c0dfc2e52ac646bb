package interp

import (
	"go/types"
	"maps"
	"reflect"
	"weak"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

type methodSets = map[reflect.Type]map[string]*ssa.Function

// sharedTypes makes every live interpreter of a session treat every type that a
// cell declared as one with interpreted methods. ixgo v1.1.1 calls the methods
// of a type that it does not know through reflect.Method.Func, which for a type
// made at run time jumps to a bad address. An empty entry in its table of method
// sets makes it take the right way.
type sharedTypes struct {
	known   map[reflect.Type]bool
	callers []weak.Pointer[ixgo.Interp] // those that call methods through interfaces
}

// shareTypes tells the session about the types of a new interpreter and the
// interpreter about those of the session.
func (s *session) shareTypes(i *ixgo.Interp, invokes bool) {
	v := reflect.ValueOf(i).Elem()
	own := *(*methodSets)(privateField(v, "msets"))
	fresh := methodSets{}
	for t := range own {
		if !s.shared.known[t] && t.NumMethod() > 0 {
			fresh[t] = map[string]*ssa.Function{}
		}
	}
	for t := range s.shared.known {
		if _, ok := own[t]; !ok {
			own[t] = map[string]*ssa.Function{}
		}
	}
	s.shared.add(fresh)
	if invokes {
		s.shared.callers = append(s.shared.callers, weak.Make(i))
	}
	record := reflect.ValueOf(*(**ixgo.TypesRecord)(privateField(v, "record"))).Elem()
	table := *(**typeutil.Map)(privateField(record, "tcache"))
	table.Iterate(func(t types.Type, rt any) {
		if named, ok := t.(*types.Named); ok && named.Obj().Pkg() == s.pkg {
			if rt, ok := rt.(reflect.Type); ok {
				s.loader.keep(named, rt)
			}
		}
	})
}

// add enters fresh types everywhere. The tables of running interpreters are
// replaced, never changed: goroutines of earlier cells read them.
func (st *sharedTypes) add(fresh methodSets) {
	if len(fresh) == 0 {
		return
	}
	if st.known == nil {
		st.known = map[reflect.Type]bool{}
	}
	for t := range fresh {
		st.known[t] = true
	}
	live := st.callers[:0]
	for _, w := range st.callers {
		i := w.Value()
		if i == nil {
			continue
		}
		live = append(live, w)
		field := (*methodSets)(privateField(reflect.ValueOf(i).Elem(), "msets"))
		table := maps.Clone(*field)
		for t, methods := range fresh {
			if _, ok := table[t]; !ok {
				table[t] = methods
			}
		}
		*field = table
	}
	clear(st.callers[len(live):])
	st.callers = live
}
