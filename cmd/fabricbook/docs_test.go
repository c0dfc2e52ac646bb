package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/alerts"
)

// texts are the documents for users.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "../../README.md", "../../CONTRIBUTING.md") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	if len(all) < 4 {
		t.Fatalf("found only %d documents", len(all))
	}
	return all
}

// TestDocumentedCommandsExist parses each `$ fabricbook ...` of the documents as
// the program would, short of running it.
func TestDocumentedCommandsExist(t *testing.T) {
	seen := 0
	for name, text := range texts(t) {
		for _, m := range regexp.MustCompile(`(?m)^\$ fabricbook (.*)$`).FindAllStringSubmatch(text, -1) {
			seen++
			line := strings.Fields(strings.Split(m[1], " #")[0])
			cmd, rest, err := newRoot().Find(line)
			if err != nil || cmd.Name() == "fabricbook" {
				t.Errorf("%s: `fabricbook %s`: no such command (%v)", name, m[1], err)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: `fabricbook %s`: %v", name, m[1], err)
				continue
			}
			if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
				t.Errorf("%s: `fabricbook %s`: %v", name, m[1], err)
			}
		}
	}
	if seen < 8 {
		t.Errorf("the documents show only %d commands", seen)
	}
}

// TestDocumentedTargetsExist holds each `make target` of the documents against
// the Makefile.
func TestDocumentedTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts(t) {
		for _, m := range regexp.MustCompile("(?m)(?:^\\$ |`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(m[1]) + `:`).Match(makefile) {
				t.Errorf("%s: no target %q in the Makefile", name, m[1])
			}
		}
	}
}

// TestDocumentedRulesLoad loads each rule file that the documents show.
func TestDocumentedRulesLoad(t *testing.T) {
	seen := 0
	for name, text := range texts(t) {
		for _, m := range regexp.MustCompile("(?s)```yaml\n(rules:.*?)```").FindAllStringSubmatch(text, -1) {
			seen++
			if _, err := alerts.LoadRules([]byte(m[1]), name, alerts.Shelf{}); err != nil {
				t.Error(err)
			}
		}
	}
	if seen == 0 {
		t.Error("the documents show no rules")
	}
}

// TestLinksLeadSomewhere follows the relative links of the documents.
func TestLinksLeadSomewhere(t *testing.T) {
	for name, text := range texts(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
