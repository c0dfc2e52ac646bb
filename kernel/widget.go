package kernel

import (
	"encoding/json"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// fromEngine passes a message of a cell's widget to the front end and keeps the
// list of open comms.
func (c *comms) fromEngine(cell int, m display.CommMessage) {
	content := wire.Comm{ID: m.ID, Target: m.Target, Data: c.masked(m.Data)}
	var metadata any
	msgType := wire.CommMsg
	switch m.Kind {
	case "open":
		msgType, metadata = wire.CommOpen, m.Metadata
		comm := &Comm{ID: m.ID, Target: m.Target, k: c.k, engine: true}
		comm.receive = func(data json.RawMessage) { c.toEngine(display.CommMessage{Kind: "msg", ID: m.ID, Data: data}) }
		c.mu.Lock()
		c.open[m.ID] = comm
		c.mu.Unlock()
	case "close":
		msgType = wire.CommClose
		c.mu.Lock()
		delete(c.open, m.ID)
		c.mu.Unlock()
	}
	c.k.out.comm(cell, msgType, content, metadata)
}

func (c *comms) masked(data json.RawMessage) json.RawMessage {
	masked, err := wire.Marshal(c.k.masker.Value(data))
	if err != nil {
		return json.RawMessage("{}")
	}
	return masked
}

// toEngine gives a message to the engine in use, if that has widgets.
func (c *comms) toEngine(m display.CommMessage) {
	if e, err := c.k.engine.now(); err == nil {
		if linked, ok := e.(engine.Linked); ok {
			linked.Comm(m)
		}
	}
}

// engineLost closes the comms of widgets that died with their engine.
func (c *comms) engineLost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, comm := range c.open {
		if comm.engine {
			delete(c.open, id)
			c.k.out.comm(0, wire.CommClose, wire.Comm{ID: id, Data: json.RawMessage("{}")}, nil)
		}
	}
}
