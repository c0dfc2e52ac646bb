package zmq

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Bounds of one socket.
const (
	handshakeTime = 10 * time.Second
	maxPeers      = 1024 // connections at a time, in handshake or after
	warnEvery     = 10 * time.Second

	handshakeBuffer = 4 << 10 // bytes that a stranger's connection costs
	readBuffer      = 32 << 10
)

// server accepts connections for one socket. The socket says by its hooks what
// a peer's coming, message and going means; they run on the peer's goroutine.
type server struct {
	listener net.Listener
	keys     *CurveKeys // nil: the NULL mechanism
	log      *slog.Logger
	kind     string   // own socket type
	accepted []string // peers' socket types
	limit    int      // bytes that may wait for one peer
	max      uint64   // bytes of a message from a peer
	patience time.Duration

	joined  func(p *peer)
	message func(p *peer, frames [][]byte)
	command func(p *peer, name string, body []byte)
	left    func(p *peer)

	mu       sync.Mutex
	conns    map[net.Conn]*admission
	refusals int       // not told in the log yet
	warned   time.Time // when the log last told of one
	closed   bool
	done     sync.WaitGroup
}

// admission is one accepted connection.
type admission struct {
	since time.Time
	peer  *peer // nil while in handshake
}

func newServer(l net.Listener, keys *CurveKeys, log *slog.Logger, kind string, accepted ...string) *server {
	return &server{
		listener: l, keys: keys, log: log.With("socket", kind), kind: kind, accepted: accepted,
		limit: replyLimit, max: maxMessage, patience: handshakeTime, conns: map[net.Conn]*admission{},
	}
}

// Run accepts and serves connections until ctx ends or Close is called.
func (s *server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			s.refused("accept", nil, err)
			s.evict()
			if !pause(ctx, 50*time.Millisecond) { // out of file descriptors, as a rule
				return nil
			}
			continue
		}
		if s.admit(conn) {
			go s.serve(conn)
		} else {
			conn.Close()
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// admit counts conn in. Where there are too many, one that has not said anything
// yet has to go: a client does in milliseconds, and comes back where it did not;
// who only holds connections keeps nobody out.
func (s *server) admit(conn net.Conn) bool {
	s.mu.Lock()
	full := len(s.conns) >= maxPeers
	s.mu.Unlock()
	if full && !s.evict() {
		s.refused("connection refused", conn, fmt.Errorf("%d connections are open", maxPeers))
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[conn] = &admission{since: time.Now()}
	s.done.Add(1)
	return true
}

// evict ends the oldest connection that has said nothing, false where all have.
func (s *server) evict() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest net.Conn
	for conn, a := range s.conns {
		if !a.peer.hasSpoken() && (oldest == nil || a.since.Before(s.conns[oldest].since)) {
			oldest = conn
		}
	}
	if oldest == nil {
		return false
	}
	oldest.Close()
	delete(s.conns, oldest)
	return true
}

// refused tells the log of a stranger, but not of each: a client with the wrong
// key tries again ten times a second.
func (s *server) refused(what string, conn net.Conn, err error) {
	s.mu.Lock()
	s.refusals++
	number, tell := s.refusals, time.Since(s.warned) >= warnEvery
	if tell {
		s.refusals, s.warned = 0, time.Now()
	}
	s.mu.Unlock()
	if !tell {
		return
	}
	from := "none"
	if conn != nil {
		from = conn.RemoteAddr().String()
	}
	s.log.Warn(what, "peer", from, "err", err, "refusals", number)
}

// serve performs the handshake, then reads messages until the peer goes.
func (s *server) serve(conn net.Conn) {
	defer s.done.Done()
	defer s.forget(conn)
	defer conn.Close()
	r := bufio.NewReaderSize(conn, handshakeBuffer)
	_ = conn.SetDeadline(time.Now().Add(s.patience))
	info, curve, err := handshake(conn, r, s.keys, s.kind, s.accepted)
	if err != nil {
		if !gone(err) {
			s.refused("handshake refused", conn, err)
		}
		return
	}
	_ = conn.SetDeadline(time.Time{})
	p := newPeer(conn, frameReader{bufio.NewReaderSize(r, readBuffer), curve, s.max}, info, s.limit)
	if !s.established(conn, p) {
		return
	}
	written := make(chan struct{})
	go func() { defer close(written); p.write() }()
	if s.joined != nil {
		s.joined(p)
	}
	err = s.read(p)
	p.close(err)
	<-written
	if s.left != nil {
		s.left(p)
	}
	if reason := p.closed; !gone(reason) {
		s.refused("connection ended", conn, reason)
	}
}

// gone tells the errors of a peer that just went.
func gone(err error) bool {
	for _, usual := range []error{io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, usual) {
			return true
		}
	}
	return false
}

func (s *server) read(p *peer) error {
	command := func(name string, body []byte) error {
		p.spoke.Store(true)
		return p.command(name, body, func(name string, body []byte) {
			if s.command != nil {
				s.command(p, name, body)
			}
		})
	}
	for {
		frames, err := p.r.message(command)
		if err != nil {
			return err
		}
		p.spoke.Store(true)
		if s.message != nil {
			s.message(p, frames)
		}
	}
}

func (s *server) established(conn net.Conn, p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.conns[conn]
	if s.closed || a == nil { // evicted
		return false
	}
	a.peer = p
	return true
}

func (s *server) forget(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// peers returns the established connections.
func (s *server) peers() []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*peer, 0, len(s.conns))
	for _, a := range s.conns {
		if a.peer != nil {
			out = append(out, a.peer)
		}
	}
	return out
}

// Shutdown stops accepting, lets peers take what is queued for them until ctx
// ends, and closes.
func (s *server) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.listener.Close()
	for _, p := range s.peers() {
		p.drain()
	}
	s.closeHandshakes()
	ended := make(chan struct{})
	go func() { s.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	s.Close()
}

func (s *server) closeHandshakes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn, a := range s.conns {
		if a.peer == nil {
			conn.Close()
		}
	}
}

// Close ends all connections at once and waits for their goroutines. It may be
// called twice.
func (s *server) Close() error {
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.listener.Close()
	s.done.Wait()
	return nil
}

// Addr is where the socket listens.
func (s *server) Addr() net.Addr { return s.listener.Addr() }
