package display

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// CommMessage is a message between a widget in the front end and its counterpart
// here, outside of any cell's output.
type CommMessage struct {
	Kind     string // "open", "msg" or "close"
	ID       string
	Target   string          // of "open"
	Data     json.RawMessage // an object
	Metadata json.RawMessage // of "open", nil for none
}

// Link sends messages to the front end.
type Link func(CommMessage)

var link atomic.Pointer[Link]

// SetLink makes l the way to the front end, nil none, and returns the one before.
// Without one, as on the command line, widgets are shown as text only.
func SetLink(l Link) (before Link) {
	var installed *Link
	if l != nil {
		installed = &l
	}
	if old := link.Swap(installed); old != nil {
		return *old
	}
	return nil
}

// models are the widgets that exist, by the id of their comm.
var models sync.Map // string to *model

// Deliver gives a message from the front end to its widget; a message for one that
// does not exist is dropped. It returns when the widget's function has returned.
func Deliver(m CommMessage) {
	found, ok := models.Load(m.ID)
	if !ok {
		return
	}
	if m.Kind == "close" {
		models.Delete(m.ID)
		return
	}
	found.(*model).receive(m.Data)
}

// model is one ipywidgets model, in the widget messaging protocol 2.1.
type model struct {
	id    string
	click func() // for a custom message "click", nil for none

	mu    sync.Mutex
	state map[string]any
}

const (
	baseModule     = "@jupyter-widgets/base"
	controlsModule = "@jupyter-widgets/controls"
	moduleVersion  = "2.0.0"
	mimeWidget     = "application/vnd.jupyter.widget-view+json"
)

// shortWords is the characters of a description that ipywidgets shows whole in the
// width that lines one control up with the next.
const shortWords = 11

// newModel makes a model by its name without "Model"; state may be nil.
func newModel(module, name, view string, state map[string]any) *model {
	m := &model{id: rand.Text(), state: map[string]any{
		"_model_module": module, "_model_module_version": moduleVersion, "_model_name": name + "Model",
		"_view_module": module, "_view_module_version": moduleVersion, "_view_name": view, "_view_count": nil,
	}}
	for key, v := range state {
		m.state[key] = v
	}
	return m
}

// newControl makes a control and opens the layout and the style that its view expects.
func newControl(name, style string, state map[string]any) *model {
	layout := newModel(baseModule, "Layout", "LayoutView", nil)
	layout.open()
	// ipywidgets shows numbers of each kind by one view: IntProgressModel, ProgressView.
	m := newModel(controlsModule, name, strings.TrimPrefix(name, "Int")+"View", state)
	m.state["layout"] = reference(layout)
	if style != "" {
		s := newModel(controlsModule, style, "StyleView", map[string]any{"_view_module": baseModule})
		if words, _ := state["description"].(string); style == "ProgressStyle" && utf8.RuneCountInString(words) > shortWords {
			s.state["description_width"] = "initial" // as wide as it is
		}
		s.open()
		m.state["style"] = reference(s)
	}
	return m
}

func reference(m *model) string { return "IPY_MODEL_" + m.id }

func (m *model) open() {
	models.Store(m.id, m)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.send("open", map[string]any{"state": m.state, "buffer_paths": []string{}})
}

// set changes one attribute and tells the front end.
func (m *model) set(key string, v any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state[key] = v
	m.send("msg", update(map[string]any{key: v}))
}

func update(state map[string]any) map[string]any {
	return map[string]any{"method": "update", "state": state, "buffer_paths": []string{}}
}

// send encodes while m.mu is held, so that messages keep the order of changes.
func (m *model) send(kind string, data map[string]any) {
	l := link.Load()
	if l == nil {
		return
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return // states hold texts and numbers only
	}
	out := CommMessage{Kind: kind, ID: m.id, Data: encoded}
	if kind == "open" {
		out.Target, out.Metadata = "jupyter.widget", json.RawMessage(`{"version":"2.1.0"}`)
	}
	(*l)(out)
}

// receive serves a message from the front end.
func (m *model) receive(data json.RawMessage) {
	var got struct {
		Method  string         `json:"method"`
		State   map[string]any `json:"state"`
		Content struct {
			Event string `json:"event"`
		} `json:"content"`
	}
	if json.Unmarshal(data, &got) != nil {
		return
	}
	switch {
	case got.Method == "update":
		m.mu.Lock()
		defer m.mu.Unlock()
		for key, v := range got.State {
			if _, known := m.state[key]; known {
				m.state[key] = v
			}
		}
	case got.Method == "request_state":
		m.mu.Lock()
		defer m.mu.Unlock()
		m.send("msg", update(m.state))
	case got.Method == "custom" && got.Content.Event == "click" && m.click != nil:
		m.click()
	}
}

// bundle refers to the model's view.
func (m *model) bundle(text string) Bundle {
	return Bundle{Data: MIMEMap{
		mimeWidget: map[string]any{"version_major": 2, "version_minor": 0, "model_id": m.id},
		MIMEText:   text,
	}}
}
