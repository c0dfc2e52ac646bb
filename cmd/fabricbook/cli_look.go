package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/runbooks"
)

// clientCommands are the commands that speak to a running controller.
func clientCommands() []*cobra.Command {
	return append(lookCommands(), planCommand(), applyCommand(), deleteCommand())
}

// errNo is the exit code of a command whose answer, already printed, is no.
var errNo = exitCode{1, nil}

// look is a command that asks one verb, prints the value and fails where ok is
// false.
type look struct {
	use, short, long string
	args             cobra.PositionalArgs
	complete         cobra.CompletionFunc
	verb             func(fab *runbooks.Fabric, args []string) (value fmt.Stringer, ok bool)
}

func (l look) command() *cobra.Command {
	var out printer
	cmd := &cobra.Command{Use: l.use, Short: l.short, Long: l.long, Args: usage(l.args), ValidArgsFunction: l.complete}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return l.run(cmd, args, &out)
	}
	out.flag(cmd)
	return cmd
}

func (l look) run(cmd *cobra.Command, args []string, out *printer) error {
	if err := out.check(); err != nil {
		return err
	}
	var value fmt.Stringer
	var ok bool
	err := runbooks.Try(func() {
		value, ok = l.verb(runbooks.Connect().WithContext(cmd.Context()), args)
	})
	if err != nil {
		return err
	}
	if err := out.print(cmd.OutOrStdout(), value); err != nil {
		return err
	}
	if !ok {
		return errNo
	}
	return nil
}

func lookCommands() []*cobra.Command {
	looks := []look{
		{use: "status", short: "Show nodes, counts and what is wrong", long: "Show nodes, counts and what is wrong. The exit code is 1 where something is.",
			args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) {
				s := fab.Status()
				return s, s.Healthy()
			}},
		{use: "segments", short: "List segments", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Segments(), true }},
		{use: "routers", short: "List routers and what they join", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Routers(), true }},
		{use: "groups", short: "List security groups and their rules", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Groups(), true }},
		{use: "ports", short: "List workloads' ports with address, label and interface", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Ports(), true }},
		{use: "gateways", short: "List external routers and what lies behind them", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Gateways(), true }},
		{use: "nodes", short: "List nodes and their state", args: cobra.NoArgs, complete: nothing,
			verb: func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Nodes(), true }},
		{use: "routes SEGMENT", short: "Show a segment's route table", args: cobra.ExactArgs(1), complete: positions(segmentNames),
			verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) { return fab.Routes(args[0]), true }},
		{use: "nexthop SEGMENT PREFIX NODE", short: "Resolve a prefix from a node down to the interface",
			long: "Resolve where a node sends packets of a segment: route, tunnel, label, interface.\nPREFIX is a prefix, an address or a workload's name.",
			args: cobra.ExactArgs(3), complete: positions(segmentNames, endpointNames, nodeNames),
			verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) {
				return fab.NextHop(args[0], args[1], args[2]), true
			}},
	}
	commands := []*cobra.Command{}
	for _, l := range looks {
		commands = append(commands, l.command())
	}
	return append(commands, probeCommands()...)
}

func probeCommands() []*cobra.Command {
	looks := []look{
		{use: "ping FROM TO", short: "Ping from a workload", long: "Send three ICMP echoes from a workload to a workload, an address or a host behind a\ngateway. The exit code is 1 where none is answered.",
			args: cobra.ExactArgs(2), complete: positions(portNames, endpointNames),
			verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) {
				p := fab.Ping(args[0], args[1])
				return p, p.OK()
			}},
		{use: "check FROM TO tcp/PORT|icmp", short: "Probe a TCP port from a workload", long: "Open a TCP connection from a workload. The exit code is 1 where it does not open.",
			args: traffic(2, cobra.ExactArgs(3)), complete: positions(portNames, endpointNames, trafficNames),
			verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) {
				p := fab.Check(args[0], args[1], trafficOf(args[2:])[0])
				return p, p.OK()
			}},
		{use: "trace FROM TO [tcp/PORT]", short: "Follow one packet hop by hop, with the reasons", long: "Follow one packet hop by hop as the nodes would forward it, with the reason at each. Without\ntraffic it is icmp. The exit code is 1 where the packet does not pass.",
			args: traffic(2, cobra.RangeArgs(2, 3)), complete: positions(portNames, endpointNames, trafficNames),
			verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) {
				t := fab.Trace(args[0], args[1], append(trafficOf(args[2:]), runbooks.ICMP())[0])
				return t, t.Allowed
			}},
	}
	var commands []*cobra.Command
	for _, l := range looks {
		commands = append(commands, l.command())
	}
	return append(commands, matrixCommand(), topologyCommand())
}

func matrixCommand() *cobra.Command {
	var names []string
	cmd := look{use: "matrix [TRAFFIC...]", short: "Show who reaches whom, measured and computed",
		long: "Show who reaches whom for each TRAFFIC, such as icmp or tcp/22; without any, icmp. The exit\ncode is 1 where packets fare otherwise than computed.",
		args: traffic(0, cobra.ArbitraryArgs), complete: repeated(trafficNames),
		verb: func(fab *runbooks.Fabric, args []string) (fmt.Stringer, bool) {
			var m *runbooks.Matrix
			if len(names) > 0 {
				m = fab.MatrixOf(names, trafficOf(args)...)
			} else {
				m = fab.Matrix(trafficOf(args)...)
			}
			return m, len(m.Disagreements()) == 0
		}}.command()
	cmd.Flags().StringSliceVar(&names, "of", nil, "only between these workloads and hosts, separated by commas")
	_ = cmd.RegisterFlagCompletionFunc("of", repeated(endpointNames)) // the flag exists
	return cmd
}

func topologyCommand() *cobra.Command {
	var file string
	l := look{use: "topology", short: "Show segments, routers, nodes and gateways as a tree or picture", args: cobra.NoArgs, complete: nothing}
	l.verb = func(fab *runbooks.Fabric, _ []string) (fmt.Stringer, bool) { return fab.Topology(), true }
	cmd := l.command()
	text := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			return text(cmd, args)
		}
		var svg string
		if err := runbooks.Try(func() { svg = runbooks.Connect().WithContext(cmd.Context()).Topology().SVG() }); err != nil {
			return err
		}
		if file == "-" {
			_, err := fmt.Fprint(cmd.OutOrStdout(), svg)
			return err
		}
		return os.WriteFile(file, []byte(svg), 0o644)
	}
	cmd.Flags().StringVar(&file, "svg", "", "write the picture to this file, - for standard output")
	return cmd
}

// traffic checks the arguments from index first on as traffic.
func traffic(first int, count cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := count(cmd, args); err != nil {
			return err
		}
		for _, a := range args[min(first, len(args)):] {
			if _, err := runbooks.ParseTraffic(a); err != nil {
				return err
			}
		}
		return nil
	}
}

// trafficOf reads what traffic has checked.
func trafficOf(args []string) (all []runbooks.Traffic) {
	for _, a := range args {
		if t, err := runbooks.ParseTraffic(a); err == nil {
			all = append(all, t)
		}
	}
	return all
}
