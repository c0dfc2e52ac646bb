package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"unsafe"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// File descriptors of the child, beside 1 and 2.
const (
	fdRequests = 3 // parent to child
	fdEvents   = 4 // child to parent: what must keep its order
	fdAnswers  = 5 // child to parent: answers to questions, which overtake output
)

// maxFrame bounds one message between parent and child, in bytes.
const maxFrame = 1 << 30

// message is everything that travels between parent and child. Op says which
// of the fields are meant.
type message struct {
	Op string `json:"op"`
	ID uint64 `json:"id,omitempty"` // of the question, echoed in its answer

	Secret []byte `json:"secret,omitempty"` // hello: first bytes of every mark

	Cell   *engine.Cell `json:"cell,omitempty"`
	Code   string       `json:"code,omitempty"`
	Cursor int          `json:"cursor,omitempty"`
	Detail int          `json:"detail,omitempty"`

	Event        *engine.Event        `json:"event,omitempty"`
	Outcome      *engine.Outcome      `json:"outcome,omitempty"`
	Completions  *engine.Completions  `json:"completions,omitempty"`
	Bundle       *display.Bundle      `json:"bundle,omitempty"`
	Found        bool                 `json:"found,omitempty"`
	Completeness *engine.Completeness `json:"completeness,omitempty"`

	Comm *display.CommMessage `json:"comm,omitempty"`

	Command string          `json:"command,omitempty"` // debug: the request
	Body    json.RawMessage `json:"body,omitempty"`    // debug: its arguments, or what it is answered

	Number   int    `json:"number,omitempty"` // ask, outcome: the cell's
	Text     string `json:"text,omitempty"`   // ask: prompt; answer: what was typed
	Password bool   `json:"password,omitempty"`
	Err      string `json:"err,omitempty"`

	// Marks are the marks written to the child's standard output and error
	// before this message, 0 where all of it had been read.
	Marks [2]uint64 `json:"marks,omitzero"`
}

// Operations.
const (
	opHello      = "hello"
	opReady      = "ready"
	opExecute    = "execute"
	opCancel     = "cancel"
	opOutcome    = "outcome"
	opEvent      = "event"
	opAsk        = "ask"
	opTyped      = "typed"
	opComplete   = "complete"
	opInspect    = "inspect"
	opIsComplete = "is_complete"
	opComm       = "comm"
	opDebug      = "debug"
)

// sender writes messages to a pipe.
type sender struct {
	mu sync.Mutex
	w  *os.File
}

// A frame is its size (four bytes), its kind and its body. Streams, which are
// most of the traffic, and the source of cells, which may be large, travel bare;
// everything else is JSON.
const (
	frameJSON   = 'j'
	frameStream = 's'
	frameCell   = 'c' // size of the JSON (four bytes), JSON, source
)

// streamHead is what stands before the text of a frameStream: cell, two marks,
// and 1 for standard error.
const streamHead = 8 + 8 + 8 + 1

func (s *sender) send(m message) error {
	frame, text, err := encodeFrame(m)
	if err != nil {
		return err
	}
	size := len(frame) - 4 + len(text)
	if size > maxFrame {
		return fmt.Errorf("message of %d bytes is too large", size)
	}
	binary.BigEndian.PutUint32(frame, uint32(size))
	if len(text) <= 64<<10 {
		frame, text = append(frame, text...), ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.w.Write(frame); err != nil || text == "" {
		return err
	}
	_, err = io.WriteString(s.w, text)
	return err
}

// encodeFrame returns a frame without its size, and text that belongs behind it.
func encodeFrame(m message) (frame []byte, text string, err error) {
	if m.Op == opEvent && m.Event.Stream != nil {
		frame = append(make([]byte, 4, 5+streamHead), frameStream)
		frame = binary.BigEndian.AppendUint64(frame, uint64(m.Event.Cell))
		frame = binary.BigEndian.AppendUint64(frame, m.Marks[0])
		frame = binary.BigEndian.AppendUint64(frame, m.Marks[1])
		if m.Event.Stream.Name == "stderr" {
			return append(frame, 1), m.Event.Stream.Text, nil
		}
		return append(frame, 0), m.Event.Stream.Text, nil
	}
	var buf bytes.Buffer
	if m.Cell == nil {
		buf.Write([]byte{0, 0, 0, 0, frameJSON})
	} else {
		buf.Write([]byte{0, 0, 0, 0, frameCell, 0, 0, 0, 0})
		bare := *m.Cell
		bare.Source, text = "", bare.Source
		m.Cell = &bare
	}
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, "", err
	}
	frame = buf.Bytes()
	if m.Cell != nil {
		binary.BigEndian.PutUint32(frame[5:], uint32(len(frame)-9))
	}
	return frame, text, nil
}

// receive reads one message.
func receive(r io.Reader) (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	n := int(binary.BigEndian.Uint32(head[:])) - 1
	if n < 0 || n > maxFrame {
		return message{}, fmt.Errorf("frame claims %d bytes", n+1)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return message{}, err
	}
	switch head[4] {
	case frameStream:
		return decodeStream(body)
	case frameCell:
		return decodeCell(body)
	case frameJSON:
		return decodeJSON(body)
	}
	return message{}, fmt.Errorf("frame of kind %q", head[4])
}

// decodeStream takes body over: the text is part of it.
func decodeStream(body []byte) (message, error) {
	if len(body) < streamHead {
		return message{}, errors.New("stream frame cut short")
	}
	m := message{Op: opEvent, Event: &engine.Event{Cell: int(binary.BigEndian.Uint64(body))}}
	m.Marks = [2]uint64{binary.BigEndian.Uint64(body[8:]), binary.BigEndian.Uint64(body[16:])}
	m.Event.Stream = &engine.Stream{Name: "stdout", Text: textOf(body[streamHead:])}
	if body[24] == 1 {
		m.Event.Stream.Name = "stderr"
	}
	return m, nil
}

// decodeCell takes body over: the source is part of it.
func decodeCell(body []byte) (message, error) {
	if len(body) < 4 || uint64(binary.BigEndian.Uint32(body)) > uint64(len(body)-4) {
		return message{}, errors.New("cell frame cut short")
	}
	end := 4 + int(binary.BigEndian.Uint32(body))
	m, err := decodeJSON(body[4:end])
	if err == nil && m.Cell == nil {
		err = fmt.Errorf("%s without its cell", m.Op)
	}
	if err != nil {
		return message{}, err
	}
	m.Cell.Source = textOf(body[end:])
	return m, nil
}

// textOf is b, which nobody may change from now on, as a string.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// decodeJSON keeps the digits of numbers in bundles.
func decodeJSON(body []byte) (message, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var m message
	if err := dec.Decode(&m); err != nil {
		return message{}, fmt.Errorf("frame: %w", err)
	}
	if m.Op == opEvent && m.Event == nil || m.Op == opExecute && m.Cell == nil || m.Op == opOutcome && m.Outcome == nil || m.Op == opComm && m.Comm == nil {
		return message{}, fmt.Errorf("%s without its value", m.Op)
	}
	return m, nil
}
