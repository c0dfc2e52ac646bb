package engine

import (
	"context"
	"encoding/json"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// Engine evaluates Go cells and keeps live values from one cell to the next.
//
// All methods may be called from any goroutine at any moment, also while cells
// run, and must answer without waiting for those.
type Engine interface {
	// Execute runs one cell and returns when its last statement has ended. Cells
	// may run at the same time; what they do to the same values is theirs to
	// order, as with any two goroutines.
	// Cancelling ctx interrupts this cell and no other: Execute then returns within
	// about 100 ms with Outcome.Failure.Kind == Interrupted, session state intact.
	// Output goes to the Sink that the engine was made with, all of it that the
	// cell's own goroutine wrote before Execute returns.
	Execute(ctx context.Context, cell Cell) Outcome

	// Complete proposes what can stand at cursor, a byte offset into code.
	Complete(ctx context.Context, code string, cursor int) (Completions, error)

	// Inspect describes the name at cursor, a byte offset. detail 0 is the
	// signature and documentation, 1 adds the source. ok is false where nothing
	// is known of that place.
	Inspect(ctx context.Context, code string, cursor, detail int) (b display.Bundle, ok bool)

	// IsComplete tells whether code can run as it stands.
	IsComplete(code string) Completeness

	// Close ends the engine and what it started. It may be called twice.
	Close() error
}

// Linked is an engine whose cells can have widgets in the front end. Comm gives it
// a message of one and returns at once.
type Linked interface {
	Comm(display.CommMessage)
}

// Debuggable is an engine whose values can be looked at and whose cells can be
// stopped. Debug serves a request of the Debug Adapter Protocol, see debug.Target;
// it may be called from any goroutine, also while a cell runs, and answers in
// bounded time.
type Debuggable interface {
	Debug(ctx context.Context, command string, arguments json.RawMessage) (body json.RawMessage, err error)
}

// Factory makes an engine that reports to sink. The kernel calls it at start
// and again after an engine was lost.
type Factory func(ctx context.Context, sink Sink) (Engine, error)

// Cell is one piece of source to run.
type Cell struct {
	// Number is the execution count, unique within the session; 1 is the first.
	// Cells that are not counted (silent, or kept out of the history) have
	// numbers above 1,000,000.
	Number int
	ID     string // the front end's id of the cell, empty where it sent none
	Source string
	Silent bool // no result is wanted
	Stdin  bool // the front end can answer Sink.Ask
	// Expressions are evaluated after the cell ended well, by user key.
	Expressions map[string]string
}

// Outcome is what became of a cell.
type Outcome struct {
	Result      *display.Bundle       // value of the last expression, nil if none
	Failure     *Failure              // nil if the cell ended well
	Expressions map[string]Expression // answers to Cell.Expressions
	Payload     []map[string]any      // Jupyter payloads, usually none
}

// Expression is the answer to one user expression: a bundle or a failure.
type Expression struct {
	Bundle  display.Bundle
	Failure *Failure
}

// Kind tells why a cell failed.
type Kind string

// The ways in which a cell can fail.
const (
	Syntax      Kind = "SyntaxError"       // it does not parse
	Compile     Kind = "CompileError"      // it does not type-check
	Panic       Kind = "Panic"             // it panicked
	Raised      Kind = "Error"             // it panicked with an error value: a verb that failed says so
	Interrupted Kind = "KeyboardInterrupt" // somebody stopped it
	Exited      Kind = "Exit"              // it called os.Exit or log.Fatal
	Lost        Kind = "EngineLost"        // the process that ran it died
	Frozen      Kind = "Frozen"            // the notebook forbids to run it again
)

// Failure is an error as a reader of the notebook sees it.
type Failure struct {
	Kind      Kind
	Message   string   // one line, save where Kind is Raised: the error's whole text
	Traceback []string // lines for people, may hold ANSI colours
}

// Completions are proposals for code[Start:End] (byte offsets).
type Completions struct {
	Start, End int
	Items      []Completion
}

// Completion is one proposal.
type Completion struct {
	Text      string
	Type      string // "function", "method", "field", "variable", "type", "constant", "module", "keyword"
	Signature string
}

// Completeness answers is_complete_request.
type Completeness struct {
	Status string // "complete", "incomplete", "invalid", "unknown"
	Indent string // for the next line, where incomplete
}

// Sink takes what cells put out. Its methods may be called from any goroutine,
// also after the cell has ended (a goroutine that it started writes on).
type Sink interface {
	Emit(Event)
	// Ask asks the person in front of the notebook for one line.
	Ask(ctx context.Context, cell int, prompt string, password bool) (string, error)
}

// Event is one output of a cell, or a secret. Exactly one of the fields beside
// Cell is set.
type Event struct {
	Cell    int // Cell.Number of the cell that caused it
	Stream  *Stream
	Display *Display
	Clear   *Clear
	Comm    *display.CommMessage `json:",omitempty"` // to a widget; not output
	Debug   *DebugEvent          `json:",omitempty"` // to a debugger; not output
	Secret  string               `json:",omitempty"` // text that whoever shows output must mask from now on
}

// DebugEvent is an event of the Debug Adapter Protocol, as "stopped".
type DebugEvent struct {
	Event string
	Body  json.RawMessage
}

// Stream is text on standard output or standard error.
type Stream struct {
	Name string // "stdout" or "stderr"
	Text string
}

// Display shows a bundle or replaces an earlier one with the same ID.
type Display struct {
	Bundle display.Bundle
	ID     string // empty: cannot be updated
	Update bool
}

// Clear empties the cell's output area, at once or when the next output comes.
type Clear struct{ Wait bool }
