package interp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
)

// writers are ways to write a line to standard output, past fmt.Println.
var writers = []string{
	`fmt.Fprintln(os.Stdout, "line")`,
	`os.Stdout.WriteString("line\n")`,
	`os.Stdout.Write([]byte("line\n"))`,
	`write := os.Stdout.WriteString; write("line\n")`,
	`io.WriteString(os.Stdout, "line\n")`,
	`io.Copy(os.Stdout, strings.NewReader("line\n"))`,
	`os.Stdout.ReadFrom(strings.NewReader("line\n"))`,
	`log.New(os.Stdout, "", 0).Println("line")`,
	`w := bufio.NewWriter(os.Stdout); fmt.Fprintln(w, "line"); w.Flush()`,
	`tw := tabwriter.NewWriter(os.Stdout, 0, 8, 1, ' ', 0); fmt.Fprintln(tw, "line"); tw.Flush()`,
	"template.Must(template.New(``).Parse(\"{{.}}\\n\")).Execute(os.Stdout, `line`)",
	`cmd := exec.Command("echo", "line"); cmd.Stdout = os.Stdout; cmd.Run()`,
	`io.MultiWriter(os.Stdout, io.Discard).Write([]byte("line\n"))`,
	`generic(os.Stdout)`,
}

// TestStandardFilesBelongToTheirCell lets a goroutine of an earlier cell write while
// a later one runs.
func TestStandardFilesBelongToTheirCell(t *testing.T) {
	for _, writer := range writers {
		s := newSession(t)
		s.ok(`import ("bufio"; "fmt"; "io"; "log"; "os"; "os/exec"; "strings"; "text/tabwriter"; "text/template")
gate := make(chan bool)
func generic[W io.Writer](w W) { w.Write([]byte("li")); fmt.Fprintln(w, "ne") }`)
		s.ok(`go func() { <-gate; fmt.Println("before"); ` + writer + `; fmt.Println("after"); gate <- true }()`)
		s.ok(`gate <- true; <-gate; ` + writer)
		if got := s.sink.text(2, "stdout"); got != "before\nline\nafter\n" {
			t.Errorf("%s: the cell that started the goroutine got %q", writer, got)
		}
		if got := s.sink.text(3, "stdout"); got != "line\n" {
			t.Errorf("%s: the running cell got %q", writer, got)
		}
	}
}

// TestCallbacksBelongToTheirCell has compiled code call a function of an earlier
// cell on a goroutine that no cell started.
func TestCallbacksBelongToTheirCell(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "os"; "time")
fired, gate := make(chan bool), make(chan bool)
time.AfterFunc(0, func() { <-gate; fmt.Println("timer"); fmt.Fprintln(os.Stdout, "file"); os.Stdout.WriteString("method\n"); fired <- true })`)
	s.ok(`gate <- true; <-fired`)
	if got := s.sink.text(1, "stdout"); got != "timer\nfile\nmethod\n" {
		t.Errorf("the timer's cell got %q, the other %q", got, s.sink.text(2, "stdout"))
	}
}

// TestStandardFilesStayFiles checks what else programs do with the files.
func TestStandardFilesStayFiles(t *testing.T) {
	s := newSession(t)
	s.ok(`import ("fmt"; "io"; "os")
var w io.Writer = os.Stdout`)
	if got := s.ok(`f, isFile := w.(*os.File)
_, hasFd := w.(interface{ Fd() uintptr })
isFile, f == os.Stdout, hasFd`); got != "true true true" {
		t.Errorf("as an interface: %s", got)
	}
	s.ok(`switch x := w.(type) { case *os.File: fmt.Fprintln(x, "a file") }`)
	if got := s.sink.text(3, "stdout"); got != "a file\n" {
		t.Errorf("a switch of types: %q", got)
	}
	if got := s.ok(`kept := os.Stdout
r, pipe, _ := os.Pipe()
os.Stdout = pipe
fmt.Println("caught")
fmt.Fprintln(os.Stdout, "too")
os.Stdout = kept
pipe.Close()
text, _ := io.ReadAll(r)
string(text)`); got != "caught\ntoo\n" {
		t.Errorf("caught %q", got)
	}
	s.ok(`fmt.Print("a"); fmt.Fprint(os.Stdout, "b"); fmt.Fprint(os.Stderr, "c"); fmt.Print("d")`)
	if out, err := s.sink.text(5, "stdout"), s.sink.text(5, "stderr"); out != "abd" || err != "c" {
		t.Errorf("printed %q and %q", out, err)
	}
	s.ok(`p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "echo from a process"}, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
if err != nil { panic(err) }
p.Wait()
fmt.Println("and then")`)
	if got := s.sink.text(6, "stdout"); got != "from a process\nand then\n" {
		t.Errorf("a process printed %q", got)
	}
}

// TestStandardInputAsks reads lines in the ways of programs.
func TestStandardInputAsks(t *testing.T) {
	for _, read := range []string{
		`sc := bufio.NewScanner(os.Stdin); sc.Scan(); sc.Text()`,
		`line, _ := bufio.NewReader(os.Stdin).ReadString('\n'); strings.TrimSpace(line)`,
		`var line string; fmt.Fscan(os.Stdin, &line); line`,
		`buf := make([]byte, 9); n, _ := os.Stdin.Read(buf); strings.TrimSpace(string(buf[:n]))`,
	} {
		s := newSession(t)
		s.sink.answer = "answer"
		out := s.engine.Execute(context.Background(), engine.Cell{Number: 1, Stdin: true, Source: `import ("bufio"; "fmt"; "os"; "strings")
` + strings.ReplaceAll(read, "; ", "\n")})
		if out.Failure != nil || out.Result == nil || out.Result.Text() != "answer" {
			t.Errorf("%s: %+v", read, out)
		}
	}
}
