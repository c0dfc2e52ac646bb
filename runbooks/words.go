package runbooks

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// duration is d in at most three significant digits: 850 µs, 12 ms, 1.25 s.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + duration(-d)
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", d.Seconds()), "0"), ".0") + " s"
	}
	return d.Round(time.Second).String()
}

// ago is how long before now something was.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	if d < time.Second {
		return "now"
	}
	return d.Truncate(time.Second).String() + " ago"
}

// count is n and its noun: 1 node, 3 nodes.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number is n with commas between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// kindWords is a kind as people write it.
func kindWords(k netlib.Kind) string {
	if k == netlib.KindGroup {
		return "security group"
	}
	return string(k)
}

// ruleWords is a rule as a sentence: in tcp/22 from group mgmt-sg.
func ruleWords(r netlib.Rule) string {
	t := Traffic{string(r.Protocol), int(r.PortFrom), int(r.PortTo)}
	preposition := "from"
	if r.Direction == netlib.Egress {
		preposition = "to"
	}
	far := "group " + r.Group
	switch {
	case r.Group != "":
	case r.Prefix == anywhere:
		far = "anywhere"
	default:
		far = r.Prefix.String()
	}
	return fmt.Sprintf("%s %s %s %s", r.Direction, t, preposition, far)
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func prefixes(ps []netip.Prefix) string { return joined(ps) }

func joined[T fmt.Stringer](all []T) string {
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}

// address is a's text, empty where there is none.
func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// label is an MPLS label's text, empty where there is none.
func label(l uint32) string {
	if l == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(l), 10)
}

// table is a Table of at most limit rows; more says in a cell how to see the
// others.
func table(limit int, more string, head []string, right []int, rows [][]show.Span) show.Table {
	t := show.Table{Head: head, Right: right, Rows: rows, Limit: limit}
	if more != "" {
		t.More = show.Span{Text: more, Style: show.Code, Term: "--output json holds all"}
	}
	return t
}

// hint is code for a cell, and the command line for a terminal.
func hint(cell, command string) show.Span {
	return show.Span{Text: cell, Style: show.Code, Term: command}
}
