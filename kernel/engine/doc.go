// Package engine is the waist between the Jupyter protocol and whatever runs Go
// code: plain values and one interface. kernel/interp is the engine of this
// project; kernel/worker puts any engine into a process of its own. It must not
// know the protocol, sockets or an interpreter.
package engine
