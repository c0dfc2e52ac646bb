package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// version is set by the linker in a release.
var version = "devel"

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "fabricbook",
		Short:         "A virtual network fabric that is run from notebooks",
		Long:          "Fabricbook runs a virtual network fabric (segments, routers, security groups) on plain Linux\nand is operated from Jupyter notebooks, from this command line, or through its API.",
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitCode{2, err} })
	root.AddGroup(
		&cobra.Group{ID: "serve", Title: "Run the fabric:"},
		&cobra.Group{ID: "look", Title: "Look and change:"},
		&cobra.Group{ID: "notebook", Title: "Notebooks:"},
	)
	root.AddCommand(in("serve", upCommand(), labCommand())...)
	root.AddCommand(in("look", clientCommands()...)...)
	root.AddCommand(in("notebook", kernelCommand(), runCommand(func() engine.Factory { return cellEngine() }))...)
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = helpArgs
	}
	return root
}

// helpArgs refuses what is no command.
func helpArgs(help *cobra.Command, args []string) error {
	found, rest, err := help.Root().Find(args)
	if err != nil {
		return exitCode{2, err}
	}
	return noSuchCommand(found, rest)
}

// noSuchCommand is what is left when the first word names no command.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	fix := "`fabricbook --help` lists the commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		fix = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return exitCode{2, fmt.Errorf("unknown command %q; %s", args[0], fix)}
}

func in(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}

// buildVersion names the release, or the commit that a development build is of.
func buildVersion() string {
	if version != "devel" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return version + "-" + s.Value[:12]
		}
	}
	return version
}
