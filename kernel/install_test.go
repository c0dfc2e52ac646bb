package kernel

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstall(t *testing.T) {
	prefix := t.TempDir()
	for _, display := range []string{"First", "Second"} { // the second replaces the first
		dir, err := Install(InstallOptions{
			Prefix: prefix, Name: "fabric.Test", DisplayName: display,
			Arguments: []string{"--data", "/d"}, Env: map[string]string{"A": "<b>"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(prefix, "share", "jupyter", "kernels", "fabric.test"); dir != want {
			t.Errorf("installed in %s, want %s", dir, want)
		}
		var got spec
		data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{exe, "kernel", "--connection-file", "{connection_file}", "--data", "/d"}
		if strings.Join(got.Argv, " ") != strings.Join(want, " ") || got.DisplayName != display ||
			got.Language != "go" || got.InterruptMode != "message" || got.Env["A"] != "<b>" || got.ProtocolVersion == "" {
			t.Errorf("kernel.json: %s", data)
		}
		if encryption := fmt.Sprint(got.Metadata["supported_encryption"]); encryption != "[curve]" {
			t.Errorf("supported_encryption %s, want [curve]", encryption)
		}
		checkLogos(t, dir)
	}
	left, err := os.ReadDir(filepath.Join(prefix, "share", "jupyter", "kernels"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestInstallNamesItForPeople(t *testing.T) {
	for name, want := range map[string]string{"": "Go (Fabricbook)", "Lab-2": "Go (Lab-2)"} {
		dir, err := Install(InstallOptions{Prefix: t.TempDir(), Name: name})
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
		var got spec
		if err != nil || json.Unmarshal(data, &got) != nil || got.DisplayName != want {
			t.Errorf("--name %q is shown as %q, want %q (%v)", name, got.DisplayName, want, err)
		}
	}
}

func checkLogos(t *testing.T, dir string) {
	t.Helper()
	for size, name := range map[int]string{32: "logo-32x32.png", 64: "logo-64x64.png"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil || img.Bounds().Dx() != size || img.Bounds().Dy() != size {
			t.Fatalf("%s: %v, error %v", name, img.Bounds(), err)
		}
		if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
			t.Errorf("%s: the corner is not clear", name)
		}
		if r, g, b, a := img.At(size/2, size/8).RGBA(); a != 0xFFFF || b < r || b < g {
			t.Errorf("%s: the ground is %x %x %x %x", name, r, g, b, a)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "logo-svg.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(data, new(struct{})); err != nil {
		t.Errorf("logo-svg.svg: %v", err)
	}
}

func TestInstallFindsItsPlace(t *testing.T) {
	home, venv := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("JUPYTER_DATA_DIR", "")
	t.Setenv("VIRTUAL_ENV", venv)
	for _, c := range []struct {
		o    InstallOptions
		want string
	}{
		{InstallOptions{User: true}, filepath.Join(home, ".local", "share", "jupyter", "kernels", "fabricbook")},
		{InstallOptions{}, filepath.Join(home, ".local", "share", "jupyter", "kernels", "fabricbook")},
		{InstallOptions{SysPrefix: true}, filepath.Join(venv, "share", "jupyter", "kernels", "fabricbook")},
	} {
		if dir, err := Install(c.o); err != nil || dir != c.want {
			t.Errorf("%+v: installed in %s, error %v, want %s", c.o, dir, err, c.want)
		}
	}
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(home, "own"))
	if dir, err := Install(InstallOptions{User: true}); err != nil || dir != filepath.Join(home, "own", "kernels", "fabricbook") {
		t.Errorf("with JUPYTER_DATA_DIR: %s, error %v", dir, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	for want, o := range map[string]InstallOptions{
		"choose one":      {User: true, Prefix: t.TempDir()},
		"no such file":    {Prefix: t.TempDir(), Executable: "/nonexistent/fabricbook"},
		"executable file": {Prefix: t.TempDir(), Executable: "no-such-program-anywhere"},
	} {
		if dir, err := Install(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: installed in %q, error %v, want %q", o, dir, err, want)
		}
	}
}

func TestInstallRefusesNames(t *testing.T) {
	prefix := t.TempDir()
	kernels := filepath.Join(prefix, "share", "jupyter", "kernels")
	if err := os.MkdirAll(filepath.Join(kernels, "other"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "..", "...", ".hidden", "-x", "../up", "a/b", "a b", " ", "é", "a\n", "a\x00"} {
		if dir, err := Install(InstallOptions{Prefix: prefix, Name: name}); err == nil || !strings.Contains(err.Error(), "name") {
			t.Errorf("%q: installed in %q, error %v", name, dir, err)
		}
	}
	left, err := os.ReadDir(kernels)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("the other kernel's place holds %v, error %v", left, err)
	}
}

func TestInstallKeepsTheOldWhereTheNewFails(t *testing.T) {
	prefix := t.TempDir()
	dir, err := Install(InstallOptions{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	if err := replaceDir(dir, map[string][]byte{"no/such/folder": nil}); err == nil {
		t.Fatal("a file without a folder was written")
	}
	if _, err := os.Stat(filepath.Join(dir, "kernel.json")); err != nil {
		t.Errorf("the old kernelspec is gone: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestSysPrefixHasToBeThere(t *testing.T) {
	t.Setenv("VIRTUAL_ENV", filepath.Join(t.TempDir(), "gone"))
	if dir, err := Install(InstallOptions{SysPrefix: true}); err == nil || !strings.Contains(err.Error(), "VIRTUAL_ENV") {
		t.Errorf("installed in %q, error %v", dir, err)
	}
}
