package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/notebooks"
	headless "github.com/fabricbook/fabricbook/runbooks/run"
)

type runOptions struct {
	out         string
	params      []string
	timeout     time.Duration
	cellTimeout time.Duration
	format      string
}

// runCommand is `fabricbook run`. factory is called once, when the notebook has
// been read.
func runCommand(factory func() engine.Factory) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run NOTEBOOK",
		Short: "Execute a notebook from top to bottom",
		Long: "Execute a notebook, given as a file or by the name of one in the library, from top to bottom and stop at the\n" +
			"first cell that fails. The executed copy is saved after each cell. Exit code 0: every cell ended well; 1: not.",
		Example: "  fabricbook run 01-segments-router-security-groups -o done.ipynb\n" +
			"  fabricbook run my.ipynb -o done.ipynb -p port=web-1 -p count=3 --timeout 5m",
		Args: usage(cobra.ExactArgs(1)),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return notebooks.Names(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, args[0], factory)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "out", "o", "", "file for the executed copy (default: none is kept)")
	f.StringArrayVarP(&o.params, "param", "p", nil, "`name=value` of a parameter that the notebook declares; may be repeated")
	f.DurationVar(&o.timeout, "timeout", 0, "longest time for the whole run, such as 10m (default: none)")
	f.DurationVar(&o.cellTimeout, "cell-timeout", 0, "longest time for one cell (default: none)")
	f.StringVar(&o.format, "output", "text", "what to print at the end: text or json")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (o runOptions) run(cmd *cobra.Command, name string, factory func() engine.Factory) error {
	if o.format != "text" && o.format != "json" {
		return exitCode{2, fmt.Errorf("--output %q: choose text or json", o.format)}
	}
	nb, err := openNotebook(name)
	if err != nil {
		return exitCode{2, err}
	}
	params, err := parseParams(nb, o.params)
	if err != nil {
		return exitCode{2, err}
	}
	progress := cmd.ErrOrStderr()
	opts := headless.Options{Params: params, Timeout: o.timeout, CellTimeout: o.cellTimeout,
		Progress: func(p headless.Progress) { printProgress(progress, p) }}
	if o.out != "" {
		opts.Save = func(nb notebooks.Notebook) error { return notebooks.WriteFile(o.out, nb) }
	}
	done, result, err := headless.Run(cmd.Context(), nb, factory(), opts)
	if err != nil {
		return exitCode{1, err}
	}
	return o.report(cmd, done, result)
}

// openNotebook reads a file or, where there is none of that name, the library.
func openNotebook(name string) (notebooks.Notebook, error) {
	nb, err := notebooks.ReadFile(name)
	if err == nil || !os.IsNotExist(err) {
		return nb, err
	}
	if strings.ContainsAny(name, `/\`) {
		return nb, err
	}
	nb, fromLibrary := notebooks.Open(name)
	if fromLibrary != nil {
		return nb, fmt.Errorf("there is no file %q and %w", name, fromLibrary)
	}
	return nb, nil
}

// parseParams types each name=value as the notebook declares it.
func parseParams(nb notebooks.Notebook, args []string) ([]notebooks.Param, error) {
	declared, err := nb.Parameters()
	if err != nil {
		return nil, err
	}
	var params []notebooks.Param
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("-p %q: want name=value", arg)
		}
		p := notebooks.Param{Name: name, Type: notebooks.String, Value: value}
		for _, d := range declared {
			if d.Name == name && d.Type != "" {
				p.Type = d.Type
			}
		}
		if err := notebooks.Accepts(declared, p); err != nil {
			return nil, err
		}
		if _, err := p.Literal(); err != nil {
			return nil, err
		}
		params = append(params, p)
	}
	return params, nil
}

func printProgress(w io.Writer, p headless.Progress) {
	mark := map[headless.Status]string{headless.OK: "✓", headless.Skipped: "-"}[p.Cell.Status]
	switch {
	case p.Cell.Status == headless.Running:
		return
	case mark == "":
		mark = "✗"
	}
	line := fmt.Sprintf("%s %*d/%d %-60s", mark, len(fmt.Sprint(p.Total)), p.Number, p.Total, shorten(p.Cell.Summary, 60))
	if p.Cell.Status == headless.Skipped {
		line += "  skipped"
	} else {
		line += fmt.Sprintf(" %8.3f s", p.Cell.Duration.Seconds())
	}
	switch {
	case p.Cell.Expected:
		line += "  failed as it may"
	case p.Cell.Error != nil:
		line += "  " + string(p.Cell.Status)
	}
	fmt.Fprintln(w, line)
}

// shorten makes text safe for a terminal and at most n characters long.
func shorten(s string, n int) string {
	out := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
	if len(out) > n {
		return string(out[:n-1]) + "…"
	}
	return string(out)
}

// report prints the result and turns its status into an exit code.
func (o runOptions) report(cmd *cobra.Command, nb notebooks.Notebook, result headless.Result) error {
	if o.format == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(struct {
			Notebook string `json:"notebook,omitempty"` // file of the executed copy
			headless.Result
		}{o.out, result}); err != nil {
			return err
		}
	} else {
		o.reportText(cmd.OutOrStdout(), nb, result)
	}
	if result.Status != headless.OK {
		return exitCode{code: 1}
	}
	return nil
}

// ansi is a colour or another mode of a terminal, as tracebacks may hold.
var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// failureText is what a front end shows of an error: its traceback, as plain text.
func failureText(out notebooks.Output) string {
	if len(out.Traceback) == 0 {
		return out.EName + ": " + out.EValue
	}
	return ansi.ReplaceAllString(strings.Join(out.Traceback, "\n"), "")
}

func (o runOptions) reportText(w io.Writer, nb notebooks.Notebook, result headless.Result) {
	if f := result.Failure(); f != nil {
		fmt.Fprintf(w, "\ncells[%d] (%s): %s\n", f.Index, f.ID, f.Status)
		for _, out := range nb.Cells[f.Index].Outputs {
			if out.Type == notebooks.ErrorOutput {
				fmt.Fprintln(w, failureText(out))
			}
		}
		if f.Error != nil && f.Status == headless.TimedOut {
			fmt.Fprintln(w, f.Error.Message)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s after %.1f s", result.Status, result.Duration.Seconds())
	if o.out != "" {
		fmt.Fprintf(w, "; executed copy in %s", o.out)
	}
	fmt.Fprintln(w)
}
