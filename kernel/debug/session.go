package debug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Target is what is debugged: it serves the requests that concern values and
// stops, by the protocol's names, and these of its own:
//
//	attach  AttachArguments  a debugger is there from now on
//	detach  {}               it is gone: what is stopped goes on, breakpoints are forgotten
type Target interface {
	Debug(ctx context.Context, command string, arguments json.RawMessage) (body json.RawMessage, err error)
}

// Config is what a session is made of.
type Config struct {
	Paths  Paths
	Target func(context.Context) (Target, error) // the one in use, or why there is none
	Mask   func(string) string                   // hides secrets in a text
	Send   func(Event)                           // publishes an event
}

// maxSources bounds the sources that are kept, the oldest go first.
const maxSources = 1000

// Session is one kernel's side of the debugger. Serve one request at a time;
// Relay and Renew may be called from any goroutine.
type Session struct {
	cfg Config

	mu          sync.Mutex
	seq         int
	client      string // who attached
	started     bool
	sources     map[string]string
	order       []string // paths in sources, oldest first
	breakpoints map[string][]SourceBreakpoint
	stopped     map[int]bool // threads
}

// NewSession makes a session that nobody is attached to.
func NewSession(cfg Config) *Session {
	return &Session{cfg: cfg, sources: map[string]string{}, breakpoints: map[string][]SourceBreakpoint{}, stopped: map[int]bool{}}
}

// Started tells whether a debugger is attached.
func (s *Session) Started() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// Serve answers the content of a debug_request.
func (s *Session) Serve(ctx context.Context, content []byte) Response {
	r, err := DecodeRequest(content)
	var body any
	if err == nil {
		body, err = s.serve(ctx, r)
	}
	s.mu.Lock()
	s.seq++
	answer := Response{Seq: s.seq, Type: "response", RequestSeq: r.Seq, Success: err == nil, Command: r.Command, Body: json.RawMessage("{}")}
	s.mu.Unlock()
	if err == nil && body != nil {
		answer.Body, err = json.Marshal(body)
	}
	if err != nil {
		answer.Success, answer.Message, answer.Body = false, s.cfg.Mask(err.Error()), json.RawMessage("{}")
	}
	return answer
}

// errNotStarted answers what wants an attached debugger.
var errNotStarted = errors.New("the debugger is not started: send initialize first")

// early are the requests that need no attached debugger.
var early = []string{"debugInfo", "initialize", "inspectVariables", "richInspectVariables", "variables", "modules", "disconnect"}

func (s *Session) serve(ctx context.Context, r Request) (any, error) {
	if !s.Started() && !slices.Contains(early, r.Command) {
		return nil, errNotStarted
	}
	switch r.Command {
	case "debugInfo":
		return s.info(), nil
	case "initialize":
		return s.initialize(ctx, r)
	case "attach", "launch", "configurationDone":
		return nil, nil
	case "disconnect", "terminate":
		return nil, s.disconnect(ctx)
	case "modules":
		return map[string]any{"modules": []any{}, "totalModules": 0}, nil
	case "dumpCell":
		return s.dumpCell(r)
	case "source":
		return s.source(r)
	case "setBreakpoints":
		return s.setBreakpoints(ctx, r)
	case "setExceptionBreakpoints":
		return Breakpoints{Breakpoints: []Breakpoint{}}, nil
	}
	return s.forward(ctx, r.Command, r.Arguments)
}

// info is what Jupyter's debugInfo tells.
func (s *Session) info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := Info{
		Started: s.started, HashMethod: "Murmur2", HashSeed: Seed, Prefix: s.cfg.Paths.Prefix, Suffix: s.cfg.Paths.Suffix,
		Breakpoints: []InfoBreakpoints{}, Stopped: slices.AppendSeq([]int{}, maps.Keys(s.stopped)), Rich: true, ExceptionPaths: []string{}, CopyToGlobals: true,
	}
	slices.Sort(i.Stopped)
	for _, path := range slices.Sorted(maps.Keys(s.breakpoints)) {
		i.Breakpoints = append(i.Breakpoints, InfoBreakpoints{Source: path, Breakpoints: s.breakpoints[path]})
	}
	return i
}

// initialize attaches. Several front ends may: they share the session.
func (s *Session) initialize(ctx context.Context, r Request) (any, error) {
	var a struct {
		Client string `json:"clientID"`
	}
	if err := Decode(r.Command, r.Arguments, &a); err != nil {
		return nil, err
	}
	t, err := s.cfg.Target(ctx)
	if err != nil {
		return nil, err
	}
	body, err := t.Debug(ctx, "attach", s.attachment())
	if err != nil {
		return nil, err
	}
	capabilities := Capabilities{ConfigurationDone: true, ExceptionFilters: []ExceptionFilter{}}
	if err := Decode(r.Command, body, &capabilities); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.started, s.client = true, a.Client
	s.mu.Unlock()
	s.send("initialized", nil)
	return capabilities, nil
}

// attachment is what a target is told.
func (s *Session) attachment() json.RawMessage {
	raw, _ := json.Marshal(AttachArguments(s.cfg.Paths)) // two strings
	return raw
}

// disconnect lets the program go and forgets what was set. It is no error where
// nobody is attached.
func (s *Session) disconnect(ctx context.Context) error {
	s.mu.Lock()
	was := s.started
	s.started, s.client = false, ""
	clear(s.breakpoints)
	s.mu.Unlock()
	if !was {
		return nil
	}
	t, err := s.cfg.Target(ctx)
	if err != nil {
		return err
	}
	_, err = t.Debug(ctx, "detach", json.RawMessage("{}"))
	return err
}

// dumpCell takes the source of a cell and tells its path.
func (s *Session) dumpCell(r Request) (any, error) {
	var a struct {
		Code string `json:"code"`
	}
	if err := Decode(r.Command, r.Arguments, &a); err != nil {
		return nil, err
	}
	return map[string]string{"sourcePath": s.Keep(a.Code)}, nil
}

// Keep makes the session know a source and returns its path.
func (s *Session) Keep(source string) (path string) {
	path = s.cfg.Paths.Of(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.sources[path]; !known {
		if len(s.order) == maxSources {
			delete(s.sources, s.order[0])
			s.order = s.order[1:]
		}
		s.order = append(s.order, path)
	}
	s.sources[path] = source
	return path
}

func (s *Session) text(path string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.sources[path]
	return text, ok
}

func (s *Session) source(r Request) (any, error) {
	var a SourceArguments
	if err := Decode(r.Command, r.Arguments, &a); err != nil {
		return nil, err
	}
	text, ok := s.text(a.Source.Path)
	if !ok {
		return nil, fmt.Errorf("no cell has the source %q: dumpCell makes it known", a.Source.Path)
	}
	return SourceBody{Content: s.cfg.Mask(text), MIMEType: "text/x-go"}, nil
}

// setBreakpoints keeps the breakpoints of a source as the target moved them.
func (s *Session) setBreakpoints(ctx context.Context, r Request) (any, error) {
	var a BreakpointsArguments
	if err := Decode(r.Command, r.Arguments, &a); err != nil {
		return nil, err
	}
	set, err := s.place(ctx, a)
	if err != nil {
		return nil, err
	}
	var kept []SourceBreakpoint
	for i, b := range set.Breakpoints {
		if b.Verified && i < len(a.Breakpoints) {
			kept = append(kept, SourceBreakpoint{Line: b.Line, Condition: a.Breakpoints[i].Condition})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.breakpoints, a.Source.Path)
	if len(kept) > 0 {
		s.breakpoints[a.Source.Path] = kept
	}
	return set, nil
}

// place gives the breakpoints of one source to the target.
func (s *Session) place(ctx context.Context, a BreakpointsArguments) (set Breakpoints, err error) {
	text, ok := s.text(a.Source.Path)
	if !ok && len(a.Breakpoints) > 0 {
		return refused(a, "no cell has this source: dumpCell makes it known"), nil
	}
	a.Text = text
	arguments, err := json.Marshal(a)
	if err != nil {
		return set, err
	}
	t, err := s.cfg.Target(ctx)
	if err != nil {
		return set, err
	}
	body, err := t.Debug(ctx, "setBreakpoints", arguments)
	if err != nil {
		return set, err
	}
	return set, Decode("setBreakpoints", body, &set)
}

// refused answers breakpoints none of which can be set.
func refused(a BreakpointsArguments, why string) Breakpoints {
	set := Breakpoints{Breakpoints: []Breakpoint{}}
	for _, b := range a.Breakpoints {
		set.Breakpoints = append(set.Breakpoints, Breakpoint{Line: b.Line, Message: why})
	}
	return set
}

// forward has the target serve a request and masks what comes back.
func (s *Session) forward(ctx context.Context, command string, arguments json.RawMessage) (any, error) {
	t, err := s.cfg.Target(ctx)
	if err != nil {
		return nil, err
	}
	body, err := t.Debug(ctx, command, arguments)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	lab := s.client == labClient || s.client == ""
	s.mu.Unlock()
	if lab && (command == "inspectVariables" || command == "variables") {
		if body, err = forLab(body); err != nil {
			return nil, err
		}
	}
	return masked(body, s.cfg.Mask)
}

// send publishes an event.
func (s *Session) send(name string, body json.RawMessage) {
	s.mu.Lock()
	s.seq++
	e := Event{Seq: s.seq, Type: "event", Event: name, Body: body}
	s.mu.Unlock()
	s.cfg.Send(e)
}

// Relay publishes an event of the target and remembers which threads it stopped.
func (s *Session) Relay(name string, body json.RawMessage) {
	var b struct {
		Thread int  `json:"threadId"`
		All    bool `json:"allThreadsContinued"`
	}
	_ = json.Unmarshal(body, &b) // an event without a thread stops none
	s.mu.Lock()
	switch {
	case name == "stopped":
		s.stopped[b.Thread] = true
	case name == "continued" && b.All:
		clear(s.stopped)
	case name == "continued":
		delete(s.stopped, b.Thread)
	}
	s.mu.Unlock()
	if v, err := masked(body, s.cfg.Mask); err == nil && v != nil {
		body, _ = json.Marshal(v) // decoded JSON can be encoded
	}
	s.send(name, body)
}

// Renew makes a fresh target what the one before was: attached, with breakpoints.
// Threads that were stopped in the one before are gone.
func (s *Session) Renew(ctx context.Context, t Target) error {
	s.mu.Lock()
	started := s.started
	gone := slices.Sorted(maps.Keys(s.stopped))
	clear(s.stopped)
	var all []BreakpointsArguments
	for path, list := range s.breakpoints {
		all = append(all, BreakpointsArguments{Source: Source{Path: path}, Breakpoints: list, Text: s.sources[path]})
	}
	s.mu.Unlock()
	for _, thread := range gone {
		body, _ := json.Marshal(map[string]any{"threadId": thread, "allThreadsContinued": true}) // plain values
		s.send("continued", body)
	}
	if !started {
		return nil
	}
	_, err := t.Debug(ctx, "attach", s.attachment())
	for _, a := range all {
		arguments, failed := json.Marshal(a)
		if failed == nil {
			_, failed = t.Debug(ctx, "setBreakpoints", arguments)
		}
		err = errors.Join(err, failed)
	}
	return err
}
