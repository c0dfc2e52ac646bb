package run

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/notebooks"
)

// script is an engine whose cells are looked up by their source.
type script struct {
	engine.Engine // the methods that a headless run must not call
	sink          engine.Sink
	cells         map[string]func(context.Context, engine.Cell, engine.Sink) engine.Outcome
	ran           []engine.Cell
	closed        int
}

func (s *script) factory() engine.Factory {
	return func(_ context.Context, sink engine.Sink) (engine.Engine, error) {
		s.sink = sink
		return s, nil
	}
}

func (s *script) Execute(ctx context.Context, cell engine.Cell) engine.Outcome {
	s.ran = append(s.ran, cell)
	if f, ok := s.cells[cell.Source]; ok {
		return f(ctx, cell, s.sink)
	}
	return engine.Outcome{}
}

func (s *script) Close() error { s.closed++; return nil }

type step = func(context.Context, engine.Cell, engine.Sink) engine.Outcome

func text(s string) display.Bundle {
	return display.Bundle{Data: map[string]any{"text/plain": s}}
}

func result(s string) engine.Outcome {
	b := text(s)
	return engine.Outcome{Result: &b}
}

func failure(kind engine.Kind, message string) engine.Outcome {
	return engine.Outcome{Failure: &engine.Failure{Kind: kind, Message: message, Traceback: []string{"at line 1", message}}}
}

func print(sink engine.Sink, cell int, name, text string) {
	sink.Emit(engine.Event{Cell: cell, Stream: &engine.Stream{Name: name, Text: text}})
}

func show(sink engine.Sink, cell int, id, s string, update bool) {
	sink.Emit(engine.Event{Cell: cell, Display: &engine.Display{Bundle: text(s), ID: id, Update: update}})
}

// untilInterrupted is a cell that ends only when it is stopped.
func untilInterrupted(ctx context.Context, _ engine.Cell, _ engine.Sink) engine.Outcome {
	<-ctx.Done()
	return failure(engine.Interrupted, "interrupted")
}

func book(sources ...string) notebooks.Notebook {
	nb := notebooks.Notebook{Cells: []notebooks.Cell{notebooks.MarkdownCell("intro", "# Test")}}
	for i, s := range sources {
		source, tags, _ := strings.Cut(s, " #")
		var list []string
		if tags != "" {
			list = strings.Split(tags, " ")
		}
		nb.Cells = append(nb.Cells, notebooks.CodeCell(string(rune('a'+i)), source, list...))
	}
	return nb
}

func statuses(r Result) string {
	var out []string
	for _, c := range r.Cells {
		out = append(out, string(c.Status))
	}
	return strings.Join(out, " ")
}

// outputs is a cell's outputs, one a line.
func outputs(c notebooks.Cell) string {
	var out []string
	for _, o := range c.Outputs {
		switch o.Type {
		case notebooks.Stream:
			out = append(out, o.Name+" "+o.Text)
		case notebooks.ErrorOutput:
			out = append(out, "error "+o.EName+" "+o.EValue)
		default:
			s, _ := o.Data["text/plain"].(string)
			out = append(out, string(o.Type)+" "+s)
		}
	}
	return strings.Join(out, "\n")
}

func mustRun(t *testing.T, nb notebooks.Notebook, s *script, o Options) (notebooks.Notebook, Result) {
	t.Helper()
	done, res, err := Run(context.Background(), nb, s.factory(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notebooks.Encode(done); err != nil {
		t.Fatal(err)
	}
	return done, res
}

func TestRunWritesOutputsAsAFrontEndWould(t *testing.T) {
	s := &script{cells: map[string]step{
		"streams": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
			print(k, c.Number, "stdout", "日"[:1])
			print(k, c.Number, "stdout", "日"[1:]+"\n")
			print(k, c.Number, "stderr", "err")
			print(k, c.Number, "stdout", "b")
			return result("3")
		},
		"display": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
			show(k, c.Number, "p", "0 %", false)
			show(k, c.Number, "", "plain", false)
			show(k, c.Number, "p", "50 %", true)
			show(k, c.Number, "unknown", "nowhere", true)
			return engine.Outcome{}
		},
		"update": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
			show(k, c.Number, "p", "100 %", true)
			show(k, c.Number, "p", "again", false)
			print(k, 1, "stdout", "c") // a goroutine of the first cell
			print(k, 99, "stdout", "lost")
			return engine.Outcome{}
		},
		"clear": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
			print(k, c.Number, "stdout", "one")
			k.Emit(engine.Event{Cell: c.Number, Clear: &engine.Clear{}})
			print(k, c.Number, "stdout", "two")
			k.Emit(engine.Event{Cell: c.Number, Clear: &engine.Clear{Wait: true}})
			print(k, c.Number, "stdout", "three")
			print(k, c.Number, "stdout", " four")
			k.Emit(engine.Event{Cell: c.Number, Clear: &engine.Clear{Wait: true}})
			return engine.Outcome{}
		},
	}}
	nb := book("streams", "display", "update", "clear")
	nb.Cells[1].Outputs = []notebooks.Output{{Type: notebooks.Stream, Name: "stdout", Text: "of yesterday"}}
	done, res := mustRun(t, nb, s, Options{})
	// What a goroutine writes after the cell has ended is an output of its own.
	want := []string{"", "stdout 日\n\nstderr err\nstdout b\nexecute_result 3\nstdout c", "display_data again\ndisplay_data plain", "display_data again", "stdout three four"}
	for i, c := range done.Cells {
		if got := outputs(c); got != want[i] {
			t.Errorf("cells[%d]:\n%s\nwant:\n%s", i, got, want[i])
		}
	}
	if res.Status != OK || statuses(res) != "ok ok ok ok" || s.closed == 0 {
		t.Errorf("%s: %s, engine closed %d times", res.Status, statuses(res), s.closed)
	}
	if n := done.Cells[1].ExecutionCount; n == nil || *n != 1 || *done.Cells[4].ExecutionCount != 4 {
		t.Errorf("execution count %v", n)
	}
	if n := done.Cells[1].Outputs[3].ExecutionCount; n == nil || *n != 1 {
		t.Errorf("the result's execution count is %v", n)
	}
	if s.ran[2].ID != "c" || s.ran[2].Number != 3 || s.ran[2].Stdin {
		t.Errorf("the engine was given %+v", s.ran[2])
	}
	if outputs(nb.Cells[1]) != "stdout of yesterday" {
		t.Error("Run changed the notebook that it was given")
	}
}

func TestRunStopsAtTheFirstFailure(t *testing.T) {
	s := &script{cells: map[string]step{
		"bad": func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			return failure(engine.Compile, "undefined: x")
		},
	}}
	done, res := mustRun(t, book("fine", "bad #raises-exception", "skip #skip-execution", "", "bad", "after"), s, Options{})
	if res.Status != Failed || statuses(res) != "ok failed skipped skipped failed not-run" {
		t.Errorf("%s: %s", res.Status, statuses(res))
	}
	if !res.Cells[1].Expected || res.Cells[4].Expected || res.Failure() != &res.Cells[4] {
		t.Errorf("expected %+v", res.Cells)
	}
	if got := outputs(done.Cells[5]); got != "error CompileError undefined: x" {
		t.Errorf("got %s", got)
	}
	if done.Cells[6].ExecutionCount != nil || *done.Cells[5].ExecutionCount != 3 {
		t.Error("execution counts must count only what was run")
	}
	run := done.Metadata["fabricbook"].(map[string]any)["run"].(map[string]any)
	if run["status"] != "failed" || run["failed"] != "e" {
		t.Errorf("metadata %v", run)
	}
	cell := done.Cells[6].Metadata["fabricbook"].(map[string]any)["run"].(map[string]any)
	if cell["status"] != "not-run" {
		t.Errorf("metadata of the last cell %v", cell)
	}
	if done.Cells[5].Metadata["execution"] == nil || done.Cells[6].Metadata["execution"] != nil {
		t.Error("times belong to the cells that were run")
	}
}

func TestRunStatuses(t *testing.T) {
	for name, c := range map[string]struct {
		cell   step
		o      Options
		status Status
		after  time.Duration
	}{
		"cell time":  {untilInterrupted, Options{CellTimeout: 3 * time.Second}, TimedOut, 3 * time.Second},
		"whole time": {untilInterrupted, Options{Timeout: 2 * time.Second, CellTimeout: time.Hour}, TimedOut, 2 * time.Second},
		"by itself": {func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			return failure(engine.Interrupted, "x")
		}, Options{}, Interrupted, 0},
		"lost": {func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			return failure(engine.Lost, "exit status 2")
		}, Options{}, KernelDied, 0},
		"exit": {func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			return failure(engine.Exited, "os.Exit(0)")
		}, Options{}, Failed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{cells: map[string]step{"x": c.cell}}
				done, res := mustRun(t, book("first", "x", "after"), s, c.o)
				if res.Status != c.status || statuses(res) != "ok "+string(c.status)+" not-run" || res.Duration != c.after {
					t.Errorf("%s after %v: %s", res.Status, res.Duration, statuses(res))
				}
				if c.status == TimedOut && !strings.Contains(res.Cells[1].Error.Message, "took longer than") {
					t.Errorf("message %q", res.Cells[1].Error.Message)
				}
				if len(done.Cells[2].Outputs) != 1 {
					t.Errorf("outputs %s", outputs(done.Cells[2]))
				}
			})
		})
	}
}

func TestRunCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		s := &script{cells: map[string]step{"x": untilInterrupted}}
		time.AfterFunc(time.Second, cancel)
		var saved notebooks.Notebook
		_, res, err := Run(ctx, book("x", "y"), s.factory(), Options{Save: func(nb notebooks.Notebook) error { saved = nb; return nil }})
		if err != nil || res.Status != Interrupted || statuses(res) != "interrupted not-run" {
			t.Errorf("%s: %s: %v", res.Status, statuses(res), err)
		}
		if run := saved.Metadata["fabricbook"].(map[string]any)["run"].(map[string]any); run["status"] != "interrupted" {
			t.Errorf("the last file saved says %v", run)
		}
	})
}

func TestRunGivesUpOnAnEngineThatDoesNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{cells: map[string]step{"x": func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			<-release
			return engine.Outcome{}
		}}}
		_, res := mustRun(t, book("x", "y"), s, Options{CellTimeout: time.Second, Grace: 2 * time.Second})
		if res.Status != KernelDied || statuses(res) != "kernel-died not-run" || res.Duration != 3*time.Second {
			t.Errorf("%s after %v: %s", res.Status, res.Duration, statuses(res))
		}
		close(release)
	})
}

func TestRunEngineThatDoesNotStart(t *testing.T) {
	broken := func(context.Context, engine.Sink) (engine.Engine, error) { return nil, errors.New("no such file") }
	done, res, err := Run(context.Background(), book("x"), broken, Options{})
	if err == nil || !strings.Contains(err.Error(), "no such file") || res.Status != KernelDied || statuses(res) != "not-run" {
		t.Errorf("%s: %s: %v", res.Status, statuses(res), err)
	}
	if len(done.Cells) != 2 {
		t.Error("the notebook is lost")
	}
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		slow := func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
			time.Sleep(time.Hour)
			return s, nil
		}
		_, res, err := Run(context.Background(), book("x"), slow, Options{Timeout: time.Minute})
		if err == nil || res.Status != TimedOut {
			t.Errorf("%s: %v", res.Status, err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if s.closed != 1 {
			t.Error("an engine that starts too late is not closed")
		}
	})
}

func TestRunSavesAfterEachCell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.ipynb")
	var seen []string
	s := &script{cells: map[string]step{
		"b": func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			nb, err := notebooks.ReadFile(path)
			if err != nil {
				t.Error(err)
				return engine.Outcome{}
			}
			run := nb.Metadata["fabricbook"].(map[string]any)["run"].(map[string]any)
			seen = append(seen, run["status"].(string), outputs(nb.Cells[1]))
			return engine.Outcome{}
		},
		"a": func(context.Context, engine.Cell, engine.Sink) engine.Outcome { return result("1") },
	}}
	var steps []string
	done, _ := mustRun(t, book("a", "b"), s, Options{
		Save: func(nb notebooks.Notebook) error { return notebooks.WriteFile(path, nb) },
		Progress: func(p Progress) {
			steps = append(steps, string(rune('0'+p.Number))+"/"+string(rune('0'+p.Total))+" "+string(p.Cell.Status))
		},
	})
	if !slices.Equal(seen, []string{"running", "execute_result 1"}) {
		t.Errorf("while the second cell ran the file held %q", seen)
	}
	if want := []string{"1/2 running", "1/2 ok", "2/2 running", "2/2 ok"}; !slices.Equal(steps, want) {
		t.Errorf("progress %q", steps)
	}
	want, _ := notebooks.Encode(done)
	if got, _ := os.ReadFile(path); string(got) != string(want) {
		t.Error("the file is not the notebook that Run returned")
	}
}

func TestRunSaveFails(t *testing.T) {
	s := &script{}
	_, res, err := Run(context.Background(), book("a", "b"), s.factory(), Options{Save: func(notebooks.Notebook) error { return errors.New("disk full") }})
	if err == nil || !strings.Contains(err.Error(), "disk full") || len(s.ran) != 0 || res.Status != NotRun {
		t.Errorf("ran %d cells, %s: %v", len(s.ran), res.Status, err)
	}
}

func TestRunParameters(t *testing.T) {
	s := &script{}
	nb := book("port := \"x\"\ncount := 1 #parameters", "use")
	done, res := mustRun(t, nb, s, Options{Params: []notebooks.Param{{Name: "port", Type: notebooks.String, Value: "web-1"}}})
	if len(s.ran) != 3 || !strings.Contains(s.ran[1].Source, `port string = "web-1"`) || res.Cells[1].ID != "injected-parameters" || res.Cells[1].Index != 2 {
		t.Errorf("ran %+v", s.ran)
	}
	if run := done.Metadata["fabricbook"].(map[string]any)["run"].(map[string]any); run["parameters"].(map[string]any)["port"] != "web-1" {
		t.Errorf("metadata %v", run)
	}
	for _, p := range []notebooks.Param{{Name: "prot", Type: notebooks.String}, {Name: "count", Type: notebooks.String}} {
		if _, _, err := Run(context.Background(), nb, s.factory(), Options{Params: []notebooks.Param{p}}); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}

func TestRunLimitsOutput(t *testing.T) {
	s := &script{cells: map[string]step{"x": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
		for range 10 {
			print(k, c.Number, "stdout", "0123456789")
		}
		show(k, c.Number, "", "no room", false)
		return failure(engine.Panic, "boom")
	}}}
	done, _ := mustRun(t, book("x"), s, Options{OutputLimit: 25})
	if got := outputs(done.Cells[1]); got != "stdout 01234567890123456789\nerror Panic boom\nstderr 87 bytes of further output were left out of this record.\n" {
		t.Errorf("got %s", got)
	}
}

func TestRunTakesJSONAsItIsNow(t *testing.T) {
	live := map[string]any{"n": 1, "f": 2.5}
	s := &script{cells: map[string]step{"x": func(_ context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
		b := display.Bundle{Data: map[string]any{"application/json": live, "text/plain": 7, "application/vnd.x+json": make(chan int)}, Metadata: map[string]any{"isolated": true}}
		k.Emit(engine.Event{Cell: c.Number, Display: &engine.Display{Bundle: b}})
		live["n"] = 2
		return engine.Outcome{}
	}}}
	done, _ := mustRun(t, book("x"), s, Options{})
	data := done.Cells[1].Outputs[0].Data
	if got := data["application/json"].(map[string]any)["n"]; got != json.Number("1") || data["text/plain"] != "7" {
		t.Errorf("got %v", data)
	}
}

func TestRunAsksNobody(t *testing.T) {
	var asked error
	s := &script{cells: map[string]step{"x": func(ctx context.Context, c engine.Cell, k engine.Sink) engine.Outcome {
		_, asked = k.Ask(ctx, c.Number, "name?", false)
		return engine.Outcome{}
	}}}
	mustRun(t, book("x"), s, Options{})
	if asked == nil || !strings.Contains(asked.Error(), "parameter") {
		t.Errorf("got %v", asked)
	}
}

func TestSummary(t *testing.T) {
	for source, want := range map[string]string{"": "", "\n  x := 1\ny": "x := 1", "// why\nfab.Ping()": "fab.Ping()", "// only\n// words": "// only",
		"import (\n\t\"fmt\"\n)\n\nfab := Connect()": "fab := Connect()", "import \"fmt\"\nx": "x", "import (\n)": "import ("} {
		if got := summary(source); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

func TestRunMasksSecrets(t *testing.T) {
	const secret = "correct-horse"
	s := &script{cells: map[string]step{
		"declare": func(_ context.Context, c engine.Cell, out engine.Sink) engine.Outcome {
			out.Emit(engine.Event{Cell: c.Number, Secret: secret})
			out.Emit(engine.Event{Cell: c.Number, Stream: &engine.Stream{Name: "stdout", Text: "it is correct-ho"}})
			out.Emit(engine.Event{Cell: c.Number, Stream: &engine.Stream{Name: "stdout", Text: "rse\n"}})
			out.Emit(engine.Event{Cell: c.Number, Display: &engine.Display{Bundle: text("shown: " + secret)}})
			return result("result: " + secret)
		},
		"fail": func(context.Context, engine.Cell, engine.Sink) engine.Outcome {
			return failure(engine.Panic, "refused "+secret)
		},
	}}
	nb := notebooks.Notebook{Cells: []notebooks.Cell{{Type: notebooks.Code, ID: "a", Source: "declare"}, {Type: notebooks.Code, ID: "b", Source: "fail"}}}
	var saved []byte
	done, res, err := Run(t.Context(), nb, s.factory(), Options{Save: func(nb notebooks.Notebook) (err error) {
		saved, err = json.Marshal(nb)
		return err
	}})
	if err != nil || res.Status != Failed {
		t.Fatalf("status %v, error %v", res.Status, err)
	}
	all, err := json.Marshal([]any{done, res})
	if err != nil {
		t.Fatal(err)
	}
	for what, data := range map[string]string{"the notebook and result": string(all), "what was saved": string(saved)} {
		if strings.Contains(data, "horse") {
			t.Errorf("the secret is in %s: %s", what, data)
		}
		if strings.Count(data, "[secret]") < 4 {
			t.Errorf("%s holds fewer masks than places: %s", what, data)
		}
	}
}
