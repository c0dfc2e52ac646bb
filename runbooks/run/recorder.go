package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/notebooks"
)

// recorder is the engine's sink: it keeps outputs cell by cell as a front end
// would. Output of a goroutine that lives on goes to the cell that started it.
type recorder struct {
	limit   int
	secrets safety.Masker // masked in whatever is taken in, and in text that is handed out

	mu       sync.Mutex
	index    map[int]int          // cell index by execution count
	cells    map[int]*area        // by cell index
	displays map[string][]*output // by display id, also those that were cleared since
}

// area is the output area of one cell.
type area struct {
	outputs []*output
	clear   bool // before the next output
	size    int  // bytes kept
	cut     int  // bytes left out
}

// output is an output that may still grow or be replaced.
type output struct {
	notebooks.Output
	text bytes.Buffer // of a stream
}

func newRecorder(limit int) *recorder {
	return &recorder{limit: limit, index: map[int]int{}, cells: map[int]*area{}, displays: map[string][]*output{}}
}

// begin opens the output area of a cell.
func (r *recorder) begin(number, index int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index[number] = index
	r.cells[index] = &area{}
}

// masked is what a cell returned without the secrets that are known by now.
func (r *recorder) masked(out engine.Outcome) engine.Outcome { return r.secrets.Outcome(out) }

// end adds what the cell returned, masked already.
func (r *recorder) end(number int, out engine.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.area(number)
	if a == nil {
		return
	}
	if out.Result != nil && out.Failure == nil {
		o := r.display(a, *out.Result)
		if o != nil {
			o.Type, o.ExecutionCount = notebooks.ExecuteResult, &number
		}
	}
	if f := out.Failure; f != nil {
		a.add(&output{Output: notebooks.Output{Type: notebooks.ErrorOutput, EName: string(f.Kind), EValue: f.Message, Traceback: f.Traceback}})
	}
}

func (r *recorder) area(number int) *area {
	index, ok := r.index[number]
	if !ok {
		return nil
	}
	return r.cells[index]
}

// Emit takes one output. It implements engine.Sink.
func (r *recorder) Emit(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.area(e.Cell)
	switch {
	case e.Secret != "":
		r.secrets.Add(e.Secret)
	case e.Display != nil:
		d := *e.Display
		d.Bundle = r.secrets.Bundle(d.Bundle)
		r.show(a, d)
	case a == nil:
	case e.Stream != nil:
		a.stream(e.Stream.Name, e.Stream.Text, r.limit)
	case e.Clear != nil && e.Clear.Wait:
		a.clear = true
	case e.Clear != nil:
		a.empty()
	}
}

// Ask refuses: nobody sits in front of a headless run.
func (r *recorder) Ask(context.Context, int, string, bool) (string, error) {
	return "", errors.New("the notebook runs without a person in front of it, so a cell cannot ask; give the answer as a parameter")
}

// show adds a display, and replaces the earlier ones with its id.
func (r *recorder) show(a *area, d engine.Display) {
	if d.ID != "" {
		data, meta := parts(d.Bundle)
		for _, s := range r.displays[d.ID] {
			s.Data, s.Metadata = data, meta
		}
	}
	if d.Update || a == nil {
		return
	}
	if o := r.display(a, d.Bundle); o != nil && d.ID != "" {
		r.displays[d.ID] = append(r.displays[d.ID], o)
	}
}

// display adds a bundle to the area, or returns nil where there is no room.
func (r *recorder) display(a *area, b display.Bundle) *output {
	data, meta := parts(b)
	if !a.room(sizeOf(data), r.limit) {
		return nil
	}
	o := &output{Output: notebooks.Output{Type: notebooks.DisplayData, Data: data, Metadata: meta}}
	a.add(o)
	return o
}

// outputs returns what stands in each area, by cell index. Later events do not
// change it.
func (r *recorder) outputs() map[int][]notebooks.Output {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[int][]notebooks.Output, len(r.cells))
	for index, a := range r.cells {
		all[index] = a.list(&r.secrets)
	}
	return all
}

// list masks streams whole, since a secret may have come in pieces.
func (a *area) list(secrets *safety.Masker) []notebooks.Output {
	var list []notebooks.Output
	for _, o := range a.outputs {
		out := o.Output
		if out.Type == notebooks.Stream {
			out.Text = secrets.Text(o.text.String())
		}
		list = append(list, out)
	}
	if a.cut > 0 {
		text := fmt.Sprintf("%d bytes of further output were left out of this record.\n", a.cut)
		list = append(list, notebooks.Output{Type: notebooks.Stream, Name: "stderr", Text: text})
	}
	return list
}

func (a *area) add(o *output) {
	if a.clear {
		a.empty()
	}
	a.outputs = append(a.outputs, o)
}

func (a *area) empty() { *a = area{} }

// stream adds text to the last output if that is the same stream.
func (a *area) stream(name, text string, limit int) {
	if text == "" {
		return
	}
	if a.clear {
		a.empty()
	}
	if !a.room(len(text), limit) {
		return
	}
	if n := len(a.outputs); n > 0 && a.outputs[n-1].Type == notebooks.Stream && a.outputs[n-1].Name == name {
		a.outputs[n-1].text.WriteString(text)
		return
	}
	o := &output{Output: notebooks.Output{Type: notebooks.Stream, Name: name}}
	o.text.WriteString(text)
	a.add(o)
}

// room counts bytes that come in. Once something was left out, all that follows
// is, so that the record has no holes.
func (a *area) room(size, limit int) bool {
	if a.clear {
		a.empty()
	}
	if a.cut > 0 || a.size+size > limit {
		a.cut += size
		return false
	}
	a.size += size
	return true
}

// parts takes a bundle's values as they are now: text as text, JSON as values
// that nobody else holds.
func parts(b display.Bundle) (data, meta notebooks.Object) {
	data, meta = notebooks.Object{}, notebooks.Object{}
	for mime, v := range b.Data {
		text, ok := v.(string)
		switch {
		case ok:
			data[mime] = text
		case notebooks.IsJSON(mime):
			data[mime] = snapshot(v)
		default:
			data[mime] = fmt.Sprint(v)
		}
	}
	for k, v := range b.Metadata {
		meta[k] = snapshot(v)
	}
	return data, meta
}

// snapshot copies a JSON value; what cannot be JSON becomes its text.
func snapshot(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return fmt.Sprint(v)
	}
	return out
}

func sizeOf(data notebooks.Object) int {
	n := 0
	for _, v := range data {
		if s, ok := v.(string); ok {
			n += len(s)
			continue
		}
		raw, err := json.Marshal(v)
		if err == nil {
			n += len(raw)
		}
	}
	return n
}
