package interp

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// flagged is a mark that running programs look at.
type flagged = atomic.Bool

// Names of what has none, in lists of frames.
const (
	cellFunction    = "the cell"
	literalFunction = "a function literal"
)

// sites are the places before statements at which programs can stop, and the
// breakpoints, by the sources' paths.
type sites struct {
	path func(cell string) string // of a cell by its name in positions

	mu          sync.Mutex
	all         []*site
	byPos       map[token.Pos]*site
	fresh       map[string]bool // cells whose places changed since the last mark
	byFile      map[string][]*site
	breakpoints map[string]map[int]bool // lines by path
}

func newSites(path func(string) string) *sites {
	return &sites{path: path, byPos: map[token.Pos]*site{}, fresh: map[string]bool{}, byFile: map[string][]*site{}, breakpoints: map[string]map[int]bool{}}
}

// at is the place before the statement at pos.
func (s *sites) at(p token.Position, pos token.Pos, function string, seen []*types.Var) *site {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byPos[pos]; known != nil {
		return known
	}
	made := &site{number: len(s.all), file: p.Filename, line: p.Line, column: p.Column, function: function, names: seen}
	s.all, s.byPos[pos] = append(s.all, made), made
	s.byFile[made.file], s.fresh[made.file] = append(s.byFile[made.file], made), true
	return made
}

func (s *sites) get(number int) *site {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[number]
}

// mark puts the breakpoints on the places that are new.
func (s *sites) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markLocked(slices.Collect(maps.Keys(s.fresh)))
	clear(s.fresh)
}

// markLocked puts breakpoints on the first place of each of their lines.
func (s *sites) markLocked(files []string) {
	for _, file := range files {
		lines := s.breakpoints[s.path(file)]
		first := map[int]int{}
		for _, at := range s.byFile[file] {
			if c, ok := first[at.line]; !ok || at.column < c {
				first[at.line] = at.column
			}
		}
		for _, at := range s.byFile[file] {
			at.stop.Store(lines[at.line] && at.column == first[at.line])
		}
	}
}

// set replaces the breakpoints of a source.
func (s *sites) set(path string, lines []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.breakpoints, path)
	if len(lines) > 0 {
		s.breakpoints[path] = map[int]bool{}
		for _, n := range lines {
			s.breakpoints[path][n] = true
		}
	}
	s.markLocked(slices.Collect(maps.Keys(s.byFile)))
}

// clear takes all breakpoints away.
func (s *sites) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.breakpoints)
	s.markLocked(slices.Collect(maps.Keys(s.byFile)))
}

// any tells whether there are breakpoints.
func (s *sites) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.breakpoints) > 0
}

// statementLines lists the lines on which a program of this source can stop.
func statementLines(source string) []int {
	fset := token.NewFileSet()
	u, _ := hoistVariables(parseLoosely(fset, "lines", takeCommands(source, false)), 0)
	found := map[int]bool{}
	note := func(p token.Pos) { found[fset.Position(p).Line] = true }
	inside := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt:
				noteAll(n.List, note)
			case *ast.CaseClause:
				noteAll(n.Body, note)
			case *ast.CommClause:
				noteAll(n.Body, note)
			}
			return true
		})
	}
	for _, d := range u.decls {
		inside(d)
	}
	for _, st := range u.steps {
		if st.hoist != nil {
			if len(st.hoist.spec.Values) > 0 {
				note(st.pos())
			}
			inside(st.hoist.spec)
			continue
		}
		noteAll([]ast.Stmt{st.stmt}, note)
		inside(st.stmt)
	}
	return slices.Sorted(maps.Keys(found))
}

// noteAll notes statements, but not the clauses of a switch or select.
func noteAll(list []ast.Stmt, note func(token.Pos)) {
	for _, s := range list {
		switch s.(type) {
		case *ast.CaseClause, *ast.CommClause, *ast.EmptyStmt, *ast.BadStmt:
		default:
			note(s.Pos())
		}
	}
}

// nearest is the line of lines where a breakpoint on line goes: the next, else the
// last. ok is false if there is none.
func nearest(lines []int, line int) (at int, ok bool) {
	if len(lines) == 0 {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(lines, line, func(a, b int) int { return cmp.Compare(a, b) })
	return lines[min(i, len(lines)-1)], true
}
