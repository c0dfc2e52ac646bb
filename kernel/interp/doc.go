// Package interp is the Go interpreter behind the notebook kernel: an
// [engine.Engine] on the ixgo engine with a session layer of our own, which
// keeps live values from cell to cell.
//
// A cell passes these steps, each in a file of its own:
//
//	commands lines that are no Go ("$ ls", "%cd") to calls of functions
//	split    the source into top-level declarations and statements
//	parse    both halves into syntax trees with the cell's own positions
//	check    names and types against what the session knows
//	rewrite  trees: unique names, safepoints, goroutines that cannot end the process
//	lower    top-level variables to package variables that outlive the cell
//	build    SSA of the cell and of what it reaches, and an interpreter for it
//	run      on a goroutine that can be stopped, with its output attributed
//
// Cells run beside each other and beside goroutines of earlier ones; task and tasks
// (task.go) know which goroutine belongs to which cell, and stop one cell alone.
// Around that stand four more groups of files:
//
//	look, spot, expect, complete, inspect   what is asked of a cell that is being written
//	excerpt, syntax, hints, nearest, frames what went wrong, where, and what to do
//	debug, hold, values, stops, instrument  looking at values, and stopping at breakpoints
//	newinterp, quicken, share, methods,     where ixgo does too little, by its private parts:
//	methodtables, madetypes, nilmap,        TestEngineInternals pins them to its version
//	assert, convert, defers, locks, panics,
//	phis, extreme, faults, unwind
//
// The packages that cells may import are handed in as [Package] values (see
// bind, which generates them); the common ones of the standard library are
// there always. Nothing needs a Go tool chain at run time. The package must not
// know the Jupyter protocol, nor what the handed packages are about.
package interp
