package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fabricbook/fabricbook/netlib"
)

// Problem is one thing wrong in a file. Line and Column count from 1; they are 0
// where the place is not known.
type Problem struct {
	netlib.Problem
	File   string
	Line   int
	Column int
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.place())
	if p.Field != "" {
		b.WriteString(": " + p.Field)
	}
	b.WriteString(": " + p.Detail)
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// place is FILE:LINE:COLUMN, as editors and terminals follow it.
func (p Problem) place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is every problem found in a file, in the order of the file. It can be
// taken for a *netlib.Error by errors.As, whose problems then have their Place.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	s := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		s[i] = p.String()
	}
	return strings.Join(s, "\n")
}

// As lets errors.As see a *netlib.Error.
func (e *Error) As(target any) bool {
	t, ok := target.(**netlib.Error)
	if !ok {
		return false
	}
	*t = &netlib.Error{}
	for _, p := range e.Problems {
		q := p.Problem
		q.Place = p.place()
		(*t).Problems = append((*t).Problems, q)
	}
	return true
}

// Annotate adds file, line and column to the problems that applying the edit in
// data brought up. Other errors come back as they are.
func Annotate(data []byte, name string, err error) error {
	var found *netlib.Error
	if !errors.As(err, &found) {
		return err
	}
	root, _ := parse(data, name)
	find := &places{root, map[*ast.SequenceNode]map[string]ast.Node{}}
	out := &Error{}
	for _, p := range found.Problems {
		q := Problem{Problem: p, File: name}
		if n := find.locate(p.Field); n != nil {
			q.Line, q.Column = position(n)
		}
		out.Problems = append(out.Problems, q)
	}
	return out
}
