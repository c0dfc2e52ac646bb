package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

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

	Number   int    `json:"number,omitempty"` // ask: the cell's
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
)

// sender writes messages to a pipe.
type sender struct {
	mu sync.Mutex
	w  *os.File
}

func (s *sender) send(m message) error {
	var buf bytes.Buffer
	buf.Write(make([]byte, 4))
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return err
	}
	if buf.Len() > maxFrame {
		return fmt.Errorf("message of %d bytes is too large", buf.Len())
	}
	binary.BigEndian.PutUint32(buf.Bytes(), uint32(buf.Len()-4))
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.w.Write(buf.Bytes())
	return err
}

// receive reads one message. Numbers in bundles keep their digits.
func receive(r io.Reader) (message, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return message{}, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return message{}, fmt.Errorf("frame claims %d bytes", n)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(n)); err != nil {
		return message{}, err
	}
	dec := json.NewDecoder(&body)
	dec.UseNumber()
	var m message
	if err := dec.Decode(&m); err != nil {
		return message{}, fmt.Errorf("frame: %w", err)
	}
	return m, nil
}
