package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/cmd/fabricbook/symbols"
	"github.com/fabricbook/fabricbook/kernel"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/interp"
	"github.com/fabricbook/fabricbook/kernel/wire"
	"github.com/fabricbook/fabricbook/kernel/worker"
	"github.com/fabricbook/fabricbook/netlib/client"
)

// interpreter is the engine that runs Go cells with this project's packages. It
// runs in the worker process, never in the one that speaks to the front end.
func interpreter() engine.Factory { return interp.Factory(symbols.Packages()...) }

// cellEngine runs cells in a process of its own, so that what is fatal in Go
// itself ends only that process.
func cellEngine() engine.Factory { return worker.Factory(worker.Options{}) }

// workerMain is the process that cellEngine starts.
func workerMain() int { return worker.Main(interpreter()) }

func kernelCommand() *cobra.Command {
	var connection, data string
	c := &cobra.Command{
		Use:   "kernel",
		Short: "Run the Jupyter kernel, or install it",
		Long:  "Run the Jupyter kernel for one front end, as a kernelspec does. `fabricbook kernel install` makes that kernelspec.",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if connection == "" {
				return exitCode{2, fmt.Errorf("--connection-file is missing; Jupyter gives it: run `fabricbook kernel install`, then choose the kernel in JupyterLab")}
			}
			if err := useData(data); err != nil {
				return err
			}
			// SIGINT interrupts the running cell here; it does not end the kernel.
			return kernel.Serve(context.WithoutCancel(cmd.Context()), kernel.Config{
				ConnectionFile: connection, Engine: cellEngine(), Version: buildVersion(), DataDir: client.DataDir(),
				Log: kernel.NewLog(cmd.ErrOrStderr()),
			})
		},
	}
	c.Version = buildVersion()
	c.SetVersionTemplate(fmt.Sprintf("fabricbook kernel %s (messaging protocol %s, %s)\n", c.Version, wire.Version, runtime.Version()))
	c.Flags().StringVarP(&connection, "connection-file", "f", "", "file that says where and how to speak to the front end")
	c.Flags().StringVar(&data, "data", "", "data folder of the fabric that Connect() finds, unless the environment names another")
	c.AddCommand(kernelInstallCommand())
	return c
}

// useData makes the folder the one that client.DataDir answers, also in the
// worker process, unless the environment already names one or a controller.
func useData(dir string) error {
	if dir == "" || os.Getenv(client.EnvData) != "" || os.Getenv(client.EnvURL) != "" {
		return nil
	}
	return os.Setenv(client.EnvData, dir)
}

func kernelInstallCommand() *cobra.Command {
	var o kernel.InstallOptions
	var data string
	var p printer
	c := &cobra.Command{
		Use:   "install",
		Short: "Make the kernel known to Jupyter",
		Example: "  fabricbook kernel install --user\n" +
			"  fabricbook kernel install --prefix /opt/jupyter\n" +
			"  jupyter kernelspec remove fabricbook    # takes it away again",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(p.check(), filled(cmd, "prefix", "name"), atMostOne(cmd, "user", "sys-prefix", "prefix")); err != nil {
				return err
			}
			spec, err := installKernel(o, data)
			if err != nil {
				return err
			}
			return p.print(cmd.OutOrStdout(), installed{Name: filepath.Base(spec), Folder: spec})
		},
	}
	f := c.Flags()
	f.BoolVar(&o.User, "user", false, "for this user (the default)")
	f.BoolVar(&o.SysPrefix, "sys-prefix", false, "into the active Python environment (VIRTUAL_ENV, CONDA_PREFIX, else that of python3)")
	f.StringVar(&o.Prefix, "prefix", "", "below this folder, in share/jupyter/kernels")
	f.StringVar(&o.Name, "name", "", "folder name of the kernelspec (default fabricbook)")
	f.StringVar(&o.DisplayName, "display-name", "", "name that Jupyter shows (default Go (Fabricbook), with --name Go (NAME))")
	f.StringVar(&data, "data", "", "data folder of the fabric that its notebooks use")
	p.flag(c)
	return c
}

// installed is what install says.
type installed struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
}

func (i installed) String() string {
	return fmt.Sprintf("installed kernel %q in %s", i.Name, i.Folder)
}

// filled refuses flags that were given without a value, as by an unset variable
// of a script.
func filled(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return exitCode{2, fmt.Errorf("--%s is empty", name)}
		}
	}
	return nil
}

func atMostOne(cmd *cobra.Command, names ...string) error {
	given := 0
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			given++
		}
	}
	if given > 1 {
		return exitCode{2, fmt.Errorf("choose one of --%s", strings.Join(names, ", --"))}
	}
	return nil
}

// installKernel writes a kernelspec that runs this very binary and returns its
// folder.
func installKernel(o kernel.InstallOptions, data string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("kernel install: %w", err)
	}
	if strings.Contains(filepath.ToSlash(exe), "/go-build") && filepath.Base(filepath.Dir(exe)) == "exe" {
		return "", errors.New("kernel install: `go run` deletes this program when it has ended: build it first (`make build`), then install by bin/fabricbook")
	}
	o.Executable = exe
	if data != "" {
		if data, err = filepath.Abs(data); err != nil {
			return "", fmt.Errorf("--data: %w", err)
		}
		o.Arguments = []string{"--data", data}
	}
	return kernel.Install(o)
}
