package display

import (
	"fmt"
	"html"
	"strings"
	"sync"
	"time"
)

// progressInterval is the least time between two updates of one bar,
// printedInterval the same where each is one more line of text.
const (
	progressInterval = 100 * time.Millisecond
	printedInterval  = 5 * time.Second
)

// Progress is a bar that fills while a cell works. Its methods may be called
// from any goroutine; however often they are, the front end hears of it at most
// ten times a second, and always of the last state. Without a front end it is a
// line of text, every few seconds.
type Progress struct {
	mu     sync.Mutex
	label  string
	note   string
	done   int
	total  int
	ended  bool
	told   bool // of the present state
	shown  throttle
	handle *Handle
}

// NewProgress shows an empty bar of total steps.
func NewProgress(total int, label string) *Progress {
	p := &Progress{label: label, total: total, told: true, shown: throttle{told: time.Now()}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handle = Show(p.bundle())
	return p
}

// Set moves the bar to done steps.
func (p *Progress) Set(done int) { p.change(func() { p.done = done }) }

// Add moves the bar on by n steps.
func (p *Progress) Add(n int) { p.change(func() { p.done += n }) }

// Note replaces the words behind the bar.
func (p *Progress) Note(format string, args ...any) {
	p.change(func() { p.note = fmt.Sprintf(format, args...) })
}

// Done ends the bar where it stands; the last state is shown before it returns.
func (p *Progress) Done() {
	p.change(func() { p.ended = true })
}

func (p *Progress) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	before, noted := p.done, p.note
	f()
	if p.done != before || p.note != noted {
		p.told = false
	}
	completed := before < p.total && p.done >= p.total
	interval := progressInterval
	if publisher.Load() == nil {
		interval = printedInterval
	}
	if p.ended && p.told {
		p.shown.stop() // nothing has changed since
		return
	}
	p.shown.tell(&p.mu, interval, p.ended || completed, p.show)
}

func (p *Progress) show() {
	p.told = true
	p.handle.Update(p.bundle())
}

func (p *Progress) bundle() Bundle {
	share := 0.0
	if p.total > 0 {
		share = min(1, max(0, float64(p.done)/float64(p.total)))
	}
	words := fmt.Sprintf("%d of %d", p.done, p.total)
	if p.note != "" {
		words += ", " + p.note
	}
	const width = 30
	full := int(share * width)
	bar := strings.Repeat("#", full) + strings.Repeat("-", width-full)
	return Bundle{Data: MIMEMap{
		MIMEText: fmt.Sprintf("%s [%s] %s", p.label, bar, words),
		MIMEHTML: fmt.Sprintf(`<div><span style="display:inline-block;min-width:120px">%s</span> <progress value="%d" max="%d"></progress> %s</div>`,
			html.EscapeString(p.label), max(0, p.done), max(1, p.total), html.EscapeString(words)),
	}}
}
