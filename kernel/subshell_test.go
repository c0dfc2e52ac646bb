package kernel

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/enginetest"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// subshell makes a subshell and returns its id.
func (c *client) subshell() string {
	c.t.Helper()
	var made struct {
		Status string `json:"status"`
		ID     string `json:"subshell_id"`
	}
	c.reply("control", c.send("control", wire.CreateSubshellRequest, struct{}{}), &made)
	if made.Status != "ok" || made.ID == "" {
		c.t.Fatalf("create_subshell_reply %+v", made)
	}
	return made.ID
}

// inSubshell sends a cell to a subshell.
func (c *client) inSubshell(id, code string) string {
	c.t.Helper()
	header := c.session.Header(wire.ExecuteRequest)
	header.SubshellID = id
	return c.sendHeader("shell", header, map[string]any{"code": code})
}

// TestSubshellBesideCell checks that a subshell's cells run, fail and are shown while
// a cell of the parent shell runs on, and that one interrupt ends all.
func TestSubshellBesideCell(t *testing.T) {
	c := newClient(t, Config{})
	sub := c.subshell()
	first := c.send("shell", wire.ExecuteRequest, map[string]any{"code": "print a\nblock"})
	c.until(first, "in 1")
	for _, want := range []struct{ code, seen string }{
		{"print b\nresult c", "busy | in 2 | stdout b | out 2 c | idle"},
		{"fail d", "busy | in 3 | Panic: d | idle"},
		{"result e", "busy | in 4 | out 4 e | idle"},
	} {
		if got := c.finish(c.inSubshell(sub, want.code)); got.seen != want.seen {
			t.Errorf("beside a running cell:\n got %s\nwant %s", got.seen, want.seen)
		}
	}
	second := c.inSubshell(sub, "print f\nblock")
	c.until(second, "in 5")
	c.kernel.Interrupt()
	ended := map[string]executeReply{}
	for range 2 {
		m := c.receive("shell")
		var reply executeReply
		c.decode(m, &reply)
		ended[parentID(m)] = reply
	}
	if ended[first].Name != "KeyboardInterrupt" || ended[second].Name != "KeyboardInterrupt" {
		t.Errorf("interrupted: %+v", ended)
	}
	if got := c.finish(c.inSubshell("no such one", "result g")); got.Value != `there is no subshell "no such one"` {
		t.Errorf("in an unknown subshell: %+v", got)
	}
}

// TestInterruptAtOnce checks that an interrupt reaches a cell as soon as anybody can
// know that it runs.
func TestInterruptAtOnce(t *testing.T) {
	c := newClient(t, Config{DataDir: t.TempDir()})
	for range 50 {
		id := c.send("shell", wire.ExecuteRequest, map[string]any{"code": "block"})
		c.until(id, "in")
		c.kernel.Interrupt()
		if got := c.finish(id); got.Name != "KeyboardInterrupt" {
			t.Fatalf("interrupted: %+v", got)
		}
	}
}

// TestCellsOfAnEngineThatCannotStart checks that cells that come together each hear
// why there is no engine, and that it is tried again for the next.
func TestCellsOfAnEngineThatCannotStart(t *testing.T) {
	var mu sync.Mutex
	broken := true
	factory := func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			return nil, errors.New("no memory")
		}
		return enginetest.New(ctx, sink)
	}
	s := newEngineSlot(factory, nil, func(*engine.Failure) {})
	defer s.close()
	s.run(t.Context())
	for range 20 {
		var cells sync.WaitGroup
		for range 8 {
			cells.Go(func() {
				out := s.execute(t.Context(), engine.Cell{Number: 1, Source: "result x"})
				if out.Failure == nil || out.Failure.Kind != engine.Lost {
					t.Errorf("came to %+v", out)
				}
			})
		}
		cells.Wait()
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	s.execute(t.Context(), engine.Cell{Number: 2, Source: "result x"}) // may hear of the last failure
	if out := s.execute(t.Context(), engine.Cell{Number: 3, Source: "result x"}); out.Failure != nil {
		t.Errorf("after the repair: %+v", out.Failure)
	}
}
