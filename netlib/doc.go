// Package netlib holds the intent of a fabric as plain values (segments,
// routers, security groups, ports, nodes, gateways) with their validation, the
// edits that change it, and the assignment of what the operator leaves open:
// addresses, labels, identifiers.
//
// Everything here is pure. It must not know how intent is stored (store), turned
// into forwarding (compile) or served (controller).
package netlib
