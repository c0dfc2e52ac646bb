package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/kernel/wire"
)

// abortGrace is how long after a failed cell requests still arrive that were
// made before the failure could be known: a front end that runs a whole
// notebook sends all cells at once, and a cell can fail faster than they come.
const abortGrace = 200 * time.Millisecond

// shell is one queue of cells: the parent shell or a subshell (JEP 91). Cells of
// one shell run one after the other, those of two shells at the same time.
type shell struct {
	k     *Kernel
	id    string
	queue *queue
	end   context.CancelFunc // of a subshell

	mu      sync.Mutex
	grace   time.Duration // abortGrace but in tests
	waiting []*request
	doomed  int       // so many of those that wait, the first ones, are aborted
	failed  time.Time // when the last cell failed that aborts what follows
}

func newShell(k *Kernel, id string) *shell {
	return &shell{k: k, id: id, queue: newQueue(), end: func() {}, grace: abortGrace}
}

func (k *Kernel) mainShell() *shell {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.shells[""]
}

// toShell gives a request to the shell that it names. One for a subshell that is
// not there is answered with an error: elsewhere it would run in an order that its
// sender does not expect.
func (k *Kernel) toShell(r *request) {
	id := r.msg.Header.SubshellID
	k.mu.Lock()
	s := k.shells[id]
	k.mu.Unlock()
	if s == nil {
		r.serve(handler{atOnce, func(*request) (any, error) { return nil, noSubshell(id) }})
		return
	}
	s.add(r)
}

func noSubshell(id string) error { return fmt.Errorf("there is no subshell %q", id) }

func (s *shell) run(ctx context.Context) { s.queue.run(ctx) }

func (s *shell) add(r *request) {
	s.mu.Lock()
	s.waiting = append(s.waiting, r)
	s.mu.Unlock()
	s.queue.add(s.step)
}

// step serves the request that waits longest.
func (s *shell) step() {
	s.mu.Lock()
	if len(s.waiting) == 0 {
		s.mu.Unlock()
		return
	}
	r := s.waiting[0]
	s.waiting = s.waiting[1:]
	abort := s.doomed > 0 || s.late(r)
	s.doomed = max(0, s.doomed-1)
	s.mu.Unlock()
	if abort {
		s.abort(r)
		return
	}
	var content wire.Execute
	r.serve(handler{inShell, func(r *request) (any, error) {
		if err := r.content(&content); err != nil {
			return nil, err
		}
		failed := func() {
			if content.StopOnError == nil || *content.StopOnError {
				s.abortWaiting()
			}
		}
		s.k.execute(r, content, failed)
		return nil, nil
	}})
}

// late tells whether r was made before its sender could know of the failure
// that aborts it. s.mu is held.
func (s *shell) late(r *request) bool {
	made := r.msg.Header.Time()
	return !s.failed.IsZero() && time.Since(s.failed) < s.grace && !made.IsZero() && made.Before(s.failed)
}

// abortWaiting aborts everything that waits behind a failed cell. Whatever comes
// once the failure is told was made in knowledge of it.
func (s *shell) abortWaiting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doomed, s.failed = len(s.waiting), time.Now()
}

func (s *shell) abort(r *request) {
	r.serve(handler{inShell, func(r *request) (any, error) {
		return wire.ExecuteReply{Status: "aborted", ExecutionCount: s.k.executionCount()}, nil
	}})
}

func (k *Kernel) executionCount() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count
}

// cellID is the front end's id of the cell that a request runs.
func (r *request) cellID() string {
	var metadata struct {
		CellID string `json:"cellId"`
	}
	_ = json.Unmarshal(r.msg.Metadata, &metadata) // metadata is free; what is no id is none
	return metadata.CellID
}
