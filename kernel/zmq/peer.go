package zmq

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	writeAtOnce = 128 << 10 // bytes that one system call is given, if one message is not longer
	copyBelow   = 4 << 10   // bytes of a body up to which a copy is cheaper than a buffer of its own
	frameCost   = 64        // bytes that a frame takes besides its body
	readRate    = 1 << 20   // bytes a second that a peer takes at least that is waited for
	patient     = time.Second
	maxAnswers  = 1 << 10 // answers to PINGs and subscriptions that may wait
)

// errOverrun closes a connection whose peer does not read.
var errOverrun = errors.New("peer does not read: its queue is full")

// peer is one connection after its handshake. Its reader runs in serve, its
// writer in a goroutine of its own; send never blocks.
type peer struct {
	peerInfo
	conn  net.Conn
	r     frameReader
	limit int // bytes that may wait to be written
	spoke atomic.Bool

	mu      sync.Mutex
	changed *sync.Cond // queue, closed or drained changed
	queue   []frame    // frames that wait, in order
	queued  int        // their size, and of what is being written
	answers int        // see answer; since the queue was last empty
	credit  time.Time  // until when the peer counts as one that reads
	closed  error      // why the connection ends, nil while it lives
	drained bool       // close after the queue is written
}

func newPeer(conn net.Conn, r frameReader, info peerInfo, limit int) *peer {
	p := &peer{peerInfo: info, conn: conn, r: r, limit: limit}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// hasSpoken tells whether a message or command came from p; nil is a peer in its
// handshake.
func (p *peer) hasSpoken() bool { return p != nil && p.spoke.Load() }

// send queues one message. It fails where the connection has ended, and ends
// it where too much waits already.
func (p *peer) send(frames [][]byte) error {
	return p.enqueue(asMessage(frames))
}

func asMessage(frames [][]byte) []frame {
	message := make([]frame, len(frames))
	for i, f := range frames {
		message[i] = frame{flagMore, f}
	}
	message[len(frames)-1].flags = 0
	return message
}

// answer queues what the peer can have as often as it likes for a few bytes. One
// that only asks and does not read is ended.
func (p *peer) answer(frames []frame) error {
	p.mu.Lock()
	p.answers++
	tooMany := p.answers > maxAnswers
	p.mu.Unlock()
	if tooMany {
		return errors.New("peer asks again and again and does not read")
	}
	return p.enqueue(frames)
}

// enqueue takes whole messages.
func (p *peer) enqueue(frames []frame) error {
	size := sizeOf(frames)
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
		p.credit = time.Now().Add(patient)
	}
	p.queue = append(p.queue, frames...)
	p.queued += size
	p.changed.Broadcast()
	return nil
}

func sizeOf(frames []frame) (size int) {
	for _, f := range frames {
		size += frameCost + len(f.body)
	}
	return size
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

// handOver ends the connection and returns the messages that nothing was written
// of.
func (p *peer) handOver() []frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.queue
	p.end(net.ErrClosed)
	return left
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
	var scratch []byte
	for {
		batch := p.next()
		if batch == nil {
			return
		}
		var buffers net.Buffers
		if p.r.curve != nil {
			scratch = sealBatch(scratch[:0], batch, p.r.curve)
			buffers = net.Buffers{scratch}
		} else {
			buffers, scratch = plainBatch(scratch[:0], batch)
		}
		if err := p.writeOut(buffers); err != nil {
			p.close(err)
			return
		}
		if cap(scratch) > 4*writeAtOnce { // a large message's
			scratch = nil
		}
		p.wrote(sizeOf(batch))
		clear(batch) // the queue's array may live on
	}
}

// writeOut writes in pieces, so that a slow peer shows what it takes.
func (p *peer) writeOut(buffers net.Buffers) error {
	for len(buffers) > 0 {
		piece, size := buffers[0], len(buffers[0])
		if size > writeAtOnce {
			buffers[0] = piece[writeAtOnce:]
			if _, err := p.conn.Write(piece[:writeAtOnce]); err != nil {
				return err
			}
			p.took(writeAtOnce)
			continue
		}
		n := 1
		for n < len(buffers) && size+len(buffers[n]) <= writeAtOnce {
			size += len(buffers[n])
			n++
		}
		group := buffers[:n]
		if _, err := group.WriteTo(p.conn); err != nil {
			return err
		}
		buffers = buffers[n:]
		p.took(size)
	}
	return nil
}

// took gives the peer credit for the bytes that it took.
func (p *peer) took(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.credit = p.credit.Add(time.Duration(size) * time.Second / readRate)
	if most := now.Add(patient); p.credit.After(most) {
		p.credit = most
	}
	if least := now.Add(-patient); p.credit.Before(least) {
		p.credit = least
	}
}

func sealBatch(dst []byte, batch []frame, curve *curveSession) []byte {
	size := 0
	for _, f := range batch {
		size += maxFrameHeader + int(sealedOverhead) + len(f.body)
	}
	dst = slices.Grow(dst, size)
	for _, f := range batch {
		dst = curve.seal(dst, f)
	}
	return dst
}

// plainBatch encodes frames: headers and short bodies in scratch, long bodies as
// they are.
func plainBatch(scratch []byte, batch []frame) (buffers net.Buffers, grown []byte) {
	size := 0
	for _, f := range batch {
		if size += maxFrameHeader; len(f.body) <= copyBelow {
			size += len(f.body)
		}
	}
	scratch = slices.Grow(scratch, size) // buffers points into it: it may not move
	start := 0
	for _, f := range batch {
		scratch = appendFrameHeader(scratch, f.flags, len(f.body))
		if len(f.body) <= copyBelow {
			scratch = append(scratch, f.body...)
			continue
		}
		buffers = append(buffers, scratch[start:], f.body)
		start = len(scratch)
	}
	if start < len(scratch) {
		buffers = append(buffers, scratch[start:])
	}
	return buffers, scratch
}

// next waits for something to write and takes it in whole messages, nil at the
// end.
func (p *peer) next() []frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && p.closed == nil && !p.drained {
		p.changed.Wait()
	}
	if p.closed != nil {
		return nil
	}
	if len(p.queue) == 0 {
		p.end(net.ErrClosed)
		return nil
	}
	n, size, whole := 0, 0, false
	for n < len(p.queue) && (size < writeAtOnce || !whole) {
		size += len(p.queue[n].body)
		whole = p.queue[n].flags&flagMore == 0
		n++
	}
	var batch []frame
	batch, p.queue = p.queue[:n:n], p.queue[n:]
	return batch
}

func (p *peer) wrote(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != nil {
		return
	}
	p.queued -= size
	if len(p.queue) == 0 {
		p.queue, p.answers = nil, 0
	}
	p.changed.Broadcast()
}

// backlog tells how many bytes wait and whether the peer reads.
func (p *peer) backlog() (bytes int, reads bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued, time.Now().Before(p.credit)
}

// command answers what ZMTP 3.1 asks of every socket; own handles the rest.
func (p *peer) command(name string, body []byte, own func(string, []byte)) error {
	switch name {
	case "PING": // RFC 37: a TTL of two bytes, then a context to send back
		if len(body) < 2 || len(body) > 18 {
			return errors.New("malformed PING")
		}
		return p.answer([]frame{{flagCommand, append(appendName(nil, "PONG"), body[2:]...)}})
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
