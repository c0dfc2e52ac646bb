package sim

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"
)

// linkRaw says that frames begin with an IP header (LINKTYPE_RAW).
const linkRaw = 101

// capture writes frames as a libpcap file with time stamps in nanoseconds.
type capture struct {
	mu   sync.Mutex
	w    io.Writer
	done bool
}

func newCapture(w io.Writer) (*capture, error) {
	h := make([]byte, 24)
	binary.LittleEndian.PutUint32(h, 0xa1b23c4d)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], 65535)
	binary.LittleEndian.PutUint32(h[20:], linkRaw)
	if _, err := w.Write(h); err != nil {
		return nil, fmt.Errorf("sim: write the head of a capture: %w", err)
	}
	return &capture{w: w}, nil
}

// frame writes one frame; after a failed write the capture is over.
func (c *capture) frame(b []byte, at time.Time) {
	r := make([]byte, 16, 16+len(b))
	binary.LittleEndian.PutUint32(r, uint32(at.Unix()))
	binary.LittleEndian.PutUint32(r[4:], uint32(at.Nanosecond()))
	binary.LittleEndian.PutUint32(r[8:], uint32(len(b)))
	binary.LittleEndian.PutUint32(r[12:], uint32(len(b)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	if _, err := c.w.Write(append(r, b...)); err != nil {
		c.done = true
	}
}

func (c *capture) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
}
