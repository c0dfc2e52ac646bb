package zmq

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Bounds of one socket.
const (
	handshakeTime = 10 * time.Second
	maxPeers      = 1024      // connections at a time, in handshake or after
	queueLimit    = 256 << 20 // bytes that may wait for one peer
)

// server accepts connections for one socket. The socket says by its hooks what
// a peer's coming, message and going means; they run on the peer's goroutine.
type server struct {
	listener net.Listener
	log      *slog.Logger
	kind     string   // own socket type
	accepted []string // peers' socket types
	limit    int      // bytes that may wait for one peer
	patience time.Duration

	joined  func(p *peer)
	message func(p *peer, frames [][]byte)
	command func(p *peer, name string, body []byte)
	left    func(p *peer)

	mu     sync.Mutex
	conns  map[net.Conn]*peer // nil while in handshake
	closed bool
	done   sync.WaitGroup
}

func newServer(l net.Listener, log *slog.Logger, kind string, accepted ...string) *server {
	return &server{
		listener: l, log: log.With("socket", kind), kind: kind, accepted: accepted,
		limit: queueLimit, patience: handshakeTime, conns: map[net.Conn]*peer{},
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
			s.log.Warn("accept", "err", err)
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

func (s *server) admit(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= maxPeers {
		return false
	}
	s.conns[conn] = nil
	s.done.Add(1)
	return true
}

// serve performs the handshake, then reads messages until the peer goes.
func (s *server) serve(conn net.Conn) {
	defer s.done.Done()
	defer s.forget(conn)
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	_ = conn.SetDeadline(time.Now().Add(s.patience))
	info, err := handshake(conn, r, s.kind, s.accepted)
	if err != nil {
		s.log.Debug("handshake refused", "peer", conn.RemoteAddr(), "err", err)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	p := newPeer(conn, r, info, s.limit)
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
	if reason := p.closed; !errors.Is(reason, io.EOF) && !errors.Is(reason, net.ErrClosed) {
		s.log.Warn("connection ended", "peer", conn.RemoteAddr(), "err", reason)
	}
}

func (s *server) read(p *peer) error {
	command := func(name string, body []byte) error {
		return p.command(name, body, func(name string, body []byte) {
			if s.command != nil {
				s.command(p, name, body)
			}
		})
	}
	for {
		frames, err := readMessage(p.r, command)
		if err != nil {
			return err
		}
		if s.message != nil {
			s.message(p, frames)
		}
	}
}

func (s *server) established(conn net.Conn, p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[conn] = p
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
	for _, p := range s.conns {
		if p != nil {
			out = append(out, p)
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
	for conn, p := range s.conns {
		if p == nil {
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
