package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/fabricbook/fabricbook/kernel/wire"
	"github.com/fabricbook/fabricbook/kernel/zmq"
)

// request is one message on shell or control, with the way back.
type request struct {
	k      *Kernel
	socket *zmq.Router
	msg    *wire.Message
}

// where says on which goroutine a request is served.
type where int

const (
	atOnce    where = iota // by the reader; must not wait for anything
	question               // in the queue of questions to the engine
	inShell                // in the queue of its shell, among the cells
	debugging              // in the queue of the debugger
)

// handler serves one type of request. It returns the content of the reply; nil
// where there is none.
type handler struct {
	where where
	serve func(r *request) (reply any, err error)
}

// table lists the requests that are served, on shell and control alike: front
// ends have sent each on the other socket. Execution belongs to shells alone.
func (k *Kernel) table() map[string]handler {
	return map[string]handler{
		wire.KernelInfoRequest:     {atOnce, func(*request) (any, error) { return k.info(), nil }},
		wire.HistoryRequest:        {atOnce, k.serveHistory},
		wire.CommInfoRequest:       {atOnce, k.comms.serveInfo},
		wire.CommOpen:              {question, k.comms.serveOpen},
		wire.CommMsg:               {question, k.comms.serveMsg},
		wire.CommClose:             {question, k.comms.serveClose},
		wire.CompleteRequest:       {question, k.serveComplete},
		wire.InspectRequest:        {question, k.serveInspect},
		wire.IsCompleteRequest:     {question, k.serveIsComplete},
		wire.ExecuteRequest:        {inShell, nil},
		wire.InterruptRequest:      {atOnce, k.serveInterrupt},
		wire.ShutdownRequest:       {atOnce, k.serveShutdown},
		wire.DebugRequest:          {debugging, k.serveDebug},
		wire.UsageRequest:          {question, k.serveUsage},
		wire.CreateSubshellRequest: {atOnce, k.serveCreateSubshell},
		wire.DeleteSubshellRequest: {atOnce, k.serveDeleteSubshell},
		wire.ListSubshellRequest:   {atOnce, k.serveListSubshell},
	}
}

// receive gets each message of shell and control on the sender's goroutine. What
// it cannot take it logs and drops.
func (k *Kernel) receive(socket *zmq.Router, frames [][]byte) {
	msg, err := k.signer.Decode(frames)
	if err != nil {
		k.log.Warn("message dropped", "err", err)
		return
	}
	h, known := k.handlers[msg.Header.MsgType]
	if !known {
		k.log.Warn("message dropped: unknown type", "type", msg.Header.MsgType)
		return
	}
	r := &request{k: k, socket: socket, msg: msg}
	switch h.where {
	case atOnce:
		r.serve(h)
	case question:
		k.questions.add(func() { r.serve(h) })
	case inShell:
		k.toShell(r)
	case debugging:
		k.debugger.queue.add(func() { r.serve(h) })
	}
}

// serve announces busy, handles, replies and announces idle.
func (r *request) serve(h handler) {
	r.k.status(r.msg.RawHeader, wire.Busy)
	defer r.k.status(r.msg.RawHeader, wire.Idle)
	reply, err := r.guard(h)
	if err != nil {
		reply = wire.ErrorReply{Status: "error", Error: errorOf(err)}
	}
	if reply != nil {
		r.reply(reply, nil)
	}
}

// guard turns a panic of a handler into an error: one bad request may not end
// the kernel.
func (r *request) guard(h handler) (reply any, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.k.log.Error("handler panicked", "type", r.msg.Header.MsgType, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("the kernel failed on %s: %v", r.msg.Header.MsgType, p)
		}
	}()
	return h.serve(r)
}

// content decodes the request's content into v.
func (r *request) content(v any) error {
	if err := json.Unmarshal(r.msg.Content, v); err != nil {
		return fmt.Errorf("%s: %w", r.msg.Header.MsgType, err)
	}
	return nil
}

// reply answers on the socket that the request came from.
func (r *request) reply(content any, metadata any) {
	msgType := replyType(r.msg.Header.MsgType)
	frames, err := r.k.encode(msgType, r.msg.RawHeader, content, metadata, r.msg.Identities, nil)
	if err == nil {
		err = r.socket.Send(frames)
	}
	if err != nil {
		r.k.log.Warn("reply not sent", "type", msgType, "err", err)
	}
}

func replyType(request string) string {
	const suffix = "_request"
	if n := len(request) - len(suffix); n > 0 && request[n:] == suffix {
		return request[:n] + "_reply"
	}
	return request
}

// encode builds and signs one message.
func (k *Kernel) encode(msgType string, parent json.RawMessage, content, metadata any, identities, buffers [][]byte) ([][]byte, error) {
	m := &wire.Message{Identities: identities, Header: k.session.Header(msgType), Parent: parent, Buffers: buffers}
	var err1, err2 error
	m.Content, err1 = wire.Marshal(content)
	if metadata != nil {
		m.Metadata, err2 = wire.Marshal(metadata)
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return k.signer.Encode(m)
}

// publish sends one message on iopub.
func (k *Kernel) publish(parent json.RawMessage, msgType, topic string, content, metadata any, buffers [][]byte) error {
	frames, err := k.encode(msgType, parent, content, metadata, [][]byte{[]byte(topic)}, buffers)
	if err != nil {
		return err
	}
	k.iopub.Send(frames)
	return nil
}

// welcome answers a subscription on iopub, so that a client knows that it will
// miss nothing from here on (JEP 65).
func (k *Kernel) welcome(topic string) [][]byte {
	frames, err := k.encode(wire.IOPubWelcome, nil, map[string]string{"subscription": topic}, nil, [][]byte{[]byte(topic)}, nil)
	if err != nil {
		k.log.Error("welcome", "err", err)
		return nil
	}
	return frames
}

// status announces what the kernel does about a request.
func (k *Kernel) status(parent json.RawMessage, state string) { k.out.status(parent, state) }

func errorOf(err error) *wire.Error {
	return &wire.Error{Name: "Error", Value: err.Error(), Traceback: []string{err.Error()}}
}
