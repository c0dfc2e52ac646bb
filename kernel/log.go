package kernel

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Bounds of what the log writes.
const (
	logLines = 20               // at most, in each logSpan
	logSpan  = 10 * time.Second // after which lines may be written again
)

// NewLog returns a log of warnings and errors for Config.Log. It writes to w, as a
// rule standard error, which the front end shows or keeps. Nobody waits for w:
// lines that it does not take, and those beyond a bounded rate, are counted and
// left out, so that a stranger's flood neither holds the kernel up nor fills a
// disk.
func NewLog(w io.Writer) *slog.Logger {
	l := &lineLog{lines: make(chan []byte, logLines)}
	go l.write(w)
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// lineLog passes lines on to a writer that may block.
type lineLog struct {
	lines chan []byte

	mu      sync.Mutex
	began   time.Time // of the span
	written int       // lines in it
	left    int       // lines left out since the last one written
}

// Write takes one line. It never blocks.
func (l *lineLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.began) >= logSpan {
		l.began, l.written = now, 0
	}
	text := make([]byte, 0, len(line)+64)
	if l.left > 0 {
		text = fmt.Appendf(text, "level=WARN msg=\"lines left out\" number=%d\n", l.left)
	}
	if l.written < logLines {
		select {
		case l.lines <- append(text, line...):
			l.written++
			l.left = 0
			return len(line), nil
		default:
		}
	}
	l.left++
	return len(line), nil
}

// write ends with the process: a log has no end of its own.
func (l *lineLog) write(w io.Writer) {
	for line := range l.lines {
		if _, err := w.Write(line); err != nil {
			return // nowhere to say so
		}
	}
}
