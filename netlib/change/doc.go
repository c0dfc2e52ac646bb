// Package change computes plans: what an edit would do to the objects of the
// intent, to the State of each node and to who reaches whom; and it decides
// whether a plan that comes back may still be applied.
//
// Everything here is pure. It must not know how intent is stored (store) or how
// a change reaches the nodes (controller).
package change
