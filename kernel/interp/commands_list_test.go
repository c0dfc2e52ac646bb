package interp_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/display"
)

// shown is the text and HTML of what a cell displayed.
func (s *session) shown(source string) (text, html string) {
	s.Helper()
	s.ok(source)
	for _, e := range s.sink.all() {
		if e.Cell == s.number && e.Display != nil {
			page, _ := e.Display.Bundle.Data[display.MIMEHTML].(string)
			text, html = text+e.Display.Bundle.Text(), html+page
		}
	}
	return text, html
}

// TestVariables checks the table of variables, which asks no value for its text.
func TestVariables(t *testing.T) {
	s := newSession(t)
	s.ok(`type Port struct { Name string; up bool }
func (p *Port) String() string { panic("asked") }
ports := map[string]*Port{"eth0": {Name: "eth0"}}
width, größe := 3, "語"
func area() int { return width }`)
	s.ok("width = 4\nnames := make([]string, 1000)")
	text, html := s.shown("%vars")
	for _, row := range []string{
		`^Name +Type +Size +Value +Cell\n`,
		`(?m)^größe  string +3 B +"語" +1$`,
		`(?m)^names  \[\]string +1000 +\["", "", .*\.\.\. +2$`,
		`(?m)^ports +map\[string\]\*Port +1 +\{"eth0": &\{Name: "eth0", up: false\}\} +1$`,
		`(?m)^width +int +4 +1$`,
	} {
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("no row like %s in\n%s", row, text)
		}
	}
	lines := strings.Split(text, "\n")
	if wide := []rune(lines[1]); string(wide[len(wide)-1:]) != "1" || len(wide)+1 != len([]rune(lines[2])) { // 語 takes two columns
		t.Errorf("columns do not stand below each other:\n%s", text)
	}
	if strings.Contains(text, "area") || !strings.Contains(html, "<table") {
		t.Errorf("%s\n%s", text, html)
	}
	if text, _ := s.shown("%vars WID"); strings.Count(text, "\n") != 1 || !strings.Contains(text, "width") {
		t.Errorf("those with wid:\n%s", text)
	}
}

// TestVariablesOfOthers checks that values are not looked into while a goroutine may
// change them.
func TestVariablesOfOthers(t *testing.T) {
	s := newSession(t)
	s.ok("m := map[int]int{}\nn := 5\nstop := make(chan bool)")
	s.ok(`go func() {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
			m[i%1000] = i
		}
	}
}()`)
	for range 5 {
		text, _ := s.shown("%vars")
		if !regexp.MustCompile(`(?m)^m +map\[int\]int +1$`).MatchString(text) || !regexp.MustCompile(`(?m)^n +int +5 +1$`).MatchString(text) {
			t.Fatalf("table:\n%s", text)
		}
	}
	s.ok("stop <- true")
}

// TestTime checks what is measured and where it is told.
func TestTime(t *testing.T) {
	s := newSession(t)
	for source, want := range map[string]int{
		"%time n := 1\n%time n++\nn": 2, "%time n": 1, "%time\nn++\nn++": 1, "%time for range 3 {\n\tn++\n}": 1, "n++": 0,
	} {
		s.ok("n := 0")
		s.ok(source)
		if got := len(regexp.MustCompile(`(?m)^took [0-9.]+(ns|µs|ms|s)$`).FindAllString(s.sink.text(s.number, "stdout"), -1)); got != want {
			t.Errorf("%q tells %d times, want %d:\n%s", source, got, want, s.sink.text(s.number, "stdout"))
		}
	}
	if _, got := s.proposed("%time strings.Repe¦"); len(got) != 1 {
		t.Errorf("completions behind %%time: %q", got)
	}
}

// TestHelpListsAll checks that each line has its help, and that completion knows it.
func TestHelpListsAll(t *testing.T) {
	s := newSession(t)
	s.ok("%help")
	help := s.sink.text(1, "stdout")
	_, names := s.proposed("%¦")
	for _, name := range append(names, "$ command", "name?") {
		if !strings.Contains(help, "\n  "+name) {
			t.Errorf("%%help is silent about %s:\n%s", name, help)
		}
	}
	if len(names) < 9 {
		t.Errorf("only %q", names)
	}
}

// TestPackages checks the list of packages.
func TestPackages(t *testing.T) {
	s := newSession(t)
	s.ok("%packages")
	if got := s.sink.text(1, "stdout"); !strings.Contains(got, "encoding/{base32") {
		t.Errorf("%s", got)
	}
}

// TestEnvironmentHides checks that a list of the environment shows no secrets.
func TestEnvironmentHides(t *testing.T) {
	t.Setenv("FABRICBOOK_TOKEN", "hunter2hunter2")
	t.Setenv("FABRICBOOK_PLAIN", "seen")
	s := newSession(t)
	s.ok("%env")
	if got := s.sink.text(1, "stdout"); strings.Contains(got, "hunter2") || !strings.Contains(got, "FABRICBOOK_PLAIN=seen\n") {
		t.Errorf("%s", got)
	}
}
