package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestSource generates bindings of a package of each sort of name.
func TestSource(t *testing.T) {
	loaded, err := load([]string{"github.com/fabricbook/fabricbook/kernel/interp/bind/testdata/sample"})
	if err != nil {
		t.Fatal(err)
	}
	src := string(source("symbols", loaded[0]))
	if _, err := parser.ParseFile(token.NewFileSet(), "sample.go", src, 0); err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	fields := strings.Join(strings.Fields(src), " ")
	for _, want := range []string{
		`"Box": reflect.TypeFor[q.Box]()`, `"Names": reflect.TypeFor[q.Names]()`, `"Default": &q.Default`, `"Open": q.Open`,
		`"Large": {Kind: "untyped int", Value: "18446744073709551616"}`, `"Half": {Kind: "untyped float", Value: "0.5"}`,
		`"First": {Type: reflect.TypeOf(q.First), Value: "1"}`, `"Greeting": {Kind: "untyped string", Value: "\"hi\""}`,
		`"Box.Fill": {Signature: "func (*Box).Fill(amount int, unit string) error", Text: "Fill puts amount into the box."}`,
		`"Box.Size": {Signature: "field Size int", Text: "in litres"}`,
	} {
		if !strings.Contains(fields, want) {
			t.Errorf("no %s in\n%s", want, src)
		}
	}
	for _, unwanted := range []string{"Generic", "hidden"} {
		if strings.Contains(strings.Split(fields, "Docs:")[0], unwanted) {
			t.Errorf("%s is bound", unwanted)
		}
	}
}
