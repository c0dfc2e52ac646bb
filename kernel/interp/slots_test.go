package interp_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMethodsRunOut declares methods until the interpreter can take no more: the
// cell must fail with what to do, and the session go on. The slots are those of
// the process, so it happens in one of its own.
func TestMethodsRunOut(t *testing.T) {
	if os.Getenv("INTERP_RUN_OUT") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMethodsRunOut$", "-test.v")
		cmd.Env = append(os.Environ(), "INTERP_RUN_OUT=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	s := newSession(t)
	s.ok(`import "fmt"
type kept struct{ n int }
func (k kept) String() string { return fmt.Sprint("kept ", k.n) }
k := kept{1}
fmt.Sprint(k)`)
	var source strings.Builder
	source.WriteString("type big struct{}\n")
	for i := range 200 {
		fmt.Fprintf(&source, "func (big) M%d() int { return %d }\n", i, i)
	}
	source.WriteString("fmt.Sprint(big{})")
	for range 200 {
		out := s.run(source.String())
		if out.Failure == nil {
			continue
		}
		if text := strings.Join(out.Failure.Traceback, "\n"); !strings.Contains(text, "restart the kernel") {
			t.Fatalf("failed otherwise: %s", text)
		}
		if got := s.ok("fmt.Sprint(k, 1+1)"); got != "kept 1 2" {
			t.Errorf("afterwards: %q", got)
		}
		return
	}
	t.Fatal("the methods never ran out")
}
