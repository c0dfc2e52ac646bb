package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/verify"
)

// What a plan shows at most; beyond it, it counts.
const (
	maxFlows = 1000 // of the whole plan
	maxLines = 50   // of one node
)

// Plan computes what an edit would do to the fabric that c was compiled from. The
// error is a *netlib.Error where the edit is wrong. An edit that changes nothing
// gives an empty plan.
func Plan(c *compile.Compiled, req api.PlanRequest) (api.Plan, error) {
	before := c.Fabric()
	after, edit, err := req.Edit.Apply(before)
	if err != nil {
		return api.Plan{}, err
	}
	p := api.Plan{Title: req.Title, Base: before.Revision, Edit: edit}
	if p.Hash, err = Hash(p.Base, p.Edit); err != nil {
		return api.Plan{}, err
	}
	if edit.Empty() {
		return p, nil
	}
	next, changed := c.Next(after, edit)
	p.Objects = objects(before, edit)
	p.Nodes = nodes(c, next, changed)
	p.Flows, p.FlowsCut = verify.Flows(c, next, maxFlows)
	return p, nil
}

// StaleError says that a plan was made for an intent that has moved on since.
type StaleError struct {
	Base    uint64 // of the plan
	Present uint64 // revision of the intent
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("the plan was made for revision %d, but the intent is at revision %d: plan the same edit again, review it, and apply that", e.Base, e.Present)
}

// TamperedError says that a plan is not the one that was computed.
type TamperedError struct{}

func (e *TamperedError) Error() string {
	return "the plan's hash does not match its base and edit: it was altered since it was computed; plan the edit again, review it, and apply that as it is"
}

// Check decides whether p may be applied to the fabric that c was compiled from,
// and returns the fabric after it with the edit to store. The error is a
// *StaleError, a *TamperedError or a *netlib.Error.
func Check(c *compile.Compiled, p api.Plan) (netlib.Fabric, netlib.Edit, error) {
	before := c.Fabric()
	hash, err := Hash(p.Base, p.Edit)
	if err != nil {
		return before, netlib.Edit{}, err
	}
	if hash != p.Hash {
		return before, netlib.Edit{}, &TamperedError{}
	}
	if p.Base != before.Revision {
		return before, netlib.Edit{}, &StaleError{Base: p.Base, Present: before.Revision}
	}
	return p.Edit.Apply(before)
}

// Hash is what stands for a plan: the SHA-256 of its base and edit as JSON, in
// hex. Two plans of one hash do the same.
func Hash(base uint64, e netlib.Edit) (string, error) {
	data, err := json.Marshal(struct {
		Base uint64      `json:"base"`
		Edit netlib.Edit `json:"edit"`
	}{base, e})
	if err != nil {
		return "", fmt.Errorf("hash of a plan: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// nodes compares the State of each changed node.
func nodes(before, after *compile.Compiled, changed []string) []api.NodeChange {
	out := make([]api.NodeChange, 0, len(changed))
	for _, name := range changed {
		was, _ := before.State(name)
		will, _ := after.State(name)
		d := dataplane.Diff(was, will)
		n := api.NodeChange{Node: name, Lines: d.Lines()}
		n.Adds, n.Dels = d.Count()
		if len(n.Lines) > maxLines {
			n.Cut = len(n.Lines) - maxLines
			n.Lines = append([]string(nil), n.Lines[:maxLines]...) // lets go of the rest
		}
		out = append(out, n)
	}
	return out
}
