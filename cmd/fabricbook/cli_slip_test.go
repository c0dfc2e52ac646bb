package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib/client"
)

// TestNobodyToAsk changes nothing where no person can answer: not by a pipe, and not
// from /dev/null, which is a device as terminals are.
func TestNobodyToAsk(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(null) {
		t.Error("/dev/null counts as a terminal")
	}
	controllerRunning(t)
	r := fabricbook(t, "y\n", "apply", "-f", fabricFile(t, dataCentre))
	if r.code != 2 || !strings.Contains(r.err, "--yes") {
		t.Errorf("code %d: %s", r.code, r.err)
	}
	if r := fabricbook(t, "", "segments"); !strings.Contains(r.out, "none") {
		t.Errorf("something was applied:\n%s", r.out)
	}
}

// TestSlips names what was written and what to write instead, with the place where it
// stands in the file.
func TestSlips(t *testing.T) {
	controllerRunning(t)
	if r := fabricbook(t, "", "apply", "--yes", "-f", fabricFile(t, dataCentre)); r.code != 0 {
		t.Fatal(r.err)
	}
	file := filepath.Join(t.TempDir(), "more.yaml")
	for text, want := range map[string]string{
		"ports:\n  - {name: web-2, segment: wbe, node: node-1}\n":                      file + `:2:28: ports[web-2].segment: segment "wbe" does not exist; did you mean "web"?`,
		"ports:\n  - name: web-2\n    segment: web\n    node: node-1\n    labels: 1\n": file + `:5:5: ports[web-2].labels: there is no field "labels" here; did you mean "label"?`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := fabricbook(t, "", "apply", "--yes", "-f", file); r.code != 1 || !strings.Contains(r.err, want) {
			t.Errorf("code %d: %s\nwant %s", r.code, r.err, want)
		}
	}
	r := fabricbook(t, "", "delete", "--yes", "port", "web-9")
	if r.code != 0 || !strings.Contains(r.err, `there is no port "web-9"`) || !strings.Contains(r.out, "nothing to change") {
		t.Errorf("code %d: %s%s", r.code, r.out, r.err)
	}
	r = fabricbook(t, "", "check", "db-1", "check-host", "tcp/9999")
	if r.code != 1 || !strings.Contains(r.out, "reached, refused") {
		t.Errorf("code %d: %s", r.code, r.out)
	}
	if r := fabricbook(t, "", "matrix", "tcp/9999"); r.code != 0 || !strings.Contains(r.out, "✓ refused") {
		t.Errorf("code %d: %s", r.code, r.out)
	}
}

// TestNoControllerIsSaidOnce points to the folder that was looked into, once.
func TestNoControllerIsSaidOnce(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(client.EnvURL, "")
	t.Setenv(client.EnvData, dir)
	r := fabricbook(t, "", "status")
	if r.code != 1 || strings.Count(r.err, dir) != 1 || !strings.Contains(r.err, "fabricbook up") || !strings.Contains(r.err, client.EnvData) {
		t.Errorf("code %d: %s", r.code, r.err)
	}
}

// TestHelpOfNoCommand says that there is none, as the command itself would.
func TestHelpOfNoCommand(t *testing.T) {
	for args, want := range map[string]string{
		"help stauts":        `unknown command "stauts"; did you mean status?`,
		"help kernel remove": `unknown command "remove"; `,
	} {
		if r := fabricbook(t, "", strings.Fields(args)...); r.code != 2 || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: code %d: %s%s", args, r.code, r.out, r.err)
		}
	}
	for args, want := range map[string]string{"help": "Look and change:", "help kernel install": "--sys-prefix", "help help": "help"} {
		if r := fabricbook(t, "", strings.Fields(args)...); r.code != 0 || !strings.Contains(r.out, want) {
			t.Errorf("%s: code %d: %s%s", args, r.code, r.out, r.err)
		}
	}
}
