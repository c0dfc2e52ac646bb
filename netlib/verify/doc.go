// Package verify answers from the compiled States what a packet would meet: the
// trace of one packet with the reason at each hop, who reaches whom, and what an
// edit changes in that. Nothing here sends packets.
package verify
