// Package sample holds one exported name of each sort.
package sample

// Box is a container.
type Box struct {
	Size   int // in litres
	hidden int
}

// Fill puts amount into the box.
func (b *Box) Fill(amount int, unit string) error { b.hidden += amount; return nil }

// Names is an alias.
type Names = map[string]int

// Generic cannot be bound.
type Generic[T any] struct{ V T }

type kind int

// Constants of each sort.
const (
	Large         = 1 << 64
	Half          = 0.5
	Greeting      = "hi"
	First    kind = 1
)

// Default is used if there is no other.
var Default = &Box{Size: 1}

// Open makes a box.
func Open(size int) *Box { return &Box{Size: size} }
