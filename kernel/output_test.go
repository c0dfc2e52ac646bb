package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// tape records what an output publishes, with the time since it was made.
type tape struct {
	began time.Time
	lines []string
}

func (r *tape) publish(parent json.RawMessage, msgType, _ string, content, _ any, _ [][]byte) error {
	body, err := wire.Marshal(content)
	if err != nil {
		return err
	}
	r.lines = append(r.lines, fmt.Sprintf("%v %s %s %s", time.Since(r.began), parent, msgType, body))
	return nil
}

func text(cell int, name, s string) engine.Event {
	return engine.Event{Cell: cell, Stream: &engine.Stream{Name: name, Text: s}}
}

func expect(t *testing.T, r *tape, want ...string) {
	t.Helper()
	if got := strings.Join(r.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("published:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestStreamsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &tape{began: time.Now()}
		o := newOutput(r.publish, false)
		ctx, cancel := context.WithCancel(t.Context())
		go o.run(ctx)
		o.begin(1, json.RawMessage("one"))
		for _, s := range []string{"a", "b", "c"} {
			o.emit(text(1, "stdout", s))
		}
		time.Sleep(time.Second)
		o.emit(text(1, "stdout", "d"))
		o.emit(engine.Event{Cell: 1, Display: &engine.Display{Bundle: display.Text("shown")}})
		o.emit(text(1, "stderr", "e"))
		o.status(json.RawMessage("one"), wire.Idle)
		cancel()
		synctest.Wait()
		expect(t, r,
			`40ms one stream {"name":"stdout","text":"abc"}`,
			`1s one stream {"name":"stdout","text":"d"}`,
			`1s one display_data {"data":{"text/plain":"shown"},"metadata":{}}`,
			`1s one stream {"name":"stderr","text":"e"}`,
			`1s one status {"execution_state":"idle"}`,
			`1s one status {"execution_state":"busy"}`,
		)
	})
}

func TestAlternatingStreamsTakeTwoMessages(t *testing.T) {
	r := &tape{began: time.Now()}
	synctest.Test(t, func(t *testing.T) {
		r.began = time.Now()
		o := newOutput(r.publish, false)
		o.begin(1, json.RawMessage("one"))
		for range 100 {
			o.emit(text(1, "stdout", "o"))
			o.emit(text(1, "stderr", "e"))
		}
		o.flush()
		expect(t, r,
			`0s one stream {"name":"stdout","text":"`+strings.Repeat("o", 100)+`"}`,
			`0s one stream {"name":"stderr","text":"`+strings.Repeat("e", 100)+`"}`,
		)
	})
}

func TestMuchTextIsNotKept(t *testing.T) {
	r := &tape{began: time.Now()}
	o := newOutput(r.publish, false)
	o.begin(1, json.RawMessage("one"))
	o.emit(text(1, "stdout", strings.Repeat("x", gatherBytes)))
	if len(r.lines) != 1 {
		t.Errorf("%d messages, want the text to be sent at once", len(r.lines))
	}
}

func TestLateOutputFindsItsCell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &tape{began: time.Now()}
		o := newOutput(r.publish, false)
		one, two := json.RawMessage("one"), json.RawMessage("two")
		o.begin(1, one)
		o.end(one)
		o.begin(2, two)
		o.emit(text(2, "stdout", "second"))
		o.emit(text(1, "stdout", "first"))
		o.emit(text(99, "stdout", "stray"))
		o.end(two)
		expect(t, r,
			`0s one stream {"name":"stdout","text":"first"}`,
			`0s two stream {"name":"stdout","text":"second"}`,
			`0s two stream {"name":"stdout","text":"stray"}`,
		)
	})
}

func TestForgottenCellsWriteUnderTheLast(t *testing.T) {
	r := &tape{began: time.Now()}
	o := newOutput(r.publish, false)
	for i := range keptParents + 10 {
		p := json.RawMessage(fmt.Sprint("cell", i))
		o.begin(i, p)
		o.end(p)
	}
	if len(o.parents) != keptParents || len(o.order) != keptParents || len(o.cells) != 0 {
		t.Errorf("%d parents kept, %d in order, %d running", len(o.parents), len(o.order), len(o.cells))
	}
	o.emit(text(3, "stdout", "late"))
	o.flush()
	if !strings.Contains(r.lines[0], fmt.Sprint("cell", keptParents+9)) {
		t.Errorf("published %s", r.lines)
	}
}

func TestWhatCannotBeShownIsSaid(t *testing.T) {
	r := &tape{began: time.Now()}
	o := newOutput(func(p json.RawMessage, msgType, topic string, content, m any, b [][]byte) error {
		if msgType == wire.DisplayData {
			return errors.New("no JSON form")
		}
		return r.publish(p, msgType, topic, content, m, b)
	}, false)
	o.begin(1, json.RawMessage("one"))
	o.emit(engine.Event{Cell: 1, Display: &engine.Display{}})
	if len(r.lines) != 1 || !strings.Contains(r.lines[0], "no JSON form") || !strings.Contains(r.lines[0], "stderr") {
		t.Errorf("published %s", r.lines)
	}
}
