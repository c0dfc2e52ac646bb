package kernel

import (
	"encoding/json"
	"sync"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// CommTarget opens the kernel's end of a comm that a front end asked for. It
// gets the data of comm_open and returns what receives each comm_msg's data, or
// nil to refuse. Calls come one at a time.
type CommTarget func(c *Comm, data json.RawMessage) (receive func(data json.RawMessage))

// Comm is one open comm: messages outside of cells between a front end's widget
// and the kernel.
type Comm struct {
	ID, Target string

	k       *Kernel
	engine  bool // its other end is in the engine
	receive func(json.RawMessage)
	mu      sync.Mutex
	parent  json.RawMessage // request that it answers now
}

// Send sends data, a value with a JSON form, to the front end.
func (c *Comm) Send(data any) error { return c.send(wire.CommMsg, data) }

func (c *Comm) send(msgType string, data any) error {
	encoded, err := wire.Marshal(c.k.masker.Value(data))
	if err != nil {
		return err
	}
	c.mu.Lock()
	parent := c.parent
	c.mu.Unlock()
	c.k.out.message(parent, msgType, wire.Comm{ID: c.ID, Data: encoded})
	return nil
}

func (c *Comm) answering(parent json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parent = parent
}

// comms are the open comms of a kernel.
type comms struct {
	k       *Kernel
	targets map[string]CommTarget

	mu   sync.Mutex
	open map[string]*Comm
}

func newComms(k *Kernel, targets map[string]CommTarget) *comms {
	return &comms{k: k, targets: targets, open: map[string]*Comm{}}
}

// serveInfo lists the open comms, those of one target where it is named.
func (c *comms) serveInfo(r *request) (any, error) {
	var content struct {
		Target string `json:"target_name"`
	}
	if err := r.content(&content); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	open := map[string]any{}
	for id, comm := range c.open {
		if content.Target == "" || content.Target == comm.Target {
			open[id] = map[string]string{"target_name": comm.Target}
		}
	}
	return map[string]any{"status": "ok", "comms": open}, nil
}

// serveOpen opens a comm; one to an unknown target is closed at once, as the
// specification asks.
func (c *comms) serveOpen(r *request) (any, error) {
	var content wire.Comm
	if err := r.content(&content); err != nil {
		return nil, err
	}
	comm := &Comm{ID: content.ID, Target: content.Target, k: c.k, parent: r.msg.RawHeader}
	if target := c.targets[content.Target]; target != nil {
		comm.receive = target(comm, content.Data)
	}
	if comm.receive == nil {
		return nil, comm.send(wire.CommClose, struct{}{})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[comm.ID] = comm
	return nil, nil
}

// serveMsg passes data to a comm; one that is not open is ignored.
func (c *comms) serveMsg(r *request) (any, error) {
	var content wire.Comm
	if err := r.content(&content); err != nil {
		return nil, err
	}
	if comm := c.get(content.ID); comm != nil {
		comm.answering(r.msg.RawHeader)
		comm.receive(content.Data)
	}
	return nil, nil
}

// serveClose forgets a comm that the front end closed.
func (c *comms) serveClose(r *request) (any, error) {
	var content wire.Comm
	if err := r.content(&content); err != nil {
		return nil, err
	}
	c.mu.Lock()
	comm := c.open[content.ID]
	delete(c.open, content.ID)
	c.mu.Unlock()
	if comm != nil && comm.engine {
		c.toEngine(display.CommMessage{Kind: "close", ID: content.ID})
	}
	return nil, nil
}

func (c *comms) get(id string) *Comm {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[id]
}
