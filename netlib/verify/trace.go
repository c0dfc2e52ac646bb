package verify

import (
	"errors"

	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// Trace follows one packet and its answer.
func Trace(c *compile.Compiled, req api.ProbeRequest) (api.Trace, error) {
	return api.Trace{}, errors.New("verify: being built")
}

// Matrix tells who reaches whom.
func Matrix(c *compile.Compiled, req api.MatrixRequest) (api.Matrix, error) {
	return api.Matrix{}, errors.New("verify: being built")
}

// Flows lists who newly can or no longer can talk, at most limit of them; cut is
// how many more there are.
func Flows(before, after *compile.Compiled, limit int) (changes []api.FlowChange, cut int) {
	return nil, 0
}
