package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// Version is the version of the messaging specification spoken.
const Version = "5.5"

// Header identifies one message.
type Header struct {
	MsgID      string `json:"msg_id"`
	Session    string `json:"session"`
	Username   string `json:"username"`
	Date       string `json:"date"`
	MsgType    string `json:"msg_type"`
	Version    string `json:"version"`
	SubshellID string `json:"subshell_id,omitempty"`
}

// Time returns the header's date, the zero time where it holds none.
func (h Header) Time() time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999"} {
		if t, err := time.Parse(layout, h.Date); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Message is one message of the protocol. Its owner may not change the raw
// parts after it was encoded or decoded: frames share them.
type Message struct {
	Identities [][]byte // ROUTER's return address, or a topic on iopub
	Header     Header
	// RawHeader is the header as received. A reply carries it as its parent,
	// byte for byte.
	RawHeader json.RawMessage
	Parent    json.RawMessage // "{}" where there is none
	Metadata  json.RawMessage
	Content   json.RawMessage
	Buffers   [][]byte
}

// delimiter stands between the identities and the signature.
var delimiter = []byte("<IDS|MSG>")

var empty = json.RawMessage("{}")

// ErrSignature means that a message was not signed with the connection's key,
// or that the same signature was seen before.
var ErrSignature = errors.New("wire: invalid signature")

// Encode turns m into frames and signs them. An absent part is sent as {}.
func (s *Signer) Encode(m *Message) ([][]byte, error) {
	header, err := json.Marshal(m.Header)
	if err != nil {
		return nil, fmt.Errorf("wire: encode header of %s: %w", m.Header.MsgType, err)
	}
	parts := [4][]byte{header, orEmpty(m.Parent), orEmpty(m.Metadata), orEmpty(m.Content)}
	frames := make([][]byte, 0, len(m.Identities)+6+len(m.Buffers))
	frames = append(frames, m.Identities...)
	frames = append(frames, delimiter, s.sign(parts[:]))
	frames = append(frames, parts[:]...)
	return append(frames, m.Buffers...), nil
}

func orEmpty(part json.RawMessage) []byte {
	if len(part) == 0 {
		return empty
	}
	return part
}

// Decode checks the signature of frames and parses their header. The content
// stays raw: who handles the message knows its type.
func (s *Signer) Decode(frames [][]byte) (*Message, error) {
	at := -1
	for i, f := range frames {
		if bytes.Equal(f, delimiter) {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, errors.New("wire: no <IDS|MSG> delimiter in message")
	}
	rest := frames[at+1:]
	if len(rest) < 5 {
		return nil, fmt.Errorf("wire: message of %d parts, want signature and 4 parts at least", len(rest))
	}
	if err := s.verify(rest[0], rest[1:5]); err != nil {
		return nil, err
	}
	m := &Message{
		Identities: frames[:at:at], RawHeader: rest[1], Parent: rest[2],
		Metadata: rest[3], Content: rest[4], Buffers: rest[5:],
	}
	if err := json.Unmarshal(m.RawHeader, &m.Header); err != nil {
		return nil, fmt.Errorf("wire: header: %w", err)
	}
	if m.Header.MsgType == "" {
		return nil, errors.New("wire: header without msg_type")
	}
	for i, name := range []string{"parent_header", "metadata", "content"} {
		if !json.Valid(rest[i+2]) {
			return nil, fmt.Errorf("wire: %s of %s is not JSON", name, m.Header.MsgType)
		}
	}
	return m, nil
}

// Session numbers the messages that one side sends.
type Session struct {
	ID       string
	Username string
	next     atomic.Uint64
}

// Header returns a fresh header for a message of the given type, dated now.
func (s *Session) Header(msgType string) Header {
	return Header{
		MsgID:    s.ID + "_" + strconv.FormatUint(s.next.Add(1), 10),
		Session:  s.ID,
		Username: s.Username,
		Date:     time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		MsgType:  msgType,
		Version:  Version,
	}
}

// Marshal encodes content as JSON without escaping HTML, which would swell
// displays.
func Marshal(content any) (json.RawMessage, error) {
	if s, ok := content.(Stream); ok {
		return s.encode(), nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(content); err != nil {
		return nil, fmt.Errorf("wire: encode %T: %w", content, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
