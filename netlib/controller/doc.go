// Package controller joins store, compile and agents, and serves the API.
//
// One goroutine, the loop, owns the compiled fabric: it takes each revision from
// the store, compiles the increment, publishes the result and hands every changed
// node its State. Readers use what is published and never wait for the loop. Any
// number of controllers on one store compute the same.
//
// This package must not know how packets are forwarded (dataplane's planes) or
// how intent is stored (etcd).
package controller
