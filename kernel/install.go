package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// InstallOptions say where and how a kernelspec is installed. Of User, SysPrefix
// and Prefix one is given; none means User.
type InstallOptions struct {
	User      bool   // into the user's Jupyter directory
	SysPrefix bool   // into the Python environment in use: VIRTUAL_ENV, CONDA_PREFIX, else python3's
	Prefix    string // into PREFIX/share/jupyter

	Name        string            // directory of the kernelspec; default "fabricbook"
	DisplayName string            // as front ends show it; default "Go (Fabricbook)", with another name "Go (NAME)"
	Executable  string            // the program; default this one
	Arguments   []string          // of the program, after those that every kernel gets
	Env         map[string]string // environment of the kernel, beside the front end's
}

// kernelName is what jupyter_client accepts, without names that are a folder of
// their own ("..") or look like an option.
var kernelName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// spec is the content of kernel.json.
type spec struct {
	Argv            []string          `json:"argv"`
	DisplayName     string            `json:"display_name"`
	Language        string            `json:"language"`
	InterruptMode   string            `json:"interrupt_mode"`
	ProtocolVersion string            `json:"kernel_protocol_version"`
	Env             map[string]string `json:"env"`
	Metadata        map[string]any    `json:"metadata"`
}

// Install writes the kernelspec and returns its directory. A kernelspec of the
// same name is replaced as a whole: a front end sees the old one or the new one.
func Install(o InstallOptions) (dir string, err error) {
	if o.Name == "" {
		o.Name = "fabricbook"
	}
	if o.DisplayName == "" {
		o.DisplayName = "Go (Fabricbook)"
		if o.Name != "fabricbook" { // two that front ends show alike could not be told apart
			o.DisplayName = "Go (" + o.Name + ")"
		}
	}
	if !kernelName.MatchString(o.Name) {
		return "", fmt.Errorf("install kernel: name %q: use letters of ASCII, digits, '.', '-' and '_', and begin with none of '.' and '-'", o.Name)
	}
	if o.Executable, err = executable(o.Executable); err != nil {
		return "", fmt.Errorf("install kernel: %w", err)
	}
	base, err := kernelsDir(o)
	if err != nil {
		return "", fmt.Errorf("install kernel: %w", err)
	}
	files, err := specFiles(o)
	if err != nil {
		return "", fmt.Errorf("install kernel: %w", err)
	}
	dir = filepath.Join(base, strings.ToLower(o.Name))
	if err := replaceDir(dir, files); err != nil {
		if errors.Is(err, os.ErrPermission) {
			err = fmt.Errorf("%w; --user and --prefix choose a folder that you may write to", err)
		}
		return "", fmt.Errorf("install kernel: %w", err)
	}
	return dir, nil
}

func executable(path string) (string, error) {
	if path == "" {
		return os.Executable()
	}
	if !strings.ContainsRune(path, filepath.Separator) {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", err
		}
		path = found
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(abs); err != nil {
		return "", fmt.Errorf("executable: %w", err)
	}
	return abs, nil
}

// kernelsDir is where the front end looks for kernelspecs.
func kernelsDir(o InstallOptions) (string, error) {
	chosen := 0
	for _, b := range []bool{o.User, o.SysPrefix, o.Prefix != ""} {
		if b {
			chosen++
		}
	}
	if chosen > 1 {
		return "", errors.New("choose one of --user, --sys-prefix and --prefix")
	}
	switch {
	case o.Prefix != "":
		abs, err := filepath.Abs(o.Prefix)
		return filepath.Join(abs, "share", "jupyter", "kernels"), err
	case o.SysPrefix:
		prefix, err := sysPrefix()
		return filepath.Join(prefix, "share", "jupyter", "kernels"), err
	}
	return userKernels()
}

// userKernels is jupyter_core's user data directory on each system.
func userKernels() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return filepath.Join(dir, "kernels"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter", "kernels"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter", "kernels"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter", "kernels"), nil
}

func sysPrefix() (string, error) {
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		dir := os.Getenv(name)
		if dir == "" {
			continue
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return "", fmt.Errorf("%s is %s, which is no folder; activate a Python environment or use --prefix", name, dir)
		}
		return dir, nil
	}
	out, err := exec.Command("python3", "-c", "import sys; print(sys.prefix)").Output()
	if err != nil {
		return "", fmt.Errorf("find the Python environment: %w; activate one or use --prefix", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func specFiles(o InstallOptions) (map[string][]byte, error) {
	if o.Env == nil {
		o.Env = map[string]string{}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(spec{
		Argv:        append([]string{o.Executable, "kernel", "--connection-file", "{connection_file}"}, o.Arguments...),
		DisplayName: o.DisplayName, Language: "go", InterruptMode: "message",
		ProtocolVersion: "5.5", Env: o.Env, Metadata: map[string]any{
			"debugger": true, "supported_encryption": []string{"curve"},
		},
	})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"kernel.json": buf.Bytes(), "logo-svg.svg": []byte(logoSVG())}
	for _, size := range []int{32, 64} {
		png, err := logoPNG(size)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("logo-%dx%d.png", size, size)] = png
	}
	return files, nil
}

// replaceDir writes files into a new directory and moves it to dir. What is being
// made and what is replaced lie one level deeper meanwhile, where no front end
// takes them for a kernel.
func replaceDir(dir string, files map[string][]byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".installing-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	made, old := filepath.Join(tmp, "new"), filepath.Join(tmp, "old")
	if err := os.Mkdir(made, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(made, name), content, 0o644); err != nil {
			return err
		}
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return nil
}
