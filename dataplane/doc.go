// Package dataplane holds the values that say what one node forwards, and the
// small interface behind which they are made real.
//
// A State is complete: a Plane that is given it forwards exactly that, whatever
// it forwarded before. States are values: sorted, comparable by Diff, never
// changed after they were handed on, and free to share slices with each other.
// This package must not know where a State comes from (netlib) or how it is
// installed (sim, linux).
package dataplane
