package debug_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/debug"
)

func TestMurmur2(t *testing.T) {
	for text, want := range map[string]uint32{
		"": 3990065800, "a": 2167009006, "ab": 2805137849, "abc": 3350977461, "abcd": 804720481,
		"x := 1\nfmt.Println(x)": 1443478927, "Grüße, 世界": 1431075680,
	} {
		if got := debug.Murmur2([]byte(text), debug.Seed); got != want {
			t.Errorf("Murmur2(%q) = %d, want %d", text, got, want)
		}
	}
}

// target records what it is asked and answers from a table.
type target struct {
	asked   []string
	answers map[string]string
}

func (f *target) Debug(_ context.Context, command string, arguments json.RawMessage) (json.RawMessage, error) {
	f.asked = append(f.asked, command+" "+string(arguments))
	if body, ok := f.answers[command]; ok {
		return json.RawMessage(body), nil
	}
	return nil, errors.New("no secret answer")
}

// front is a session with its front end.
type front struct {
	*testing.T
	*debug.Session
	target *target
	events []debug.Event
}

func newFront(t *testing.T) *front {
	f := &front{T: t, target: &target{answers: map[string]string{"attach": `{"supportsSetVariable":true}`, "detach": "{}"}}}
	f.Session = debug.NewSession(debug.Config{
		Paths:  debug.Paths{Prefix: "/p/", Suffix: ".go"},
		Target: func(context.Context) (debug.Target, error) { return f.target, nil },
		Mask:   func(s string) string { return strings.ReplaceAll(s, "secret", "***") },
		Send:   func(e debug.Event) { f.events = append(f.events, e) },
	})
	return f
}

// ask sends a request; want "" is an answer that succeeds, else part of why not.
func (f *front) ask(command, arguments, want string) string {
	f.Helper()
	content, err := json.Marshal(debug.Request{Seq: 5, Type: "request", Command: command, Arguments: json.RawMessage(arguments)})
	if err != nil {
		f.Fatal(err)
	}
	r := f.Serve(f.Context(), content)
	if r.RequestSeq != 5 || r.Type != "response" || r.Command != command {
		f.Errorf("%s: the reply is of another request: %+v", command, r)
	}
	if r.Success != (want == "") || !strings.Contains(r.Message, want) {
		f.Errorf("%s: success %v, message %q, want %q", command, r.Success, r.Message, want)
	}
	return string(r.Body)
}

func TestSessionWantsToBeStarted(t *testing.T) {
	f := newFront(t)
	f.ask("dumpCell", `{"code":"x"}`, "send initialize first")
	f.ask("inspectVariables", "{}", "no *** answer")
	f.ask("disconnect", "{}", "")
	if got := f.ask("initialize", `{"clientID":"jupyterlab"}`, ""); !strings.Contains(got, `"supportsSetVariable":true`) {
		t.Errorf("capabilities: %s", got)
	}
	if len(f.events) != 1 || f.events[0].Event != "initialized" {
		t.Errorf("events: %+v", f.events)
	}
	f.ask("disconnect", "{}", "")
	if want := []string{"inspectVariables {}", `attach {"prefix":"/p/","suffix":".go"}`, "detach {}"}; !slices.Equal(f.target.asked, want) {
		t.Errorf("the target was asked %q, want %q", f.target.asked, want)
	}
}

func TestSessionKeepsBreakpointsWhereTheTargetPutThem(t *testing.T) {
	f := newFront(t)
	f.ask("initialize", "{}", "")
	path := f.Paths("a\nb")
	if got := f.ask("setBreakpoints", `{"source":{"path":"`+path+`"},"breakpoints":[{"line":1}]}`, ""); !strings.Contains(got, `"verified":false`) || !strings.Contains(got, "dumpCell") {
		t.Errorf("a source that nobody knows: %s", got)
	}
	f.ask("dumpCell", `{"code":"a\nb"}`, "")
	f.target.answers["setBreakpoints"] = `{"breakpoints":[{"verified":true,"line":2},{"verified":false,"line":9,"message":"no"}]}`
	f.ask("setBreakpoints", `{"source":{"path":"`+path+`"},"breakpoints":[{"line":1,"condition":"c"},{"line":9}]}`, "")
	if got, want := f.ask("debugInfo", "{}", ""), `"breakpoints":[{"source":"`+path+`","breakpoints":[{"line":2,"condition":"c"}]}]`; !strings.Contains(got, want) {
		t.Errorf("debugInfo: %s", got)
	}
	f.Relay("stopped", json.RawMessage(`{"threadId":3,"text":"secret"}`))
	if got := f.ask("debugInfo", "{}", ""); !strings.Contains(got, `"stoppedThreads":[3]`) {
		t.Errorf("debugInfo: %s", got)
	}
	fresh := &target{answers: f.target.answers}
	if err := f.Renew(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	if len(fresh.asked) != 2 || !strings.HasPrefix(fresh.asked[0], "attach {") || !strings.Contains(fresh.asked[1], `"text":"a\nb"`) {
		t.Errorf("the fresh target was asked %q", fresh.asked)
	}
	last := f.events[len(f.events)-1]
	if last.Event != "continued" || !strings.Contains(string(last.Body), `"threadId":3`) || strings.Contains(string(f.events[1].Body), "secret") {
		t.Errorf("events: %+v", f.events)
	}
	f.ask("disconnect", "{}", "")
	if got := f.ask("debugInfo", "{}", ""); !strings.Contains(got, `"breakpoints":[],"stoppedThreads":[]`) {
		t.Errorf("debugInfo after the end: %s", got)
	}
}

// Paths is the path of a source in the test's session.
func (f *front) Paths(source string) string {
	return debug.Paths{Prefix: "/p/", Suffix: ".go"}.Of(source)
}

func TestSessionMasksWhatIsShown(t *testing.T) {
	f := newFront(t)
	f.ask("initialize", "{}", "")
	f.target.answers["variables"] = `{"variables":[{"name":"secret","value":"a secret","type":"Secret","variablesReference":7}]}`
	if got, want := f.ask("variables", "{}", ""), `{"variables":[{"name":"***","value":"Secret a ***","variablesReference":7}]}`; got != want {
		t.Errorf("variables: %s, want %s", got, want)
	}
	f.target.answers["richInspectVariables"] = `{"data":{"text/plain":"secret","x":{"secret":[1,"secret"]}},"metadata":{}}`
	if got := f.ask("richInspectVariables", "{}", ""); strings.Contains(got, "secret") || !strings.Contains(got, "[1,") {
		t.Errorf("rich: %s", got)
	}
	path := f.Paths("secret")
	f.ask("dumpCell", `{"code":"secret"}`, "")
	if got := f.ask("source", `{"source":{"path":"`+path+`"}}`, ""); !strings.Contains(got, `"content":"***"`) {
		t.Errorf("source: %s", got)
	}
}

func FuzzServe(f *testing.F) {
	for _, s := range []string{"", "{}", `{"command":"debugInfo","seq":1}`, `{"command":"initialize","arguments":{"clientID":"x"}}`, `{"command":"setBreakpoints","arguments":{"source":{"path":"p"},"breakpoints":[{"line":-1}]}}`, `{"command":"variables","arguments":null}`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s := newFront(t)
		s.ask("initialize", "{}", "")
		r := s.Serve(t.Context(), content)
		if !json.Valid(r.Body) || !r.Success && r.Message == "" {
			t.Errorf("the answer %+v", r)
		}
		if again := s.Serve(t.Context(), []byte(`{"command":"debugInfo"}`)); !again.Success {
			t.Errorf("after it: %+v", again)
		}
	})
}
