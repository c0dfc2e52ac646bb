package wire

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodFile = `{"transport":"tcp","ip":"127.0.0.1","shell_port":1001,"iopub_port":1002,"stdin_port":1003,
	"control_port":1004,"hb_port":1005,"signature_scheme":"hmac-sha256","key":"k","kernel_name":"fabricbook","jupyter_session":"a.ipynb"}`

func TestParseConnection(t *testing.T) {
	c, err := ParseConnection([]byte(goodFile))
	if err != nil {
		t.Fatal(err)
	}
	if c.ShellPort != 1001 || c.HBPort != 1005 || c.Key != "k" {
		t.Errorf("parsed %+v", c)
	}
	if _, err := ParseConnection([]byte("{}")); err != nil {
		t.Errorf("all defaults: %v", err)
	}
}

func TestParseConnectionNamesTheField(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"tcp"`, `"carrier pigeon"`, "transport"},
		{`"127.0.0.1"`, `"300.1.1.1"`, "ip"},
		{`1001`, `70000`, "shell_port"},
		{`1002`, `-1`, "iopub_port"},
		{`1003`, `1001`, "stdin_port: 1001 is also shell_port"},
		{`"hmac-sha256"`, `"md5"`, "signature_scheme"},
		{`1004`, `"x"`, "control_port"},
		{`{`, ``, "connection file"},
		{`"hb_port"`, `"registration_port"`, "handshake of protocol 5.6"},
	} {
		_, err := ParseConnection([]byte(strings.Replace(goodFile, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: error %v, want it to name %q", c.new, c.old, err, c.want)
		}
	}
}

func TestListenChoosesPortsAndStoreKeepsTheRest(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc"} {
		dir := t.TempDir()
		c := Connection{Transport: transport, IP: "127.0.0.1", SignatureScheme: "hmac-sha256"}
		if transport == "ipc" {
			c.IP = filepath.Join(dir, "kernel")
		}
		var open []net.Listener
		for _, p := range c.ports() {
			l, err := c.Listen(p.port)
			if err != nil {
				t.Fatalf("%s %s: %v", transport, p.name, err)
			}
			open = append(open, l)
		}
		path := filepath.Join(dir, "connection.json")
		if err := os.WriteFile(path, []byte(goodFile), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := c.Store(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseConnection(data); err != nil || got.ShellPort != c.ShellPort || got.ShellPort == 0 {
			t.Errorf("%s: stored %s, error %v", transport, data, err)
		}
		var all map[string]any
		if err := json.Unmarshal(data, &all); err != nil || all["jupyter_session"] != "a.ipynb" {
			t.Errorf("%s: unknown field lost in %s", transport, data)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v, want 0600", transport, info.Mode(), err)
		}
		for _, l := range open {
			l.Close()
		}
	}
}

func TestListenTakesADeadSocketOnly(t *testing.T) {
	c := Connection{Transport: "ipc", IP: filepath.Join(t.TempDir(), "k"), ShellPort: 7}
	first, err := c.Listen(&c.ShellPort)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if l, err := c.Listen(&c.ShellPort); err == nil {
		l.Close()
		t.Fatal("a socket in use was taken")
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	first.Close()
	second, err := c.Listen(&c.ShellPort)
	if err != nil {
		t.Fatalf("a socket left behind was not taken: %v", err)
	}
	second.Close()
}

func TestListenUnixForTheOwnerOnly(t *testing.T) {
	c := Connection{Transport: "ipc", IP: filepath.Join(t.TempDir(), "k")}
	l, err := c.Listen(&c.ShellPort)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(l.Addr().String())
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("mode %v, error %v, want a socket of 0600", info.Mode(), err)
	}
	l.Close()
	if _, err := os.Lstat(l.Addr().String()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is left behind: %v", err)
	}
	c.IP = filepath.Join(t.TempDir(), strings.Repeat("l", maxSocketPath))
	if l, err := c.Listen(&c.ShellPort); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("a path too long: listener %v, error %v", l, err)
	}
}

func FuzzParseConnection(f *testing.F) {
	f.Add([]byte(goodFile))
	f.Add([]byte(`{"transport":"ipc","ip":"/run/k"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConnection(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseConnection(again); err != nil {
			t.Fatalf("accepted %q but not %q: %v", data, again, err)
		}
	})
}
