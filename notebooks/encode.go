package notebooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode writes the notebook as Jupyter does: keys sorted, one space of indent,
// text split into lines, a final newline, nothing escaped that JSON does not ask
// for. Bytes that are not UTF-8 become U+FFFD. A notebook that Parse would refuse
// is an *Error.
func Encode(nb Notebook) ([]byte, error) {
	tree, err := nb.tree()
	if err != nil {
		return nil, err
	}
	if _, err := read(tree, Minor); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	writeValue(&b, tree, 0)
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Validate reports the first thing that keeps the notebook from being a valid
// file.
func (nb Notebook) Validate() error {
	tree, err := nb.tree()
	if err != nil {
		return err
	}
	if _, err := read(tree, Minor); err != nil {
		return err
	}
	return nil
}

// tree is the file as JSON values.
func (nb Notebook) tree() (map[string]any, error) {
	meta, err := plainObject(nb.Metadata.Without("orig_nbformat", "orig_nbformat_minor", "signature"))
	if err != nil {
		return nil, errAt("metadata", "%v", err)
	}
	cells := make([]any, len(nb.Cells))
	for i, c := range nb.Cells {
		v, err := c.tree()
		if err != nil {
			err.Cell = i
			return nil, err
		}
		cells[i] = v
	}
	return map[string]any{
		"cells":          cells,
		"metadata":       meta,
		"nbformat":       json.Number(strconv.Itoa(Major)),
		"nbformat_minor": json.Number(strconv.Itoa(Minor)),
	}, nil
}

func (c Cell) tree() (map[string]any, *Error) {
	meta, err := plainObject(c.Metadata.Without("trusted"))
	if err != nil {
		return nil, errAt("metadata", "%v", err)
	}
	v := map[string]any{
		"id":        c.ID,
		"cell_type": string(c.Type),
		"metadata":  meta,
		"source":    lines(c.Source),
	}
	if c.Attachments != nil {
		files := map[string]any{}
		for _, name := range sortedKeys(c.Attachments) {
			if files[name], err = bundleTree(c.Attachments[name]); err != nil {
				return nil, errAt(join("attachments", strconv.Quote(name)), "%v", err)
			}
		}
		v["attachments"] = files
	}
	if c.Type != Code {
		return v, nil
	}
	outputs := make([]any, len(c.Outputs))
	for i, o := range c.Outputs {
		if outputs[i], err = o.tree(); err != nil {
			return nil, errAt(item("outputs", i), "%v", err)
		}
	}
	v["outputs"], v["execution_count"] = outputs, countTree(c.ExecutionCount)
	return v, nil
}

func (o Output) tree() (v map[string]any, err error) {
	v = map[string]any{"output_type": string(o.Type)}
	switch o.Type {
	case Stream:
		v["name"], v["text"] = o.Name, lines(o.Text)
	case ErrorOutput:
		v["ename"], v["evalue"], v["traceback"] = o.EName, o.EValue, anySlice(o.Traceback)
	case ExecuteResult, DisplayData:
		if v["data"], err = bundleTree(o.Data); err != nil {
			return nil, err
		}
		if v["metadata"], err = plainObject(o.Metadata); err != nil {
			return nil, err
		}
		if o.Type == ExecuteResult {
			v["execution_count"] = countTree(o.ExecutionCount)
		}
	}
	return v, nil
}

func countTree(n *int) any {
	if n == nil {
		return nil
	}
	return json.Number(strconv.Itoa(*n))
}

func bundleTree(b Object) (map[string]any, error) {
	out := make(map[string]any, len(b))
	for mime, v := range b {
		text, isText := v.(string)
		if isText && !IsJSON(mime) && (strings.HasPrefix(mime, "text/") || mime == "application/javascript" || mime == "image/svg+xml") {
			out[mime] = lines(text)
			continue
		}
		p, err := plain(v)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", mime, err)
		}
		out[mime] = p
	}
	return out, nil
}

func plainObject(o Object) (map[string]any, error) {
	out := make(map[string]any, len(o))
	for k, v := range o {
		p, err := plain(v)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", k, err)
		}
		out[k] = p
	}
	return out, nil
}

// plain turns a Go value into what decoding its JSON gives: nil, bool, string,
// json.Number, []any, map[string]any.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case json.Number:
		if !json.Valid([]byte(v)) {
			return nil, fmt.Errorf("%q is not a number", string(v))
		}
		return v, nil
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case float64:
		return floatTree(v)
	case map[string]any:
		return plainObject(v)
	case Object:
		return plainObject(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			p, err := plain(e)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			out[i] = p
		}
		return out, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out any
	err = dec.Decode(&out)
	return out, err
}

// floatTree writes a float as Python's repr does, since Jupyter's server writes
// the file again on each save.
func floatTree(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v cannot be written as JSON", f)
	}
	if f != 0 && (math.Abs(f) < 1e-4 || math.Abs(f) >= 1e16) {
		return json.Number(strconv.FormatFloat(f, 'e', -1, 64)), nil
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return json.Number(s), nil
}

// lines splits text after each line end, where Python's str.splitlines does.
func lines(s string) []any {
	out := []any{}
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch r {
		case '\r':
			if i < len(s) && s[i] == '\n' {
				i++
			}
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		default:
			continue
		}
		out = append(out, s[start:i])
		start = i
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// writeValue writes a tree of plain values.
func writeValue(b *bytes.Buffer, v any, depth int) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(v.String())
	case string:
		writeString(b, v)
	case []any:
		writeList(b, '[', ']', len(v), depth, func(i int) { writeValue(b, v[i], depth+1) })
	case map[string]any:
		keys := sortedKeys(v)
		writeList(b, '{', '}', len(keys), depth, func(i int) {
			writeString(b, keys[i])
			b.WriteString(": ")
			writeValue(b, v[keys[i]], depth+1)
		})
	}
}

func writeList(b *bytes.Buffer, open, end byte, n, depth int, write func(int)) {
	b.WriteByte(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		newline(b, depth+1)
		write(i)
	}
	if n > 0 {
		newline(b, depth)
	}
	b.WriteByte(end)
}

func newline(b *bytes.Buffer, depth int) {
	b.WriteByte('\n')
	for range depth {
		b.WriteByte(' ')
	}
}

// writeString escapes what JSON asks for and nothing else, in Python's spelling.
func writeString(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, r := range s { // ranging turns invalid bytes into U+FFFD
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 {
				fmt.Fprintf(b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
}
