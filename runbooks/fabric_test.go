package runbooks

import (
	"strings"
	"testing"
)

// TestNotConnected checks what the verbs say of a variable whose cell failed, which
// is nil.
func TestNotConnected(t *testing.T) {
	var fab *Fabric
	for what, verb := range map[string]func(){
		"status": func() { fab.Status() }, `plan "x"`: func() { fab.Plan("x") }, "load x.yaml": func() { fab.Load("x.yaml") },
		"load y": func() { fab.LoadText(nil, "y") }, "URL": func() { fab.URL() }, "routers": func() { fab.Routers() },
		"ping a to b icmp": func() { fab.Ping("a", "b") }, "WithContext": func() { fab.WithContext(t.Context()) },
		"segment \"s\"": func() { fab.Segment("s") }, "matrix": func() { fab.Matrix() }, "topology": func() { fab.Topology() },
	} {
		err := Try(verb)
		if err == nil || !strings.HasPrefix(err.Error(), what) || !strings.HasSuffix(err.Error(), "run it again: fab := Connect()") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
