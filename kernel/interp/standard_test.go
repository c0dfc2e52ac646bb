package interp

import (
	"go/token"
	"strings"
	"testing"
)

// TestStandardIsWhole checks that every exported name of the standard library's
// packages can be used in cells: the documentation, made from the sources of this
// Go, lists them.
func TestStandardIsWhole(t *testing.T) {
	for _, p := range ownStandard() {
		register(p)
	}
	s := newSession(ownStandard(), &sources{})
	for _, path := range s.paths {
		pkg, err := s.importPackage(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for name := range readStandardDocs()[path] {
			if !token.IsExported(name) || strings.Contains(name, ".") {
				continue
			}
			if pkg.Scope().Lookup(name) == nil {
				t.Errorf("%s.%s is missing", path, name)
			}
		}
	}
}
