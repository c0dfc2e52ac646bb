// Package worker runs any engine.Engine in a child process of the same binary,
// so that what is fatal in Go itself (a concurrent map write, a stack overflow,
// memory gone, a crash in native code) ends the cell and not the kernel.
//
// The program calls Main when its first argument is Command; Factory wraps the
// starting of such a child as an engine.Factory. Parent and child talk over
// inherited pipes. The child's standard output and error are pipes too: what
// host code prints there becomes the output of the running cell, in order with
// what the engine reports.
//
// The package knows neither the Jupyter protocol nor what engine it carries.
package worker
