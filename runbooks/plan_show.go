package runbooks

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Up to unfolded nodes of up to shortLines lines each are listed open; maxFlows is
// how many pairs a plan names.
const (
	unfolded   = 4
	shortLines = 12
	maxFlows   = 60
)

// HTML is the plan's effect on the fabric as it is now.
func (p *Plan) HTML() string { return p.look.html(p.card) }

// String is the plan's effect on the fabric as it is now, as text.
func (p *Plan) String() string { return p.look.text(p.card) }

// Review writes the effect that was computed last, as text and in full; it computes it
// where none was. What was reviewed is what Apply applies.
func (p *Plan) Review(w io.Writer) error {
	if p.effect == nil {
		p.compute()
	}
	_, err := fmt.Fprintln(w, p.computed().WholeText())
	return err
}

func (p *Plan) card() show.Card {
	p.compute()
	return p.computed()
}

func (p *Plan) computed() show.Card {
	title := fmt.Sprintf("Plan %q", p.title)
	if p.failed != nil {
		c := errorCard(title, p.failed)
		c.Badge = show.Badge(show.Bad, "refused")
		c.Note = "nothing of it can be applied"
		return c
	}
	return effectCard(title, *p.effect)
}

// effectCard shows what a plan would do.
func effectCard(title string, e api.Plan) show.Card {
	c := show.Card{Tone: show.Pending, Title: title, Badge: show.Badge(show.Pending, count(len(e.Objects), "change")+" planned"),
		Note: fmt.Sprintf("against revision %d; nothing has happened yet", e.Base)}
	if e.Empty() {
		c.Tone, c.Badge, c.Note = show.Good, show.Badge(show.Good, "nothing to change"), fmt.Sprintf("revision %d already is as planned", e.Base)
		return c
	}
	c.Blocks = append(c.Blocks, objectsTable(e.Objects))
	c.Blocks = append(c.Blocks, flowBlocks(e)...)
	c.Blocks = append(c.Blocks, nodeBlocks(e.Nodes)...)
	return c
}

// nodeBlocks lists what changes on each node, open where all of it is short.
func nodeBlocks(nodes []api.NodeChange) []show.Block {
	if len(nodes) == 0 {
		return []show.Block{show.Line{show.Quiet("What the nodes forward stays as it is.")}}
	}
	open := len(nodes) <= unfolded && !slices.ContainsFunc(nodes, func(n api.NodeChange) bool { return len(n.Lines) > shortLines })
	blocks := []show.Block{show.Heading("On the nodes")}
	for i, n := range nodes {
		if i == maxRows {
			return append(blocks, show.Line{show.Quiet(fmt.Sprintf("… %d more nodes: .Effect().Nodes holds all", len(nodes)-i))})
		}
		blocks = append(blocks, nodeFold(n, open))
	}
	return blocks
}

func objectsTable(objects []api.ObjectChange) show.Table {
	var rows [][]show.Span
	for _, o := range objects {
		rows = append(rows, []show.Span{actionSpan(o.Action), show.Words(kindWords(o.Ref.Kind)), show.Bold(o.Ref.Name), show.Words(o.Summary)})
	}
	t := table(maxRows, ".Effect().Objects", nil, nil, rows)
	t.Wrap = true
	return t
}

func actionSpan(a api.Action) show.Span {
	switch a {
	case api.Create:
		return show.Span{Text: "+ create", Style: show.Tint, Tone: show.Good}
	case api.Delete:
		return show.Span{Text: "- delete", Style: show.Tint, Tone: show.Bad}
	}
	return show.Span{Text: "~ " + string(a), Style: show.Tint, Tone: show.Pending}
}

func nodeFold(n api.NodeChange, open bool) show.Block {
	summary := show.Line{show.Bold(n.Node), show.Words(fmt.Sprintf("  %d added, %d removed", n.Adds, n.Dels))}
	if len(n.Lines) == 0 {
		return summary
	}
	lines := show.Lines(n.Lines)
	if n.Cut > 0 {
		lines = append(lines[:len(lines):len(lines)], fmt.Sprintf("… %d more", n.Cut))
	}
	return show.Fold{Summary: summary, Open: open, Blocks: []show.Block{lines}}
}

// flowBlocks tells who newly reaches whom and who no longer does, one line for
// each pair with all its traffic.
func flowBlocks(e api.Plan) []show.Block {
	if len(e.Flows) == 0 {
		return []show.Block{show.Line{show.Quiet("Nobody reaches more or less than before.")}}
	}
	var blocks []show.Block
	for _, half := range []struct {
		title string
		tone  show.Tone
		after bool
	}{{"Newly reaches", show.Good, true}, {"No longer reaches", show.Bad, false}} {
		rows := flowRows(e.Flows, half.after, half.tone)
		if len(rows) == 0 {
			continue
		}
		t := table(maxFlows, ".Effect().Flows", nil, nil, rows)
		t.Title = half.title
		blocks = append(blocks, t)
	}
	if e.FlowsCut > 0 {
		blocks = append(blocks, show.Line{show.Quiet(fmt.Sprintf("… %s more pairs are not listed", number(e.FlowsCut)))})
	}
	return blocks
}

func flowRows(flows []api.FlowChange, after bool, tone show.Tone) (rows [][]show.Span) {
	type pair struct{ from, to string }
	at := map[pair]int{}
	var order []pair
	var protos [][]string
	for _, f := range flows {
		if f.After != after || f.Before == f.After {
			continue
		}
		k := pair{f.From, f.To}
		i, ok := at[k]
		if !ok {
			i = len(order)
			at[k] = i
			order, protos = append(order, k), append(protos, nil)
		}
		protos[i] = append(protos[i], f.Proto)
	}
	sign := "+"
	if !after {
		sign = "-"
	}
	for i, k := range order {
		rows = append(rows, []show.Span{{Text: sign, Style: show.Tint, Tone: tone}, show.Bold(k.from), show.Quiet("→"), show.Bold(k.to), show.Mono(strings.Join(protos[i], ", "))})
	}
	return rows
}

func problem(field, detail, fix string) netlib.Problem {
	return netlib.Problem{Field: field, Detail: detail, Fix: fix}
}

// progressCard is a change while it goes into force: one line, and one sign for
// each node.
func (c *Change) progressCard() show.Card {
	card := show.Card{Tone: c.tone(), Title: c.title(), Badge: show.Badge(c.tone(), c.Summary())}
	if !c.Unchanged {
		card.Blocks = []show.Block{c.nodesLine()}
	}
	return card
}

func (c *Change) title() string {
	if c.Title == "" {
		return fmt.Sprintf("Change %d", c.Revision)
	}
	return fmt.Sprintf("Change %d %q", c.Revision, c.Title)
}

// nodesLine names up to 12 nodes, those first that are not done.
func (c *Change) nodesLine() show.Line {
	var line show.Line
	named := 0
	for _, wantDone := range []bool{false, true} {
		for _, n := range c.Nodes {
			done := n.Done && n.Error == ""
			if done != wantDone || named == 12 {
				continue
			}
			named++
			span := show.Span{Text: n.Node + " " + duration(n.Took), Tone: show.Good}
			if !n.Done {
				span = show.Span{Text: n.Node, Tone: show.Pending}
			}
			if n.Error != "" {
				span = show.Span{Text: n.Node + ": " + n.Error, Tone: show.Bad}
			}
			line = append(line, span, show.Words("   "))
		}
	}
	if more := len(c.Nodes) - named; more > 0 {
		line = append(line, show.Quiet(fmt.Sprintf("and %d more", more)))
	}
	return line
}

func (c *Change) card() show.Card {
	card := show.Card{Tone: c.tone(), Title: c.title(), Badge: show.Badge(c.tone(), c.Summary())}
	if !c.Applied.IsZero() {
		card.Note = "applied " + c.Applied.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if c.Unchanged {
		card.Title = fmt.Sprintf("Plan %q", c.Title)
		card.Note = fmt.Sprintf("revision %d already is as planned", c.Revision)
		return card
	}
	if n := len(c.Objects); n > 0 {
		card.Blocks = append(card.Blocks, show.Fold{Summary: show.Line{show.Words(count(n, "object") + " changed")}, Open: n <= 3, Blocks: []show.Block{objectsTable(c.Objects)}})
	}
	return card
}
