package notebooks

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	s, err := c.Compile("testdata/nbformat.v4.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// testdata/jupyter.ipynb was written by nbformat 5.11.1 and holds every kind of
// cell and output, unusual line ends, numbers and characters.
func TestEncodeWritesWhatJupyterWrites(t *testing.T) {
	want, err := os.ReadFile("testdata/jupyter.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	nb, err := Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Encode(nb)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("parsed and encoded again the file differs:\n%s", firstDifference(got, want))
	}
	if err := valid(t, schema(t), got); err != nil {
		t.Error(err)
	}
}

func firstDifference(got, want []byte) string {
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "- " + b[i] + "\n+ " + a[i]
		}
	}
	return "one is longer"
}

func TestParseReadsValues(t *testing.T) {
	nb, err := ReadFile("testdata/jupyter.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	c := nb.Cells[1]
	if c.Source != "x := \"<a&b>\"\r\nfmt.Println(x)\v\f\n\u2028\u0085tail\t\x7f\"\\" {
		t.Errorf("source %q", c.Source)
	}
	if !c.HasTag("parameters") || c.HasTag("other") || c.ExecutionCount == nil || *c.ExecutionCount != 0 {
		t.Errorf("tags %q, count %v", c.Tags(), c.ExecutionCount)
	}
	if _, ok := c.Metadata["trusted"]; ok {
		t.Error("trusted is transient and must not be kept")
	}
	if len(c.Outputs) != 5 || c.Outputs[0].Text != "one\ntwo\x1b[0m" || c.Outputs[4].EName != "Panic" {
		t.Errorf("outputs %+v", c.Outputs)
	}
	if got := c.Outputs[2].Data["text/plain"]; got != "a\nb" {
		t.Errorf("text/plain %q", got)
	}
	if got := nb.Metadata["unknown"].(map[string]any)["z"]; got != json.Number("1") {
		t.Errorf("unknown metadata %#v", nb.Metadata["unknown"])
	}
	if nb.Title() != "A <b> & \u2028 title" {
		t.Errorf("title %q", nb.Title())
	}
}

func TestEncodeOwnValues(t *testing.T) {
	three := 3
	nb := Notebook{
		Metadata: Object{"f": 1.0, "small": 1e-7, "big": 1e22, "n": 7, "list": []string{"a"}, "nested": Object{"x": map[string]any{"y": true}}},
		Cells: []Cell{
			MarkdownCell("m", "bad \xff byte"),
			{ID: "c", Type: Code, Source: "", ExecutionCount: &three, Outputs: []Output{
				{Type: Stream, Name: "stdout"},
				{Type: DisplayData, Data: Object{"application/json": []int{1, 2}, "text/plain": "x"}},
			}},
			CodeCell("t", "x", TagSkip),
		},
	}
	got, err := Encode(nb)
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, schema(t), got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\"f\": 1.0,", "\"small\": 1e-07", "\"big\": 1e+22,", "bad \uFFFD byte", "\"source\": []\n", "\"text\": []", "\"execution_count\": 3,"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	back, err := Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Encode(back); !bytes.Equal(again, got) {
		t.Error("not stable:\n" + firstDifference(again, got))
	}
}

func TestEncodeRefusesWhatParseRefuses(t *testing.T) {
	for name, nb := range map[string]Notebook{
		"cells[1].id: \"a\" is already the id of cells[0]":       {Cells: []Cell{CodeCell("a", ""), CodeCell("a", "")}},
		"cells[0].id: \"a b\" is not 1 to 64":                    {Cells: []Cell{CodeCell("a b", "")}},
		"cells[0].cell_type: unknown type \"heading\"":           {Cells: []Cell{{ID: "a", Type: "heading"}}},
		"cells[0].metadata.tags[1]: tag \"x\" stands twice":      {Cells: []Cell{CodeCell("a", "", "x", "x")}},
		"cells[0].outputs[0].data.\"text/plain\": is a number":   {Cells: []Cell{{ID: "a", Type: Code, Outputs: []Output{{Type: DisplayData, Data: Object{"text/plain": 1}}}}}},
		"metadata.kernelspec: field \"display_name\" is missing": {Metadata: Object{"kernelspec": Object{"name": "x"}}},
	} {
		_, err := Encode(nb)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, got %v", name, err)
		}
		if nb.Validate() == nil {
			t.Errorf("Validate accepts what Encode refuses: %s", name)
		}
	}
}

func TestParseErrors(t *testing.T) {
	cell := func(fields string) string {
		return `{"cells":[{"cell_type":"markdown","id":"ok","metadata":{},"source":""},{` + fields + `}],"metadata":{},"nbformat":4,"nbformat_minor":5}`
	}
	for text, want := range map[string]string{
		"":                           "it ends too early",
		"{\n \"cells\": [\n  x\n]}":  "line 3, column 3",
		"[]":                         "the file is an array",
		"{}{}":                       "more than one JSON value",
		"\xff":                       "not UTF-8",
		`{"metadata":{},"cells":[]}`: "nbformat: is missing",
		`{"metadata":{},"cells":[],"nbformat":3,"nbformat_minor":0}`:                                                                              "version 3 is not supported",
		`{"metadata":{},"cells":[],"nbformat":4,"nbformat_minor":6}`:                                                                              "newer than 4.5",
		`{"metadata":{},"cells":{},"nbformat":4,"nbformat_minor":5}`:                                                                              "cells: is an object; want an array",
		`{"metadata":{},"cells":[],"nbformat":4,"nbformat_minor":5,"worksheets":[]}`:                                                              `field "worksheets"`,
		cell(`"cell_type":"code","id":"a","metadata":{},"source":"","outputs":[]`):                                                                "cells[1].execution_count: is missing",
		cell(`"cell_type":"code","id":"a","metadata":{},"source":"","outputs":[],"execution_count":-1`):                                           "cells[1].execution_count: must be null or an integer",
		cell(`"cell_type":"code","id":"a","metadata":{},"source":"","outputs":[{"output_type":"pyout"}],"execution_count":null`):                  `cells[1].outputs[0].output_type: unknown type "pyout"`,
		cell(`"cell_type":"code","id":"a","metadata":{},"source":"","outputs":[{"output_type":"stream","name":"stdout"}],"execution_count":null`): "cells[1].outputs[0].text: is null",
		cell(`"cell_type":"code","id":"a","metadata":{},"source":[1],"outputs":[],"execution_count":null`):                                        "cells[1].source[0]: is a number",
		cell(`"cell_type":"raw","metadata":{},"source":""`):                                                                                       "cells[1].id: is missing",
		cell(`"cell_type":"raw","id":"ok","metadata":{},"source":""`):                                                                             `cells[1].id: "ok" is already the id of cells[0]`,
		cell(`"cell_type":"raw","id":"a","metadata":{},"source":"","outputs":[]`):                                                                 `cells[1]: field "outputs"`,
		cell(`"cell_type":"raw","id":"a","metadata":{"tags":["a,b"]},"source":""`):                                                                "cells[1].metadata.tags[0]",
		cell(`"cell_type":"raw","id":"a","source":""`):                                                                                            "cells[1].metadata: is missing",
		cell(`"cell_type":"markdown","id":"a","metadata":{},"source":"","attachments":{"x":{"image/png":{}}}`):                                    `cells[1].attachments."x"."image/png": is an object`,
		strings.Repeat("[", 20000): "not JSON",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s\nwant an error with %q, got %v", text, want, err)
		}
	}
}

func TestParseUpgrades(t *testing.T) {
	old := []byte(`{"cells":[{"cell_type":"markdown","metadata":{},"source":["a\n","b"]},{"cell_type":"code","execution_count":null,"metadata":{},"outputs":[],"source":"x"},` +
		`{"cell_type":"code","execution_count":null,"metadata":{},"outputs":[],"source":"x","id":"mine"}],"metadata":{"orig_nbformat":3},"nbformat":4,"nbformat_minor":2}`)
	a, err := Parse(old)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Parse(old)
	first, err := Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := Encode(b); !bytes.Equal(first, second) {
		t.Error("two readings of one file give different ids")
	}
	if a.Cells[2].ID != "mine" || a.Cells[0].ID == a.Cells[1].ID {
		t.Errorf("ids %q %q %q", a.Cells[0].ID, a.Cells[1].ID, a.Cells[2].ID)
	}
	if err := valid(t, schema(t), first); err != nil {
		t.Error(err)
	}
}

func TestCleared(t *testing.T) {
	nb, err := ReadFile("testdata/jupyter.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := Encode(nb)
	nb.Cells[1].Metadata = nb.Cells[1].Metadata.With("execution", map[string]any{"shell.execute_reply": "x"})
	clear := nb.Cleared()
	if c := clear.Cells[1]; c.Outputs != nil || c.ExecutionCount != nil || c.Metadata["execution"] != nil || !c.HasTag("parameters") {
		t.Errorf("left over: %+v", c)
	}
	nb.Cells[1].Metadata = nb.Cells[1].Metadata.Without("execution")
	if after, _ := Encode(nb); !bytes.Equal(before, after) {
		t.Error("Cleared changed the notebook that it was called on")
	}
}

// Whatever Parse accepts, Encode writes as a file that the published schema
// accepts, and parsing that gives the same bytes again.
func FuzzParse(f *testing.F) {
	if data, err := os.ReadFile("testdata/jupyter.ipynb"); err == nil {
		f.Add(data)
	}
	f.Add([]byte(`{"cells":[{"cell_type":"code","execution_count":null,"metadata":{"tags":["a"]},"outputs":[{"output_type":"error","ename":"","evalue":"","traceback":[]}],"source":"x"}],"metadata":{"kernelspec":{"name":"a","display_name":"b"}},"nbformat":4,"nbformat_minor":4}`))
	f.Add([]byte(`{"cells":[],"metadata":{"a":1E400},"nbformat":4,"nbformat_minor":5}`))
	s := schema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		nb, err := Parse(data)
		if err != nil {
			return
		}
		first, err := Encode(nb)
		if err != nil {
			t.Fatalf("Encode refuses what Parse took: %v", err)
		}
		if err := valid(t, s, first); err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		back, err := Parse(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := Encode(back); !bytes.Equal(first, second) {
			t.Fatal("not stable:\n" + firstDifference(second, first))
		}
	})
}
