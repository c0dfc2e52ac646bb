package notebooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a notebook of nbformat 4.0 to 4.5. Files older than 4.5 get cell
// ids, the same at each reading. Metadata that is not known is kept; structure
// that the format does not allow is an *Error with the place.
func Parse(data []byte) (Notebook, error) {
	if !utf8.Valid(data) {
		return Notebook{}, errAt("", "the file is not UTF-8 text")
	}
	tree, err := decode(data)
	if err != nil {
		return Notebook{}, err
	}
	minor, verr := version(tree)
	if verr != nil {
		return Notebook{}, verr
	}
	nb, perr := read(tree, minor)
	if perr != nil {
		return Notebook{}, perr
	}
	return nb, nil
}

func decode(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, errAt("", "the file is not JSON: %s", place(data, err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errAt("", "the file holds more than one JSON value")
	}
	tree, ok := v.(map[string]any)
	if !ok {
		return nil, errAt("", "the file is %s; want an object with cells", kindOf(v))
	}
	return tree, nil
}

// place adds line and column to a JSON syntax error.
func place(data []byte, err error) string {
	var syntax *json.SyntaxError
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	if !errors.As(err, &syntax) {
		return err.Error()
	}
	before := data[:min(max(syntax.Offset-1, 0), int64(len(data)))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d: %v", line, column, err)
}

func version(tree map[string]any) (minor int, err *Error) {
	major, err := count("nbformat", tree["nbformat"])
	if err == nil && major == nil {
		err = errAt("nbformat", "is missing; this is no notebook")
	}
	if err != nil {
		return 0, err
	}
	m, err := count("nbformat_minor", tree["nbformat_minor"])
	if err == nil && m == nil {
		err = errAt("nbformat_minor", "is missing")
	}
	if err != nil {
		return 0, err
	}
	if *major != Major {
		return 0, errAt("nbformat", "version %d is not supported; open the file in JupyterLab and save it, which makes it version %d", *major, Major)
	}
	if *m > Minor {
		return 0, errAt("nbformat_minor", "version %d.%d is newer than %d.%d, the newest known here", *major, *m, Major, Minor)
	}
	return *m, nil
}

// read builds the notebook from the decoded file.
func read(tree map[string]any, minor int) (Notebook, *Error) {
	if err := onlyFields("", tree, "metadata", "nbformat", "nbformat_minor", "cells"); err != nil {
		return Notebook{}, err
	}
	meta, err := object("metadata", tree, notebookMetadata)
	if err != nil {
		return Notebook{}, err
	}
	list, ok := tree["cells"].([]any)
	if !ok {
		return Notebook{}, want("an array", "cells", tree["cells"])
	}
	nb := Notebook{Metadata: meta.Without("orig_nbformat", "orig_nbformat_minor", "signature"), Cells: make([]Cell, len(list))}
	taken := map[string]int{}
	for i, v := range list {
		if nb.Cells[i], err = readCell(v, minor); err == nil {
			err = takeID(nb.Cells[i].ID, i, taken)
		}
		if err != nil {
			err.Cell = i
			return Notebook{}, err
		}
	}
	for i := range nb.Cells {
		if nb.Cells[i].ID == "" {
			nb.Cells[i].ID = derivedID(i, nb.Cells[i], taken)
			taken[nb.Cells[i].ID] = i
		}
	}
	return nb, nil
}

func takeID(id string, index int, taken map[string]int) *Error {
	if first, ok := taken[id]; ok && id != "" {
		return errAt("id", "%q is already the id of cells[%d]; ids must be unique", id, first)
	}
	if id != "" {
		taken[id] = index
	}
	return nil
}

func readCell(v any, minor int) (c Cell, err *Error) {
	obj, ok := v.(map[string]any)
	if !ok {
		return c, want("an object", "", v)
	}
	kind, ok := obj["cell_type"].(string)
	c.Type = CellType(kind)
	check, known := cellMetadata[c.Type]
	switch {
	case !ok:
		return c, want("a string", "cell_type", obj["cell_type"])
	case !known:
		return c, errAt("cell_type", "unknown type %q; want markdown, code or raw", kind)
	}
	allowed := []string{"id", "cell_type", "metadata", "source", "attachments"}
	if c.Type == Code {
		allowed = []string{"id", "cell_type", "metadata", "source", "outputs", "execution_count"}
	}
	if err = onlyFields("", obj, allowed...); err != nil {
		return c, err
	}
	if c.ID, err = readID(obj, minor); err != nil {
		return c, err
	}
	if c.Metadata, err = object("metadata", obj, check); err != nil {
		return c, err
	}
	c.Metadata = c.Metadata.Without("trusted")
	if c.Source, err = multiline("source", obj["source"]); err != nil {
		return c, err
	}
	if c.Type == Code {
		return c, readRun(obj, &c)
	}
	c.Attachments, err = readAttachments(obj)
	return c, err
}

func readID(obj map[string]any, minor int) (string, *Error) {
	v, ok := obj["id"]
	if !ok && minor < 5 {
		return "", nil
	}
	id, isString := v.(string)
	switch {
	case !ok:
		return "", errAt("id", "is missing; nbformat 4.5 wants one for each cell")
	case !isString:
		return "", want("a string", "id", v)
	case !validID(id):
		return "", errAt("id", "%s is not 1 to 64 of the characters a-z, A-Z, 0-9, - and _", excerpt(id))
	}
	return id, nil
}

func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// readRun reads what a run leaves in a code cell.
func readRun(obj map[string]any, c *Cell) (err *Error) {
	v, ok := obj["execution_count"]
	if !ok {
		return errAt("execution_count", "is missing; use null for a cell that was not run")
	}
	if c.ExecutionCount, err = count("execution_count", v); err != nil {
		return err
	}
	list, ok := obj["outputs"].([]any)
	if !ok {
		return want("an array", "outputs", obj["outputs"])
	}
	for i, v := range list {
		o, err := readOutput(item("outputs", i), v)
		if err != nil {
			return err
		}
		c.Outputs = append(c.Outputs, o)
	}
	return nil
}

func readOutput(path string, v any) (o Output, err *Error) {
	obj, ok := v.(map[string]any)
	if !ok {
		return o, want("an object", path, v)
	}
	kind, ok := obj["output_type"].(string)
	if !ok {
		return o, want("a string", join(path, "output_type"), obj["output_type"])
	}
	o.Type = OutputType(kind)
	switch o.Type {
	case Stream:
		return o, readStream(path, obj, &o)
	case DisplayData, ExecuteResult:
		return o, readData(path, obj, &o)
	case ErrorOutput:
		return o, readError(path, obj, &o)
	}
	return o, errAt(join(path, "output_type"), "unknown type %q; want stream, display_data, execute_result or error", kind)
}

func readStream(path string, obj map[string]any, o *Output) (err *Error) {
	if err = onlyFields(path, obj, "output_type", "name", "text"); err != nil {
		return err
	}
	if err = isString(join(path, "name"), obj["name"]); err != nil {
		return err
	}
	o.Name = obj["name"].(string)
	o.Text, err = multiline(join(path, "text"), obj["text"])
	return err
}

func readData(path string, obj map[string]any, o *Output) (err *Error) {
	allowed := []string{"output_type", "data", "metadata"}
	if o.Type == ExecuteResult {
		allowed = append(allowed, "execution_count")
		v, ok := obj["execution_count"]
		if !ok {
			return errAt(join(path, "execution_count"), "is missing; use null where it is not known")
		}
		if o.ExecutionCount, err = count(join(path, "execution_count"), v); err != nil {
			return err
		}
	}
	if err = onlyFields(path, obj, allowed...); err != nil {
		return err
	}
	if o.Data, err = bundle(join(path, "data"), obj["data"]); err != nil {
		return err
	}
	meta, ok := asObject(obj["metadata"])
	if !ok {
		return want("an object", join(path, "metadata"), obj["metadata"])
	}
	o.Metadata = meta
	return nil
}

func readError(path string, obj map[string]any, o *Output) *Error {
	if err := onlyFields(path, obj, "output_type", "ename", "evalue", "traceback"); err != nil {
		return err
	}
	for _, name := range []string{"ename", "evalue"} {
		if err := isString(join(path, name), obj[name]); err != nil {
			return err
		}
	}
	o.EName, o.EValue = obj["ename"].(string), obj["evalue"].(string)
	list, ok := obj["traceback"].([]any)
	if !ok {
		return want("an array of strings", join(path, "traceback"), obj["traceback"])
	}
	for i, v := range list {
		line, ok := v.(string)
		if !ok {
			return want("a string", item(join(path, "traceback"), i), v)
		}
		o.Traceback = append(o.Traceback, line)
	}
	return nil
}

func readAttachments(obj map[string]any) (map[string]Object, *Error) {
	v, ok := obj["attachments"]
	if !ok {
		return nil, nil
	}
	files, ok := asObject(v)
	if !ok {
		return nil, want("an object", "attachments", v)
	}
	out := make(map[string]Object, len(files))
	for _, name := range sortedKeys(files) {
		b, err := bundle(join("attachments", fmt.Sprintf("%q", name)), files[name])
		if err != nil {
			return nil, err
		}
		out[name] = b
	}
	return out, nil
}

// bundle reads a MIME bundle: text for every type but JSON ones.
func bundle(path string, v any) (Object, *Error) {
	data, ok := asObject(v)
	if !ok {
		return nil, want("an object by MIME type", path, v)
	}
	out := make(Object, len(data))
	for _, mime := range sortedKeys(data) {
		if IsJSON(mime) {
			out[mime] = data[mime]
			continue
		}
		text, err := multiline(join(path, fmt.Sprintf("%q", mime)), data[mime])
		if err != nil {
			return nil, err
		}
		out[mime] = text
	}
	return out, nil
}

// IsJSON reports whether a MIME type's data is a JSON value and not text.
func IsJSON(mime string) bool {
	rest, ok := strings.CutPrefix(mime, "application/")
	return ok && (rest == "json" || strings.HasSuffix(rest, "+json") && !strings.Contains(rest, "\n"))
}

// multiline reads a string or an array of strings that together make it.
func multiline(path string, v any) (string, *Error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []any:
		var b strings.Builder
		for i, line := range v {
			s, ok := line.(string)
			if !ok {
				return "", want("a string", item(path, i), line)
			}
			b.WriteString(s)
		}
		return b.String(), nil
	}
	return "", want("a string or an array of strings", path, v)
}

func object(name string, in map[string]any, check shape) (Object, *Error) {
	v, ok := in[name]
	if !ok {
		return nil, errAt(name, "is missing")
	}
	if err := check(name, v); err != nil {
		return nil, err
	}
	obj, _ := asObject(v)
	return obj, nil
}

func onlyFields(path string, obj map[string]any, allowed ...string) *Error {
	for _, k := range sortedKeys(obj) {
		if !slices.Contains(allowed, k) {
			return errAt(path, "field %s is not part of the format; want only %s", excerpt(k), strings.Join(allowed, ", "))
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
