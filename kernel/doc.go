// Package kernel is a Jupyter kernel: it speaks the messaging protocol on five
// sockets and gives cells to an engine.Engine.
//
// Serve runs one kernel from a connection file. Each socket has its reader;
// readers never wait for a cell. A table says how a request is served: at once
// by the reader, on the goroutine of the questions to the engine (completion,
// inspection), or in the queue of a shell, which runs one cell after the other. Cells
// of two shells run at the same time, in one session.
// Output goes through one lock to iopub, so that its order is that in which it
// was made, and streams are gathered for a moment on the way.
//
// Between a request and the engine stands kernel/safety (guard.go): the journal of
// executions, the runbook's order, and on the way back masked secrets and shortened
// output. Nothing reaches a front end or a file around it.
//
// The package knows neither networks nor which engine runs cells: the engine's
// factory, with its symbols, is handed in. kernel/worker puts an engine into a
// process of its own; an engine that dies is replaced and its cell told why.
package kernel
