package runbooks

import (
	"errors"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/netlib/manifest"
)

// LoadText is Load of a fabric file's content; name stands for it in errors.
func (f *Fabric) LoadText(text []byte, name string) *Plan {
	f.mustBeConnected("load " + name)
	edit, err := manifest.Decode(text, name)
	must("load "+name, err)
	return &Plan{fabric: f, title: name, edit: edit, source: text}
}

// place adds to each problem of an edit that was refused where in the plan's file it
// comes from.
func (p *Plan) place(e *Error) {
	var refused *client.Error
	if p.source == nil || !errors.As(e.Err, &refused) || refused.Problem.Type != api.ProblemInvalid {
		return
	}
	var placed *netlib.Error
	if errors.As(manifest.Annotate(p.source, p.title, &netlib.Error{Problems: e.Problems}), &placed) {
		e.Problems = placed.Problems
	}
}
