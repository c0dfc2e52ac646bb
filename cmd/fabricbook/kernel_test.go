package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKernelVersion(t *testing.T) {
	r := fabricbook(t, "", "kernel", "--version")
	if r.code != 0 || !strings.HasPrefix(r.out, "fabricbook kernel ") || !strings.Contains(r.out, "protocol 5.") {
		t.Errorf("code %d: %s%s", r.code, r.out, r.err)
	}
}

func TestKernelInstallTellsWhere(t *testing.T) {
	prefix := t.TempDir()
	folder := filepath.Join(prefix, "share", "jupyter", "kernels", "mine")
	r := fabricbook(t, "", "kernel", "install", "--prefix", prefix, "--name", "Mine", "--data", prefix)
	if want := "installed kernel \"mine\" in " + folder + "\n"; r.code != 0 || r.out != want {
		t.Errorf("code %d: %q%s, want %q", r.code, r.out, r.err, want)
	}
	r = fabricbook(t, "", "kernel", "install", "--prefix", prefix, "--name", "mine", "--output", "json")
	var got installed
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || got != (installed{"mine", folder}) {
		t.Errorf("code %d: %q%s, error %v", r.code, r.out, r.err, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "kernel.json")); err != nil {
		t.Error(err)
	}
}

func TestKernelInstallRefuses(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, c := range []struct {
		args string
		want string
	}{
		{"--prefix=", "--prefix is empty"},
		{"--name=", "--name is empty"},
		{"--user --prefix=x", "choose one"},
		{"--user --sys-prefix", "choose one"},
		{"--output yaml", "--output"},
		{"mine", "mine"},
	} {
		r := fabricbook(t, "", append([]string{"kernel", "install"}, strings.Fields(c.args)...)...)
		if r.code != 2 || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: code %d, %q, want %q", c.args, r.code, r.err, c.want)
		}
	}
}
