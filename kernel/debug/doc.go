// Package debug is the part of a debugger that needs no program: the values of
// the Debug Adapter Protocol as Jupyter carries them (debug_request, debug_reply,
// debug_event), and [Session], which knows what a front end has asked for: whether
// it is attached, the cells that it named, its breakpoints, what has stopped.
//
// What concerns values and stops goes on to a [Target], the engine. The session
// outlives the engine: a fresh one gets the breakpoints of the one that died. The
// package must not know sockets, an interpreter, or how secrets are masked.
package debug
