package manifest

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
)

// Encode writes a fabric as a file that Decode reads: the same bytes for the
// same fabric. Numbers that the fabric gave out itself (identifiers, labels of
// ports) are left out; addresses are written. Applied to the fabric that it was
// made from, the file changes nothing.
func Encode(f netlib.Fabric) ([]byte, error) {
	w := &writer{}
	for i, n := range f.Nodes {
		w.heading(i, "nodes")
		w.line("  - {name: %s, tunnel: %s}", quote(n.Name), n.Tunnel)
	}
	for i, s := range f.Segments {
		w.heading(i, "segments")
		w.segment(s)
	}
	for i, r := range f.Routers {
		w.heading(i, "routers")
		w.line("  - name: %s", quote(r.Name))
		w.list("segments", r.Segments, quote)
		w.list("targets", texts(r.Targets), strconv.Quote)
	}
	for i, g := range f.Groups {
		w.heading(i, "securityGroups")
		w.line("  - name: %s", quote(g.Name))
		w.line("    rules:")
		for _, r := range g.Rules {
			w.line("      - %s", r)
		}
	}
	for i, p := range f.Ports {
		w.heading(i, "ports")
		w.port(p)
	}
	for i, g := range f.Gateways {
		w.heading(i, "gateways")
		w.gateway(g)
	}
	return w.b.Bytes(), nil
}

type writer struct{ b bytes.Buffer }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) heading(i int, key string) {
	if i == 0 {
		w.line("%s:", key)
	}
}

func (w *writer) list(key string, s []string, form func(string) string) {
	if len(s) == 0 {
		return
	}
	out := make([]string, len(s))
	for i, v := range s {
		out[i] = form(v)
	}
	w.line("    %s: [%s]", key, strings.Join(out, ", "))
}

func (w *writer) segment(s netlib.Segment) {
	w.line("  - name: %s", quote(s.Name))
	w.list("subnets", texts(s.Subnets), func(s string) string { return s })
	var parts []string
	for _, t := range []struct {
		key     string
		targets []netlib.RouteTarget
	}{{"both", s.Targets.Both}, {"import", s.Targets.Import}, {"export", s.Targets.Export}} {
		if len(t.targets) > 0 {
			parts = append(parts, t.key+": "+targetList(t.targets))
		}
	}
	if len(parts) > 0 {
		w.line("    targets: {%s}", strings.Join(parts, ", "))
	}
}

func (w *writer) port(p netlib.Port) {
	w.line("  - name: %s", quote(p.Name))
	w.line("    segment: %s", quote(p.Segment))
	w.line("    node: %s", quote(p.Node))
	if p.Address.IsValid() {
		w.line("    address: %s", p.Address)
	}
	w.list("securityGroups", p.Groups, quote)
}

// gateway writes labels of static routes: they are the external router's.
func (w *writer) gateway(g netlib.Gateway) {
	w.line("  - name: %s", quote(g.Name))
	w.line("    tunnel: %s", g.Tunnel)
	if len(g.Static) > 0 {
		w.line("    static:")
	}
	for _, s := range g.Static {
		name := ""
		if s.Name != "" {
			name = "name: " + quote(s.Name) + ", "
		}
		w.line("      - {%sprefix: %s, label: %d, targets: %s}", name, s.Prefix, s.Label, targetList(s.Targets))
	}
}

func targetList(t []netlib.RouteTarget) string {
	s := make([]string, len(t))
	for i, v := range t {
		s[i] = strconv.Quote(v.String())
	}
	return "[" + strings.Join(s, ", ") + "]"
}

func texts[T interface {
	netlib.RouteTarget | netip.Prefix
	String() string
}](s []T) []string {
	out := make([]string, len(s))
	for i, v := range s {
		out[i] = v.String()
	}
	return out
}

// quote quotes names that YAML could take for something else than text: numbers
// in all their forms and the words for truth and nothing.
func quote(name string) string {
	switch strings.ToLower(name) {
	case "", "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return strconv.Quote(name)
	}
	if name[0] >= '0' && name[0] <= '9' || name[0] == '-' || strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) {
		return strconv.Quote(name)
	}
	return name
}
