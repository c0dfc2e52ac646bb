package kernel

import (
	"context"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// otherCells is the number of the first cell that is not counted: silent ones
// and those that are not stored in the history.
const otherCells = 1_000_001

// running is one cell from its start to its reply.
type running struct {
	request *request
	stdin   bool
	ctx     context.Context
	cancel  context.CancelFunc
}

// execute runs one cell, and sends its outputs and its reply. If the cell fails it
// calls failed before anybody can know of that.
func (k *Kernel) execute(r *request, content wire.Execute, failed func()) {
	store := !content.Silent && (content.StoreHistory == nil || *content.StoreHistory)
	number, count := k.number(store)
	cell := engine.Cell{
		Number: number, ID: r.cellID(), Source: content.Code, Silent: content.Silent,
		Stdin: content.AllowStdin == nil || *content.AllowStdin, Expressions: content.UserExpressions,
	}
	leave := k.enter(r, cell)
	defer leave() // again, should what follows panic
	started := time.Now().UTC()
	k.out.begin(number, r.msg.RawHeader)
	if !content.Silent {
		k.out.message(r.msg.RawHeader, wire.ExecuteInput, map[string]any{"code": k.masker.Text(content.Code), "execution_count": count})
	}
	outcome := k.guarded(r, content, cell, count)
	leave()
	if outcome.Failure != nil {
		failed()
	}
	k.out.finish(number)
	k.history.redact(&k.masker)
	if store {
		k.history.add(count, k.masker.Text(content.Code), outcome)
	}
	if !content.Silent {
		k.showOutcome(r, cell.Number, count, outcome)
	}
	k.out.end(r.msg.RawHeader)
	reply := replyOf(outcome, count, content.UserExpressions)
	r.reply(reply, map[string]any{
		"started": started.Format(time.RFC3339Nano), "status": reply.Status, "dependencies_met": true, "engine": k.session.ID,
	})
}

// number gives a cell its number in the engine and the count that is shown.
func (k *Kernel) number(store bool) (number, count int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if store {
		k.count++
		return k.count, k.count
	}
	k.others++
	return otherCells - 1 + k.others, k.count
}

// enter makes a cell one that Interrupt cancels, before anybody can see that it runs.
func (k *Kernel) enter(r *request, cell engine.Cell) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	k.mu.Lock()
	defer k.mu.Unlock()
	k.live[cell.Number] = &running{request: r, stdin: cell.Stdin, ctx: ctx, cancel: cancel}
	return func() {
		cancel()
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.live, cell.Number)
	}
}

// evaluate gives the cell to the engine.
func (k *Kernel) evaluate(cell engine.Cell) engine.Outcome {
	ctx := k.cellContext(cell.Number)
	if name, detail, ok := asksFor(cell.Source); ok {
		return k.page(ctx, name, detail)
	}
	if k.leaves(ctx, cell) {
		return engine.Outcome{Payload: []map[string]any{{"source": "ask_exit", "keepkernel": false}}}
	}
	return k.engine.execute(ctx, cell)
}

// leaves tells whether a line in a console is the word by which consoles are left,
// and no name of the session. Notebooks, whose cells have ids, cannot be left.
func (k *Kernel) leaves(ctx context.Context, cell engine.Cell) bool {
	word := strings.TrimSuffix(strings.TrimSpace(cell.Source), "()")
	if cell.ID != "" || word != "exit" && word != "quit" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	_, known := k.engine.inspect(ctx, word, len(word), 0)
	return !known
}

// asksFor recognises the cell "name?" ("name??" for the source as well), which is
// a question and no Go.
func asksFor(source string) (name string, detail int, ok bool) {
	source = strings.TrimSpace(source)
	if after := strings.TrimLeft(source, "?"); after != source { // "?name" is as good
		source = after + source[:len(source)-len(after)]
	}
	name = strings.TrimRight(source, "?")
	detail = len(source) - len(name) - 1
	return name, detail, name != "" && (detail == 0 || detail == 1) && !strings.ContainsAny(name, " \t\n\"`'/")
}

// page answers such a cell in the front end's pager.
func (k *Kernel) page(ctx context.Context, name string, detail int) engine.Outcome {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	if _, err := k.engine.wait(ctx); err != nil {
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Lost, Message: err.Error()}}
	}
	b, found := k.engine.inspect(ctx, name, len(name), detail)
	if !found {
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Compile, Message: "nothing is known of " + name}}
	}
	return engine.Outcome{Payload: []map[string]any{{"source": "page", "data": b.Data, "start": 0}}}
}

func (k *Kernel) showOutcome(r *request, cell, count int, outcome engine.Outcome) {
	if outcome.Result != nil && outcome.Failure == nil {
		content := displayed(*outcome.Result)
		content.ExecutionCount = count
		k.out.result(cell, content)
	}
	if outcome.Failure != nil {
		k.out.message(r.msg.RawHeader, wire.ErrorMsg, failureOf(outcome.Failure))
	}
}

func replyOf(outcome engine.Outcome, count int, asked map[string]string) wire.ExecuteReply {
	reply := wire.ExecuteReply{Status: "ok", ExecutionCount: count}
	if outcome.Failure != nil {
		reply.Status, reply.Error = "error", failureOf(outcome.Failure)
		return reply
	}
	reply.Payload = outcome.Payload
	if reply.Payload == nil {
		reply.Payload = []map[string]any{}
	}
	reply.UserExpressions = map[string]map[string]any{}
	for key := range asked {
		e, answered := outcome.Expressions[key]
		switch {
		case !answered:
			e.Failure = &engine.Failure{Kind: engine.Compile, Message: "not evaluated"}
			fallthrough
		case e.Failure != nil:
			f := failureOf(e.Failure)
			reply.UserExpressions[key] = map[string]any{"status": "error", "ename": f.Name, "evalue": f.Value, "traceback": f.Traceback}
		default:
			shown := displayed(e.Bundle)
			reply.UserExpressions[key] = map[string]any{"status": "ok", "data": shown.Data, "metadata": shown.Metadata}
		}
	}
	return reply
}

// Interrupt stops the cells that run now. Cells that wait behind them are
// aborted as after any failure.
func (k *Kernel) Interrupt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, run := range k.live {
		run.cancel()
	}
}

// cellContext ends when the cell is interrupted or over.
func (k *Kernel) cellContext(cell int) context.Context {
	k.mu.Lock()
	defer k.mu.Unlock()
	if run := k.live[cell]; run != nil {
		return run.ctx
	}
	return context.Background()
}
