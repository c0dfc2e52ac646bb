package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/notebooks"
)

func load(t *testing.T, text string) *Rules {
	t.Helper()
	r, err := LoadRules([]byte(text), "rules.yaml", Shelf{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDefaultRules(t *testing.T) {
	r := load(t, string(DefaultRules()))
	for name, want := range map[string]string{"PortUnreachable": "alert-port-unreachable", "PortDown": "alert-port-unreachable", "xPortDown": "", "DiskFull": "", "": ""} {
		if rule, _ := r.Match(map[string]string{"alertname": name}); rule.Notebook != want {
			t.Errorf("alert %q leads to %q, want %q", name, rule.Notebook, want)
		}
	}
}

func TestDefaultRule(t *testing.T) {
	r := load(t, "default: {notebook: alert-port-unreachable}\n"+twoRules)
	if rule, ok := r.Match(nil); !ok || rule.Name != "default" {
		t.Errorf("leads to %+v", rule)
	}
	if rule, _ := r.Match(map[string]string{"alertname": "A"}); rule.Name != "second" {
		t.Errorf("the default must come last; leads to %+v", rule)
	}
}

const twoRules = `
rules:
  - matchers: ['alertname="A"', 'severity=~"warning|critical"', 'team!="x"', 'env!~"test.*"']
    notebook: alert-port-unreachable
  - name: second
    matchers: '{alertname="A"}'
    notebook: alert-port-unreachable.ipynb
`

func TestFirstRuleWins(t *testing.T) {
	r := load(t, twoRules)
	for _, c := range []struct {
		labels, want string
	}{
		{"alertname=A severity=warning", "rules[0]"},
		{"alertname=A severity=warning team=x", "second"},
		{"alertname=A severity=warning env=test1", "second"},
		{"alertname=A", "second"},
		{"alertname=B severity=warning", ""},
	} {
		alert := map[string]string{}
		for pair := range strings.FieldsSeq(c.labels) {
			k, v, _ := strings.Cut(pair, "=")
			alert[k] = v
		}
		rule, ok := r.Match(alert)
		if rule.Name != c.want || ok != (c.want != "") {
			t.Errorf("%s leads to %q, want %q", c.labels, rule.Name, c.want)
		}
	}
}

func TestRuleParameters(t *testing.T) {
	r := load(t, `
default:
  notebook: alert-port-unreachable
  parameters:
    port: string
    peer: {label: from-host}
    severity: {annotation: level, type: string, default: unknown}
    since: {field: startsAt, type: time}
    segment: {label: net, type: prefix}
    instance: {label: absent, type: string}
`)
	rule, _ := r.Match(nil)
	e := Episode{Labels: map[string]string{"port": `"; panic("x")`, "from-host": "web-1", "net": "not a prefix"}, StartsAt: time.Date(2026, 3, 2, 8, 0, 0, 5, time.UTC)}
	params, notes := rule.params(e)
	want := []notebooks.Param{
		{Name: "port", Type: notebooks.String, Value: `"; panic("x")`}, {Name: "peer", Type: notebooks.String, Value: "web-1"},
		{Name: "severity", Type: notebooks.String, Value: "unknown"}, {Name: "since", Type: notebooks.Time, Value: "2026-03-02T08:00:00.000000005Z"},
	}
	if len(params) != len(want) {
		t.Fatalf("got %+v", params)
	}
	for i := range want {
		if params[i] != want[i] {
			t.Errorf("got %+v, want %+v", params[i], want[i])
		}
	}
	if got := strings.Join(notes, "|"); got != "segment keeps its default: the alert's label net is not of type prefix.|instance keeps its default: the alert has no label absent." {
		t.Errorf("notes %s", got)
	}
}

func TestEpisodeFields(t *testing.T) {
	e := Episode{ID: "id", Fingerprint: "fp", Status: Resolved, StartsAt: time.Unix(0, 0), EndsAt: time.Unix(60, 0).UTC(), GeneratorURL: "http://x"}
	for _, f := range Fields() {
		if v, ok := (Mapping{Field: f}).value(e); !ok || v == "" {
			t.Errorf("field %s has no value", f)
		}
	}
	if _, ok := (Mapping{Field: "endsAt"}).value(Episode{}); ok {
		t.Error("a firing alert has no end")
	}
}

func TestLoadRulesErrors(t *testing.T) {
	rule := "rules:\n  - matchers: 'a=\"b\"'\n    notebook: alert-port-unreachable\n"
	for text, want := range map[string]string{
		"":                     "rules.yaml: there is no rule",
		"# nothing":            "rules.yaml: there is no rule",
		"rules: [":             "rules.yaml: [1:8]",
		"- a":                  "rules.yaml:1:1: want a mapping of rules, default",
		"rule:\n  - x":         `rules.yaml:1:1: unknown field "rule"; did you mean "rules"?`,
		"rules: x":             "rules.yaml:1:8: rules: want a list of rules",
		"rules:\n  - x":        "rules.yaml:2:5: rules[0]: want a mapping",
		rule + "---\nrules: 1": "several YAML documents",
		"rules:\n  - notebook: alert-port-unreachable":                           "rules.yaml:2:13: rules[0]: has no matchers",
		"rules:\n  - matchers: 'a=\"b\"'":                                        "rules[0]: names no notebook",
		"rules:\n  - matchers: 'a'\n    notebook: alert-port-unreachable":        "rules.yaml:2:15: rules[0].matchers: bad matcher format: a; write",
		"rules:\n  - matchers: 'a=~\"(\"'\n    notebook: alert-port-unreachable": "rules.yaml:2:15: rules[0].matchers: error parsing regexp",
		"rules:\n  - matchers: 'a=\"b\"'\n    notebook: alert-port-unreachabel":  `rules.yaml:3:15: rules[0].notebook: there is no notebook "alert-port-unreachabel"; did you mean "alert-port-unreachable"?`,
		"rules:\n  - matchers: 'a=\"b\"'\n    notebook: ../../secret":            "there is no notebook",
		"default:\n  notebook: alert-port-unreachable\n  matchers: 'a=\"b\"'":    `rules.yaml:3:3: default: unknown field "matchers"`,
		"default:\n  notebook: alert-port-unreachable\n  notebook: other":        "already defined at [2:3]",
		rule + "    parameters: [port]":                                          "rules.yaml:4:17: rules[0].parameters: want a mapping",
		rule + "    parameters:\n      prot: string":                             `rules.yaml:5:7: rules[0].parameters: parameter "prot": the notebook does not declare it; did you mean "port"?`,
		rule + "    parameters:\n      port: int":                                "declares it as string, it is given as int",
		rule + "    parameters:\n      port: sting":                              `rules.yaml:5:13: rules[0].parameters.port: unknown type "sting"; did you mean "string"?`,
		rule + "    parameters:\n      a b: string":                              "not a Go identifier",
		rule + "    parameters:\n      port: {label: a, field: status}":          "more than one place",
		rule + "    parameters:\n      port: {field: startedAt}":                 `unknown field "startedAt"; did you mean "startsAt"?`,
		rule + "    parameters:\n      port: {labl: a}":                          `unknown field "labl"; did you mean "label"?`,
		rule + "    parameters:\n      since: {type: time, default: noon}":       `default of parameter "since": "noon" is not a time`,
		rule + "    parameters:\n      port: {label: \"a\\nb\"}":                 "is no name of a label",
		"a: &x [1]\nrules: *x":                                                   "rules.yaml:2:8: rules: want a list",
	} {
		_, err := LoadRules([]byte(text), "rules.yaml", Shelf{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nwant an error with\n  %s\ngot\n  %v", text, want, err)
		}
	}
}

func TestLoadRulesTellsAllThatIsWrong(t *testing.T) {
	_, err := LoadRules([]byte("rules:\n  - notebook: x\n  - matchers: 'b'\n"), "r", Shelf{})
	if err == nil || strings.Count(err.Error(), "\n") < 2 {
		t.Errorf("got %v", err)
	}
}

func FuzzLoadRules(f *testing.F) {
	f.Add(defaultRules)
	f.Add([]byte(twoRules))
	f.Add([]byte("rules:\n- <<: *x\n- !!str a\n- {? [a] : b}\n- |\n  a\ndefault: ~"))
	shelf := Shelf{}
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := LoadRules(text, "fuzz", shelf)
		if err != nil {
			return
		}
		for _, r := range rules.rules {
			if _, err := shelf.Open(r.Notebook); err != nil {
				t.Fatalf("a rule without a notebook was loaded: %v", err)
			}
		}
	})
}
