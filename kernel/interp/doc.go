// Package interp is the Go interpreter behind the notebook kernel: ixgo with a
// session layer of our own, which keeps live values from cell to cell.
package interp

import (
	_ "github.com/goplus/ixgo"
	_ "github.com/goplus/ixgo/pkg/fmt"
)
