package debug

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Request is the content of a debug_request.
type Request struct {
	Seq       int             `json:"seq"`
	Type      string          `json:"type"` // "request"
	Command   string          `json:"command"`
	Arguments json.RawMessage `json:"arguments"`
}

// Response is the content of a debug_reply. Message tells why Success is false.
type Response struct {
	Seq        int             `json:"seq"`
	Type       string          `json:"type"` // "response"
	RequestSeq int             `json:"request_seq"`
	Success    bool            `json:"success"`
	Command    string          `json:"command"`
	Message    string          `json:"message,omitempty"`
	Body       json.RawMessage `json:"body"`
}

// Event is the content of a debug_event.
type Event struct {
	Seq   int             `json:"seq"`
	Type  string          `json:"type"` // "event"
	Event string          `json:"event"`
	Body  json.RawMessage `json:"body,omitempty"`
}

// DecodeRequest reads a request. Arguments that are absent become {}.
func DecodeRequest(content []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(content, &r); err != nil {
		return Request{}, fmt.Errorf("debug: request: %w", err)
	}
	if r.Type != "" && r.Type != "request" {
		return r, fmt.Errorf("debug: a message of type %q, want a request", r.Type)
	}
	if r.Command == "" {
		return r, errors.New("debug: request without a command")
	}
	if len(r.Arguments) == 0 || string(r.Arguments) == "null" {
		r.Arguments = json.RawMessage("{}")
	}
	return r, nil
}

// Decode reads the arguments or the body of a command into v.
func Decode(command string, raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}
