package worker

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// A mark is the secret followed by a number of eight bytes.
const (
	secretLen = 16
	markLen   = secretLen + 8
)

// crashTime is how long text on standard error that begins like the end of a Go
// program is held back to see whether it is. A program can take longer to end where
// the machine is busy: such text is shown then, and still known to be its last words.
const crashTime = 300 * time.Millisecond

// crashBytes bounds the text held back.
const crashBytes = 1 << 20

// capture reads the child's standard output and error and keeps them in order
// with its messages. Its lock is held while text or a message is passed on.
type capture struct {
	emit   func(name, text string)
	secret []byte
	events func() bool // tells whether messages wait to be read

	reading atomic.Bool // a message has been read in part

	mu      sync.Mutex
	changed *sync.Cond
	seen    [2]uint64 // last mark read of each stream
	handled [2]uint64 // last mark whose message was passed on
	wanted  [2]bool   // a message waits for a mark of this stream
	inHand  [2]uint64 // mark behind which a reader has text to pass on, 0: none
	ended   bool      // no further messages will come
	crash   []byte    // text held back
	told    []byte    // text that was held back and all after it, while nothing shows that the program lives on
}

func newCapture(secret []byte, events func() bool, emit func(name, text string)) *capture {
	c := &capture{secret: secret, events: events, emit: emit}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// message passes one message on by f, after the output that came before it.
// more tells that the next message has been read in part already.
func (c *capture) message(marks [2]uint64, f func(), more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.behind(marks) && !c.ended {
		c.changed.Wait()
	}
	c.wanted = [2]bool{}
	f()
	c.told = nil
	for i, mark := range marks {
		c.handled[i] = max(c.handled[i], mark)
	}
	c.reading.Store(more)
	c.changed.Broadcast()
}

// behind tells whether output is still to come that was made before a message
// with these marks: text before a mark, or text behind a mark that a reader has in
// hand. A message that has no mark is later than that text, for one sent while the
// mark was unread would have got a mark of its own. c.mu is held.
func (c *capture) behind(marks [2]uint64) bool {
	wait := false
	for i, mark := range marks {
		if c.seen[i] < mark {
			c.wanted[i] = true
			c.changed.Broadcast()
			wait = true
		}
		wait = wait || c.inHand[i] != 0 && c.inHand[i] <= c.handled[i]
	}
	return wait
}

// finish tells that no message will come any more.
func (c *capture) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.changed.Broadcast()
}

// read passes on what comes from f, stream 0 or 1, until its end.
func (c *capture) read(stream int, f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	var held []byte // the beginning of a rune or of a mark
	buf := make([]byte, 64<<10)
	for {
		n, ok := c.readLocked(stream, raw, buf)
		if !ok {
			return
		}
		if n == 0 {
			c.pass(stream, held)
			c.mu.Unlock()
			return
		}
		held = c.split(stream, append(held, buf[:n]...))
		c.mu.Unlock()
	}
}

// readLocked reads what there is, at least one byte, 0 at the end. It returns
// with c.mu held where ok is true, so that nothing overtakes what was read.
//
// It reads no more than there was before it yielded: a message sent before that
// text has been passed on by then, one sent before later text perhaps not.
func (c *capture) readLocked(stream int, raw syscall.RawConn, buf []byte) (n int, ok bool) {
	err := raw.Read(func(fd uintptr) bool {
		there := unread(fd)
		if there == 0 && !readable(fd) {
			return false
		}
		there = max(there, unread(fd), 1) // 1: to see the end
		c.mu.Lock()
		c.yield(stream)
		var err error
		n, err = unix.Read(int(fd), buf[:min(there, len(buf))])
		if err == unix.EAGAIN || err == unix.EINTR {
			c.mu.Unlock()
			return false
		}
		n, ok = max(n, 0), true
		return true
	})
	return n, ok && err == nil
}

// unread is how many bytes wait in fd.
func unread(fd uintptr) int {
	n, err := unix.IoctlGetInt(int(fd), unreadBytes)
	if err != nil {
		return 0
	}
	return n
}

// yield lets messages go first that were sent before the text that is about to
// be read from a stream. c.mu is held.
func (c *capture) yield(stream int) {
	for !c.wanted[stream] && !c.ended && (c.events() || c.reading.Load()) { // in this order: reading is set before the pipe is emptied
		c.changed.Wait()
	}
}

// awaitMessage blocks until a message or the end can be read from raw.
func (c *capture) awaitMessage(raw syscall.RawConn) error {
	return raw.Read(func(fd uintptr) bool {
		if !readable(fd) {
			return false
		}
		c.reading.Store(true)
		return true
	})
}

// readable tells whether bytes or the end can be read from fd at once.
func readable(fd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0
}

// split passes text on, piece by piece between marks, and returns what may be
// the beginning of a rune or of a mark. c.mu is held.
func (c *capture) split(stream int, text []byte) (held []byte) {
	for {
		at := bytes.Index(text, c.secret)
		if at < 0 || len(text) < at+markLen {
			break
		}
		c.pass(stream, text[:at])
		mark := binary.BigEndian.Uint64(text[at+secretLen:])
		text = text[at+markLen:]
		c.seen[stream], c.inHand[stream] = mark, mark
		c.changed.Broadcast()
		for c.handled[stream] < mark && !c.ended {
			c.changed.Wait()
		}
	}
	keep := c.begun(text)
	c.pass(stream, text[:len(text)-keep])
	if c.inHand[stream] != 0 {
		c.inHand[stream] = 0
		c.changed.Broadcast()
	}
	return append([]byte(nil), text[len(text)-keep:]...)
}

// begun returns how many bytes at the end of text are the beginning of a mark
// or of a rune.
func (c *capture) begun(text []byte) int {
	if at := bytes.Index(text, c.secret); at >= 0 {
		return len(text) - at
	}
	for n := min(secretLen-1, len(text)); n > 0; n-- {
		if bytes.HasSuffix(text, c.secret[:n]) {
			return n
		}
	}
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if b := text[len(text)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			break
		}
	}
	return 0
}

// pass emits text, unless it looks like the report of a dying Go program. c.mu is
// held.
func (c *capture) pass(stream int, text []byte) {
	if len(text) == 0 {
		return
	}
	if stream == 0 {
		c.emit("stdout", string(text))
		return
	}
	if c.crash == nil {
		at := fatalAt(text)
		if at > 0 {
			c.emit("stderr", string(text[:at]))
			if c.told != nil {
				c.told = upTo(crashBytes, c.told, text[:at])
			}
		}
		if text = text[at:]; len(text) == 0 {
			return
		}
		time.AfterFunc(crashTime, c.release)
	}
	c.crash = upTo(crashBytes, c.crash, text)
}

// upTo appends text up to a size.
func upTo(size int, to, text []byte) []byte {
	return append(to, text[:min(len(text), size-len(to))]...)
}

// fatalWords begin the last words of the Go runtime, on a line of their own.
var fatalWords = []string{"fatal error: ", "panic: ", "runtime: ", "SIG", "unexpected fault address", "unexpected signal", "[signal "}

// fatalAt is where the first line of text begins that looks like the last words of
// the Go runtime, which may come in one piece with what was printed before them;
// the length of text where there is none.
func fatalAt(text []byte) int {
	for at := 0; at < len(text); {
		for _, words := range fatalWords {
			if bytes.HasPrefix(text[at:], []byte(words)) {
				return at
			}
		}
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return len(text)
}

// release emits text that was held back from a program that lives on.
func (c *capture) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.releaseLocked()
}

func (c *capture) releaseLocked() {
	if c.crash != nil && !c.ended {
		c.emit("stderr", string(c.crash))
		c.told = upTo(crashBytes, c.told, c.crash)
		c.crash = nil
	}
}

// report returns the last words of a child that has died. crashed tells that it ended
// as Go programs do by an error: what was shown as its words already are that then.
func (c *capture) report(crashed bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	words := c.crash
	if crashed {
		words = upTo(crashBytes, c.told, c.crash)
	}
	if len(words) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(words), "\n"), "\n")
}
