package safety

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// Cell is a cell as a request to execute it names it.
type Cell struct {
	ID     string // empty where the front end sends none
	Source string
	Count  int // execution count
	Number int // tells this execution from all others; never 0
}

// Runbook decides which cells may run. Where nothing declares a runbook, all may.
// Its methods may be called from any goroutine.
type Runbook struct {
	mu        sync.Mutex
	file      file
	declared  bool // by a comment in a cell
	cells     map[string]*progress
	addresses map[string]string // ids in the file, by VS Code's addresses
}

// progress is what the runbook knows of one cell.
type progress struct {
	key     string
	id      string
	step    int    // number that the cell gives itself, 0: none
	source  string // as it ran last, with its commands
	label   string // first line of code
	count   int
	number  int
	when    time.Time
	running bool
	done    bool // counts for those that come after it
	frozen  bool
	skipped bool

	repeatable bool // said so when it was sent last
}

// NewRunbook makes the runbook of the notebook in a file; an empty path means
// that the front end tells none.
func NewRunbook(path string) *Runbook {
	return &Runbook{file: file{path: path}, cells: map[string]*progress{}, addresses: map[string]string{}}
}

// Verdict is what a runbook says of a cell.
type Verdict struct {
	Source  string          // to run, without commands; empty: nothing is to be run
	Refusal *engine.Failure // why it may not run
	Answer  string          // of a command, in place of a run
	Frozen  int             // with a refusal of a frozen cell: the number of its run
	Note    string          // for the journal: a command and its reason

	runbook  *Runbook
	progress *progress
}

// Admit decides on a cell that is about to run. Done must be called when an
// admitted cell has ended.
func (r *Runbook) Admit(c Cell) Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.file.refresh()
	c = r.identify(c)
	d := readDirectives(c.Source)
	cmd, rest := readCommand(c.Source)
	r.declared = r.declared || d.runbook || d.step > 0
	if !r.active() {
		if cmd.verb == "" {
			return Verdict{Source: c.Source}
		}
		return refused("This notebook is no runbook: nothing is frozen and no order is kept.",
			"Remove the line %"+cmd.verb+", or declare a runbook: //fabricbook:runbook in the first line of a cell.")
	}
	if cmd.verb == "steps" || cmd.verb == "unfreeze" && cmd.alone {
		return r.answer(cmd)
	}
	p := r.find(c, d, rest)
	if v := r.check(c, d, cmd, p); v.Refusal != nil {
		return v
	}
	if cmd.verb == "skip" {
		p.done, p.skipped, p.when, p.source, p.label, p.count = true, true, time.Now(), c.Source, label(rest), c.Count
		return Verdict{Answer: "skipped " + r.name(p), Note: note(cmd)}
	}
	p.running, p.done, p.skipped, p.frozen, p.source, p.label = true, false, false, false, c.Source, label(rest)
	p.count, p.number = c.Count, c.Number
	return Verdict{Source: rest, Note: note(cmd), runbook: r, progress: p}
}

// Done tells how an admitted cell ended.
func (v Verdict) Done(ok bool) {
	if v.progress == nil {
		return
	}
	v.runbook.mu.Lock()
	defer v.runbook.mu.Unlock()
	v.progress.running, v.progress.done, v.progress.frozen = false, ok, ok
	v.progress.when = time.Now()
}

// Active tells whether the notebook is a runbook.
func (r *Runbook) Active() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active()
}

func (r *Runbook) active() bool { return r.declared || r.file.runbook }

// find returns what is known of a cell: by its id, else by its step's number, else
// by its source.
func (r *Runbook) find(c Cell, d directives, rest string) *progress {
	key := c.ID
	switch {
	case key != "":
	case d.step > 0:
		key = fmt.Sprint("step ", d.step)
	default:
		key = "source " + strings.TrimSpace(rest)
	}
	p := r.cells[key]
	if p == nil {
		p = &progress{key: key, id: c.ID, source: c.Source, label: label(rest)}
		r.cells[key] = p
	}
	p.step = d.step
	return p
}

// check refuses a cell that runs, is frozen, or has a step before it that is not
// done.
func (r *Runbook) check(c Cell, d directives, cmd command, p *progress) Verdict {
	at := r.file.find(c)
	p.repeatable = d.repeatable || at >= 0 && r.file.runbook && r.file.steps[at].repeatable
	switch {
	case p.running:
		return refused(capital(r.name(p))+" is running now.", "Wait for its end, or interrupt it.")
	case p.done && cmd.verb == "skip":
		return refused(capital(r.name(p))+" is done already.", "Remove the line %skip.")
	case p.held() && cmd.verb == "unfreeze" && p.source == c.Source:
		return p.refused(r.whyFrozen(p, false), "Its %unfreeze has been used. To run it once more, change the reason in that line.")
	case p.held() && cmd.verb != "unfreeze":
		return p.refused(r.whyFrozen(p, p.source != c.Source),
			"To run it again on purpose, write %unfreeze and the reason above its first line; to free it from elsewhere, run a cell with %unfreeze "+r.handle(p)+" and the reason.")
	}
	if before := r.missing(at, d.step); before != "" {
		return refused(fmt.Sprintf("%s comes before %s.", capital(before), r.name(p)),
			"Run it first. If it is not needed, write %skip and the reason above its first line and run it.")
	}
	return Verdict{}
}

// missing names the first step that is not done and comes before the cell at an
// index of the file, or before a numbered step.
func (r *Runbook) missing(at, number int) string {
	if r.file.runbook && at > 0 {
		for i, s := range r.file.steps[:at] {
			if !r.doneInFile(s) {
				return called(r.file.number(i), label(s.source))
			}
		}
		return ""
	}
	for n := 1; n < number; n++ {
		if !r.doneNumber(n) {
			return fmt.Sprintf("step %d", n)
		}
	}
	return ""
}

func (r *Runbook) doneInFile(s step) bool {
	for _, key := range []string{s.id, fmt.Sprint("step ", readDirectives(s.source).step), "source " + strings.TrimSpace(s.source)} {
		if p := r.cells[key]; p != nil && key != "" && p.done {
			return true
		}
	}
	for key, p := range r.cells { // run by VS Code before it saved them
		if strings.HasPrefix(key, addressScheme) && p.done && p.source == s.source {
			return true
		}
	}
	return false
}

func (r *Runbook) doneNumber(n int) bool {
	for _, p := range r.cells {
		if p.step == n && p.done {
			return true
		}
	}
	return false
}

// answer serves a command that stands alone in its cell.
func (r *Runbook) answer(cmd command) Verdict {
	if cmd.verb == "steps" {
		return Verdict{Answer: r.list()}
	}
	which, _, _ := strings.Cut(cmd.reason, " ")
	var freed []string
	for _, p := range r.sorted() {
		if p.held() && (which == "all" || which == p.id && which != "" || r.number(p) > 0 && strconv.Itoa(r.number(p)) == which) {
			p.frozen = false
			freed = append(freed, r.name(p))
		}
	}
	if len(freed) == 0 {
		return refused(fmt.Sprintf("No frozen cell is called %q.", which), "Write %unfreeze all, or the step or id that %steps shows:\n"+r.list())
	}
	return Verdict{Answer: "unfrozen: " + strings.Join(freed, ", "), Note: note(cmd)}
}

// list shows the steps and their states.
func (r *Runbook) list() string {
	var b strings.Builder
	line := func(state, handle, label string) { fmt.Fprintf(&b, "%-20s %-12s %s\n", state, handle, label) }
	ran := r.sorted()
	next := ""
	if r.file.runbook {
		for i, s := range r.file.steps {
			at := slices.IndexFunc(ran, func(p *progress) bool { return r.at(p) == i })
			switch {
			case at >= 0:
				line(ran[at].state(), r.handle(ran[at]), ran[at].label)
				ran = slices.Delete(ran, at, at+1)
			case !r.doneInFile(s):
				line("to do", handle(r.file.number(i), s.id), label(s.source))
			}
			if next == "" && !r.doneInFile(s) {
				next = "next: " + called(r.file.number(i), label(s.source)) + "\n"
			}
		}
	}
	for _, p := range ran {
		line(p.state(), r.handle(p), p.label)
	}
	b.WriteString(next)
	if b.Len() == 0 {
		return "no step has run yet\n"
	}
	return b.String()
}

// held tells whether the cell may not run again.
func (p *progress) held() bool { return p.frozen && !p.repeatable }

func (p *progress) state() string {
	switch {
	case p.running:
		return "running"
	case p.skipped:
		return "skipped at " + p.when.Format(time.TimeOnly)
	case p.held():
		return "frozen at " + p.when.Format(time.TimeOnly)
	case p.done:
		return "done at " + p.when.Format(time.TimeOnly)
	}
	return "to do"
}

// sorted lists the cells that ran: those with a number by it, then the others in
// the order in which they last did.
func (r *Runbook) sorted() []*progress {
	var all []*progress
	for _, p := range r.cells {
		if !p.when.IsZero() || p.running {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *progress) int {
		x, y := r.number(a), r.number(b)
		return cmp.Or(cmp.Compare(min(y, 1), min(x, 1)), cmp.Compare(x, y), a.when.Compare(b.when), strings.Compare(a.key, b.key))
	})
	return all
}

// at is the index of a cell among the steps of the file, -1 if it is none.
func (r *Runbook) at(p *progress) int { return r.file.find(Cell{ID: p.id, Source: p.source}) }

// number is what people call a cell by: the number that it gives itself, else its
// place in a notebook that declares itself a runbook; 0 if it has none.
func (r *Runbook) number(p *progress) int {
	if at := r.at(p); p.step == 0 && r.file.runbook && at >= 0 {
		return r.file.number(at)
	}
	return p.step
}

// name calls a cell by its number and its first line.
func (r *Runbook) name(p *progress) string { return called(r.number(p), p.label) }

// handle is what %unfreeze takes for the cell.
func (r *Runbook) handle(p *progress) string { return handle(r.number(p), p.id) }

func (r *Runbook) whyFrozen(p *progress, edited bool) string {
	s := fmt.Sprintf("%s is frozen: it ended well as [%d] at %s", capital(r.name(p)), p.count, p.when.Format(time.TimeOnly))
	if edited {
		s += " and was changed since"
	}
	return s + "."
}

func called(number int, label string) string {
	if number > 0 {
		return fmt.Sprintf("step %d %s", number, quote(label))
	}
	return "the cell " + quote(label)
}

func handle(number int, id string) string {
	switch {
	case number > 0:
		return strconv.Itoa(number)
	case id != "":
		return id
	}
	return "all"
}

// capital begins a sentence with a name, which begins with a letter of ASCII.
func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func refused(what, fix string) Verdict {
	return Verdict{Refusal: &engine.Failure{
		Kind: engine.Frozen, Message: what,
		Traceback: []string{string(engine.Frozen) + ": " + what, fix},
	}}
}

// refused is the refusal of a frozen cell.
func (p *progress) refused(what, fix string) Verdict {
	v := refused(what, fix)
	v.Frozen = p.number
	return v
}

func note(c command) string { return strings.TrimSpace(c.verb + " " + c.reason) }

// label is the first line of code, shortened.
func label(source string) string {
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "%") {
			continue
		}
		if runes := []rune(line); len(runes) > 40 {
			line = string(runes[:39]) + "…"
		}
		return line
	}
	return "(no code)"
}

func quote(s string) string { return "“" + s + "”" }
