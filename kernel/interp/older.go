package interp

import (
	"fmt"
	"go/types"
	"strings"
)

// laterMember tells where a field or method is that the type called t, perhaps a
// pointer or an instance, has not: a type of the same name that was declared later
// may have it, or a newer form of one that it embeds.
func (s *session) laterMember(t, member string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(t, "*"), "[")
	now, ok := s.names[name].object.(*types.TypeName)
	if !ok {
		return ""
	}
	if s.hasMember(now, member) {
		return fmt.Sprintf("the type %s was declared again since, by Cell [%d], which has it: run the cell of the older use again", name, s.cellOf(now))
	}
	st, ok := now.Type().Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	for f := range st.Fields() {
		newer, ok := s.names[f.Name()].object.(*types.TypeName)
		if f.Embedded() && ok && s.hasMember(newer, member) {
			return fmt.Sprintf("%s embeds %s as it was before Cell [%d] declared it again: declare %s again too", name, f.Name(), s.cellOf(newer), name)
		}
	}
	return ""
}

func (s *session) hasMember(t *types.TypeName, name string) bool {
	o, _, _ := types.LookupFieldOrMethod(t.Type(), true, s.pkg, name)
	return o != nil
}

// cellOf is the number of the cell that declared a type.
func (s *session) cellOf(t *types.TypeName) int {
	if n := s.nodes[t]; n != nil {
		return n.cell
	}
	return 0
}
