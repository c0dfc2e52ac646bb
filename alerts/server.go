package alerts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fabricbook/fabricbook/notebooks"
)

// Config is what a Server needs. Log may be nil.
type Config struct {
	Token     string // that Alertmanager must send; at least 16 bytes
	Rules     *Rules
	Store     Store
	Templates Templates
	Folder    Folder
	// Path is Folder as JupyterLab names it, such as "alerts".
	Path string
	// Jupyter is the base URL under which /lab/tree/PATH opens a notebook:
	// http://127.0.0.1:8888, or https://hub.example/hub/user-redirect. It is
	// asked at each redirect and may answer "" while there is none.
	Jupyter func() string
	// MaxBody bounds a webhook's body in bytes. Default 8 MiB.
	MaxBody int64
	Log     *slog.Logger
}

// Server answers Alertmanager and the people who follow its links.
type Server struct {
	Config
	token [sha256.Size]byte
	mux   *http.ServeMux
	merge sync.Mutex // held from reading an episode to writing it
}

// New checks the configuration. It starts nothing.
func New(c Config) (*Server, error) {
	switch {
	case len(c.Token) < 16:
		return nil, errors.New("alerts: the token is shorter than 16 bytes; make one with `openssl rand -hex 32`")
	case c.Rules == nil || c.Store == nil || c.Templates == nil || c.Folder == nil || c.Jupyter == nil:
		return nil, errors.New("alerts: Rules, Store, Templates, Folder and Jupyter must all be set")
	case strings.HasPrefix(c.Path, "/") || slices.Contains(strings.Split(c.Path, "/"), ".."):
		return nil, fmt.Errorf("alerts: path %q: want the folder's path below JupyterLab's root, such as alerts", c.Path)
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 8 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Config: c, token: sha256.Sum256([]byte(c.Token)), mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /alertmanager", s.receive)
	s.mux.HandleFunc("GET /a/{id}", s.open)
	s.mux.HandleFunc("GET /runbook/{alertname}", s.runbook)
	s.mux.HandleFunc("GET /alerts", s.list)
	s.mux.HandleFunc("GET /{$}", s.list)
	return s, nil
}

// ServeHTTP answers POST /alertmanager (with the token), GET /a/{fingerprint or
// episode}, GET /runbook/{alertname}, GET /alerts and GET /. Pages link to each
// other relatively, so that a prefix may be stripped in front of it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	s.mux.ServeHTTP(w, r)
}

// authorized compares the bearer token in constant time.
func (s *Server) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1 && strings.EqualFold(scheme, "bearer")
}

// Receipt is the answer to a webhook.
type Receipt struct {
	Accepted int      `json:"accepted"`
	Rejected []string `json:"rejected,omitempty"` // why, for each alert that was not taken
}

// receive takes a webhook. It answers 200 when every alert that can be an
// episode is in the store, and 503 where the store fails, which makes
// Alertmanager try again. An alert that cannot be one is logged and does not hold
// up the others; only a message in which there is no other is refused.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fabricbook"`)
		http.Error(w, "the bearer token is missing or wrong; set http_config.authorization.credentials in Alertmanager's receiver", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxBody))
	if err != nil {
		status := http.StatusBadRequest
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			status = http.StatusRequestEntityTooLarge
		}
		s.refuse(w, status, err)
		return
	}
	m, err := Decode(body)
	if err != nil {
		s.refuse(w, http.StatusBadRequest, err)
		return
	}
	receipt, err := s.take(r.Context(), m)
	switch {
	case err != nil:
		s.refuse(w, http.StatusServiceUnavailable, fmt.Errorf("the alerts could not be stored, send them again: %w", err))
	case receipt.Accepted == 0 && len(receipt.Rejected) > 0:
		s.refuse(w, http.StatusBadRequest, errors.New(strings.Join(receipt.Rejected, "\n")))
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(receipt) // the sender has gone: it will send again
	}
}

func (s *Server) refuse(w http.ResponseWriter, status int, err error) {
	s.Log.Warn("webhook refused", "status", status, "error", err)
	http.Error(w, err.Error(), status)
}

// take merges a message's alerts into the store.
func (s *Server) take(ctx context.Context, m Message) (receipt Receipt, err error) {
	if m.Version != "4" {
		s.Log.Warn("webhook of an unknown version is read as version 4", "version", m.Version)
	}
	if m.TruncatedAlerts > 0 {
		s.Log.Warn("Alertmanager left alerts out of its webhook; set max_alerts: 0 in its receiver", "missing", m.TruncatedAlerts, "receiver", m.Receiver)
	}
	now := time.Now().UTC()
	for i, a := range m.Alerts {
		if err := a.Check(); err != nil {
			s.Log.Warn("alert rejected", "index", i, "error", err)
			receipt.Rejected = append(receipt.Rejected, fmt.Sprintf("alerts[%d]: %v", i, err))
			continue
		}
		if _, err := s.update(ctx, EpisodeID(a.Fingerprint, a.StartsAt), func(e Episode) Episode { return e.merge(a, m, now) }); err != nil {
			return receipt, err
		}
		receipt.Accepted++
	}
	return receipt, nil
}

// update changes one episode in the store, from the zero value where it is new.
func (s *Server) update(ctx context.Context, id string, change func(Episode) Episode) (Episode, error) {
	s.merge.Lock()
	defer s.merge.Unlock()
	e, _, err := s.Store.Get(ctx, id)
	if err != nil {
		return e, err
	}
	e = change(e)
	return e, s.Store.Put(ctx, e)
}

// find returns the episode of an id, or the newest of a fingerprint.
func (s *Server) find(ctx context.Context, id string) (Episode, bool, error) {
	fingerprint, start, whole := strings.Cut(id, "-")
	if !isFingerprint(fingerprint) {
		return Episode{}, false, nil
	}
	if whole {
		if strings.Trim(start, "0123456789TZ.") != "" {
			return Episode{}, false, nil
		}
		return s.Store.Get(ctx, id)
	}
	all, err := s.Store.List(ctx)
	if err != nil {
		return Episode{}, false, err
	}
	var newest Episode
	for _, e := range all {
		if e.Fingerprint == fingerprint && e.StartsAt.After(newest.StartsAt) {
			newest = e
		}
	}
	return newest, newest.ID != "", nil
}

// open leads a person to the notebook of an episode.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	e, ok, err := s.find(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		s.fail(w, "../", err)
		return
	case !ok:
		s.notFound(w, "No such alert", fmt.Sprintf("No alert with the fingerprint %.80q has been received.", r.PathValue("id")),
			"It may have been sent to another receiver, or not yet: Alertmanager waits for group_wait before the first message.",
			"A fingerprint is 16 hexadecimal digits; amtool and Alertmanager's API show it.")
		return
	}
	rule, ok := s.Rules.Match(e.Labels)
	if !ok {
		s.notFound(w, "No notebook for this alert", fmt.Sprintf("No rule matches the alert %.200q, and the rules have no default.", e.Name()),
			"Add a rule with matchers for its labels, or a default, to the rules file.")
		return
	}
	target, err := s.target(e.ID)
	if err != nil {
		s.page(w, http.StatusServiceUnavailable, messagePage{Title: "No JupyterLab", Lines: []string{err.Error()}, Up: "../"})
		return
	}
	if err := s.prepare(r.Context(), e, rule); err != nil {
		s.fail(w, "../", err)
		return
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// target is the URL of an episode's notebook. Nothing of the request is in it.
func (s *Server) target(id string) (string, error) {
	base := s.Jupyter()
	if base == "" {
		return "", errors.New("JupyterLab is not running yet; try again in a moment, or start it with `fabricbook lab`")
	}
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return "", errors.New("the base URL of JupyterLab is wrong; want http://HOST:PORT or https://HOST/PREFIX")
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	parts := []string{"lab", "tree"}
	for p := range strings.SplitSeq(s.Path, "/") {
		if p != "" {
			parts = append(parts, url.PathEscape(p))
		}
	}
	return u.JoinPath(append(parts, url.PathEscape(id+notebooks.Ext))...).String(), nil
}

// prepare makes the episode's copy of the notebook unless there is one.
func (s *Server) prepare(ctx context.Context, e Episode, rule Rule) error {
	nb, err := s.Templates.Open(rule.Notebook)
	if err != nil {
		return err
	}
	params, notes := rule.params(e)
	nb, err = notebooks.Inject(nb.Cleared(), params, notes...)
	if err != nil {
		return fmt.Errorf("notebook %q: %w", rule.Notebook, err)
	}
	nb.Metadata = nb.Metadata.With("fabricbook", map[string]any{"alert": map[string]any{
		"episode": e.ID, "fingerprint": e.Fingerprint, "startsAt": e.StartsAt.Format(time.RFC3339Nano), "template": rule.Notebook,
	}})
	created, err := s.Folder.Create(ctx, e.ID+notebooks.Ext, nb)
	if err != nil || !created {
		return err
	}
	s.Log.Info("notebook made for alert", "episode", e.ID, "notebook", rule.Notebook)
	_, err = s.update(ctx, e.ID, func(e Episode) Episode {
		e.Notebook, e.Opened = rule.Notebook, time.Now().UTC()
		return e
	})
	return err
}
