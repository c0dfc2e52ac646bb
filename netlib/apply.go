package netlib

import "errors"

// Apply validates e against f as a whole, assigns what the operator left open
// (addresses, labels, identifiers) and returns the new fabric with the next
// Revision, together with the edit completed with what was assigned. f is not
// changed. The error is an *Error with every problem found.
func (e Edit) Apply(f Fabric) (Fabric, Edit, error) {
	return f, e, errors.New("netlib: being built")
}
