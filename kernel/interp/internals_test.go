package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goplus/ixgo"
	"github.com/goplus/reflectx"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// TestEngineInternals checks what this package takes for granted of the engine's
// insides. Where it fails after an upgrade, look at all uses of privateField and
// of go:linkname.
func TestEngineInternals(t *testing.T) {
	function := reflect.TypeFor[ixgo.Interp]()
	if funcs, ok := function.FieldByName("funcs"); ok && funcs.Type.Kind() == reflect.Map && funcs.Type.Key() == reflect.TypeFor[*ssa.Function]() {
		function = funcs.Type.Elem().Elem()
	} else {
		t.Fatal("Interp.funcs is not map[*ssa.Function]*function")
	}
	for _, instr := range []reflect.Type{reflect.TypeFor[ssa.UnOp](), reflect.TypeFor[ssa.SliceToArrayPointer]()} {
		if pos, ok := instr.FieldByName("pos"); !ok || pos.Type != reflect.TypeFor[token.Pos]() {
			t.Errorf("%s.pos is no token.Pos", instr)
		}
	}
	panicking, ok := reflect.TypeFor[ixgo.Frame]().FieldByName("_panic")
	if !ok || panicking.Type.Kind() != reflect.Pointer {
		t.Fatal("Frame._panic is no pointer")
	}
	deferred, ok := reflect.TypeFor[ixgo.Frame]().FieldByName("_defer")
	if !ok || deferred.Type.Kind() != reflect.Pointer {
		t.Fatal("Frame._defer is no pointer")
	}
	for _, f := range []struct {
		in   reflect.Type
		name string
		want reflect.Type
	}{
		{reflect.TypeFor[ixgo.Interp](), "msets", reflect.TypeFor[methodSets]()},
		{reflect.TypeFor[ixgo.Interp](), "ctx", reflect.TypeFor[*ixgo.Context]()},
		{reflect.TypeFor[ixgo.Interp](), "record", reflect.TypeFor[*ixgo.TypesRecord]()},
		{reflect.TypeFor[ixgo.Interp](), "rctx", reflect.TypeFor[*reflectx.Context]()},
		{reflect.TypeFor[ixgo.Interp](), "mainpkg", reflect.TypeFor[*ssa.Package]()},
		{reflect.TypeFor[ixgo.Interp](), "globals", reflect.TypeFor[map[string]any]()},
		{reflect.TypeFor[ixgo.Interp](), "chkinit", reflect.TypeFor[map[string]bool]()},
		{reflect.TypeFor[ixgo.Interp](), "preloadTypes", reflect.TypeFor[map[types.Type]reflect.Type]()},
		{reflect.TypeFor[ixgo.Interp](), "chexit", reflect.TypeFor[chan int]()},
		{reflect.TypeFor[ixgo.Interp](), "mainid", reflect.TypeFor[uint64]()},
		{reflect.TypeFor[ixgo.Interp](), "goroutines", reflect.TypeFor[int32]()},
		{reflect.TypeFor[ixgo.Context](), "nestedMap", reflect.TypeFor[map[*types.Named]int]()},
		{reflect.TypeFor[ixgo.TypesRecord](), "tcache", reflect.TypeFor[*typeutil.Map]()},
		{reflect.TypeFor[ixgo.TypesRecord](), "rcache", reflect.TypeFor[map[reflect.Type]types.Type]()},
		{reflect.TypeFor[ixgo.Context](), "override", reflect.TypeFor[map[string]reflect.Value]()},
		{reflect.TypeFor[ixgo.Context](), "output", reflect.TypeFor[io.Writer]()},
		{reflect.TypeFor[ixgo.Frame](), "interp", reflect.TypeFor[*ixgo.Interp]()},
		{function, "ssaInstrs", reflect.TypeFor[[]ssa.Instruction]()},
		{function, "Instrs", reflect.TypeFor[[]func(*ixgo.Frame)]()},
		{function, "Blocks", reflect.TypeFor[[]int]()},
		{function, "nres", reflect.TypeFor[int]()},
		{function, "narg", reflect.TypeFor[int]()},
		{function, "nenv", reflect.TypeFor[int]()},
		{function, "stack", reflect.TypeFor[[]any]()},
		{function, "Recover", reflect.TypeFor[[]func(*ixgo.Frame)]()},
		{reflect.TypeFor[sync.RWMutex](), "readerCount", reflect.TypeFor[atomic.Int32]()},
		{reflect.TypeFor[ixgo.Frame](), "block", reflect.TypeFor[*ssa.BasicBlock]()},
		{reflect.TypeFor[ixgo.Frame](), "pred", reflect.TypeFor[int]()},
		{reflect.TypeFor[ixgo.Frame](), "ipc", reflect.TypeFor[int]()},
		{reflect.TypeFor[ixgo.Frame](), "caller", reflect.TypeFor[*ixgo.Frame]()},
		{reflect.TypeFor[ixgo.Frame](), "callee", reflect.TypeFor[*ixgo.Frame]()},
		{panicking.Type.Elem(), "link", panicking.Type},
		{panicking.Type.Elem(), "pcs", reflect.TypeFor[[]uintptr]()},
		{deferred.Type.Elem(), "fn", reflect.TypeFor[any]()},
		{deferred.Type.Elem(), "args", reflect.TypeFor[[]any]()},
	} {
		field, ok := f.in.FieldByName(f.name)
		if !ok || field.Type != f.want {
			t.Errorf("%s.%s is %v, want %v", f.in, f.name, field.Type, f.want)
		}
	}
	if !reflect.PointerTo(function).Implements(reflect.TypeFor[posForPC]()) {
		t.Error("functions do not tell positions")
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "github.com/goplus/ixgo v1.1.1") || !strings.Contains(string(module), "github.com/goplus/reflectx v1.7.2") {
		t.Error("the linked functions (go:linkname) were read, and newInterp taken from ixgo.NewInterp, in ixgo v1.1.1 and reflectx v1.7.2: compare their signatures, then change this test")
	}
}

// FuzzCommands checks that taking commands out of a cell moves nothing.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{"$ ls", "x := `\n$ a`\n%help\n", "/*\n$ b\n*/ $ c \\\n d", "'\\''\n\t%cd /\r\n\"", "$ \\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		blank := takeCommands(cell, true)
		if len(blank) != len(cell) || strings.Count(blank, "\n") != strings.Count(cell, "\n") {
			t.Fatalf("%q became %q", cell, blank)
		}
		if again := takeCommands(blank, true); again != blank {
			t.Fatalf("%q became %q, then %q", cell, blank, again)
		}
		if code := takeCommands(cell, false); strings.Count(code, "\n") != strings.Count(cell, "\n") {
			t.Fatalf("%q became %q", cell, code)
		}
	})
}

// TestDocOfFirstDeclaration parses comments above the first declaration of a cell,
// wherever that stands, which the parser must not take for its own.
func TestDocOfFirstDeclaration(t *testing.T) {
	for source, want := range map[string]string{
		"// F is one.\nfunc F() {}":                          "F is one.\n",
		"// F is one,\n// or two.\nfunc F() {}":              "F is one,\nor two.\n",
		"x := 1\n// F is late,\n// too.\nfunc F() {}":        "F is late,\ntoo.\n",
		"x := 1; /* F is within */ func F() {}; y := 2":      "",
		"// apart\n\nfunc F() {}":                            "",
		"// apart\n\n// F is near.\nfunc F() {}":             "F is near.\n",
		"/* F is\nlong. */\nfunc F() {}":                     " F is\nlong.\n",
		"import \"fmt\"\n\n// T is a type.\ntype T struct{}": "T is a type.\n",
	} {
		p, err := parseCell(token.NewFileSet(), "cell", source)
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		doc := ""
		switch d := p.decls[0].(type) {
		case *ast.FuncDecl:
			doc = d.Doc.Text()
		case *ast.GenDecl:
			doc = d.Doc.Text()
		}
		if doc != want {
			t.Errorf("%q: documentation %q, want %q", source, doc, want)
		}
	}
}

// TestRedefinitionsAreForgotten redefines a function that an earlier one calls: what
// nothing reaches any more must not be kept, and the caller must see the latest.
func TestRedefinitionsAreForgotten(t *testing.T) {
	e, err := New(nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	number := 0
	ok := func(source string) string {
		number++
		o := e.Execute(t.Context(), engine.Cell{Number: number, Source: source})
		if o.Failure != nil {
			t.Fatalf("%s: %v", source, o.Failure)
		}
		if o.Result == nil {
			return ""
		}
		return o.Result.Text()
	}
	ok("func f() int { return -1 }\nfunc caller() int { return f() }")
	before := len(e.session.nodes)
	for i := range 100 {
		ok(fmt.Sprintf("func f() int { return %d }", i))
	}
	if got := ok("caller()"); got != "99" {
		t.Errorf("the caller sees %s", got)
	}
	if after := len(e.session.nodes); after != before {
		t.Errorf("%d declarations are kept, %d before", after, before)
	}
}

// TestCallbacksAreNoGoroutines has packages take functions that they call later, often
// or never: only what runs may count, since values are read where nothing does.
func TestCallbacksAreNoGoroutines(t *testing.T) {
	e, err := New(nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i, source := range []string{
		`import ("context"; "net/http"; "sync"; "time")
fired := make(chan bool)
http.NewServeMux().HandleFunc("/", func(http.ResponseWriter, *http.Request) {})`,
		`time.AfterFunc(time.Hour, func() {}).Stop()`,
		`context.AfterFunc(context.Background(), func() {})()`,
		`often := time.AfterFunc(0, func() { fired <- true })
for range 3 { <-fired; often.Reset(0) }
<-fired`,
		`var wg sync.WaitGroup
wg.Go(func() {})
wg.Wait()`,
	} {
		if o := e.Execute(t.Context(), engine.Cell{Number: i + 1, Source: source}); o.Failure != nil {
			t.Fatalf("%s: %v", source, o.Failure)
		}
		if n := e.tasks.starting.Load(); n != 0 {
			t.Errorf("%s\n\tleaves %d goroutines that are about to start", source, n)
		}
	}
}

// TestPauseEndsWithItsCell checks that a cell that ends without having come to the
// place where it was to stop leaves later cells as fast as they are.
func TestPauseEndsWithItsCell(t *testing.T) {
	d := newStops(&tasks{}, func(string) string { return "" }, func(int, string, any) {}, func(int) {})
	cell, other := newTask(1, "Cell [1]", nil), newTask(2, "Cell [2]", nil)
	d.enter()
	d.pause.Store(cell)
	d.update()
	for _, step := range []struct {
		ends *task
		up   bool
	}{{other, true}, {cell, false}} {
		step.ends.ended.Store(true)
		d.ended(step.ends)
		if got := d.flag.isUp(); got != step.up || (d.pause.Load() != nil) != step.up {
			t.Errorf("after the end of %s places are told: %v, want %v", step.ends.name, got, step.up)
		}
	}
}
