package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/kernel/wire"
)

// stdinTime is how long a client's stdin socket may take to come.
const stdinTime = 2 * time.Second

// input joins questions of cells with the answers on stdin. One question is
// open at a time.
type input struct {
	asking chan struct{} // holds one token while a question is open

	mu   sync.Mutex
	open *asked // nil while nothing is asked
}

// asked is a question that waits for its answer.
type asked struct {
	id     string   // of the input_request
	client [][]byte // who is asked
	answer chan string
}

// answers tells whether msg answers q: it comes from the client that was asked, and
// where it names a question, names this one.
func (q *asked) answers(msg *wire.Message) bool {
	var parent wire.Header
	_ = json.Unmarshal(msg.Parent, &parent) // most clients name none
	return slices.EqualFunc(q.client, msg.Identities, bytes.Equal) && (parent.MsgType != wire.InputRequest || parent.MsgID == q.id)
}

// ask sends an input_request to the client that runs the cell and waits for its
// answer, the cell's interruption or ctx.
func (k *Kernel) ask(ctx context.Context, cell int, prompt string, password bool) (string, error) {
	k.mu.Lock()
	run := k.live[cell]
	k.mu.Unlock()
	if run == nil {
		return "", errors.New("input: the cell that asks has ended, nobody can answer")
	}
	if !run.stdin {
		return "", errors.New("input: this front end cannot be asked (allow_stdin is false)")
	}
	select {
	case k.input.asking <- struct{}{}:
		defer func() { <-k.input.asking }()
	case <-run.ctx.Done():
		return "", run.ctx.Err()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	r := run.request
	content, err := wire.Marshal(wire.Input{Prompt: k.masker.Text(prompt), Password: password})
	if err != nil {
		return "", err
	}
	header := k.session.Header(wire.InputRequest)
	q := &asked{id: header.MsgID, client: r.msg.Identities, answer: make(chan string, 1)}
	k.input.set(q)
	defer k.input.set(nil)
	k.out.flush()
	frames, err := k.signer.Encode(&wire.Message{Identities: r.msg.Identities, Header: header, Parent: r.msg.RawHeader, Content: content})
	if err == nil {
		err = k.sendInput(run.ctx, frames)
	}
	if err != nil {
		return "", errors.Join(errors.New("input: the front end has no stdin channel"), err)
	}
	select {
	case text := <-q.answer:
		if password {
			k.keep(cell, text)
		}
		return text, nil
	case <-run.ctx.Done():
		return "", run.ctx.Err()
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// sendInput sends a question. A client opens its sockets together and may run a
// cell before the one for questions stands: it is given a moment.
func (k *Kernel) sendInput(ctx context.Context, frames [][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, stdinTime)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		err := k.stdin.Send(frames)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}

func newInput() *input { return &input{asking: make(chan struct{}, 1)} }

func (i *input) set(q *asked) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.open = q
}

// receiveInput gets what clients send on stdin; an answer that nobody waits
// for is dropped.
func (k *Kernel) receiveInput(frames [][]byte) {
	msg, err := k.signer.Decode(frames)
	if err != nil || msg.Header.MsgType != wire.InputReply {
		k.log.Warn("stdin message dropped", "err", err)
		return
	}
	var content struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(msg.Content, &content); err != nil {
		k.log.Warn("stdin message dropped", "err", err)
		return
	}
	k.input.mu.Lock()
	defer k.input.mu.Unlock()
	if q := k.input.open; q != nil && q.answers(msg) {
		q.answer <- content.Value
		k.input.open = nil
	}
}
