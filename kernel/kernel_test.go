package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/enginetest"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

func TestCells(t *testing.T) {
	c := newClient(t, Config{})
	for _, want := range []struct{ code, seen, status string }{
		{"print a\nresult b", "busy | in 1 | stdout a | out 1 b | idle", "ok"},
		{"", "busy | in 2 | idle", "ok"},
		{"print a\neprint b\nprint c", "busy | in 3 | stdout a | stderr b | stdout c | idle", "ok"},
		{"print a\nhtml <b>x</b>\nprint c", "busy | in 4 | stdout a | display_data <nil> x | stdout c | idle", "ok"},
		{"show one 1\nupdate one 2", "busy | in 5 | display_data one 1 | update_display_data one 2 | idle", "ok"},
		{"print a\nfail no", "busy | in 6 | stdout a | Panic: no | idle", "error"},
		{"nonsense", "busy | in 7 | CompileError: undefined: nonsense | idle", "error"},
	} {
		got := c.run(want.code)
		if got.seen != want.seen || got.Status != want.status {
			t.Errorf("%q:\n got %s %s\nwant %s %s", want.code, got.Status, got.seen, want.status, want.seen)
		}
	}
}

func TestSilentAndUncounted(t *testing.T) {
	c := newClient(t, Config{})
	no := false
	for _, want := range []struct {
		content wire.Execute
		seen    string
		count   int
	}{
		{wire.Execute{Code: "result x"}, "busy | in 1 | out 1 x | idle", 1},
		{wire.Execute{Code: "result x", Silent: true}, "busy | idle", 1},
		{wire.Execute{Code: "fail x", Silent: true}, "busy | idle", 1},
		{wire.Execute{Code: "result x", StoreHistory: &no}, "busy | in 1 | out 1 x | idle", 1},
		{wire.Execute{Code: "result x"}, "busy | in 2 | out 2 x | idle", 2},
	} {
		got := c.finish(c.send("shell", wire.ExecuteRequest, want.content))
		if got.seen != want.seen || got.Count != want.count {
			t.Errorf("%+v:\n got %d %s\nwant %d %s", want.content, got.Count, got.seen, want.count, want.seen)
		}
	}
}

func TestUserExpressions(t *testing.T) {
	c := newClient(t, Config{})
	got := c.finish(c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "set a 7", UserExpressions: map[string]string{"x": "a", "y": "bad"}}))
	if x := got.UserExpressions["x"]; x["status"] != "ok" || x["data"].(map[string]any)["text/plain"] != "7" {
		t.Errorf("x is %v", x)
	}
	if y := got.UserExpressions["y"]; y["status"] != "error" || y["evalue"] != "undefined: bad" {
		t.Errorf("y is %v", y)
	}
}

// abortLong makes a cell's failure abort what was sent before it, however long that
// is on its way on a busy machine.
func (c *client) abortLong() {
	s := c.kernel.mainShell()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grace = time.Hour
}

func TestFailureAbortsTheQueue(t *testing.T) {
	c := newClient(t, Config{})
	c.abortLong()
	first := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "ask go on?\nfail no"})
	second := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "print two"})
	third := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "print three"})
	c.receive("stdin")
	c.send("stdin", wire.InputReply, map[string]string{"value": "yes"})
	for _, want := range []struct{ id, status, seen string }{
		{first, "error", "busy | in 1 | stdout got yes | Panic: no | idle"},
		{second, "aborted", "busy | idle"},
		{third, "aborted", "busy | idle"},
	} {
		if got := c.finish(want.id); got.Status != want.status || got.seen != want.seen {
			t.Errorf("got %s %s, want %s %s", got.Status, got.seen, want.status, want.seen)
		}
	}
	if got := c.run("print four"); got.Status != "ok" || got.Count != 2 {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestARequestMadeBeforeTheFailureIsAborted(t *testing.T) {
	c := newClient(t, Config{})
	c.abortLong()
	early := c.session.Header(wire.ExecuteRequest)
	c.run("fail no")
	c.sendHeader("shell", early, wire.Execute{Code: "print dangerous"})
	if got := c.finish(early.MsgID); got.Status != "aborted" {
		t.Errorf("a cell sent along with the failed one gave %s", got.Status)
	}
	if got := c.run("print fine"); got.Status != "ok" {
		t.Errorf("a cell sent later gave %s", got.Status)
	}
}

// TestWhoHasHeardOfAFailureIsNotAborted runs a cell as soon as the failure of another can
// be known, which is before that one's reply.
func TestWhoHasHeardOfAFailureIsNotAborted(t *testing.T) {
	c := newClient(t, Config{})
	for range 200 {
		first := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "fail no"})
		c.until(first, "Panic: no")
		second := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "print two"})
		if got := c.finish(first); got.Status != "error" {
			t.Fatalf("the first gave %s", got.Status)
		}
		if got := c.finish(second); got.Status != "ok" {
			t.Fatalf("the second gave %s", got.Status)
		}
	}
}

func TestHowLongAFailureAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var session wire.Session
		s := newShell(nil, "")
		before := &request{msg: &wire.Message{Header: session.Header(wire.ExecuteRequest)}}
		if s.late(before) {
			t.Error("a cell was aborted though none failed")
		}
		time.Sleep(time.Second)
		s.failed = time.Now()
		after := &request{msg: &wire.Message{Header: session.Header(wire.ExecuteRequest)}}
		time.Sleep(abortGrace - 1)
		if !s.late(before) || s.late(after) || s.late(&request{msg: &wire.Message{}}) {
			t.Error("want what was made before the failure aborted, and nothing else")
		}
		time.Sleep(time.Nanosecond)
		if s.late(before) {
			t.Errorf("a cell that comes %v after the failure was aborted", abortGrace)
		}
	})
}

func TestStopOnErrorFalse(t *testing.T) {
	c := newClient(t, Config{})
	no := false
	first := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "fail no", StopOnError: &no})
	second := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "print two"})
	if got := c.finish(first); got.Status != "error" {
		t.Errorf("first: %s", got.Status)
	}
	if got := c.finish(second); got.Status != "ok" {
		t.Errorf("second: %s", got.Status)
	}
}

func TestQuestionsAndInterruptDuringACell(t *testing.T) {
	c := newClient(t, Config{})
	id := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "show on here\nblock"})
	for _, socket := range []string{"shell", "control"} {
		var info wire.KernelInfo
		asked := c.send(socket, wire.KernelInfoRequest, struct{}{})
		c.reply(socket, asked, &info)
		if info.LanguageInfo.Name != "go" || info.LanguageInfo.MIMEType != "text/x-go" || info.ProtocolVersion != wire.Version {
			t.Errorf("kernel_info on %s: %+v", socket, info)
		}
		if seen := c.seen(asked); seen != "busy | idle" {
			t.Errorf("kernel_info on %s: %s", socket, seen)
		}
	}
	var found struct {
		Matches    []string
		Start, End int
	}
	c.reply("shell", c.send("shell", wire.CompleteRequest, map[string]any{"code": "é pr", "cursor_pos": 4}), &found)
	if strings.Join(found.Matches, " ") != "print password" {
		t.Errorf("completions %+v", found)
	}
	var shown struct {
		Found bool
		Data  map[string]string
	}
	c.reply("shell", c.send("shell", wire.InspectRequest, map[string]any{"code": "print", "cursor_pos": 5}), &shown)
	if !shown.Found || !strings.Contains(shown.Data["text/plain"], "writes a line") {
		t.Errorf("inspection %+v", shown)
	}
	var interrupted struct{ Status string }
	c.reply("control", c.send("control", wire.InterruptRequest, struct{}{}), &interrupted)
	got := c.finish(id)
	if interrupted.Status != "ok" || got.Name != "KeyboardInterrupt" {
		t.Errorf("interrupt %+v, cell %+v", interrupted, got.executeReply)
	}
	if want := "busy | in 1 | display_data on here"; !strings.HasPrefix(got.seen, want) || strings.Count(got.seen, "busy") < 3 {
		t.Errorf("seen %s, want %s and busy again after each side request", got.seen, want)
	}
}

func TestInput(t *testing.T) {
	c := newClient(t, Config{})
	id := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "password key?"})
	m := c.receive("stdin")
	var asked wire.Input
	if err := json.Unmarshal(m.Content, &asked); err != nil || asked != (wire.Input{Prompt: "key?", Password: true}) || parentID(m) != id {
		t.Errorf("asked %s %s, error %v", m.Header.MsgType, m.Content, err)
	}
	c.send("stdin", wire.InputReply, map[string]string{"value": "xyzzy"})
	if got := c.finish(id); got.seen != "busy | in 1 | stdout got [secret] | idle" {
		t.Errorf("seen %s", got.seen)
	}
	c.send("stdin", wire.InputReply, map[string]string{"value": "nobody asked"})
	no := false
	got := c.finish(c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "ask who?", AllowStdin: &no}))
	if !strings.Contains(got.Value, "allow_stdin is false") {
		t.Errorf("without a person: %+v", got.executeReply)
	}
}

// An answer goes to its question: not one to a question that is over, nor one by a
// client that was not asked.
func TestAnswersOfOthersAreDropped(t *testing.T) {
	c := newClient(t, Config{})
	answer := func(socket zmq4.Socket, question *wire.Message, value string) {
		t.Helper()
		content, err := wire.Marshal(map[string]string{"value": value})
		if err != nil {
			t.Fatal(err)
		}
		frames, err := c.signer.Encode(&wire.Message{Header: c.session.Header(wire.InputReply), Parent: question.RawHeader, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		if err := socket.SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
			t.Fatal(err)
		}
	}
	first := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "ask first?"})
	old := c.receive("stdin")
	c.send("control", wire.InterruptRequest, struct{}{})
	c.finish(first)
	id := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "ask second?"})
	question := c.receive("stdin")
	answer(c.sockets["stdin"], old, "late")
	answer(c.sockets["stdin"], question, "right")
	if got := c.finish(id); got.seen != "busy | in 2 | stdout got right | idle" {
		t.Errorf("seen %s", got.seen)
	}
	q := asked{id: "1", client: [][]byte{[]byte("a")}}
	for client, want := range map[string]bool{"a": true, "b": false} {
		if got := q.answers(&wire.Message{Identities: [][]byte{[]byte(client)}, Parent: json.RawMessage("{}")}); got != want {
			t.Errorf("an answer by %s counts: %v", client, got)
		}
	}
}

func TestComms(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	c := newClient(t, Config{Comms: map[string]CommTarget{
		"echo": func(comm *Comm, data json.RawMessage) func(json.RawMessage) {
			return func(data json.RawMessage) {
				mu.Lock()
				defer mu.Unlock()
				heard = append(heard, string(data))
				if err := comm.Send(data); err != nil {
					t.Error(err)
				}
			}
		},
	}})
	if seen := c.seen(c.send("shell", wire.CommOpen, wire.Comm{ID: "a", Target: "nobody", Data: json.RawMessage("{}")})); !strings.Contains(seen, "comm_close") {
		t.Errorf("unknown target: %s", seen)
	}
	c.seen(c.send("shell", wire.CommOpen, wire.Comm{ID: "b", Target: "echo", Data: json.RawMessage("{}")}))
	if seen := c.seen(c.send("shell", wire.CommMsg, wire.Comm{ID: "b", Data: json.RawMessage(`{"n":1}`)})); !strings.Contains(seen, "comm_msg") {
		t.Errorf("echo: %s", seen)
	}
	var info struct{ Comms map[string]map[string]string }
	c.reply("shell", c.send("shell", wire.CommInfoRequest, struct{}{}), &info)
	if len(info.Comms) != 1 || info.Comms["b"]["target_name"] != "echo" {
		t.Errorf("open comms %v", info.Comms)
	}
	c.seen(c.send("shell", wire.CommClose, wire.Comm{ID: "b", Data: json.RawMessage("{}")}))
	c.seen(c.send("shell", wire.CommMsg, wire.Comm{ID: "b", Data: json.RawMessage(`{"n":2}`)}))
	mu.Lock()
	defer mu.Unlock()
	if strings.Join(heard, " ") != `{"n":1}` {
		t.Errorf("heard %v", heard)
	}
}

func TestShutdownIsToldToAll(t *testing.T) {
	c := newClient(t, Config{})
	var reply struct {
		Status  string
		Restart bool
	}
	c.reply("control", c.send("control", wire.ShutdownRequest, map[string]bool{"restart": true}), &reply)
	if reply.Status != "ok" || !reply.Restart {
		t.Errorf("reply %+v", reply)
	}
	for m := c.receive("iopub"); m.Header.MsgType != wire.ShutdownReply; m = c.receive("iopub") {
	}
}

func TestBadRequestsAreAnswered(t *testing.T) {
	c := newClient(t, Config{})
	for _, msgType := range []string{wire.ExecuteRequest, wire.CompleteRequest, wire.HistoryRequest, wire.CommInfoRequest, wire.IsCompleteRequest} {
		var reply executeReply
		c.reply("shell", c.send("shell", msgType, []int{1}), &reply)
		if reply.Status != "error" || !strings.Contains(reply.Value, msgType) {
			t.Errorf("%s: %+v", msgType, reply)
		}
	}
	c.send("shell", "unheard_of_request", struct{}{})
	if got := c.run("print on"); got.Status != "ok" {
		t.Errorf("afterwards %+v", got)
	}
}

// mortal is an engine that dies on demand.
type mortal struct {
	engine.Engine
	died chan struct{}
}

func (m *mortal) Died() <-chan struct{} { return m.died }
func (m *mortal) Cause() *engine.Failure {
	return &engine.Failure{Kind: engine.Lost, Message: "by the test"}
}

func (m *mortal) Execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	if cell.Source == "die" {
		close(m.died)
		return engine.Outcome{Failure: m.Cause()}
	}
	return m.Engine.Execute(ctx, cell)
}

// mortals is a factory that hands over each engine it makes.
func mortals(made chan *mortal) engine.Factory {
	return func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
		e, err := enginetest.New(ctx, sink)
		m := &mortal{Engine: e, died: make(chan struct{})}
		made <- m
		return m, err
	}
}

func TestALostEngineIsReplaced(t *testing.T) {
	made := make(chan *mortal, 9)
	c := newClient(t, Config{Engine: mortals(made)})
	c.run("set a 5")
	if got := c.run("die"); got.Name != "EngineLost" || got.Value != "by the test" {
		t.Errorf("the deadly cell: %+v", got.executeReply)
	}
	if got := c.run("result a"); got.seen != "busy | in 3 | out 3 a | idle" {
		t.Errorf("in the fresh session: %s", got.seen)
	}
	if len(made) != 2 {
		t.Errorf("%d engines were made, want 2", len(made))
	}
}

func TestADeathBetweenCellsIsTold(t *testing.T) {
	made := make(chan *mortal, 9)
	c := newClient(t, Config{Engine: mortals(made)})
	c.run("print a")
	close((<-made).died)
	m := c.receive("iopub")
	if text := describe(m); !strings.HasPrefix(text, "stderr The Go session died") || !strings.Contains(text, "by the test") {
		t.Errorf("told %s", text)
	}
	if got := c.run("print b"); got.Status != "ok" {
		t.Errorf("the next cell was blamed: %+v", got.executeReply)
	}
}

func TestAnEngineThatCannotStart(t *testing.T) {
	tries := 0
	c := newClient(t, Config{Engine: func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
		if tries++; tries == 1 {
			return nil, errors.New("no memory")
		}
		return enginetest.New(ctx, sink)
	}})
	if got := c.run("print a"); got.Status != "error" || !strings.Contains(got.Value, "no memory") {
		t.Errorf("first cell: %+v", got.executeReply)
	}
	if got := c.run("print b"); got.Status != "ok" {
		t.Errorf("second cell: %+v", got.executeReply)
	}
}

func TestAPanickingHandlerIsAnError(t *testing.T) {
	r := &request{k: &Kernel{log: quiet}, msg: &wire.Message{Header: wire.Header{MsgType: "panic_request"}}}
	reply, err := r.guard(handler{atOnce, func(*request) (any, error) { panic("of the test") }})
	if reply != nil || err == nil || !strings.Contains(err.Error(), "panic_request: of the test") {
		t.Errorf("reply %v, error %v", reply, err)
	}
}

func TestPager(t *testing.T) {
	c := newClient(t, Config{})
	got := c.run("print??")
	if len(got.Payload) != 1 || got.Payload[0]["source"] != "page" || !strings.Contains(got.Payload[0]["data"].(map[string]any)["text/plain"].(string), "detail 1") {
		t.Errorf("payload %v", got.Payload)
	}
	if got := c.run("nothing?"); got.Status != "error" {
		t.Errorf("unknown name: %+v", got.executeReply)
	}
	for source, want := range map[string]bool{"a?": true, "a.b??": true, " x? ": true, "a???": false, "?": false, "": false, `"why?"?`: false, "a b?": false, "// why?": false} {
		if _, _, ok := asksFor(source); ok != want {
			t.Errorf("%q is a question: %v, want %v", source, ok, want)
		}
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	for name, cfg := range map[string]Config{
		"Config.Engine":   {},
		"connection file": {Engine: enginetest.New, ConnectionFile: "/nonexistent/file.json"},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want it to name %s", err, name)
		}
	}
}

func TestPacerDelaysOnlyWhoIsTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which no time passes between the events
		p := newPacer()
		var waited time.Duration
		p.timer = func(_ context.Context, d time.Duration) { waited = max(waited, d) }
		text := engine.Event{Stream: &engine.Stream{Text: strings.Repeat("x", paceBytes/10)}}
		for range 7 {
			p.wait(t.Context(), text)
		}
		if waited != 0 {
			t.Errorf("a burst of 0.7 seconds' worth waited %v", waited)
		}
		for range 6 {
			p.wait(t.Context(), text)
		}
		if waited < 300*time.Millisecond || waited > time.Second {
			t.Errorf("1.3 seconds' worth at once waited %v, want about half a second", waited)
		}
	})
}

// A loop that sets a label may not send more than a server passes on.
func TestWidgetsAreHeldUpAsOutputIs(t *testing.T) {
	c := newClient(t, Config{Paced: true})
	waited := 0
	c.kernel.out.pace.timer = func(context.Context, time.Duration) { waited++ }
	c.kernel.out.pace.debt = time.Hour.Seconds() // which no pause of a busy machine pays off
	for range 3 {
		sink{c.kernel}.Emit(engine.Event{Comm: &display.CommMessage{Kind: "msg", ID: "label", Data: json.RawMessage("{}")}})
	}
	if waited != 3 {
		t.Errorf("%d of 3 messages waited where the output owes an hour", waited)
	}
}
