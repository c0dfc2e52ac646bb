package symbols_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/kernel/display"
	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/notebooks"
)

// gophernotes is the module whose example notebooks must run here. Its own
// dependencies are not needed, and it is no dependency of ours.
const gophernotes = "github.com/gopherdata/gophernotes@v0.7.5"

// example is what a notebook of gophernotes does here.
type example struct {
	shown    []string          // MIME types, in the order of the cells that show them
	printed  func(string) bool // judges all that was printed
	excluded map[string]string // why cells cannot run, by what they contain
}

// examples are all the notebooks in gophernotes' folder of that name.
var examples = map[string]example{
	"Display.ipynb": {
		shown: []string{display.MIMEHTML, display.MIMEMarkdown, display.MIMELatex, display.MIMEPNG, display.MIMESVG, display.MIMEJPEG,
			display.MIMEPNG, display.MIMEHTML, display.MIMELatex, display.MIMELatex},
		excluded: map[string]string{"gonum.org/v1/plot": "gonum.org/v1/plot is not bound"},
	},
	"Worker_Pools.ipynb": {
		printed: func(text string) bool { return strings.Count(text, "processing job") == 9 },
	},
	"Matrix_Operations.ipynb": {
		printed: func(text string) bool {
			return text == "\na = "+matrix("    ", "⎡1  2  3⎤", "⎢0  4  5⎥", "⎣0  0  6⎦")+
				"b = "+matrix("    ", "⎡ 8   9  10⎤", "⎢ 1   4   2⎥", "⎣ 9   0   2⎦")+
				"d = a + b = "+matrix("            ", "⎡ 9  11  13⎤", "⎢ 1   8   7⎥", "⎣ 9   0   8⎦")+
				"f = a c = "+matrix("          ", "⎡ 5  34⎤", "⎢ 4  56⎥", "⎣ 0  48⎦")+
				"g = a^5 = "+matrix("          ", "⎡        1        682  1.074e+04⎤", "⎢        0       1024  1.688e+04⎥", "⎣        0          0       7776⎦")+
				"h = sqrt(a) = "+matrix("              ", "⎡    1  1.414  1.732⎤", "⎢    0      2  2.236⎥", "⎣    0      0  2.449⎦")
		},
	},
	// Every cell but the first uses what the first imports, and a server beside it.
	"Facial_Recognition_MachineBox.ipynb": {excluded: map[string]string{"": "github.com/machinebox/sdk-go/facebox is not bound, and its server is not there"}},
}

// matrix is a matrix as the notebook prints it, with the lines after the first indented.
func matrix(indent string, lines ...string) string {
	return strings.Join(lines, "\n"+indent) + "\n\n"
}

// TestGophernotes runs the example notebooks of gophernotes, cell by cell. What
// they fetch from the net is served by the test.
func TestGophernotes(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches a module")
	}
	found, err := filepath.Glob(filepath.Join(download(t, gophernotes), "examples", "*.ipynb"))
	if err != nil || len(found) != len(examples) {
		t.Fatalf("%d notebooks, want %d: %v, %v", len(found), len(examples), found, err)
	}
	before := http.DefaultTransport
	http.DefaultTransport = pictures{}
	defer func() { http.DefaultTransport = before }()
	for _, file := range found {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, ok := examples[filepath.Base(file)]
			if !ok {
				t.Fatal("nothing is known of this notebook")
			}
			nb, err := notebooks.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			shown, printed := runNotebook(t, nb, want.excluded)
			var mimes []string
			for i, b := range shown {
				if i < len(want.shown) && b.Data[want.shown[i]] != nil {
					mimes = append(mimes, want.shown[i])
				} else {
					mimes = append(mimes, b.Text())
				}
			}
			if !slices.Equal(mimes, want.shown) {
				t.Errorf("shown %q, want %q", mimes, want.shown)
			}
			if want.printed != nil && !want.printed(printed) {
				t.Errorf("printed\n%s", printed)
			}
		})
	}
}

// runNotebook runs the code cells and returns the displays and results, and what
// was printed.
func runNotebook(t *testing.T, nb notebooks.Notebook, excluded map[string]string) (shown []display.Bundle, printed string) {
	e, s := newEngine(t)
	seen := 0
	for i, c := range nb.Cells {
		if c.Type != notebooks.Code {
			continue
		}
		source := c.Source
		reason := ""
		for part, why := range excluded {
			if strings.Contains(source, part) {
				reason = why
			}
		}
		if reason != "" {
			t.Logf("cell %d is left out: %s", i, reason)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		out := e.Execute(ctx, engine.Cell{Number: i + 1, Source: source})
		cancel()
		if out.Failure != nil {
			t.Fatalf("cell %d failed:\n%s\n--- source\n%s", i, strings.Join(out.Failure.Traceback, "\n"), source)
		}
		s.mu.Lock()
		for ; seen < len(s.events); seen++ {
			if d := s.events[seen].Display; d != nil {
				shown = append(shown, d.Bundle)
			}
			if p := s.events[seen].Stream; p != nil && p.Name == "stderr" {
				t.Errorf("cell %d wrote on standard error: %s", i, p.Text)
			}
		}
		s.mu.Unlock()
		if out.Result != nil {
			shown = append(shown, *out.Result)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range s.events {
		if ev.Stream != nil {
			printed += ev.Stream.Text
		}
	}
	return shown, printed
}

// download fetches a module and returns its folder.
func download(t *testing.T, module string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module probe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	text, err := cmd.Output()
	var found struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(text, &found); jsonErr != nil || err != nil || found.Dir == "" {
		t.Fatalf("this test needs the module %s, and `go mod download` could not get it: %v %s", module, err, found.Error)
	}
	return found.Dir
}

// pictures answers every request with a picture of the kind that it asks for.
type pictures struct{}

func (pictures) RoundTrip(r *http.Request) (*http.Response, error) {
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	img.Set(1, 1, color.White)
	var body bytes.Buffer
	var err error
	switch filepath.Ext(r.URL.Path) {
	case ".png":
		err = png.Encode(&body, img)
	case ".jpg":
		err = jpeg.Encode(&body, img, nil)
	default:
		body.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><title>logo</title></svg>`)
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
		Body: io.NopCloser(&body), ContentLength: int64(body.Len())}, err
}
