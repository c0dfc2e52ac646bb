// Package fabrictest makes fabrics for the tests and benchmarks of other
// packages: large ones of a regular shape, and random edits for properties that
// must hold whatever an operator does. It must not be imported by anything else.
package fabrictest
