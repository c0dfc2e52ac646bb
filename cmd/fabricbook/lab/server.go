package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Config says how JupyterLab is to run.
type Config struct {
	Venv  Venv
	Dir   string   // the server's own settings and runtime files, 0700
	Root  string   // folder of notebooks that it shows
	Port  int      // first port to try on 127.0.0.1
	Token string   // of the browser session; handed over by environment, never as an argument
	Env   []string // further environment for the server and its kernels
	Log   *os.File // what the server prints
}

// Server is a JupyterLab that listens on loopback.
type Server struct {
	Port  int
	token string
	cmd   *exec.Cmd
	done  chan struct{} // closed when the process has ended
	err   error         // how it ended, valid after done
}

// settings are JupyterLab's defaults for this project: nothing is fetched from
// outside and nothing asks the operator a question before the notebook shows.
const settings = `{
  "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true},
  "@jupyterlab/extensionmanager-extension:plugin": {"enabled": false}
}
`

// Start begins a server and returns before it answers; see Wait. Its process
// group is its own, so that a Ctrl-C in the terminal reaches only the caller.
func Start(c Config) (*Server, error) {
	port, err := freePort(c.Port)
	if err != nil {
		return nil, err
	}
	env, err := c.environment()
	if err != nil {
		return nil, err
	}
	args := []string{
		"--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=" + strconv.Itoa(port), "--ServerApp.port_retries=0",
		"--ServerApp.root_dir=" + c.Root, "--LabApp.collaborative=False", "--LabApp.extension_manager=readonly",
		"--MultiKernelManager.default_kernel_name=fabricbook", "--KernelSpecManager.ensure_native_kernel=False",
		"--MappingKernelManager.transport_encryption=auto", "--ServerApp.allow_remote_access=False", "--ServerApp.jpserver_extensions={'jupyter_lsp': False}",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root")
	}
	s := &Server{Port: port, token: c.Token, done: make(chan struct{})}
	s.cmd = exec.Command(c.Venv.Bin("jupyter-lab"), args...)
	s.cmd.Env, s.cmd.Dir = env, c.Root
	s.cmd.Stdout, s.cmd.Stderr = c.Log, c.Log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("JupyterLab: %w", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// environment keeps every file that Jupyter writes inside c.Dir.
func (c Config) environment() ([]string, error) {
	share := filepath.Join(c.Venv.Dir, "share", "jupyter", "lab", "settings")
	if err := os.MkdirAll(share, 0o755); err != nil {
		return nil, fmt.Errorf("JupyterLab settings: %w", err)
	}
	if err := os.WriteFile(filepath.Join(share, "overrides.json"), []byte(settings), 0o644); err != nil {
		return nil, fmt.Errorf("JupyterLab settings: %w", err)
	}
	env := append(os.Environ(), "JUPYTER_TOKEN="+c.Token)
	for name, sub := range map[string]string{"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
		"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"} {
		dir := filepath.Join(c.Dir, sub)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("JupyterLab folder: %w", err)
		}
		env = append(env, name+"="+dir)
	}
	return append(env, c.Env...), nil
}

// URL is the server's address for a browser, with the token, at a notebook
// (relative to Config.Root) or at the file browser where that is empty.
func (s *Server) URL(notebook string) string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)), Path: "/lab", RawQuery: url.Values{"token": {s.token}}.Encode()}
	if notebook != "" {
		u.Path += "/tree/" + notebook
	}
	return u.String()
}

// Base is the server's address without token or path.
func (s *Server) Base() string { return "http://127.0.0.1:" + strconv.Itoa(s.Port) }

// Wait returns when the server answers its API, or with an error when it ended
// before that or ctx did.
func (s *Server) Wait(ctx context.Context) error {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return s.died()
		case <-tick.C:
		}
	}
}

// died says how the process ended; only after done.
func (s *Server) died() error {
	if s.err == nil {
		return errors.New("JupyterLab ended before it answered")
	}
	return fmt.Errorf("JupyterLab ended before it answered: %w", s.err)
}

func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base()+"/api/status", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "token "+s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(new(struct{})) == nil
}

// Done is closed when the process has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return s.done }

// Close asks the server to end its kernels and itself, and kills what is left of
// its process group after the grace time. It may be called twice.
func (s *Server) Close(grace time.Duration) error {
	select {
	case <-s.done:
		return nil
	default:
	}
	pid := s.cmd.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		<-s.done
		return errors.New("JupyterLab did not end in time and was killed")
	}
	return nil
}

// freePort is the first port from first on that nobody listens on.
func freePort(first int) (int, error) {
	for p := first; p < first+50 && p < 65536; p++ {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err == nil {
			return p, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1 from %d to %d; choose another with --port", first, first+49)
}
