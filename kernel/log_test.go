package kernel

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// lines collects what a log writes.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func (l lines) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-l:
		return line
	case <-time.After(testTime):
		t.Fatal("no line was written")
		return ""
	}
}

func TestLogTellsWarningsAtABoundedRate(t *testing.T) {
	got := make(lines, 10*logLines)
	log := NewLog(got)
	log.Info("unimportant")
	log.Warn("first", "peer", "p")
	if line := got.next(t); !strings.Contains(line, `level=WARN msg=first peer=p`) {
		t.Errorf("got %q", line)
	}
	for range 3 * logLines {
		log.Warn("flood")
		if len(got) > 0 {
			<-got
		}
	}
	l := &lineLog{lines: make(chan []byte, 1), began: time.Now(), written: logLines, left: 6}
	if n, err := l.Write([]byte("seventh")); n != 7 || err != nil || len(l.lines) != 0 {
		t.Errorf("%d bytes, error %v, %d lines passed beyond the rate", n, err, len(l.lines))
	}
	l.began = time.Now().Add(-logSpan)
	if _, err := l.Write([]byte("later\n")); err != nil {
		t.Fatal(err)
	}
	if line := string(<-l.lines); line != "level=WARN msg=\"lines left out\" number=7\nlater\n" {
		t.Errorf("got %q", line)
	}
}

func TestLogWaitsForNobody(t *testing.T) {
	r, w := io.Pipe() // nobody reads
	log := NewLog(w)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range 10 * logLines {
			log.Log(t.Context(), slog.LevelError, "stuck")
		}
	}()
	select {
	case <-written:
	case <-time.After(testTime):
		t.Fatal("the log waits for its reader")
	}
	first := make([]byte, 1<<10)
	n, err := r.Read(first)
	if err != nil || !bytes.Contains(first[:n], []byte("stuck")) {
		t.Errorf("read %q, error %v", first[:n], err)
	}
	r.CloseWithError(io.ErrClosedPipe) // ends the goroutine that writes
}
