package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/runbooks"
)

// completionPatience is how long a shell waits for names, but in tests.
var completionPatience = 2 * time.Second

// names are what may stand at a place of the command line.
type names func(netlib.Fabric) []string

// nothing completes commands without arguments.
var nothing = cobra.NoFileCompletions

// positions completes each argument from its own names.
func positions(places ...names) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(places) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return live(cmd, places[len(args)]), cobra.ShellCompDirectiveNoFileComp
	}
}

// repeated completes any number of arguments from the same names, each once.
func repeated(place names) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		rest := slices.DeleteFunc(live(cmd, place), func(s string) bool { return slices.Contains(args, s) })
		return rest, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeObjects completes a kind and then names of that kind.
func completeObjects(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return []string{"segment", "router", "group", "port", "node", "gateway"}, cobra.ShellCompDirectiveNoFileComp
	}
	kind, err := runbooks.ParseKind(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return repeated(func(f netlib.Fabric) []string { return ofKind(f, kind) })(cmd, args[1:], toComplete)
}

// live asks the controller for names; a shell shows no error, so none is told.
func live(cmd *cobra.Command, place names) []string {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionPatience)
	defer cancel()
	c, err := client.Discover()
	if err != nil {
		return nil
	}
	defer c.Close()
	f, err := c.Fabric(ctx)
	if err != nil {
		return nil
	}
	return place(f)
}

func segmentNames(f netlib.Fabric) []string { return ofKind(f, netlib.KindSegment) }
func portNames(f netlib.Fabric) []string    { return ofKind(f, netlib.KindPort) }
func nodeNames(f netlib.Fabric) []string    { return ofKind(f, netlib.KindNode) }

// endpointNames is every workload and every named host behind a gateway.
func endpointNames(f netlib.Fabric) []string {
	all := portNames(f)
	for _, g := range f.Gateways {
		for _, r := range g.Static {
			if r.Name != "" {
				all = append(all, r.Name)
			}
		}
	}
	return all
}

// trafficNames is what the rules of the security groups name, and icmp.
func trafficNames(f netlib.Fabric) []string {
	all := []string{"icmp", "tcp/22"}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.Protocol == netlib.TCP && r.PortFrom != 0 && r.PortFrom == r.PortTo {
				all = append(all, runbooks.TCP(int(r.PortFrom)).String())
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func ofKind(f netlib.Fabric, kind netlib.Kind) (all []string) {
	switch kind {
	case netlib.KindNode:
		all = namesOf(f.Nodes, func(n netlib.Node) string { return n.Name })
	case netlib.KindGroup:
		all = namesOf(f.Groups, func(g netlib.SecurityGroup) string { return g.Name })
	case netlib.KindSegment:
		all = namesOf(f.Segments, func(s netlib.Segment) string { return s.Name })
	case netlib.KindRouter:
		all = namesOf(f.Routers, func(r netlib.Router) string { return r.Name })
	case netlib.KindPort:
		all = namesOf(f.Ports, func(p netlib.Port) string { return p.Name })
	case netlib.KindGateway:
		all = namesOf(f.Gateways, func(g netlib.Gateway) string { return g.Name })
	}
	return all
}

func namesOf[T any](objects []T, name func(T) string) []string {
	all := make([]string, len(objects))
	for i, o := range objects {
		all[i] = name(o)
	}
	return all
}
