// Package sim is a dataplane in memory. Each node is a Plane that forwards real
// IPv4 packets byte for byte: security groups, reverse-path check, VRF lookup,
// MPLS label (RFC 3032) in GRE (RFC 2784, RFC 4023) to the next node, label to
// VRF, and a small host behind every port that answers ICMP, TCP and UDP.
//
// Everything that a packet sets off is done, in order, by the goroutine that sent
// it, one node's lock at a time. So there is no waiting: an answer that is not
// there when the work is done will never come. Ports are layer 3: there is no
// ARP, and IPv6 is refused.
//
// It must not know where States come from, nor how a real kernel installs them.
package sim
