package controller

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/dataplane/agent"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// changesKept is how many changes the board can tell the progress of. Older ones
// are in force or overtaken.
const changesKept = 1024

// An agent in this process reports at least every heartbeat, which is also how old
// counters may be; it counts as down when it missed some.
const (
	heartbeat = 2 * time.Second
	missed    = 5
)

// board is what the nodes have reported, and how far each change is in force.
type board struct {
	mu      sync.Mutex
	newest  uint64 // revision of the intent
	first   uint64 // revision that this process began with
	nodes   map[string]*nodeRecord
	changes map[uint64]*changeRecord
	news    chan struct{} // closed and replaced at each acknowledgement
}

// nodeRecord is one node or gateway with an agent.
type nodeRecord struct {
	wanted   uint64 // revision of the newest State that it was given
	acked    uint64 // revision that it reported in force
	failure  string // of the last apply, or why its plane does not run
	seen     time.Time
	report   agent.Report
	counters dataplane.Counters
}

type changeRecord struct {
	change  api.Change // Nodes sorted by name
	started time.Time
}

func newBoard() *board {
	return &board{nodes: map[string]*nodeRecord{}, changes: map[uint64]*changeRecord{}, news: make(chan struct{})}
}

func (b *board) begin(rev uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest, b.first = rev, rev
}

// open notes a new change that these nodes must acknowledge.
func (b *board) open(ch api.Change, started time.Time, nodes []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch.Nodes = make([]api.NodeAck, 0, len(nodes))
	for _, n := range nodes {
		ch.Nodes = append(ch.Nodes, api.NodeAck{Node: n})
	}
	slices.SortFunc(ch.Nodes, byNode)
	r := &changeRecord{change: ch, started: started}
	if len(nodes) == 0 {
		r.change.Took = max(time.Since(started), 1)
	}
	b.newest, b.changes[ch.Revision] = ch.Revision, r
	delete(b.changes, ch.Revision-changesKept)
	b.tell()
}

func byNode(a, b api.NodeAck) int { return strings.Compare(a.Node, b.Node) }

// want notes that a node was given a State.
func (b *board) want(name string, rev uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.nodes[name]
	if n == nil {
		n = &nodeRecord{}
		b.nodes[name] = n
	}
	n.wanted = rev
}

// report takes what an agent says.
func (b *board) report(r agent.Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.nodes[r.Node]
	if n == nil {
		return // removed meanwhile
	}
	n.seen, n.report, n.failure = time.Now(), r, r.Error
	if r.Counters != nil {
		n.counters = *r.Counters
	}
	if r.Error == "" && r.Revision > n.acked {
		n.acked = r.Revision
		b.acknowledge(r.Node, n.acked, "")
	}
	if r.Error != "" && r.Took > 0 {
		b.acknowledge(r.Node, n.wanted, r.Error)
	}
}

// failed notes that a node's plane does not run.
func (b *board) failed(name string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.nodes[name]; n != nil {
		n.failure, n.seen = err.Error(), time.Time{}
		b.acknowledge(name, n.wanted, n.failure)
	}
}

// restarted notes that a node's plane is a new one that forwards nothing yet.
func (b *board) restarted(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.nodes[name]; n != nil {
		n.acked, n.seen, n.counters = 0, time.Time{}, dataplane.Counters{}
	}
}

// gone notes that a node was removed by the change of that revision and no longer
// forwards.
func (b *board) gone(name string, rev uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.nodes[name]; n != nil && n.wanted <= rev {
		delete(b.nodes, name)
	}
	b.acknowledge(name, rev, "")
}

// acknowledge marks a node's part done in every change up to rev. A failure does
// not undo what was in force.
func (b *board) acknowledge(name string, rev uint64, failure string) {
	for r := rev; r > 0 && r+changesKept > rev; r-- {
		c := b.changes[r]
		if c == nil {
			break
		}
		i, ok := slices.BinarySearchFunc(c.change.Nodes, api.NodeAck{Node: name}, byNode)
		if !ok {
			continue
		}
		ack := &c.change.Nodes[i]
		if ack.Done && ack.Error == "" {
			break // and so are those before
		}
		ack.Done, ack.Error, ack.Took = true, failure, time.Since(c.started)
		if c.change.InForce() {
			c.change.Took = max(time.Since(c.started), 1)
		}
	}
	b.tell()
}

func (b *board) tell() {
	close(b.news)
	b.news = make(chan struct{})
}

// change is how far the change of a revision is in force.
func (b *board) change(rev uint64) (api.Change, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch, _, err := b.look(rev)
	return ch, err
}

// await returns the change when it is in force, when more than seen of its nodes
// have answered, or when ctx ends, whichever comes first.
func (b *board) await(ctx context.Context, rev uint64, seen int) (api.Change, error) {
	for {
		b.mu.Lock()
		ch, known, err := b.look(rev)
		news := b.news
		b.mu.Unlock()
		if err != nil || !known || answered(ch) > seen || answered(ch) == len(ch.Nodes) {
			return ch, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ch, nil
		}
	}
}

func answered(ch api.Change) (n int) {
	for _, a := range ch.Nodes {
		if a.Done {
			n++
		}
	}
	return n
}

// look copies a change. Of one from before this process began, only the revision
// is known here: every node is given the newest State at the start.
func (b *board) look(rev uint64) (ch api.Change, known bool, err error) {
	if rev > b.newest {
		return ch, false, &notFoundError{what: "change", name: uintText(rev), have: "the newest is " + uintText(b.newest)}
	}
	r, ok := b.changes[rev]
	if !ok {
		return api.Change{Revision: rev, Nodes: []api.NodeAck{}}, false, nil
	}
	ch = r.change
	ch.Nodes = slices.Clone(ch.Nodes)
	return ch, true, nil
}

// inForce is the newest revision that every node has acknowledged.
func (b *board) inForce() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	rev := b.newest
	for _, n := range b.nodes {
		if n.acked < n.wanted {
			rev = min(rev, n.acked)
		}
	}
	return rev
}

// status is how a node of the intent is.
func (b *board) status(of netlib.Node, plane string) api.NodeStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := api.NodeStatus{Name: of.Name, Tunnel: of.Tunnel, Dataplane: plane}
	n := b.nodes[of.Name]
	if n == nil {
		s.Error = "no agent has reported for this node"
		return s
	}
	s.Seen, s.Error, s.Revision = n.seen, n.failure, n.acked
	s.VRFs, s.Ports, s.Routes = n.report.VRFs, n.report.Ports, n.report.Routes
	s.Up = n.up()
	if n.acked >= n.wanted && n.acked > 0 {
		s.Revision = b.newest // what changed since did not concern it
	}
	return s
}

// up reports whether the node was heard of lately.
func (n *nodeRecord) up() bool {
	return !n.seen.IsZero() && time.Since(n.seen) < missed*heartbeat
}

// port is what a node counts at one port, and whether it forwards there.
func (b *board) port(node, name string) (up bool, c dataplane.PortCounters) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.nodes[node]
	if n == nil {
		return false, c
	}
	return n.up() && n.acked > 0 && n.failure == "", n.counters.Ports[name]
}

// up is how many agents were heard of lately.
func (b *board) up() (count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.nodes {
		if n.up() {
			count++
		}
	}
	return count
}
