package netlib

import (
	"fmt"
	"strings"
)

// maxReferrers is how many names a problem lists before it counts the rest.
const maxReferrers = 5

// checkLeftBehind reports deleted objects that others, untouched by the edit,
// still name. (Objects of the edit itself are seen by checkRef.)
func (d *draft) checkLeftBehind() {
	users := map[Ref][]Ref{}
	use := func(kind Kind, name string, by Ref) {
		target := Ref{kind, name}
		if _, gone := d.gone[target]; gone && !d.creates(by) && !d.creates(target) {
			if u := users[target]; len(u) == 0 || u[len(u)-1] != by {
				users[target] = append(u, by)
			}
		}
	}
	if !d.losesReferred() {
		return
	}
	for _, g := range d.next.Groups {
		for _, r := range g.Rules {
			use(KindGroup, r.Group, Ref{KindGroup, g.Name})
		}
	}
	for _, r := range d.next.Routers {
		for _, s := range r.Segments {
			use(KindSegment, s, Ref{KindRouter, r.Name})
		}
	}
	for _, p := range d.next.Ports {
		by := Ref{KindPort, p.Name}
		use(KindSegment, p.Segment, by)
		use(KindNode, p.Node, by)
		for _, g := range p.Groups {
			use(KindGroup, g, by)
		}
	}
	for i, ref := range d.raw.Delete {
		if by := users[ref]; len(by) > 0 && d.gone[ref] == i {
			d.problem(fmt.Sprintf("delete[%s/%s]", ref.Kind, ref.Name),
				fmt.Sprintf("%s %q is still used by %s", ref.Kind, ref.Name, refList(by)),
				"delete or change these in the same edit")
		}
	}
}

// losesReferred reports whether anything is deleted that others may refer to.
func (d *draft) losesReferred() bool {
	for ref := range d.gone {
		switch ref.Kind {
		case KindNode, KindGroup, KindSegment:
			return true
		}
	}
	return false
}

// refList is `port "web-1", port "web-2" and 3 more`.
func refList(refs []Ref) string {
	var s []string
	for i, r := range refs {
		if i == maxReferrers {
			break
		}
		s = append(s, fmt.Sprintf("%s %q", r.Kind, r.Name))
	}
	out := strings.Join(s, ", ")
	if more := len(refs) - maxReferrers; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}
