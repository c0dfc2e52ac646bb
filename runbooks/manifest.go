package runbooks

import (
	"errors"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/manifest"
)

// LoadText is Load of a fabric file's content; name stands for it in errors.
func (f *Fabric) LoadText(text []byte, name string) *Plan {
	edit, err := manifest.Decode(text, name)
	must("load "+name, err)
	return &Plan{fabric: f, title: name, edit: edit, source: text}
}

// place adds to each problem where in the plan's file it comes from.
func (p *Plan) place(problems []netlib.Problem) []netlib.Problem {
	var placed *netlib.Error
	if p.source == nil || !errors.As(manifest.Annotate(p.source, p.title, &netlib.Error{Problems: problems}), &placed) {
		return problems
	}
	return placed.Problems
}
