// Package planetest is the one suite that every dataplane.Plane must pass, a
// simulated one and a real kernel alike. It knows planes by their interfaces only:
// what it asserts, it learns by probes, counters and Read.
package planetest
