package alerts

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Episode is one time that an alert fires: from StartsAt on until it is
// resolved. Repeats and the resolution, which come at least once each, merge into
// it.
type Episode struct {
	ID           string            `json:"id"` // Fingerprint-StartsAt; safe as a file name and in a URL
	Fingerprint  string            `json:"fingerprint"`
	Status       string            `json:"status"` // as last told
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt,omitzero"` // zero while firing
	GeneratorURL string            `json:"generatorURL,omitempty"`
	Receiver     string            `json:"receiver,omitempty"`
	ExternalURL  string            `json:"externalURL,omitempty"` // of the Alertmanager that told last
	First        time.Time         `json:"first"`                 // delivery
	Last         time.Time         `json:"last"`
	Deliveries   int               `json:"deliveries"`
	History      []Turn            `json:"history,omitempty"`  // changes of Status, oldest first, the last 50
	Notebook     string            `json:"notebook,omitempty"` // that was copied for it
	Opened       time.Time         `json:"opened,omitzero"`    // when that copy was made
}

// Turn is a change of an episode's status.
type Turn struct {
	At     time.Time `json:"at"` // of the delivery
	Status string    `json:"status"`
}

// Store keeps episodes. Its methods may be called from many goroutines.
type Store interface {
	// Put creates or replaces the episode with this ID. It is on disk when Put
	// returns nil.
	Put(ctx context.Context, e Episode) error
	// Get returns the episode with this ID; ok is false where there is none.
	Get(ctx context.Context, id string) (e Episode, ok bool, err error)
	// List returns all episodes in any order.
	List(ctx context.Context) ([]Episode, error)
}

const maxTurns = 50

// EpisodeID names the episode of an alert.
func EpisodeID(fingerprint string, startsAt time.Time) string {
	return fingerprint + "-" + startsAt.UTC().Format("20060102T150405.999999999Z")
}

// Name is the alert's name, "(no name)" where it has none.
func (e Episode) Name() string {
	if n := e.Labels["alertname"]; n != "" {
		return n
	}
	return "(no name)"
}

// merge takes one delivery of the alert, that has passed Check, into the
// episode, which is the zero value at the first.
//
// The last delivery decides the status, also when it says firing after resolved:
// an Alertmanager that has not heard of an alert for a while calls it resolved,
// and firing with the same start when it hears of it again. To show an alert as
// firing that is over does less harm than the other way round.
func (e Episode) merge(a Alert, m Message, now time.Time) Episode {
	if e.ID == "" {
		e.ID, e.Fingerprint, e.First = EpisodeID(a.Fingerprint, a.StartsAt), a.Fingerprint, now
		e.StartsAt, e.Labels = a.StartsAt.UTC(), maps.Clone(a.Labels)
	}
	if a.Status != e.Status {
		e.History = append(slices.Clone(e.History), Turn{now, a.Status})
		if n := len(e.History); n > maxTurns {
			e.History = e.History[n-maxTurns:]
		}
	}
	e.Status, e.EndsAt = a.Status, time.Time{}
	if a.Status == Resolved {
		if e.EndsAt = a.EndsAt.UTC(); e.EndsAt.IsZero() {
			e.EndsAt = now
		}
	}
	e.Annotations = clipped(a.Annotations)
	e.GeneratorURL, e.Receiver, e.ExternalURL = clip(a.GeneratorURL), clip(m.Receiver), clip(m.ExternalURL)
	e.Last = now
	e.Deliveries++
	return e
}

func clipped(annotations map[string]string) map[string]string {
	out := make(map[string]string, len(annotations))
	for k, v := range annotations {
		out[k] = clip(v)
	}
	return out
}

// clip cuts text to maxNote bytes at a character.
func clip(s string) string {
	if len(s) <= maxNote {
		return s
	}
	cut := maxNote
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// sortEpisodes puts firing ones first, then the newest.
func sortEpisodes(list []Episode) {
	slices.SortFunc(list, func(a, b Episode) int {
		return cmp.Or(
			strings.Compare(a.Status, b.Status), // firing < resolved
			b.StartsAt.Compare(a.StartsAt),
			strings.Compare(a.ID, b.ID),
		)
	})
}
