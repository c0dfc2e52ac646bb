package display

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Widget is a control that lives in the front end: a front end with ipywidgets'
// extension shows it, others show its text. Progress needs no extension.
type Widget interface {
	MIMEBundle() Bundle
	widget() *model
}

// IntProgress is a bar that fills from Min to Max.
type IntProgress struct {
	m        *model
	min, max int

	mu    sync.Mutex
	value int
	told  throttle
}

// NewIntProgress makes a bar that stands at min.
func NewIntProgress(min, max int, description string) *IntProgress {
	p := &IntProgress{min: min, max: max, value: min}
	p.m = newControl("IntProgress", "ProgressStyle", map[string]any{
		"min": min, "max": max, "value": min, "description": description, "orientation": "horizontal", "bar_style": "",
	})
	p.m.open()
	return p
}

// Set moves the bar. The front end hears of it at most ten times a second, and
// always of the last value.
func (p *IntProgress) Set(value int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	completed := p.value < p.max && value >= p.max
	p.value = value
	p.told.tell(&p.mu, progressInterval, completed, func() { p.m.set("value", p.value) })
}

// Value is where the bar stands.
func (p *IntProgress) Value() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.value
}

// MIMEBundle shows the bar.
func (p *IntProgress) MIMEBundle() Bundle {
	return p.m.bundle(fmt.Sprintf("progress %d of %d to %d", p.Value(), p.min, p.max))
}

func (p *IntProgress) widget() *model { return p.m }

// Button runs a function when somebody clicks it.
type Button struct {
	m    *model
	text string
}

// NewButton makes a button. click runs on a goroutine of its own at each click,
// also while a cell runs; a panic in it is reported and ends nothing.
func NewButton(text string, click func()) *Button {
	b := &Button{text: text}
	b.m = newControl("Button", "ButtonStyle", map[string]any{"description": text, "disabled": false, "icon": "", "button_style": "", "tooltip": nil})
	b.m.click = func() {
		defer func() {
			if r := recover(); r != nil {
				fmt.Fprintf(os.Stderr, "button %q panicked: %v\n", text, r)
			}
		}()
		if click != nil {
			click()
		}
	}
	b.m.open()
	return b
}

// Disable makes the button dead, or alive again.
func (b *Button) Disable(disabled bool) { b.m.set("disabled", disabled) }

// MIMEBundle shows the button.
func (b *Button) MIMEBundle() Bundle { return b.m.bundle("[" + b.text + "]") }

func (b *Button) widget() *model { return b.m }

// Label is a line of text.
type Label struct {
	m    *model
	mu   sync.Mutex
	text string
}

// NewLabel makes a label.
func NewLabel(text string) *Label {
	l := &Label{text: text, m: newControl("Label", "LabelStyle", map[string]any{"value": text, "description": "", "placeholder": ""})}
	l.m.open()
	return l
}

// Set replaces the text.
func (l *Label) Set(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
	l.m.set("value", text)
}

// MIMEBundle shows the label.
func (l *Label) MIMEBundle() Bundle {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.m.bundle(l.text)
}

func (l *Label) widget() *model { return l.m }

// VBox shows widgets one below the other.
type VBox struct {
	m        *model
	children []Widget
}

// NewVBox makes a box of widgets.
func NewVBox(children ...Widget) *VBox {
	names := make([]string, len(children))
	for i, c := range children {
		names[i] = reference(c.widget())
	}
	b := &VBox{children: children, m: newControl("VBox", "", map[string]any{"children": names, "box_style": ""})}
	b.m.open()
	return b
}

// MIMEBundle shows the box.
func (b *VBox) MIMEBundle() Bundle {
	lines := make([]string, len(b.children))
	for i, c := range b.children {
		lines[i] = c.MIMEBundle().Text()
	}
	return b.m.bundle(strings.Join(lines, "\n"))
}

func (b *VBox) widget() *model { return b.m }
