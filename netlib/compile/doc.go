// Package compile turns intent and learned routes into what each node forwards.
// It is pure and incremental. It must not know how a State is installed or sent.
package compile
