// Package symbols lets notebook cells import this project's packages. All but
// this file and known.go is generated from their exported API; after a change there, run
// `go generate ./cmd/fabricbook/symbols`.
package symbols

//go:generate go run github.com/fabricbook/fabricbook/kernel/interp/bind -package symbols -func generated -o . github.com/fabricbook/fabricbook/runbooks github.com/fabricbook/fabricbook/kernel/display github.com/fabricbook/fabricbook/netlib github.com/fabricbook/fabricbook/netlib/api github.com/fabricbook/fabricbook/dataplane gonum.org/v1/gonum/floats gonum.org/v1/gonum/mat gonum.org/v1/gonum/stat
