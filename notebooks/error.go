package notebooks

import (
	"fmt"
	"strconv"
)

// Error is what is wrong with a notebook and where.
type Error struct {
	Cell   int    // index from 0, -1: not in a cell
	Path   string // within the cell or the notebook: outputs[1].text
	Detail string
}

// Error gives the place as a JSON path, then what is wrong there.
func (e *Error) Error() string {
	path := e.Path
	if e.Cell >= 0 {
		path = join("cells["+strconv.Itoa(e.Cell)+"]", path)
	}
	if path == "" {
		return "notebook: " + e.Detail
	}
	return "notebook: " + path + ": " + e.Detail
}

// join appends a field name or an [index] to a JSON path.
func join(path, next string) string {
	if path == "" || next == "" || next[0] == '[' {
		return path + next
	}
	return path + "." + next
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// kindOf names a decoded JSON value for error messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "true or false"
	case []any:
		return "an array"
	case map[string]any, Object:
		return "an object"
	}
	return "a number"
}

func errAt(path, format string, args ...any) *Error {
	return &Error{Cell: -1, Path: path, Detail: fmt.Sprintf(format, args...)}
}
