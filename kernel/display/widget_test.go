package display

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wired records what widgets send, one line a message.
type wired struct {
	mu    sync.Mutex
	lines []string
}

func newWired(t *testing.T) *wired {
	w := &wired{}
	t.Cleanup(func() { SetLink(nil) })
	SetLink(func(m CommMessage) {
		var data struct {
			Method string
			State  map[string]any
		}
		if err := json.Unmarshal(m.Data, &data); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines = append(w.lines, fmt.Sprint(m.Kind, " ", data.State["_model_name"], " ", data.State["value"], " ", data.State["disabled"]))
	})
	return w
}

func (w *wired) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := w.lines
	w.lines = nil
	return strings.Join(lines, "\n")
}

func TestWidgetsOpenWhatTheyReferTo(t *testing.T) {
	w := newWired(t)
	box := NewVBox(NewIntProgress(0, 10, "work"), NewButton("go", nil), NewLabel("idle"))
	want := strings.Join([]string{
		"open LayoutModel <nil> <nil>", "open ProgressStyleModel <nil> <nil>", "open IntProgressModel 0 <nil>",
		"open LayoutModel <nil> <nil>", "open ButtonStyleModel <nil> <nil>", "open ButtonModel <nil> false",
		"open LayoutModel <nil> <nil>", "open LabelStyleModel <nil> <nil>", "open LabelModel idle <nil>",
		"open LayoutModel <nil> <nil>", "open VBoxModel <nil> <nil>",
	}, "\n")
	if got := w.take(); got != want {
		t.Errorf("opened\n%s\nwant\n%s", got, want)
	}
	b := Of(box)
	if text := b.Text(); text != "progress 0 of 0 to 10\n[go]\nidle" {
		t.Errorf("text %q", text)
	}
	view, _ := json.Marshal(b.Data[mimeWidget])
	if want := fmt.Sprintf(`{"model_id":%q,"version_major":2,"version_minor":0}`, box.m.id); string(view) != want {
		t.Errorf("view %s, want %s", view, want)
	}
}

func TestALongDescriptionIsShownWhole(t *testing.T) {
	newWired(t)
	for words, want := range map[string]any{"drained": nil, "routes withdrawn": "initial"} {
		p := NewIntProgress(0, 10, words)
		id, _ := strings.CutPrefix(p.m.state["style"].(string), "IPY_MODEL_")
		style, ok := models.Load(id)
		if !ok || style.(*model).state["description_width"] != want {
			t.Errorf("%q: style %v, want a width of %v", words, style, want)
		}
	}
}

func TestClicksAndStates(t *testing.T) {
	w := newWired(t)
	clicks := 0
	b := NewButton("go", func() {
		if clicks++; clicks == 2 {
			panic("of the test")
		}
	})
	w.take()
	click := CommMessage{Kind: "msg", ID: b.m.id, Data: json.RawMessage(`{"method":"custom","content":{"event":"click"}}`)}
	for range 3 {
		Deliver(click)
	}
	Deliver(CommMessage{Kind: "msg", ID: b.m.id, Data: json.RawMessage(`{"method":"update","state":{"disabled":true,"unknown":1}}`)})
	Deliver(CommMessage{Kind: "msg", ID: b.m.id, Data: json.RawMessage(`{"method":"request_state"}`)})
	if got := w.take(); clicks != 3 || !strings.HasPrefix(got, "msg ButtonModel") || !strings.HasSuffix(got, "true") {
		t.Errorf("%d clicks; sent %q", clicks, got)
	}
	for _, bad := range []string{``, `{`, `[]`, `{"method":"custom"}`, `{"method":"custom","content":{"event":"other"}}`} {
		Deliver(CommMessage{Kind: "msg", ID: b.m.id, Data: json.RawMessage(bad)})
	}
	Deliver(CommMessage{Kind: "close", ID: b.m.id})
	Deliver(click)
	Deliver(CommMessage{Kind: "msg", ID: "nobody"})
	if clicks != 3 {
		t.Errorf("%d clicks after the button was closed", clicks)
	}
}

func TestAProgressWidgetIsNotChatty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWired(t)
		p := NewIntProgress(0, 1000, "work")
		w.take()
		for i := range 500 {
			p.Set(i)
			time.Sleep(time.Millisecond)
		}
		p.Set(1000)
		time.Sleep(time.Second)
		got := strings.Split(w.take(), "\n")
		if len(got) > 8 || !strings.Contains(got[len(got)-1], "1000") {
			t.Errorf("%d messages: %q", len(got), got)
		}
		for range 500 {
			p.Set(1000)
			time.Sleep(time.Millisecond)
		}
		if got := strings.Split(w.take(), "\n"); len(got) > 6 {
			t.Errorf("%d messages when full: %q", len(got), got)
		}
	})
}
