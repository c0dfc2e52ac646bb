package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/runbooks"
)

// printer writes what a command has to say, in the form that -o asks for.
type printer struct{ format string }

// flag gives cmd the -o flag.
func (p *printer) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&p.format, "output", "o", "text", "form of the output: text or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}

// check refuses an unknown form before anything is done.
func (p *printer) check() error {
	if p.format != "text" && p.format != "json" {
		return exitCode{2, fmt.Errorf("--output %q is unknown; use text or json", p.format)}
	}
	return nil
}

// print writes v: its text as a notebook's fallback shows it, or its JSON.
func (p *printer) print(w io.Writer, v fmt.Stringer) error {
	if p.format == "json" {
		return printJSON(w, v)
	}
	return runbooks.WriteText(w, v)
}

func printJSON(w io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write as JSON: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// usage makes wrong arguments a usage error, with the command's line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return exitCode{2, fmt.Errorf("%w; usage: %s", err, cmd.UseLine())}
		}
		return nil
	}
}

// confirm asks on the terminal; where there is none, --yes must stand for the
// answer.
func confirm(cmd *cobra.Command, question string) (bool, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isTerminal(in) {
		return false, exitCode{2, fmt.Errorf("nobody to ask: input is no terminal; look at the plan and give --yes")}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a character device too
	return err != nil || !os.SameFile(info, null)
}

// progressOn shows a running change in one line of a terminal.
func progressOn(w io.Writer) func(*runbooks.Change) {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return func(*runbooks.Change) {}
	}
	return func(c *runbooks.Change) {
		end := "\r"
		if c.Unchanged || c.InForce() {
			end = "\r\x1b[K"
			fmt.Fprint(f, end)
			return
		}
		fmt.Fprintf(f, "\r\x1b[K%s%s", c.Summary(), end)
	}
}
