package runbooks

import (
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/runbooks/show"
)

// sameLook is how soon after a value's HTML its text belongs to the same showing.
const sameLook = time.Second

// look makes a value that is read anew each time it is shown show the same in
// HTML and in text: a notebook asks for one right after the other.
type look struct {
	mu   sync.Mutex
	card *show.Card // of the HTML whose text was not asked for yet
	at   time.Time
}

func (l *look) html(read func() show.Card) string {
	c := read()
	l.mu.Lock()
	l.card, l.at = &c, time.Now()
	l.mu.Unlock()
	return c.HTML()
}

func (l *look) text(read func() show.Card) string {
	l.mu.Lock()
	c, at := l.card, l.at
	l.card = nil
	l.mu.Unlock()
	if c != nil && time.Since(at) < sameLook {
		return c.Text()
	}
	return read().Text()
}

// forget drops what was shown, since the value is another now.
func (l *look) forget() {
	l.mu.Lock()
	l.card = nil
	l.mu.Unlock()
}
