package runbooks

import (
	"fmt"
	"io"

	"github.com/fabricbook/fabricbook/runbooks/show"
)

// WriteText writes a value's text and a line end, however long it is. A value's
// String() is the same but leaves out the end of long lists, as notebooks want.
func WriteText(w io.Writer, value fmt.Stringer) error {
	if v, ok := value.(interface{ card() show.Card }); ok {
		_, err := fmt.Fprintln(w, v.card().WholeText())
		return err
	}
	_, err := fmt.Fprintln(w, value)
	return err
}
