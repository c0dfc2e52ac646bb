// Package runbooks is the language of the notebook cells: few verbs and plain
// nouns of the field, made to be dot-imported.
//
//	import . "github.com/fabricbook/fabricbook/runbooks"
//
//	fab := Connect()
//	fab.Plan("web").Segment("dc-web-network", "10.0.11.0/24")
//
// Every value shows itself: HTML() in a notebook, String() in a terminal, which
// the command line prints too, and SVG() where a person would draw. Looking
// never changes the fabric; only [Plan.Apply] does, and a cell may run twice.
//
// A verb that fails ends its cell: it panics with an [*Error] that says what,
// where and what to do. A program that wants the error calls the verb in [Try].
// That a workload cannot be reached is an answer, not a failure.
//
// Names of types, methods and functions are bound into an interpreter by
// reflection, so nothing exported is generic or an alias. The package must not
// know how the controller computes or stores anything, nor the Jupyter protocol.
package runbooks
