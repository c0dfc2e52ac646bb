package kernel

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// questionTime bounds one question to the engine.
const questionTime = 5 * time.Second

// serveComplete answers complete_request.
func (k *Kernel) serveComplete(r *request) (any, error) {
	var at wire.Position
	if err := r.content(&at); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), questionTime)
	defer cancel()
	e, err := k.engine.now()
	if err != nil {
		return completeReply(at.Code, at.Offset(), at.Offset(), nil, nil), nil
	}
	found, err := e.Complete(ctx, at.Code, at.Offset())
	if err != nil {
		return nil, err
	}
	found.Items = append(found.Items, runbookCommands(at.Code, found)...)
	matches := make([]string, 0, len(found.Items))
	types := make([]map[string]any, 0, len(found.Items))
	start, end := codePoints(at.Code, found.Start), codePoints(at.Code, found.End)
	for _, item := range found.Items {
		if k.masker.Text(item.Text) != item.Text {
			continue // masked it would be wrong code
		}
		matches = append(matches, item.Text)
		types = append(types, map[string]any{
			"text": item.Text, "type": item.Type, "signature": k.masker.Text(item.Signature), "start": start, "end": end,
		})
	}
	return completeReply(at.Code, found.Start, found.End, matches, types), nil
}

// runbookCommands are the lines for the runbook that begin with what a cell's
// first line holds: the engine does not know them.
func runbookCommands(code string, found engine.Completions) (items []engine.Completion) {
	word := code[found.Start:found.End]
	if !strings.HasPrefix(word, "%") || strings.TrimSpace(code[:found.Start]) != "" {
		return nil
	}
	for _, c := range safety.Commands {
		if strings.HasPrefix(c[0], word) {
			items = append(items, engine.Completion{Text: c[0], Type: "magic", Signature: c[1]})
		}
	}
	return items
}

func completeReply(code string, start, end int, matches []string, types []map[string]any) map[string]any {
	if matches == nil {
		matches = []string{}
	}
	metadata := map[string]any{}
	if len(types) > 0 {
		metadata["_jupyter_types_experimental"] = types
	}
	return map[string]any{
		"status": "ok", "matches": matches, "metadata": metadata,
		"cursor_start": codePoints(code, start), "cursor_end": codePoints(code, end),
	}
}

// codePoints turns a byte offset into the protocol's unit.
func codePoints(code string, offset int) int {
	return utf8.RuneCountInString(code[:min(max(offset, 0), len(code))])
}

// serveInspect answers inspect_request.
func (k *Kernel) serveInspect(r *request) (any, error) {
	var at wire.Position
	if err := r.content(&at); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), questionTime)
	defer cancel()
	b, found := k.engine.inspect(ctx, at.Code, at.Offset(), at.DetailLevel)
	shown := displayed(k.masker.Bundle(b))
	return map[string]any{"status": "ok", "found": found, "data": shown.Data, "metadata": shown.Metadata}, nil
}

// serveIsComplete answers is_complete_request.
func (k *Kernel) serveIsComplete(r *request) (any, error) {
	var at wire.Position
	if err := r.content(&at); err != nil {
		return nil, err
	}
	c := k.engine.isComplete(at.Code)
	reply := map[string]string{"status": c.Status}
	if c.Status == "incomplete" {
		reply["indent"] = c.Indent
	}
	return reply, nil
}
