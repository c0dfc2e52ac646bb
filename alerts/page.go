package alerts

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

// pages escapes whatever comes from alerts by the place where it stands.
var pages = template.Must(template.New("page").Parse(pageText))

// listPage is the list of episodes.
type listPage struct {
	Title    string
	Intro    []string
	Up       string // relative path to the root
	Episodes []row
	Firing   int
}

// messagePage says something and links to the list.
type messagePage struct {
	Title string
	Lines []string
	Up    string
}

// row is one episode as the page shows it.
type row struct {
	ID, Name, Status, Summary, Notebook string
	Labels                              []string // name=value, sorted, without alertname
	Starts, Ends, Age                   string
	Deliveries                          int
	Prepared                            bool // its notebook has been opened
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	all, err := s.Store.List(r.Context())
	if err != nil {
		s.fail(w, "", err)
		return
	}
	s.page(w, http.StatusOK, s.listOf("Alerts", nil, "", all))
}

func (s *Server) listOf(title string, intro []string, up string, list []Episode) listPage {
	p := listPage{Title: title, Intro: intro, Up: up}
	sortEpisodes(list)
	for _, e := range list {
		if e.Status == Firing {
			p.Firing++
		}
		p.Episodes = append(p.Episodes, s.row(e))
	}
	return p
}

func (s *Server) row(e Episode) row {
	r := row{ID: e.ID, Name: e.Name(), Status: e.Status, Notebook: e.Notebook, Deliveries: e.Deliveries, Prepared: !e.Opened.IsZero()}
	if rule, ok := s.Rules.Match(e.Labels); ok && r.Notebook == "" {
		r.Notebook = rule.Notebook
	}
	r.Summary = e.Annotations["summary"]
	if r.Summary == "" {
		r.Summary = e.Annotations["description"]
	}
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
		if name != "alertname" {
			r.Labels = append(r.Labels, name+"="+e.Labels[name])
		}
	}
	const layout = "2006-01-02 15:04:05 UTC"
	r.Starts = e.StartsAt.UTC().Format(layout)
	end := time.Now()
	if !e.EndsAt.IsZero() {
		r.Ends, end = e.EndsAt.UTC().Format(layout), e.EndsAt
	}
	r.Age = age(end.Sub(e.StartsAt))
	return r
}

// age is a duration as people say it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// runbook is where a rule's runbook_url leads that knows only the alert's name:
// to the notebook where exactly one such alert is firing, else to a page with
// what is known.
func (s *Server) runbook(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("alertname")
	all, err := s.Store.List(r.Context())
	if err != nil {
		s.fail(w, "../", err)
		return
	}
	list := slices.DeleteFunc(all, func(e Episode) bool { return e.Labels["alertname"] != name })
	sortEpisodes(list)
	if len(list) > 0 && list[0].Status == Firing && (len(list) == 1 || list[1].Status != Firing) {
		w.Header().Set("Location", "../a/"+url.PathEscape(list[0].ID))
		w.WriteHeader(http.StatusFound)
		return
	}
	rule, ok := s.Rules.Match(map[string]string{"alertname": name})
	if !ok && len(list) == 0 {
		s.notFound(w, "No runbook for this alert", fmt.Sprintf("No alert %.200q has been received, no rule matches it, and the rules have no default.", name),
			"Add a rule with matchers for it, or a default, to the rules file.")
		return
	}
	var intro []string
	if ok {
		intro = append(intro, "Its notebook: "+s.describe(rule.Notebook))
	}
	switch {
	case len(list) == 0:
		intro = append(intro, "No such alert has been received yet. When one fires, this link leads to a copy of the notebook that is prepared for it.")
	case list[0].Status == Firing:
		intro = append(intro, "Several of them are firing: choose one.")
	default:
		intro = append(intro, "None of them is firing now.")
	}
	s.page(w, http.StatusOK, s.listOf("Runbook of "+name, intro, "../", list))
}

func (s *Server) describe(notebook string) string {
	nb, err := s.Templates.Open(notebook)
	if err != nil || nb.Title() == "" {
		return notebook
	}
	return fmt.Sprintf("%s (%s)", nb.Title(), notebook)
}

func (s *Server) notFound(w http.ResponseWriter, title string, lines ...string) {
	s.page(w, http.StatusNotFound, messagePage{Title: title, Lines: lines, Up: "../"})
}

func (s *Server) fail(w http.ResponseWriter, up string, err error) {
	s.Log.Error("alert page", "error", err)
	s.page(w, http.StatusInternalServerError, messagePage{Title: "This did not work", Lines: strings.Split(err.Error(), "\n"), Up: up})
}

// page renders before it writes, so that a failure is not half a page.
func (s *Server) page(w http.ResponseWriter, status int, data any) {
	name := "message"
	if _, ok := data.(listPage); ok {
		name = "list"
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.Log.Error("alert page", "error", err)
		http.Error(w, "the page cannot be shown; see the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader has gone
}
