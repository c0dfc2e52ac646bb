// Package netlib holds the intent of a fabric as plain values (segments,
// routers, security groups, ports, nodes, gateways) with their validation, the
// edits that change it, and the assignment of what the operator leaves open:
// addresses, labels, identifiers.
//
// # What Edit.Apply sees to
//
// Names are those of DNS labels, unique within their kind; ports and the hosts
// behind gateways share one space of names, as do nodes and gateways.
//
// Addresses: IPv4 only so far; IPv6 is refused wherever it is written. A subnet
// has a length from /8 to /29; its .1 is the gateway, .2 the service address, and
// workloads get the lowest free address from .3 on, in the first subnet that has
// one.
//
// Subnets must not overlap within a segment, nor between segments of which one
// VRF gets the routes: segments that a router joins, or that import each other's
// route targets, or that a third one imports. Segments that share no route may
// use the same addresses, as tenants do; the problem then comes up with the edit
// that would join them. A gateway's static route must not lead into a subnet of a
// segment that imports it; a wider one may.
//
// The operator's route targets with the fabric's own ASN lie below
// FirstAutomatic; what is above, the fabric gives out itself.
//
// What others refer to cannot be deleted, unless the same edit changes or deletes
// these too. Deleting what is not there is no error, so that a deletion can be
// repeated. An object that is given as it is changes nothing; one that is given
// anew replaces the present one as a whole but keeps its identifier, address and
// label where it leaves these open and they still fit.
//
// Identifiers and labels go round: one that was given back is used again only
// after all others (Fabric.Next holds the place), so that a stale label does not
// lead into another VRF.
//
// Everything here is pure. It must not know how intent is stored (store), turned
// into forwarding (compile) or served (controller).
package netlib
