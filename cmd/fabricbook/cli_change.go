package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/runbooks"
)

// planCommand shows what a fabric file would change.
func planCommand() *cobra.Command {
	var out printer
	var file string
	cmd := &cobra.Command{Use: "plan -f FILE", Short: "Show what a fabric file would change", Args: usage(cobra.NoArgs), ValidArgsFunction: nothing}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		var plan *runbooks.Plan
		err := runbooks.Try(func() {
			plan = loaded(cmd, file)
			plan.Effect()
		})
		if err != nil {
			return err
		}
		if out.format == "json" {
			return printJSON(cmd.OutOrStdout(), plan.Effect())
		}
		return out.print(cmd.OutOrStdout(), plan)
	}
	out.flag(cmd)
	fileFlag(cmd, &file)
	return cmd
}

// applyCommand makes the fabric what a file says.
func applyCommand() *cobra.Command {
	var out printer
	var file string
	var yes bool
	cmd := &cobra.Command{
		Use: "apply -f FILE", Short: "Show what a fabric file would change, ask, and apply it",
		Long: "Show what a fabric file would change, ask, and apply it as a whole or not at all. Objects that\nthe file does not name stay as they are. The command ends when every node forwards by it.",
		Args: usage(cobra.NoArgs), ValidArgsFunction: nothing,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return change(cmd, &out, yes, func() *runbooks.Plan { return loaded(cmd, file) })
	}
	out.flag(cmd)
	fileFlag(cmd, &file)
	yesFlag(cmd, &yes)
	return cmd
}

// deleteCommand deletes objects by kind and name.
func deleteCommand() *cobra.Command {
	var out printer
	var yes bool
	cmd := &cobra.Command{
		Use: "delete KIND NAME...", Short: "Show what a deletion would change, ask, and delete",
		Long: "Show what the deletion of objects would change, ask, and delete them as a whole or not at all.\nKIND is segment, router, group, port, node or gateway.",
		Args: usage(kindAndNames), ValidArgsFunction: completeObjects,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		title := "delete " + args[0] + " " + strings.Join(args[1:], ", ")
		return change(cmd, &out, yes, func() *runbooks.Plan {
			plan := runbooks.Connect().WithContext(cmd.Context()).Plan(title).Delete(args[0], args[1:]...)
			tellAbsent(cmd.ErrOrStderr(), plan, args[0])
			return plan
		})
	}
	out.flag(cmd)
	yesFlag(cmd, &yes)
	return cmd
}

// tellAbsent names what a plan should delete and is not there: a slip of the pen, or
// done already.
func tellAbsent(w io.Writer, plan *runbooks.Plan, kind string) {
	there := plan.Effect().Edit.Delete
	for _, ref := range plan.Edit().Delete {
		if !slices.Contains(there, ref) {
			fmt.Fprintf(w, "there is no %s %q\n", kind, ref.Name)
		}
	}
}

func kindAndNames(cmd *cobra.Command, args []string) error {
	if err := cobra.MinimumNArgs(2)(cmd, args); err != nil {
		return err
	}
	_, err := runbooks.ParseKind(args[0])
	return err
}

func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "file", "f", "", "fabric file, YAML or JSON; - for standard input (required)")
	_ = cmd.MarkFlagFilename("file", "yaml", "yml", "json") // the flag exists
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return err
		}
		if *file == "" {
			return exitCode{2, fmt.Errorf("no fabric file is given; usage: %s", cmd.UseLine())}
		}
		return nil
	}
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "apply without asking")
}

// loaded is the plan of a fabric file; it fails as verbs do.
func loaded(cmd *cobra.Command, file string) *runbooks.Plan {
	fab := runbooks.Connect().WithContext(cmd.Context())
	if file != "-" {
		return fab.Load(file)
	}
	text, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		panic(&runbooks.Error{Verb: "load standard input", Detail: err.Error(), Err: err})
	}
	return fab.LoadText(text, "standard input")
}

// change shows a plan, asks, applies and waits. With -o json only the change goes
// to standard output, the plan that is asked about to standard error.
func change(cmd *cobra.Command, out *printer, yes bool, build func() *runbooks.Plan) error {
	if err := out.check(); err != nil {
		return err
	}
	var plan *runbooks.Plan
	var empty bool
	err := runbooks.Try(func() {
		plan = build()
		empty = plan.Effect().Empty()
	})
	if err != nil {
		return err
	}
	if !empty {
		if err := review(cmd, out, yes, plan); err != nil {
			return err
		}
	}
	applied, err := plan.ApplyWith(progressOn(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	if out.format == "json" {
		return printJSON(cmd.OutOrStdout(), applied)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), applied.Summary())
	return err
}

// review shows the plan and asks where --yes does not stand for the answer.
func review(cmd *cobra.Command, out *printer, yes bool, plan *runbooks.Plan) error {
	w := cmd.OutOrStdout()
	if out.format == "json" {
		w = cmd.ErrOrStderr()
	}
	if out.format != "json" || !yes {
		if err := plan.Review(w); err != nil {
			return err
		}
	}
	if yes {
		return nil
	}
	ok, err := confirm(cmd, "Apply this?")
	if err != nil {
		return err
	}
	if !ok {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing was changed")
		return errNo
	}
	return nil
}
