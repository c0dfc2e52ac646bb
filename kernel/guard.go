package kernel

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// guard sets up what kernel/safety does for this kernel.
func (k *Kernel) guard() {
	k.journal = safety.NewJournal(k.cfg.DataDir)
	k.runbook = safety.NewRunbook(k.cfg.Notebook)
	k.out.masker, k.out.keep = &k.masker, k.runbook.Active
	limits := safety.DefaultLimits
	if k.cfg.OutputLimit != "" {
		var err error
		if limits, err = safety.ParseLimits(k.cfg.OutputLimit); err != nil {
			k.log.Warn("the default is used", "err", err)
			limits = safety.DefaultLimits
		}
	}
	if k.cfg.DataDir == "" {
		limits.Head = 0 // there is no place for the rest
	}
	k.out.digest = func(cell int) *safety.Digest {
		return safety.NewDigest(limits, safety.OutputPath(k.cfg.DataDir, k.session.ID, cell))
	}
}

// keep masks a secret from now on.
func (k *Kernel) keep(cell int, secret string) {
	if secret != "" && !k.masker.Add(secret) {
		k.out.emit(engine.Event{Cell: cell, Stream: &engine.Stream{Name: "stderr", Text: fmt.Sprintf(
			"[this secret is not masked: it is shorter than %d characters, and ordinary text would be hidden with it]\n", safety.MinSecret)}})
	}
}

// guarded runs a cell if the runbook admits it, between the two records of the
// journal, and masks what came of it.
func (k *Kernel) guarded(r *request, content wire.Execute, cell engine.Cell, count int) engine.Outcome {
	if strings.TrimSpace(cell.Source) == "" && len(cell.Expressions) == 0 {
		return engine.Outcome{}
	}
	verdict := safety.Verdict{Source: cell.Source}
	if !content.Silent {
		verdict = k.runbook.Admit(safety.Cell{ID: cell.ID, Source: cell.Source, Count: count, Number: cell.Number})
	}
	id := fmt.Sprintf("%s-%d", k.session.ID, cell.Number)
	began := time.Now()
	unwritten := k.journal.Start(safety.Record{
		ID: id, User: k.session.Username, Username: r.msg.Header.Username, Session: r.msg.Header.Session, Kernel: k.session.ID,
		Notebook: cmp.Or(k.cfg.Notebook, safety.NotebookOf(cell.ID)), Cell: cell.ID, Count: counted(cell), SHA256: safety.Hash(cell.Source), Note: k.masker.Text(verdict.Note),
	})
	cell.Source = verdict.Source
	outcome := k.admitted(cell, verdict, unwritten)
	if outcome.Failure != nil && outcome.Failure.Kind == engine.Lost {
		k.comms.engineLost()
	}
	verdict.Done(outcome.Failure == nil)
	outcome = k.masker.Outcome(outcome)
	end := safety.Record{ID: id, Result: resultOf(outcome.Failure), Duration: time.Since(began).Seconds()}
	if outcome.Failure != nil {
		end.Error = string(outcome.Failure.Kind)
	}
	if err := k.journal.End(end); err != nil {
		k.log.Error("journal", "err", err)
	}
	return outcome
}

// counted is the cell's execution count, 0 if it has none of its own.
func counted(cell engine.Cell) int {
	if cell.Number < otherCells {
		return cell.Number
	}
	return 0
}

// admitted acts on what the runbook says of a cell. What cannot be recorded is not
// run in a runbook; elsewhere its reader is told.
func (k *Kernel) admitted(cell engine.Cell, verdict safety.Verdict, unwritten error) engine.Outcome {
	switch {
	case verdict.Refusal != nil:
		if verdict.Frozen != 0 {
			k.out.again(verdict.Frozen, cell.Number)
		}
		return engine.Outcome{Failure: verdict.Refusal}
	case unwritten != nil && k.runbook.Active():
		return engine.Outcome{Failure: &engine.Failure{Kind: engine.Frozen, Message: fmt.Sprintf(
			"a step of a runbook runs only if that can be recorded: %v", unwritten)}}
	case verdict.Answer != "":
		b := display.Text(verdict.Answer)
		return engine.Outcome{Result: &b}
	case unwritten != nil:
		k.out.emit(engine.Event{Cell: cell.Number, Stream: &engine.Stream{Name: "stderr", Text: fmt.Sprintf(
			"[the record of executions lacks this cell: %v]\n", unwritten)}})
	}
	return k.evaluate(cell)
}

func resultOf(f *engine.Failure) string {
	if f == nil {
		return "ok"
	}
	switch f.Kind {
	case engine.Interrupted:
		return "interrupted"
	case engine.Lost:
		return "lost"
	case engine.Frozen:
		return "refused"
	}
	return "failed"
}
