package kernel

import (
	"os"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/interp"
	"github.com/fabricbook/fabricbook/kernel/wire"
	"github.com/fabricbook/fabricbook/kernel/worker"
)

// TestMain lets the test binary be the worker process of the end-to-end test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == worker.Command {
		os.Exit(worker.Main(interp.Factory()))
	}
	os.Exit(m.Run())
}

func TestGoCellsEndToEnd(t *testing.T) {
	c := newClient(t, Config{Engine: worker.Factory(worker.Options{})})
	for _, want := range []struct{ code, seen string }{
		{"x := 20", "busy | in 1 | idle"},
		{"x + 1", "busy | in 2 | out 2 21 | idle"},
		{"import \"fmt\"\nfmt.Println(\"x is\", x)\nx * 2", "busy | in 3 | stdout x is 20 | out 3 40 | idle"},
		{`panic("on purpose")`, "busy | in 4 | Panic: panic: on purpose | idle"},
		{"x", "busy | in 5 | out 5 20 | idle"},
	} {
		if got := c.run(want.code); got.seen != want.seen {
			t.Errorf("%q:\n got %s\nwant %s", want.code, got.seen, want.seen)
		}
	}
	id := c.send("shell", wire.ExecuteRequest, wire.Execute{Code: "x++\nfmt.Println(\"on\")\nfor {\n}"})
	for text := ""; text != "stdout on"; {
		text = describe(c.receive("iopub"))
	}
	c.send("control", wire.InterruptRequest, struct{}{})
	if got := c.finish(id); got.Name != "KeyboardInterrupt" {
		t.Errorf("interrupted loop: %+v", got.executeReply)
	}
	got := c.run("m := map[int]int{}\nfor range 4 {\n\tgo func() {\n\t\tfor {\n\t\t\tm[1]++\n\t\t}\n\t}()\n}\nselect {}")
	if got.Name != "EngineLost" || !strings.Contains(got.Value, "concurrent map") {
		t.Errorf("fatal cell: %+v", got.executeReply)
	}
	if got := c.run("1 + 1"); !strings.HasSuffix(got.seen, "out 8 2 | idle") {
		t.Errorf("after the fatal cell: %s", got.seen)
	}
}
