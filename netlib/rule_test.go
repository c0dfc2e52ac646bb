package netlib_test

import (
	"strings"
	"testing"

	. "github.com/fabricbook/fabricbook/netlib"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]string{
		"allow in tcp/22 from group mgmt-sg":       "",
		"allow in tcp/8000-8080 from 10.0.0.0/8":   "",
		"allow in icmp from 172.31.9.34":           "",
		"allow out any to any":                     "",
		"allow out udp to any":                     "",
		"allow in tcp/80 from anywhere":            "allow in tcp/80 from any",
		" allow  in tcp/22-22 from 172.31.9.34/32": "allow in tcp/22 from 172.31.9.34",
	} {
		r, err := ParseRule(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if want == "" {
			want = text
		}
		if r.String() != want {
			t.Errorf("%q: %s, want %s", text, r, want)
		}
	}
	for text, want := range map[string]string{
		"deny in tcp/22 from any":             "a rule begins with allow",
		"allow in tcp/22":                     "it has 3 words",
		"allow inward tcp/22 from any":        `direction "inward" is neither in nor out`,
		"allow in tcp/22 to any":              "after `in tcp/22` comes \"from\", not \"to\"",
		"allow in gre from any":               `protocol "gre" is unknown`,
		"allow in icmp/8 from any":            "protocol icmp has no ports",
		"allow in tcp/0 from any":             `port "0" is not in 1 to 65535`,
		"allow in tcp/70000 from any":         `port "70000" is not in 1 to 65535`,
		"allow in tcp/90-80 from any":         "port range 90-80 runs backwards",
		"allow in tcp/22 from mgmt-sg":        `far end "mgmt-sg" is no prefix; a group is written ` + "`group mgmt-sg`",
		"allow in tcp/22 from group":          "the group's name is missing",
		"allow in tcp/22 from group a b":      "the group's name is missing or not one word",
		"allow in tcp/22 from 10.0.0.0/8 too": `"too" is one word too many`,
		"":                                    "a rule begins with allow",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParseRule: what is read can be written and read again.
func FuzzParseRule(f *testing.F) {
	f.Add("allow in tcp/22 from group mgmt-sg")
	f.Add("allow out any to 0.0.0.0/0")
	f.Add("allow in udp/1-65535 from 2001:db8::1")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		again, err := ParseRule(r.String())
		if err != nil || again != r {
			t.Errorf("%q: %+v, written %q and read %+v, %v", s, r, r, again, err)
		}
	})
}

// FuzzParseRouteTarget: what is read can be written and read again.
func FuzzParseRouteTarget(f *testing.F) {
	f.Add("64512:201")
	f.Add("4200000000:65535")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRouteTarget(s)
		if err != nil {
			return
		}
		if again, err := ParseRouteTarget(r.String()); err != nil || again != r {
			t.Errorf("%q: %+v, read again %+v, %v", s, r, again, err)
		}
	})
}
