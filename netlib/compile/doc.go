// Package compile turns intent and learned routes into what each node forwards.
//
// It is pure and incremental: one function makes a result from the one before
// and the edit between them, and Full is that function from an empty result. The
// stages, each of which reuses what the edit does not touch:
//
//	topology  which VRF imports from which sources, by route targets; VRFs that
//	          import from the same sources form one class
//	source    the VPN routes that one segment, one gateway VRF or one set of
//	          learned routes originates
//	view      what the VRFs of a class see: a table of paths, and the members
//	          of security groups that rules name
//	node      its own ports, labels and filters, and for each class the routes
//	          as seen from it
//
// All VRFs of one class on one node share one slice of routes, and unchanged
// nodes share everything with the result before.
//
// A VRF holds a host route for each workload that it can reach, and an
// unreachable route for each subnet that these lie in, so that a packet to an
// address that nobody has does not leave the fabric by a default route. A node
// has a VRF for each segment that has a port on it, no others.
//
// A gateway's State is what the external router forwards as far as the fabric
// knows: one VRF for each distinct set of targets, its static routes as ports
// without filters, the fabric's workloads by tunnel and label.
//
// This package must not know how a State is installed or sent.
package compile
