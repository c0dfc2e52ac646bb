package sim

import (
	"context"
	"errors"
	"net/netip"

	"github.com/fabricbook/fabricbook/dataplane"
)

// Fabric is the simulated underlay that nodes are attached to.
type Fabric struct{}

// New makes an underlay without nodes.
func New() *Fabric { return &Fabric{} }

// Start attaches a node by its tunnel address. Closing the Plane detaches it. The
// Plane is also a dataplane.Prober and dataplane.Counting.
func (f *Fabric) Start(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error) {
	return nil, errors.New("sim: under construction")
}
