package runbooks

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// maxRows is how many rows of a table a cell shows.
const maxRows = 200

// Status is the fabric at a glance, at one moment.
type Status struct {
	api.Status
	At  time.Time `json:"at"`
	URL string    `json:"url"`
}

// Status reads how the fabric is.
func (f *Fabric) Status() *Status {
	var s *Status
	f.do("status", func(ctx context.Context) (err error) {
		s, err = f.readStatus(ctx)
		return err
	})
	return s
}

func (f *Fabric) readStatus(ctx context.Context) (*Status, error) {
	now, err := f.service.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &Status{Status: now, At: time.Now(), URL: f.URL()}, nil
}

// card is the status as it is now; where the controller does not answer, it
// says so instead of failing, since it is called to show the value.
func (f *Fabric) card() show.Card {
	ctx, cancel := context.WithTimeout(f.ctx, reachable)
	defer cancel()
	s, err := f.readStatus(ctx)
	if err != nil {
		return errorCard("Fabric", failure("status", err))
	}
	return s.card()
}

// Healthy reports whether every node is up and nothing is wrong. A change on its
// way into force is no fault.
func (s *Status) Healthy() bool { return s.tone() != show.Bad }

func (s *Status) tone() show.Tone {
	tone := show.Good
	if s.InForce != s.Revision {
		tone = show.Pending
	}
	for _, n := range s.Nodes {
		if !n.Up || n.Error != "" {
			return show.Bad
		}
	}
	if len(s.Problems) > 0 {
		return show.Bad
	}
	return tone
}

func (s *Status) card() show.Card {
	c := show.Card{Tone: s.tone(), Title: "Fabric", Note: fmt.Sprintf("controller %s, version %s, store %s", s.URL, s.Version, s.Store)}
	switch c.Tone {
	case show.Good:
		c.Badge = show.Badge(show.Good, fmt.Sprintf("revision %d in force", s.Revision))
	case show.Pending:
		c.Badge = show.Badge(show.Pending, fmt.Sprintf("revision %d pending, %d in force", s.Revision, s.InForce))
	default:
		c.Badge = show.Badge(show.Bad, fmt.Sprintf("something is wrong at revision %d", s.Revision))
	}
	k := s.Counts
	c.Blocks = append(c.Blocks, show.Line{show.Words(fmt.Sprintf("%s, %s, %s, %s, %s, %s", count(k.Nodes, "node"), count(k.Segments, "segment"),
		count(k.Routers, "router"), count(k.SecurityGroups, "security group"), count(k.Ports, "port"), count(k.Gateways, "gateway")))})
	for _, p := range s.Problems {
		c.Blocks = append(c.Blocks, show.Line{{Text: p, Tone: show.Bad}})
	}
	if len(s.Nodes) > 0 {
		c.Blocks = append(c.Blocks, s.nodes())
	}
	return c
}

func (s *Status) nodes() show.Table {
	var rows [][]show.Span
	for _, n := range s.Nodes {
		rows = append(rows, []show.Span{
			show.Bold(n.Name), nodeState(n, s.Revision), show.Mono(address(n.Tunnel)), show.Words(n.Dataplane),
			show.Words(strconv.Itoa(n.VRFs)), show.Words(strconv.Itoa(n.Ports)), show.Words(strconv.Itoa(n.Routes)),
			show.Words(strconv.FormatUint(n.Revision, 10)), show.Quiet(ago(n.Seen, s.At)),
		})
	}
	return table(maxRows, "fab.Nodes().Rows", []string{"node", "state", "tunnel", "dataplane", "VRFs", "ports", "routes", "revision", "seen"}, []int{4, 5, 6, 7}, rows)
}

func nodeState(n api.NodeStatus, revision uint64) show.Span {
	switch {
	case !n.Up:
		return show.Badge(show.Bad, "down")
	case n.Error != "":
		return show.Span{Text: n.Error, Tone: show.Bad}
	case n.Revision != revision:
		return show.Badge(show.Pending, "pending")
	}
	return show.Badge(show.Good, "in force")
}

// HTML is the status as a card.
func (s *Status) HTML() string { return s.card().HTML() }

// String is the status as text.
func (s *Status) String() string { return s.card().Text() }

// errorCard shows a failure in the place of a value.
func errorCard(title string, e *Error) show.Card {
	c := show.Card{Tone: show.Bad, Title: title, Badge: show.Badge(show.Bad, "failed")}
	if len(e.Problems) == 0 {
		c.Blocks = []show.Block{show.Line{show.Words(e.Detail)}}
	} else if e.Detail != "" && e.Detail != "refused" {
		c.Blocks = []show.Block{show.Line{show.Words(e.Detail)}}
	}
	if e.Fix != "" {
		c.Blocks = append(c.Blocks, show.Line{show.Bold("What to do: "), show.Words(e.Fix)})
	}
	if len(e.Problems) > 0 {
		var rows [][]show.Span
		for _, p := range e.Problems {
			rows = append(rows, []show.Span{show.Mono(p.Field), show.Words(p.Detail), show.Words(p.Fix)})
		}
		t := table(maxRows, "", []string{"where", "what is wrong", "what to do"}, nil, rows)
		t.Wrap = true
		c.Blocks = append(c.Blocks, t)
	}
	return c
}
