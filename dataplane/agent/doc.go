// Package agent is one node's loop: it takes States and probes from a Link,
// applies the newest State to the node's Plane, and reports what came of it with
// health, liveness and counters.
//
// It must not know who computes States, how a Link reaches them, or how a Plane
// forwards.
package agent
