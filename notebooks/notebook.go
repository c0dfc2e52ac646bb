package notebooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The version of the format that Parse upgrades to and Encode writes.
const (
	Major = 4
	Minor = 5
)

// Tags with a meaning to runners and to Inject.
const (
	TagParameters = "parameters"          // the cell that declares parameters and their defaults
	TagInjected   = "injected-parameters" // the cell that Inject made
	TagSkip       = "skip-execution"      // not run headless
	TagRaises     = "raises-exception"    // may fail without ending the run
)

// Notebook is a whole document. Values that Parse, Inject and the like return
// may share cells and maps with those that they came from: treat maps and slices
// as read-only and change copies.
type Notebook struct {
	Metadata Object
	Cells    []Cell
}

// Object is a JSON object. Numbers in it are json.Number after Parse.
type Object map[string]any

// CellType is the kind of a cell.
type CellType string

// Kinds of cells.
const (
	Markdown CellType = "markdown"
	Code     CellType = "code"
	Raw      CellType = "raw"
)

// Cell is one cell. Outputs and ExecutionCount belong to code cells,
// Attachments to the others.
type Cell struct {
	ID             string // 1 to 64 of a-z A-Z 0-9 - _, unique within the notebook
	Type           CellType
	Source         string
	Metadata       Object
	Attachments    map[string]Object // MIME bundles by file name
	Outputs        []Output
	ExecutionCount *int // nil: was not run
}

// OutputType is the kind of an output.
type OutputType string

// Kinds of outputs.
const (
	Stream        OutputType = "stream"
	DisplayData   OutputType = "display_data"
	ExecuteResult OutputType = "execute_result"
	ErrorOutput   OutputType = "error"
)

// Output is one output of a code cell. The fields after Type are grouped by the
// types that use them; the others stay empty.
type Output struct {
	Type OutputType

	Name string // Stream: "stdout" or "stderr"
	Text string

	Data     Object // DisplayData, ExecuteResult: strings, for JSON MIME types any value
	Metadata Object

	ExecutionCount *int // ExecuteResult

	EName     string // ErrorOutput
	EValue    string
	Traceback []string
}

// MarkdownCell makes a Markdown cell.
func MarkdownCell(id, source string) Cell {
	return Cell{ID: id, Type: Markdown, Source: source}
}

// CodeCell makes a code cell that was not run.
func CodeCell(id, source string, tags ...string) Cell {
	c := Cell{ID: id, Type: Code, Source: source}
	if len(tags) > 0 {
		c.Metadata = Object{"tags": anySlice(tags)}
	}
	return c
}

// Tags returns the cell's tags in their order.
func (c Cell) Tags() []string {
	var tags []string
	switch list := c.Metadata["tags"].(type) {
	case []any:
		for _, t := range list {
			if s, ok := t.(string); ok {
				tags = append(tags, s)
			}
		}
	case []string:
		tags = slices.Clone(list)
	}
	return tags
}

// HasTag reports whether the cell carries a tag.
func (c Cell) HasTag(tag string) bool { return slices.Contains(c.Tags(), tag) }

// With returns a copy of the object with one more field.
func (o Object) With(key string, value any) Object {
	n := maps.Clone(o)
	if n == nil {
		n = Object{}
	}
	n[key] = value
	return n
}

// Without returns the object, copied if need be, without the fields.
func (o Object) Without(keys ...string) Object {
	n := o
	for _, k := range keys {
		if _, ok := o[k]; !ok {
			continue
		}
		if len(n) == len(o) {
			n = maps.Clone(o)
		}
		delete(n, k)
	}
	return n
}

// Title is the notebook's metadata title, else its first Markdown heading, else
// empty.
func (nb Notebook) Title() string {
	if s, ok := nb.Metadata["title"].(string); ok && s != "" {
		return s
	}
	for _, c := range nb.Cells {
		if c.Type != Markdown {
			continue
		}
		for line := range strings.Lines(c.Source) {
			if t, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok {
				return strings.TrimSpace(strings.TrimLeft(t, "#"))
			}
		}
	}
	return ""
}

// Cleared returns the notebook as if it had never been run: without outputs,
// execution counts and times.
func (nb Notebook) Cleared() Notebook {
	cells := slices.Clone(nb.Cells)
	for i := range cells {
		if cells[i].Type == Code {
			cells[i].Outputs, cells[i].ExecutionCount = nil, nil
			cells[i].Metadata = cells[i].Metadata.Without("execution")
		}
	}
	return Notebook{Metadata: nb.Metadata, Cells: cells}
}

// NewID returns hint if no cell has that id yet, else hint with a number. hint
// must be a valid id of at most 50 bytes.
func (nb Notebook) NewID(hint string) string {
	id := hint
	for n := 2; nb.index(id) >= 0; n++ {
		id = hint + "-" + strconv.Itoa(n)
	}
	return id
}

// index finds a cell by id, -1 if there is none.
func (nb Notebook) index(id string) int {
	return slices.IndexFunc(nb.Cells, func(c Cell) bool { return c.ID == id })
}

// derivedID makes an id for the cell at index of a file that has none. The same
// file gives the same ids.
func derivedID(index int, c Cell, taken map[string]int) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%d\x00%s\x00%s", index, n, c.Type, c.Source))
		id := hex.EncodeToString(sum[:4])
		if _, ok := taken[id]; !ok {
			return id
		}
	}
}

func anySlice(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
