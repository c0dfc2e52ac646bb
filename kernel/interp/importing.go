package interp

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	nearestPaths = 3
	listWidth    = 100 // columns of a list in an error
)

// cannotImport is the error for a path that cells cannot import.
func (s *session) cannotImport(unknown string) error {
	hint := ""
	if known, ok := equivalents[unknown]; ok && slices.Contains(s.paths, known) {
		hint = " (what it does elsewhere, " + known + " does here)"
	} else if near := nearestImports(unknown, s.paths); len(near) > 0 {
		hint = " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return fmt.Errorf("cannot import %q%s", unknown, hint)
}

// equivalents are packages of the standard library that do what libraries of other
// languages do.
var equivalents = map[string]string{
	"requests": "net/http", "urllib": "net/url", "datetime": "time", "re": "regexp", "random": "math/rand/v2", "subprocess": "os/exec", "socket": "net",
	"threading": "sync", "asyncio": "sync", "logging": "log/slog", "sys": "os", "glob": "path/filepath", "pathlib": "path/filepath", "collections": "container/list",
	"itertools": "slices", "ipaddress": "net/netip", "hashlib": "crypto/sha256", "numpy": "gonum.org/v1/gonum/mat", "statistics": "gonum.org/v1/gonum/stat", "tabulate": "text/tabwriter",
}

// nearestImports are the paths that look most like unknown, as a whole or in
// their last element; one alone where it is only a letter off.
func nearestImports(unknown string, paths []string) []string {
	type candidate struct {
		path     string
		distance int
	}
	var found []candidate
	last := path.Base(unknown)
	for _, p := range paths {
		whole, end := max(1, len(unknown)/3)+1, max(1, len(last)/3)+1
		if strings.Contains(unknown, ".") { // somebody's module: it is near to what has its name
			end = 1
		}
		d := editDistance(unknown, p, whole)
		if e := editDistance(last, path.Base(p), end); e < end {
			d = min(d, e+1)
		} else if d == whole {
			continue
		}
		found = append(found, candidate{p, d})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var near []string
	for _, c := range found[:min(len(found), nearestPaths)] {
		if c.distance == found[0].distance || found[0].distance > 1 && c.distance == found[0].distance+1 {
			near = append(near, c.path)
		}
	}
	return near
}

// choices lists what cells can import: first what was handed to the engine, by
// module as far as its path tells, then the standard library by first element.
func (s *session) choices() string {
	handed, standard := map[string][]string{}, map[string][]string{}
	for _, p := range s.paths {
		first, rest, nested := strings.Cut(p, "/")
		switch {
		case strings.Contains(first, "."):
			root := strings.Join(strings.SplitN(p, "/", 4)[:min(3, strings.Count(p, "/")+1)], "/")
			handed[root] = append(handed[root], strings.TrimPrefix(strings.TrimPrefix(p, root), "/"))
		case nested:
			standard[first] = append(standard[first], rest)
		default:
			standard[first] = append(standard[first], "")
		}
	}
	text := "packages that cells can import:"
	for _, root := range slices.Sorted(maps.Keys(handed)) {
		text += wrapped("  ", family(root, handed[root]))
	}
	var words []string
	for _, first := range slices.Sorted(maps.Keys(standard)) {
		words = append(words, family(first, standard[first])...)
	}
	return text + wrapped("  ", words)
}

// family writes the packages below a first element: "io" and "io/{fs,ioutil}".
func family(first string, rest []string) []string {
	var words []string
	if i := slices.Index(rest, ""); i >= 0 {
		words = append(words, first)
		rest = slices.Delete(slices.Clone(rest), i, i+1)
	}
	if len(rest) > 0 {
		words = append(words, first+"/"+braced(rest))
	}
	return words
}

func braced(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "{" + strings.Join(names, ",") + "}"
}

// wrapped is words on lines that begin with indent, each line after a newline. A
// word that is too long for a line breaks after a comma.
func wrapped(indent string, words []string) string {
	text, line := "", indent
	end := func() {
		text += "\n" + strings.TrimRight(line, " ")
		line = indent
	}
	for _, w := range words {
		if len(line)+len(w) > listWidth && line != indent {
			end()
		}
		for len(indent)+len(w) > listWidth {
			comma := strings.LastIndex(w[:listWidth-len(indent)], ",")
			if comma < 0 {
				break
			}
			line += w[:comma+1]
			end()
			line, w = indent+"  ", w[comma+1:]
		}
		line += w + " "
	}
	if line != indent {
		end()
	}
	return text
}
