// Package verify answers from compiled States what a packet would meet: the
// trace of one packet with the reason at each hop, who reaches whom, and what an
// edit changes in that. Nothing here sends packets.
//
// A packet is walked through the States as a dataplane would carry it: out
// filter of the source port, VRF, tunnel and label, the far node's label, in
// filter of the destination port. Where an answer is expected (ICMP, TCP) its
// way back is checked too; filters let it pass, since they know the flow. Among
// next hops that share the load the first stands for all.
//
// This package must not know how States are made, stored or installed.
package verify
