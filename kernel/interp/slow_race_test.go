//go:build race

package interp_test

const slowness = 20
