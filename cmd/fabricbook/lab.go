package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/cmd/fabricbook/lab"
	"github.com/fabricbook/fabricbook/kernel"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/notebooks"
)

// firstNotebook is what the printed URL opens.
const firstNotebook = "01-segments-router-security-groups.ipynb"

type labOptions struct {
	fabricOptions
	venv string
	port int
}

func labCommand() *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run the fabric and a JupyterLab that opens on its notebooks",
		Long: "Run everything on this machine: what `fabricbook up` runs, and a JupyterLab with the Fabricbook kernel\n" +
			"in a Python environment of its own. Prints one URL. Ctrl-C ends all of it; the next start finds its state again.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inDataDir(o.data, func(dir *dataDir) error {
				if o.venv == "" {
					o.venv = dir.join("venv")
				}
				return runLab(cmd.Context(), o, dir, cmd.OutOrStdout())
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&o.venv, "venv", "", "folder of the Python environment (default: venv in the data folder)")
	c.Flags().IntVar(&o.port, "port", 8888, "port of JupyterLab; the next free one where it is taken")
	return c
}

// steps prints what is being done and how long it took.
type steps struct {
	out      io.Writer
	terminal bool // out shows a line that is written over
	begun    time.Time
	last     time.Time
}

// newSteps begins to count the time.
func newSteps(out io.Writer) *steps {
	now := time.Now()
	s := &steps{out: out, begun: now, last: now}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return s
}

// doing shows how far a long step is: on a terminal in place, else in tenths.
func (s *steps) doing(what string, done, total int) {
	switch {
	case s.terminal:
		fmt.Fprintf(s.out, "\r  … %s: %d of %d\033[K", what, done, total)
	case done*10/total != (done-1)*10/total:
		fmt.Fprintf(s.out, "  … %s: %d of %d\n", what, done, total)
	}
}

func (s *steps) done(format string, args ...any) {
	now := time.Now()
	if s.terminal {
		fmt.Fprint(s.out, "\r\033[K")
	}
	fmt.Fprintf(s.out, "  ✓ %-58s %6.1f s\n", fmt.Sprintf(format, args...), now.Sub(s.last).Seconds())
	s.last = now
}

func runLab(ctx context.Context, o labOptions, dir *dataDir, out io.Writer) error {
	progress := newSteps(out)
	logFile, err := os.OpenFile(dir.join("fabricbook.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	defer logFile.Close()
	venv, err := prepareVenv(ctx, o.venv, dir, logFile, progress)
	if err != nil {
		return err
	}
	root := dir.join("notebooks")
	fresh, err := notebooks.Install(root)
	if err != nil {
		return err
	}
	progress.done("notebooks in %s (%d new)", short(root), len(fresh))
	err = runFabric(ctx, o.fabricOptions, dir, o.log(logFile), func(ctx context.Context, f *fabric) error {
		progress.done("controller, store and simulated fabric at %s", f.url)
		return f.serveLab(ctx, o, venv, root, logFile, out, progress)
	})
	fmt.Fprintln(out, "\nAll ended. `make run` or `fabricbook lab` finds the fabric as it was.")
	return err
}

// prepareVenv sets up the pinned Python packages and the kernelspec.
func prepareVenv(ctx context.Context, path string, dir *dataDir, log io.Writer, progress *steps) (lab.Venv, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return lab.Venv{}, err
	}
	venv := lab.Venv{Dir: path}
	if !venv.Current() {
		fmt.Fprintf(progress.out, "  … setting up JupyterLab in %s, once; this takes about a minute\n", short(path))
	}
	fetching := func(done, total int) {
		if progress.doing("fetching packages", done, total); done == total {
			progress.doing("fetched, now installing packages", done, total)
		}
	}
	if err := venv.Ensure(ctx, log, fetching); err != nil {
		return venv, err
	}
	progress.done("JupyterLab in %s", short(path))
	spec, err := installKernel(kernel.InstallOptions{Prefix: path}, dir.path)
	if err != nil {
		return venv, err
	}
	progress.done("kernel in %s", short(spec))
	return venv, nil
}

// serveLab starts JupyterLab beside the fabric and prints where it is.
func (f *fabric) serveLab(ctx context.Context, o labOptions, venv lab.Venv, root string, logFile *os.File, out io.Writer, progress *steps) error {
	token, err := f.dir.token("jupyter.token")
	if err != nil {
		return err
	}
	server, err := lab.Start(lab.Config{Venv: venv, Dir: f.dir.join("jupyter"), Root: root, Port: o.port, Token: token, Log: logFile,
		Env: []string{client.EnvData + "=" + f.dir.path}})
	if err != nil {
		return err
	}
	f.group.Go(func() error {
		select {
		case <-ctx.Done():
			return server.Close(10 * time.Second)
		case <-server.Done():
			return fmt.Errorf("JupyterLab ended by itself; its last words are in %s", logFile.Name())
		}
	})
	if err := f.serveAlerts(o.fabricOptions, server.Base); err != nil {
		return err
	}
	if err := server.Wait(ctx); err != nil {
		return fmt.Errorf("%w; see %s", err, logFile.Name())
	}
	progress.done("JupyterLab answers at %s", server.Base())
	fmt.Fprintf(out, "  alerts  %s/alertmanager takes the webhook, %s/alerts lists them\n", f.alertsURL, f.alertsURL)
	if f.dir.path != client.DataDir() {
		fmt.Fprintf(out, "  commands find it by: export %s=%s\n", client.EnvData, f.dir.path)
	}
	fmt.Fprintf(out, "\nOpen this in a browser (ready after %.1f s; Ctrl-C here ends everything):\n\n    %s\n\n", time.Since(progress.begun).Seconds(), server.URL(firstNotebook))
	return nil
}

// short is a path as it reads best from here: relative where it lies below.
func short(path string) string {
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}
