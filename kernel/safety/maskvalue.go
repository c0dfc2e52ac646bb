package safety

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Bundle returns b with the secrets in its texts and JSON values replaced. Images
// stay as they are.
func (m *Masker) Bundle(b display.Bundle) display.Bundle {
	if m.table.Load() == nil {
		return b
	}
	data := make(map[string]any, len(b.Data))
	for mime, v := range b.Data {
		if !isPicture(mime) {
			v = m.Value(v)
		}
		data[mime] = v
	}
	b.Data = data
	b.Metadata, _ = m.Value(b.Metadata).(map[string]any)
	return b
}

func isPicture(mime string) bool {
	return strings.HasPrefix(mime, "image/") && mime != display.MIMESVG || mime == display.MIMEPDF
}

// Value returns a value with a JSON form with the secrets in its strings, keys and
// numbers replaced.
func (m *Masker) Value(v any) any {
	if m.table.Load() == nil {
		return v
	}
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		return m.Text(v)
	case []string:
		return m.texts(v)
	case json.Number:
		if masked := m.Text(v.String()); masked != v.String() {
			return masked
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.Value(v[i])
		}
		return out
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for key, x := range v {
			out[m.Text(key)] = m.Value(x)
		}
		return out
	}
	return m.encoded(v)
}

// encoded masks a value of any other type by its JSON form.
func (m *Masker) encoded(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v // it cannot be sent either
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var plain any
	if dec.Decode(&plain) != nil {
		return v
	}
	return m.Value(plain)
}

func (m *Masker) texts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = m.Text(s)
	}
	return out
}

// Failure returns f with its texts masked.
func (m *Masker) Failure(f *engine.Failure) *engine.Failure {
	if f == nil || m.table.Load() == nil {
		return f
	}
	return &engine.Failure{Kind: f.Kind, Message: m.Text(f.Message), Traceback: m.texts(f.Traceback)}
}

// Outcome returns o with everything in it masked that is shown.
func (m *Masker) Outcome(o engine.Outcome) engine.Outcome {
	if m.table.Load() == nil {
		return o
	}
	if o.Result != nil {
		b := m.Bundle(*o.Result)
		o.Result = &b
	}
	o.Failure = m.Failure(o.Failure)
	if o.Expressions != nil {
		answers := make(map[string]engine.Expression, len(o.Expressions))
		for key, e := range o.Expressions {
			answers[key] = engine.Expression{Bundle: m.Bundle(e.Bundle), Failure: m.Failure(e.Failure)}
		}
		o.Expressions = answers
	}
	payload := make([]map[string]any, 0, len(o.Payload))
	for _, p := range o.Payload {
		masked, _ := m.Value(p).(map[string]any)
		payload = append(payload, masked)
	}
	o.Payload = payload
	return o
}
