//go:build !race

package interp_test

// slowness is by how much the race detector slows cells down.
const slowness = 1
