package debug

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// CutMark stands in values where something was left out.
const CutMark = "…"

// labClient is how JupyterLab calls itself.
const labClient = "jupyterlab"

// forLab writes variables for JupyterLab. Its tree shows a variable's value only if
// the type is one of Python's or is absent, and else the type alone; an int it
// reads as a floating-point number. So the type goes into the text of the value,
// where the value does not tell it anyway.
func forLab(body json.RawMessage) (json.RawMessage, error) {
	var all Variables
	if err := Decode("variables", body, &all); err != nil {
		return nil, err
	}
	for i := range all.Variables {
		v := &all.Variables[i]
		switch {
		case v.Type == "bool" || v.Type == "int" && exact(v.Value):
			continue
		case v.Type != "" && v.Type != "string" && v.Type != "float64" && v.Type != "int":
			v.Value = v.Type + " " + v.Value
		}
		v.Type = ""
	}
	return json.Marshal(all)
}

// exact tells integers that a floating-point number holds.
func exact(value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n < 1<<53 && n > -1<<53
}

// masked hides the secrets in the texts of a body. Numbers are references and
// lines, which stay, save in what a value shows of itself ("data"). Paths stay:
// they are hashes.
func masked(body json.RawMessage, mask func(string) string) (any, error) {
	if len(body) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return maskAll(v, mask, false), nil
}

func maskAll(v any, mask func(string) string, data bool) any {
	switch v := v.(type) {
	case string:
		return mask(v)
	case json.Number:
		if hidden := mask(v.String()); data && hidden != v.String() {
			return hidden
		}
	case []any:
		for i := range v {
			v[i] = maskAll(v[i], mask, data)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, x := range v {
			switch {
			case key == "path" && !data:
				out[key] = x
			case data:
				out[mask(key)] = maskAll(x, mask, data)
			default:
				out[key] = maskAll(x, mask, key == "data")
			}
		}
		return out
	}
	return v
}
