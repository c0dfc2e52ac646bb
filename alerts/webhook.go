package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Statuses of an alert.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// Message is Alertmanager's webhook, version "4", as far as it is used here.
// Fields that are not known are ignored, and so is commonLabels, which max_alerts
// makes wrong.
type Message struct {
	Version         string  `json:"version"`
	Receiver        string  `json:"receiver"`
	ExternalURL     string  `json:"externalURL"`
	TruncatedAlerts uint64  `json:"truncatedAlerts"` // left out because of max_alerts
	Alerts          []Alert `json:"alerts"`
}

// Alert is one alert of a message.
type Alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while firing
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"` // 16 hex digits, hash of the labels

	bad error // why it could not be read
}

// Bounds of one alert, so that an episode fits into any store.
const (
	maxFields = 256       // labels, and annotations
	maxName   = 1 << 10   // bytes of a name
	maxLabel  = 16 << 10  // bytes of a label's value
	maxNote   = 16 << 10  // bytes of an annotation's value that are kept
	maxTotal  = 256 << 10 // bytes of all names and values
)

// Decode reads a webhook's body. It refuses only what is no such message; each
// alert is checked on its own by Check.
func Decode(body []byte) (Message, error) {
	var raw struct {
		Message
		Alerts *[]json.RawMessage `json:"alerts"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Message{}, fmt.Errorf("the body is not an Alertmanager webhook: %w", err)
	}
	if raw.Alerts == nil {
		return Message{}, errors.New(`the body is not an Alertmanager webhook: field "alerts" is missing`)
	}
	m := raw.Message
	m.Alerts = make([]Alert, len(*raw.Alerts))
	for i, text := range *raw.Alerts {
		if err := json.Unmarshal(text, &m.Alerts[i]); err != nil {
			m.Alerts[i] = Alert{bad: err}
		}
	}
	return m, nil
}

// Check reports what keeps the alert from being an episode.
func (a Alert) Check() error {
	switch {
	case a.bad != nil:
		return fmt.Errorf("is not an alert: %w", a.bad)
	case !isFingerprint(a.Fingerprint):
		return fmt.Errorf("fingerprint %.40q: want 16 hexadecimal digits", a.Fingerprint)
	case a.Status != Firing && a.Status != Resolved:
		return fmt.Errorf("alert %s: status %.40q: want firing or resolved", a.Fingerprint, a.Status)
	case !sane(a.StartsAt):
		return fmt.Errorf("alert %s: startsAt %s is no time at which an alert can start", a.Fingerprint, a.StartsAt.Format(time.RFC3339))
	case !a.EndsAt.IsZero() && !sane(a.EndsAt):
		return fmt.Errorf("alert %s: endsAt %s is no time at which an alert can end", a.Fingerprint, a.EndsAt.Format(time.RFC3339))
	case len(a.Labels) == 0:
		return fmt.Errorf("alert %s: has no labels", a.Fingerprint)
	case len(a.Labels) > maxFields || len(a.Annotations) > maxFields:
		return fmt.Errorf("alert %s: more than %d labels or annotations", a.Fingerprint, maxFields)
	}
	total := 0
	for name, value := range a.Labels {
		if name == "" || len(name) > maxName || len(value) > maxLabel {
			return fmt.Errorf("alert %s: label %.40q: the name is empty or longer than %d bytes, or the value longer than %d", a.Fingerprint, name, maxName, maxLabel)
		}
		total += len(name) + len(value)
	}
	for name, value := range a.Annotations {
		if len(name) > maxName {
			return fmt.Errorf("alert %s: annotation %.40q: the name is longer than %d bytes", a.Fingerprint, name, maxName)
		}
		total += len(name) + min(len(value), maxNote)
	}
	if total > maxTotal {
		return fmt.Errorf("alert %s: labels and annotations are longer than %d bytes together", a.Fingerprint, maxTotal)
	}
	return nil
}

// sane bounds times to those that every notation can write.
func sane(t time.Time) bool { return t.UTC().Year() >= 1970 && t.UTC().Year() <= 9999 }

func isFingerprint(s string) bool {
	if len(s) != 16 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
