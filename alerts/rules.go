package alerts

import (
	"bytes"
	_ "embed"
	"fmt"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"github.com/fabricbook/fabricbook/notebooks"
)

//go:embed rules.yaml
var defaultRules []byte

// DefaultRules is the text of the rules file that is used where none is given.
func DefaultRules() []byte { return bytes.Clone(defaultRules) }

// Rules says which notebook an alert leads to. The first rule whose matchers all
// match wins.
type Rules struct {
	rules []Rule // the default, if there is one, is the last
}

// Rule leads alerts to one notebook.
type Rule struct {
	Name       string          // for people; "default" for the default
	Matchers   labels.Matchers // all must match; a missing label is empty
	Notebook   string
	Parameters []Mapping
}

// Mapping is where a parameter's value comes from. One of Label, Annotation and
// Field is set.
type Mapping struct {
	Name       string
	Type       notebooks.ParamType
	Label      string
	Annotation string
	Field      string  // one of Fields
	Default    *string // where the alert has none; nil: the notebook's own default stays
}

// Fields are the facts of an episode, beside labels and annotations, that a
// parameter can take.
func Fields() []string {
	return []string{"endsAt", "episode", "fingerprint", "generatorURL", "startsAt", "status"}
}

// Match returns the rule for an alert with these labels; ok is false where none
// matches and there is no default.
func (r *Rules) Match(alert map[string]string) (Rule, bool) {
	for _, rule := range r.rules {
		if rule.matches(alert) {
			return rule, true
		}
	}
	return Rule{}, false
}

func (r Rule) matches(alert map[string]string) bool {
	for _, m := range r.Matchers {
		if !m.Matches(alert[m.Name]) {
			return false
		}
	}
	return true
}

// params takes the rule's parameters from an episode. notes say, in words of the
// rules file only, which of them keep the notebook's default and why.
func (r Rule) params(e Episode) (params []notebooks.Param, notes []string) {
	for _, m := range r.Parameters {
		value, ok := m.value(e)
		if !ok && m.Default != nil {
			value, ok = *m.Default, true
		}
		if !ok {
			notes = append(notes, fmt.Sprintf("%s keeps its default: the alert has no %s.", m.Name, m.source()))
			continue
		}
		p := notebooks.Param{Name: m.Name, Type: m.Type, Value: value}
		if _, err := p.Literal(); err != nil {
			notes = append(notes, fmt.Sprintf("%s keeps its default: the alert's %s is not of type %s.", m.Name, m.source(), m.Type))
			continue
		}
		params = append(params, p)
	}
	return params, notes
}

func (m Mapping) source() string {
	switch {
	case m.Label != "":
		return "label " + m.Label
	case m.Annotation != "":
		return "annotation " + m.Annotation
	}
	return m.Field
}

func (m Mapping) value(e Episode) (value string, ok bool) {
	switch {
	case m.Label != "":
		value, ok = e.Labels[m.Label]
		return value, ok
	case m.Annotation != "":
		value, ok = e.Annotations[m.Annotation]
		return value, ok
	}
	switch m.Field {
	case "episode":
		return e.ID, true
	case "fingerprint":
		return e.Fingerprint, true
	case "generatorURL":
		return e.GeneratorURL, e.GeneratorURL != ""
	case "status":
		return e.Status, true
	case "startsAt":
		return e.StartsAt.Format(time.RFC3339Nano), true
	case "endsAt":
		return e.EndsAt.Format(time.RFC3339Nano), !e.EndsAt.IsZero()
	}
	return "", false
}
