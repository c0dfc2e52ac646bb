package zmq

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

// Bytes that may wait for one peer, by what it is sent.
const (
	outputLimit = 256 << 20
	replyLimit  = 64 << 20
	echoLimit   = 4 << 20
)

// Bounds of what one peer may subscribe to, which each message is compared with.
const (
	maxTopics     = 256
	maxTopicBytes = 64 << 10 // of all its topics
)

// Router is a ROUTER socket: it tells peers apart by their identity. A peer that
// connects with the identity of another takes its place and what waits for it, as
// a client does that lost its connection and came back.
type Router struct {
	*server
	mu     sync.Mutex
	byID   map[string]*peer
	nextID uint32
}

// NewRouter returns a ROUTER on l, with keys for the CURVE mechanism or nil for
// NULL, as for all sockets. receive gets each message with the sender's
// identity as its first frame, in order for each peer, on that peer's goroutine:
// while it blocks, only that peer waits.
func NewRouter(l net.Listener, keys *CurveKeys, log *slog.Logger, receive func(frames [][]byte)) *Router {
	r := &Router{server: newServer(l, keys, log, "ROUTER", "DEALER", "REQ", "ROUTER"), byID: map[string]*peer{}}
	r.joined, r.left = r.join, r.leave
	r.message = func(p *peer, frames [][]byte) {
		receive(append([][]byte{[]byte(p.identity)}, frames...))
	}
	return r
}

func (r *Router) join(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.identity == "" { // RFC 28: a generated identity starts with a zero byte
		r.nextID++
		p.identity = string(binary.BigEndian.AppendUint32([]byte{0}, r.nextID))
	}
	if old := r.byID[p.identity]; old != nil {
		_ = p.enqueue(old.handOver()) // an ended connection is its reader's business
	}
	r.byID[p.identity] = p
}

func (r *Router) leave(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[p.identity] == p {
		delete(r.byID, p.identity)
	}
}

// Send queues a message for the peer named by the first frame. It never blocks.
func (r *Router) Send(frames [][]byte) error {
	if len(frames) < 2 {
		return fmt.Errorf("zmq: router message of %d frames, want identity and more", len(frames))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byID[string(frames[0])]
	if p == nil {
		return fmt.Errorf("zmq: no peer with identity %q", frames[0])
	}
	return p.send(frames[1:])
}

// XPub is an XPUB socket: it sends each message to all peers that subscribed to
// a prefix of the first frame.
type XPub struct {
	*server
	mu     sync.Mutex
	topics map[*peer]*topics
}

// topics are what one peer subscribed to.
type topics struct {
	times map[string]int // how often; as many CANCELs end it
	bytes int
}

// NewXPub returns an XPUB on l. welcome, if not nil, gives the message that a
// peer gets in answer to each of its subscriptions, before any other message of
// that topic.
func NewXPub(l net.Listener, keys *CurveKeys, log *slog.Logger, welcome func(topic string) [][]byte) *XPub {
	x := &XPub{server: newServer(l, keys, log, "XPUB", "SUB", "XSUB"), topics: map[*peer]*topics{}}
	x.limit, x.max = outputLimit, maxSmall
	subscribe := func(p *peer, on bool, topic string) { x.subscribe(p, on, topic, welcome) }
	x.command = func(p *peer, name string, body []byte) { // ZMTP 3.1
		switch name {
		case "SUBSCRIBE":
			subscribe(p, true, string(body))
		case "CANCEL":
			subscribe(p, false, string(body))
		}
	}
	x.message = func(p *peer, frames [][]byte) { // ZMTP 3.0
		if len(frames) == 1 && len(frames[0]) > 0 && frames[0][0] <= 1 {
			subscribe(p, frames[0][0] == 1, string(frames[0][1:]))
		}
	}
	x.left = func(p *peer) {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.topics, p)
	}
	return x
}

func (x *XPub) subscribe(p *peer, on bool, topic string, welcome func(string) [][]byte) {
	var answer [][]byte
	if on && welcome != nil {
		answer = welcome(topic)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.topics[p]
	switch {
	case t == nil && !on:
		return
	case t == nil:
		t = &topics{times: map[string]int{}}
		x.topics[p] = t
	}
	if !t.change(on, topic) {
		p.close(fmt.Errorf("peer subscribes to more than %d topics or %d bytes of them", maxTopics, maxTopicBytes))
		return
	}
	if answer != nil {
		if err := p.answer(asMessage(answer)); err != nil {
			p.close(err)
		}
	}
}

// change adds or takes one subscription, false where there are too many.
func (t *topics) change(on bool, topic string) bool {
	times := t.times[topic]
	switch {
	case on && times == 0:
		t.bytes += len(topic)
		t.times[topic] = 1
	case on:
		t.times[topic]++
	case times == 1:
		t.bytes -= len(topic)
		delete(t.times, topic)
	case times > 1:
		t.times[topic]--
	}
	return len(t.times) <= maxTopics && t.bytes <= maxTopicBytes
}

// Send queues a message for its subscribers. It never blocks; frames may not be
// changed afterwards. Messages are in the same order for every subscriber.
func (x *XPub) Send(frames [][]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	first := string(frames[0])
	for p, topics := range x.topics {
		for t := range topics.times {
			if strings.HasPrefix(first, t) {
				_ = p.send(frames) // an ended connection is its reader's business
				break
			}
		}
	}
}

// Wait blocks while more than limit bytes wait for some subscriber that reads. One
// that for a second has taken less than a megabyte is not waited for.
func (x *XPub) Wait(ctx context.Context, limit int) {
	for ctx.Err() == nil {
		if !x.behind(limit) {
			return
		}
		if !pause(ctx, 2*time.Millisecond) {
			return
		}
	}
}

func (x *XPub) behind(limit int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for p := range x.topics {
		if waiting, reads := p.backlog(); waiting > limit && reads {
			return true
		}
	}
	return false
}

// Rep is a REP socket that answers each request with what echo returns.
type Rep struct{ *server }

// NewEcho returns a REP on l that sends each request back, as a heartbeat does.
func NewEcho(l net.Listener, keys *CurveKeys, log *slog.Logger) *Rep {
	s := newServer(l, keys, log, "REP", "REQ", "DEALER")
	s.limit, s.max = echoLimit, maxSmall
	s.message = func(p *peer, frames [][]byte) { _ = p.send(frames) } // the reader sees the end
	return &Rep{s}
}
