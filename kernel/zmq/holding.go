package zmq

import (
	"errors"
	"sync/atomic"
)

// Bounds of what messages take before they are complete. Who sends the beginnings
// of many large messages may not fill the memory; who sends small ones is never
// held up by that.
const (
	maxHeld  = 1 << 30  // bytes, of all connections of the process together
	freeHeld = 64 << 10 // bytes of one message that are not counted
)

// held is what is counted of all connections' unfinished messages, in bytes.
var held atomic.Int64

var errHeld = errors.New("too many bytes of unfinished messages are held for all peers together")

// holding is what one unfinished message has allocated. A nil holding counts
// nothing.
type holding struct{ taken, counted int64 }

// take counts n bytes and one frame's cost, before they are allocated.
func (h *holding) take(n int) error {
	if h == nil {
		return nil
	}
	h.taken += int64(n) + frameCost
	more := max(0, h.taken-freeHeld) - h.counted
	if more == 0 {
		return nil
	}
	h.counted += more
	if held.Add(more) > maxHeld {
		return errHeld
	}
	return nil
}

// release gives back what was counted; the message is complete or has failed.
func (h *holding) release() {
	if h.counted > 0 {
		held.Add(-h.counted)
	}
	*h = holding{}
}
