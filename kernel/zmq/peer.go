package zmq

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeAtOnce bounds what one system call is given to write, in bytes.
const writeAtOnce = 128 << 10

// errOverrun closes a connection whose peer does not read.
var errOverrun = errors.New("peer does not read: its queue is full")

// peer is one connection after its handshake. Its reader runs in serve, its
// writer in a goroutine of its own; send never blocks.
type peer struct {
	peerInfo
	conn  net.Conn
	r     *bufio.Reader
	limit int // bytes that may wait to be written

	mu       sync.Mutex
	changed  *sync.Cond // queue, closed or progress changed
	queue    [][]byte   // encoded frames that wait, in order
	queued   int        // their size, and of what is being written
	progress time.Time  // when the peer last took bytes, or had none to take
	closed   error      // why the connection ends, nil while it lives
	drained  bool       // close after the queue is written
}

func newPeer(conn net.Conn, r *bufio.Reader, info peerInfo, limit int) *peer {
	p := &peer{peerInfo: info, conn: conn, r: r, limit: limit, progress: time.Now()}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// send queues one message. It fails where the connection has ended, and ends
// it where too much waits already.
func (p *peer) send(frames [][]byte) error {
	encoded := make([][]byte, 0, 2*len(frames))
	size := 0
	for i, f := range frames {
		flags := byte(flagMore)
		if i == len(frames)-1 {
			flags = 0
		}
		encoded = append(encoded, appendFrameHeader(nil, flags, len(f)))
		if len(f) > 0 {
			encoded = append(encoded, f)
		}
		size += len(f) + 2
	}
	return p.enqueue(encoded, size)
}

func (p *peer) sendCommand(name string, body []byte) error {
	frame := appendFrame(nil, flagCommand, append(appendName(nil, name), body...))
	return p.enqueue([][]byte{frame}, len(frame))
}

func (p *peer) enqueue(encoded [][]byte, size int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != nil {
		return p.closed
	}
	if p.drained {
		return net.ErrClosed
	}
	if p.queued > 0 && p.queued+size > p.limit {
		p.end(fmt.Errorf("%w (%d bytes)", errOverrun, p.queued))
		return p.closed
	}
	if p.queued == 0 {
		p.progress = time.Now()
	}
	p.queue = append(p.queue, encoded...)
	p.queued += size
	p.changed.Broadcast()
	return nil
}

// end closes the connection for the given reason. p.mu is held.
func (p *peer) end(reason error) {
	if p.closed == nil {
		p.closed = reason
		p.queue, p.queued = nil, 0
		p.conn.Close()
		p.changed.Broadcast()
	}
}

func (p *peer) close(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(reason)
}

// drain lets the writer finish what waits, then closes the connection.
func (p *peer) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drained = true
	p.changed.Broadcast()
}

// write sends what is queued until the connection ends.
func (p *peer) write() {
	for {
		batch, size := p.next()
		if batch == nil {
			return
		}
		buffers := net.Buffers(batch)
		if _, err := buffers.WriteTo(p.conn); err != nil {
			p.close(err)
			return
		}
		p.wrote(size)
	}
}

// next waits for something to write and takes it, nil at the end.
func (p *peer) next() (batch [][]byte, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && p.closed == nil && !p.drained {
		p.changed.Wait()
	}
	if p.closed != nil {
		return nil, 0
	}
	if len(p.queue) == 0 {
		p.end(net.ErrClosed)
		return nil, 0
	}
	n := 0
	for n < len(p.queue) && (size < writeAtOnce || n == 0) {
		size += len(p.queue[n])
		n++
	}
	batch, p.queue = p.queue[:n:n], p.queue[n:]
	return batch, size
}

func (p *peer) wrote(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = time.Now()
	if len(p.queue) == 0 {
		p.queue, p.queued = nil, 0
	} else {
		p.queued = max(1, p.queued-size)
	}
	p.changed.Broadcast()
}

// backlog tells how many bytes wait and since when the peer has taken none.
func (p *peer) backlog() (bytes int, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued, p.progress
}

// command answers what ZMTP 3.1 asks of every socket; own handles the rest.
func (p *peer) command(name string, body []byte, own func(string, []byte)) error {
	switch name {
	case "PING": // RFC 37: a TTL of two bytes, then a context to send back
		if len(body) < 2 || len(body) > 18 {
			return errors.New("malformed PING")
		}
		return p.sendCommand("PONG", body[2:])
	case "PONG":
	case "ERROR":
		return fmt.Errorf("peer reports error %q", body)
	default:
		if own != nil {
			own(name, body)
		}
	}
	return nil
}
