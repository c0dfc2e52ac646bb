package compile

import (
	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/l3vpn"
)

// Compiled is the result: immutable, safe for concurrent use, sharing structure
// with the result that it was made from.
type Compiled struct{ fabric netlib.Fabric }

// Full compiles a fabric from nothing.
func Full(f netlib.Fabric, learned []l3vpn.Route) *Compiled { return &Compiled{fabric: f} }

// Next compiles f, which is the result of e applied to c's fabric, at a cost
// that follows the edit. Changed names the nodes and gateways whose State
// differs, sorted.
func (c *Compiled) Next(f netlib.Fabric, e netlib.Edit) (next *Compiled, changed []string) {
	return &Compiled{fabric: f}, nil
}

// State is what one node forwards, or what an external router does.
func (c *Compiled) State(node string) (dataplane.State, bool) { return dataplane.State{}, false }

// Nodes are the names of the nodes, sorted.
func (c *Compiled) Nodes() []string { return nil }

// Gateways are the names of the gateways, sorted.
func (c *Compiled) Gateways() []string { return nil }

// Fabric is the intent that was compiled.
func (c *Compiled) Fabric() netlib.Fabric { return c.fabric }

// Routes are all VPN routes: originated by ports and gateways, and learned.
func (c *Compiled) Routes() []l3vpn.Route { return nil }

// Table is a segment's VRF as every node sees it.
func (c *Compiled) Table(segment string) (l3vpn.Table, bool) { return l3vpn.Table{}, false }
