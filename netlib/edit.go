package netlib

import "strings"

// Edit is a change of intent: objects to create or replace and names to delete.
// It is also the form of a fabric file (`fabricbook apply -f`), where Delete is
// usually absent. An Edit applies as a whole or not at all.
type Edit struct {
	Nodes    []Node          `json:"nodes,omitempty"`
	Segments []Segment       `json:"segments,omitempty"`
	Routers  []Router        `json:"routers,omitempty"`
	Groups   []SecurityGroup `json:"securityGroups,omitempty"`
	Ports    []Port          `json:"ports,omitempty"`
	Gateways []Gateway       `json:"gateways,omitempty"`
	Delete   []Ref           `json:"delete,omitempty"`
}

// Kind names a kind of object as the API and files do.
type Kind string

// Kinds in the order in which they may refer to earlier ones.
const (
	KindNode    Kind = "node"
	KindGroup   Kind = "securityGroup"
	KindSegment Kind = "segment"
	KindRouter  Kind = "router"
	KindPort    Kind = "port"
	KindGateway Kind = "gateway"
)

// Ref names one object.
type Ref struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Problem is one thing wrong with an edit: the field, what is wrong, what to do.
type Problem struct {
	Field  string `json:"field"`           // as in the file: segments[dc-web].subnets[0]
	Detail string `json:"detail"`          // 10.0.11.0/24 overlaps segment "lab" (10.0.0.0/16)
	Fix    string `json:"fix"`             // choose another prefix or delete "lab"
	Place  string `json:"place,omitempty"` // fabric.yaml:12:5, where it was read from a file
}

// Error is every problem found in an edit. Nothing of the edit was applied.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line, each with its fix.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Field + ": " + p.Detail)
		if p.Fix != "" {
			b.WriteString("; " + p.Fix)
		}
	}
	return b.String()
}
