package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// How streams are gathered.
const (
	gatherTime  = 40 * time.Millisecond // longest that a stream's text waits
	gatherBytes = 128 << 10             // text that waits at most
	gatherRuns  = 16                    // changes between stdout and stderr told apart in one gathering
	keptParents = 4096                  // cells whose late output still finds its place
)

// run is a piece of text on one stream that waits to be sent.
type run struct {
	name string
	text *strings.Builder
}

// output is the one way to iopub. Its lock makes the order of the messages.
type output struct {
	publish func(parent json.RawMessage, msgType, topic string, content, metadata any, buffers [][]byte) error
	pace    *pacer // nil: as fast as clients take it

	mu      sync.Mutex
	parents map[int]json.RawMessage // request of each cell, by number
	order   []int                   // keys of parents, oldest first
	last    int                     // the cell that ran last
	streams map[int][]run           // text that waits, by cell
	waiting int                     // its size in bytes
	cells   []json.RawMessage       // requests whose cells run now
	wake    chan struct{}           // something waits to be flushed

	masker *safety.Masker
	digest func(cell int) *safety.Digest
	texts  map[int]*cellText
	keep   func() bool // tells whether output is kept, to be shown again
}

// cellText is what a cell's streams have come to.
type cellText struct {
	streams map[string]*safety.Stream
	digest  *safety.Digest
	ended   bool
	shown   []shown // of a step of a runbook
	size    int     // of what is in shown, about, in bytes
}

// shown is one message that a cell's output consists of.
type shown struct {
	msgType string
	content any
}

// keptOutput bounds what is kept of a step's output, in bytes.
const keptOutput = 1 << 20

func newOutput(publish func(json.RawMessage, string, string, any, any, [][]byte) error, paced bool) *output {
	o := &output{publish: publish, parents: map[int]json.RawMessage{}, streams: map[int][]run{}, wake: make(chan struct{}, 1), texts: map[int]*cellText{}}
	o.masker = &safety.Masker{}
	o.keep = func() bool { return false }
	o.digest = func(int) *safety.Digest { return safety.NewDigest(safety.Limits{}, "") }
	if paced {
		o.pace = newPacer()
	}
	return o
}

// run flushes gathered streams until ctx ends.
func (o *output) run(ctx context.Context) {
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		}
		timer.Reset(gatherTime)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		o.flush()
	}
}

// begin makes parent the request of a cell's output.
func (o *output) begin(cell int, parent json.RawMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parents[cell], o.last = parent, cell
	o.order = append(o.order, cell)
	if len(o.order) > keptParents {
		delete(o.parents, o.order[0])
		delete(o.texts, o.order[0])
		o.order = o.order[1:]
	}
	o.cells = append(o.cells, parent)
}

// end sends what the cell still holds back.
func (o *output) end(parent json.RawMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.cells = slices.DeleteFunc(o.cells, func(p json.RawMessage) bool { return &p[0] == &parent[0] })
}

// finish sends what a cell's streams hold back, before what the cell came to.
func (o *output) finish(cell int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	t := o.text(cell)
	t.ended = true
	var shown []safety.Piece
	for _, name := range slices.Sorted(maps.Keys(t.streams)) {
		shown = append(shown, t.digest.Next(name, t.streams[name].End(o.masker))...)
	}
	o.sendText(cell, append(shown, t.digest.End()...))
}

// isLong tells whether a cell has put out so much that the rest is not shown.
func (o *output) isLong(cell int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.texts[cell]
	return t != nil && t.digest.Long()
}

// status announces a state. A front end shows the state that it heard last: after
// a side request's idle it is told again that a cell is busy.
func (o *output) status(parent json.RawMessage, state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.send(parent, wire.StatusMsg, map[string]string{"execution_state": state})
	if state == wire.Idle && len(o.cells) > 0 {
		o.send(o.cells[len(o.cells)-1], wire.StatusMsg, map[string]string{"execution_state": wire.Busy})
	}
}

// message sends content under the given request after what was gathered.
func (o *output) message(parent json.RawMessage, msgType string, content any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.send(parent, msgType, content)
}

// debugEvent sends what happened to a program that is debugged, under the request
// of the cell that ran last.
func (o *output) debugEvent(content any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.send(o.parents[o.last], wire.DebugEvent, content)
}

// emit sends or gathers one event of a cell.
func (o *output) emit(e engine.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case e.Stream != nil:
		o.gather(e.Cell, *e.Stream)
	case e.Display != nil:
		o.flushLocked()
		msgType := wire.DisplayData
		if e.Display.Update {
			msgType = wire.UpdateDisplayData
		}
		content := displayed(o.masker.Bundle(e.Display.Bundle))
		if e.Display.ID != "" {
			content.Transient = map[string]any{"display_id": e.Display.ID}
		}
		o.sendOf(e.Cell, msgType, content)
	case e.Clear != nil:
		o.flushLocked()
		if t := o.texts[e.Cell]; t != nil {
			t.digest.Cleared()
			t.shown, t.size = nil, 0
		}
		o.send(o.parent(e.Cell), wire.ClearOutput, map[string]bool{"wait": e.Clear.Wait})
	}
}

// parent finds the request that a cell's output belongs to; a cell that is
// forgotten or unknown writes under the last one.
func (o *output) parent(cell int) json.RawMessage {
	if p, ok := o.parents[cell]; ok {
		return p
	}
	return o.parents[o.last]
}

func (o *output) gather(cell int, s engine.Stream) {
	if s.Text == "" {
		return
	}
	if len(s.Text) >= gatherBytes {
		o.flushLocked()
		o.sendText(cell, o.visible(cell, s.Name, s.Text))
		return
	}
	runs := o.streams[cell]
	if n := len(runs); n == 0 || runs[n-1].name != s.Name {
		runs = append(runs, run{name: s.Name, text: &strings.Builder{}})
	}
	runs[len(runs)-1].text.WriteString(s.Text)
	o.streams[cell] = runs
	o.waiting += len(s.Text)
	if o.waiting >= gatherBytes {
		o.flushLocked()
		return
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *output) flushLocked() {
	if o.waiting == 0 {
		return
	}
	for _, cell := range slices.Sorted(maps.Keys(o.streams)) {
		for _, s := range joinRuns(o.streams[cell]) {
			o.sendText(cell, o.visible(cell, s.name, s.text.String()))
		}
	}
	clear(o.streams)
	o.waiting = 0
}

// visible is what may be seen of a piece of text: masked, and not too long.
func (o *output) visible(cell int, name, text string) []safety.Piece {
	t := o.text(cell)
	s := t.streams[name]
	if s == nil {
		s = &safety.Stream{}
		t.streams[name] = s
	}
	text = s.Next(o.masker, text)
	if t.ended { // nobody would release what is held back
		text += s.End(o.masker)
	}
	return t.digest.Next(name, text)
}

// text finds what a cell's streams have come to.
func (o *output) text(cell int) *cellText {
	t := o.texts[cell]
	if t == nil {
		t = &cellText{streams: map[string]*safety.Stream{}, digest: o.digest(cell)}
		o.texts[cell] = t
	}
	return t
}

// sendText sends pieces, those of one stream that follow each other together.
func (o *output) sendText(cell int, pieces []safety.Piece) {
	for i := 0; i < len(pieces); {
		name, text := pieces[i].Name, pieces[i].Text
		for i++; i < len(pieces) && pieces[i].Name == name; i++ {
			text += pieces[i].Text
		}
		if text != "" {
			o.sendOf(cell, wire.StreamMsg, wire.Stream{Name: name, Text: text})
		}
	}
}

// joinRuns keeps the order between the two streams unless they alternate so
// often that it would take a message for every line.
func joinRuns(runs []run) []run {
	if len(runs) <= gatherRuns {
		return runs
	}
	var out, err strings.Builder
	for _, r := range runs {
		if r.name == "stderr" {
			err.WriteString(r.text.String())
		} else {
			out.WriteString(r.text.String())
		}
	}
	return []run{{"stdout", &out}, {"stderr", &err}}
}

// comm sends a message of a widget that a cell made.
func (o *output) comm(cell int, msgType string, content wire.Comm, metadata any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	if err := o.publish(o.parent(cell), msgType, "kernel."+msgType, content, metadata, nil); err != nil {
		o.send(o.parent(cell), wire.StreamMsg, wire.Stream{Name: "stderr", Text: fmt.Sprintf("a widget cannot be shown: %v\n", err)})
	}
}

// result shows what a cell came to.
func (o *output) result(cell int, content wire.DisplayContent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.sendOf(cell, wire.ExecuteResult, content)
}

// again shows what an earlier cell put out as output of the present one: a front
// end has removed it before it asked to run the cell.
func (o *output) again(earlier, cell int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	if t := o.texts[earlier]; t != nil {
		for _, s := range t.shown {
			o.send(o.parent(cell), s.msgType, o.masker.Value(s.content))
		}
	}
}

// sendOf sends output of a cell, and keeps it where it may be needed again.
func (o *output) sendOf(cell int, msgType string, content any) {
	if o.keep() {
		t := o.text(cell)
		if encoded, err := wire.Marshal(content); err == nil && t.size+len(encoded) <= keptOutput {
			t.shown, t.size = append(t.shown, shown{msgType, content}), t.size+len(encoded)
		}
	}
	o.send(o.parent(cell), msgType, content)
}

// send publishes; content that has no JSON form is reported in its place.
func (o *output) send(parent json.RawMessage, msgType string, content any) {
	topic := "kernel." + msgType
	if s, ok := content.(wire.Stream); ok {
		topic = "stream." + s.Name
	}
	if err := o.publish(parent, msgType, topic, content, nil, nil); err != nil {
		lost := fmt.Sprintf("output of type %s cannot be shown: %v\n", msgType, err)
		_ = o.publish(parent, wire.StreamMsg, "stream.stderr", wire.Stream{Name: "stderr", Text: lost}, nil, nil)
	}
}

func displayed(b display.Bundle) wire.DisplayContent {
	c := wire.DisplayContent{Data: b.Data, Metadata: b.Metadata}
	if c.Data == nil {
		c.Data = map[string]any{}
	}
	if c.Metadata == nil {
		c.Metadata = map[string]any{}
	}
	return c
}

// Rates above which jupyter_server drops messages are 1,000,000 bytes and 1,000
// messages a second, over three seconds. Ours stay below with what surrounds
// the text.
const (
	paceBytes    = 700_000
	paceMessages = 600
	paceBurst    = 0.75 // seconds' worth that may come at once
)

// pacer delays whoever makes output faster than it may be sent.
type pacer struct {
	mu    sync.Mutex
	debt  float64 // seconds of sending still owed
	asOf  time.Time
	timer func(ctx context.Context, d time.Duration)
}

func newPacer() *pacer {
	return &pacer{asOf: time.Now(), timer: func(ctx context.Context, d time.Duration) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}}
}

// wait accounts for one event and blocks while too much is owed or until ctx
// ends.
func (p *pacer) wait(ctx context.Context, e engine.Event) {
	cost := 1.0 / paceMessages
	if e.Stream != nil {
		cost = float64(len(e.Stream.Text)) / paceBytes
	}
	p.mu.Lock()
	now := time.Now()
	p.debt = max(0, p.debt-now.Sub(p.asOf).Seconds()) + cost
	p.asOf = now
	over := p.debt - paceBurst
	p.mu.Unlock()
	if over > 0 {
		p.timer(ctx, time.Duration(over*float64(time.Second)))
	}
}
