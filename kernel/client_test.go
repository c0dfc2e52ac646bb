package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/fabricbook/fabricbook/kernel/enginetest"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// testTime is how long something may take before a test gives it up.
const testTime = 2 * time.Minute

// client is a front end on the sockets of go-zeromq/zmq4.
type client struct {
	t       *testing.T
	kernel  *Kernel
	signer  *wire.Signer
	session wire.Session
	sockets map[string]zmq4.Socket
	iopub   []*wire.Message // read and not yet asked for
}

// newClient runs a kernel until the test ends and connects to it.
func newClient(t *testing.T, cfg Config) *client {
	t.Helper()
	cfg.ConnectionFile = filepath.Join(t.TempDir(), "connection.json")
	if err := os.WriteFile(cfg.ConnectionFile, []byte(`{"transport":"tcp","ip":"127.0.0.1","key":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if cfg.Engine == nil {
		cfg.Engine = enginetest.New
	}
	k, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	c := &client{t: t, kernel: k, session: wire.Session{ID: "client", Username: "tester"}, sockets: map[string]zmq4.Socket{}}
	t.Cleanup(func() {
		for _, s := range c.sockets {
			s.Close()
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		for range 2 {
			if err := k.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	c.connect()
	return c
}

func (c *client) connect() {
	c.t.Helper()
	data, err := os.ReadFile(c.kernel.cfg.ConnectionFile)
	if err != nil {
		c.t.Fatal(err)
	}
	conn, err := wire.ParseConnection(data)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.signer, err = wire.NewSigner(conn.SignatureScheme, conn.Key); err != nil {
		c.t.Fatal(err)
	}
	ctx, id := c.t.Context(), zmq4.WithID(zmq4.SocketIdentity("client"))
	c.sockets = map[string]zmq4.Socket{
		"shell": zmq4.NewDealer(ctx, id), "control": zmq4.NewDealer(ctx, id), "stdin": zmq4.NewDealer(ctx, id), "iopub": zmq4.NewSub(ctx),
	}
	for name, port := range map[string]int{"shell": conn.ShellPort, "control": conn.ControlPort, "stdin": conn.StdinPort, "iopub": conn.IOPubPort} {
		if err := c.sockets[name].Dial(fmt.Sprintf("tcp://127.0.0.1:%d", port)); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.sockets["iopub"].SetOption(zmq4.OptionSubscribe, ""); err != nil {
		c.t.Fatal(err)
	}
	if m := c.receive("iopub"); m.Header.MsgType != wire.IOPubWelcome {
		c.t.Fatalf("first message on iopub is %s", m.Header.MsgType)
	}
}

// send sends a request and returns its id.
func (c *client) send(socket, msgType string, content any) string {
	c.t.Helper()
	return c.sendHeader(socket, c.session.Header(msgType), content)
}

func (c *client) sendHeader(socket string, header wire.Header, content any) string {
	c.t.Helper()
	return c.sendMessage(socket, header, nil, content)
}

// runCell runs a cell as JupyterLab does, with its id.
func (c *client) runCell(id, code string) cell {
	c.t.Helper()
	return c.finish(c.sendMessage("shell", c.session.Header(wire.ExecuteRequest), map[string]string{"cellId": id}, map[string]any{"code": code}))
}

func (c *client) sendMessage(socket string, header wire.Header, metadata, content any) string {
	c.t.Helper()
	about, err := wire.Marshal(metadata)
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := wire.Marshal(content)
	if err != nil {
		c.t.Fatal(err)
	}
	frames, err := c.signer.Encode(&wire.Message{Header: header, Metadata: about, Content: body})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.sockets[socket].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		c.t.Fatal(err)
	}
	return header.MsgID
}

func (c *client) receive(socket string) *wire.Message {
	c.t.Helper()
	type received struct {
		m   zmq4.Msg
		err error
	}
	got := make(chan received, 1)
	go func() {
		m, err := c.sockets[socket].Recv()
		got <- received{m, err}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			c.t.Fatalf("%s: %v", socket, r.err)
		}
		m, err := c.signer.Decode(r.m.Frames)
		if err != nil {
			c.t.Fatalf("%s: %v", socket, err)
		}
		return m
	case <-time.After(testTime):
		c.t.Fatalf("%s: nothing came", socket)
		return nil
	}
}

func parentID(m *wire.Message) string {
	var h wire.Header
	_ = json.Unmarshal(m.Parent, &h) // {} has no id
	return h.MsgID
}

// reply waits for the reply to a request and decodes its content into v.
func (c *client) reply(socket, id string, v any) {
	c.t.Helper()
	for {
		m := c.receive(socket)
		if parentID(m) != id {
			c.t.Logf("%s: skipped %s", socket, m.Header.MsgType)
			continue
		}
		c.decode(m, v)
		return
	}
}

func (c *client) decode(m *wire.Message, v any) {
	c.t.Helper()
	if err := json.Unmarshal(m.Content, v); err != nil {
		c.t.Fatal(err)
	}
}

// until reads iopub until a message of a request comes whose description begins as
// given.
func (c *client) until(id, begins string) {
	c.t.Helper()
	for {
		m := c.receive("iopub")
		c.iopub = append(c.iopub, m)
		if parentID(m) == id && strings.HasPrefix(describe(m), begins) {
			return
		}
	}
}

type executeReply struct {
	Status          string                    `json:"status"`
	Count           int                       `json:"execution_count"`
	Name            string                    `json:"ename"`
	Value           string                    `json:"evalue"`
	Traceback       []string                  `json:"traceback"`
	UserExpressions map[string]map[string]any `json:"user_expressions"`
	Payload         []map[string]any          `json:"payload"`
}

// cell is what a client saw of one execution: iopub in one line.
type cell struct {
	executeReply
	seen string
}

// run runs a cell to its idle.
func (c *client) run(code string) cell {
	c.t.Helper()
	return c.finish(c.send("shell", wire.ExecuteRequest, map[string]any{"code": code}))
}

func (c *client) finish(id string) (out cell) {
	c.t.Helper()
	c.reply("shell", id, &out.executeReply)
	out.seen = c.seen(id)
	return out
}

// seen reads iopub up to the idle of a request and describes its messages, text of
// one stream as one: how it is cut depends on time. Messages of other requests are
// kept.
func (c *client) seen(id string) string {
	c.t.Helper()
	var lines []string
	var last wire.Stream // the text that ends lines
	kept := c.iopub
	c.iopub = nil
	for {
		var m *wire.Message
		if len(kept) > 0 {
			m, kept = kept[0], kept[1:]
		} else {
			m = c.receive("iopub")
		}
		if parentID(m) != id {
			c.iopub = append(c.iopub, m)
			continue
		}
		line := describe(m)
		var text wire.Stream
		if m.Header.MsgType == wire.StreamMsg {
			c.decode(m, &text)
			if text.Name == last.Name {
				text.Text = last.Text + text.Text
				line = text.Name + " " + strings.TrimSuffix(text.Text, "\n")
				lines = lines[:len(lines)-1]
			}
		}
		last = text
		lines = append(lines, line)
		if line == "idle" {
			c.iopub = append(c.iopub, kept...)
			return strings.Join(lines, " | ")
		}
	}
}

// describe names a message by its type and the part of the content that a
// reader sees.
func describe(m *wire.Message) string {
	var content struct {
		State     string         `json:"execution_state"`
		Text      string         `json:"text"`
		Name      string         `json:"name"`
		Data      map[string]any `json:"data"`
		Transient map[string]any `json:"transient"`
		Count     int            `json:"execution_count"`
		Error     string         `json:"ename"`
		Value     string         `json:"evalue"`
	}
	_ = json.Unmarshal(m.Content, &content) // comm data may be anything
	switch m.Header.MsgType {
	case wire.StatusMsg:
		return content.State
	case wire.StreamMsg:
		return content.Name + " " + strings.TrimSuffix(content.Text, "\n")
	case wire.ExecuteInput:
		return fmt.Sprint("in ", content.Count)
	case wire.ExecuteResult:
		return fmt.Sprint("out ", content.Count, " ", content.Data["text/plain"])
	case wire.ErrorMsg:
		return content.Error + ": " + content.Value
	}
	return fmt.Sprint(m.Header.MsgType, " ", content.Transient["display_id"], " ", content.Data["text/plain"])
}
