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

// TestGophernotes runs the example notebooks of gophernotes, cell by cell. What
// they fetch from the net is served by the test.
func TestGophernotes(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches a module")
	}
	dir := filepath.Join(download(t, gophernotes), "examples")
	before := http.DefaultTransport
	http.DefaultTransport = pictures{}
	defer func() { http.DefaultTransport = before }()
	for name, want := range map[string]struct {
		shown    []string          // MIME types, in the order of the cells that show them
		excluded map[string]string // cells that cannot run, by what they contain
	}{
		"Display.ipynb": {
			shown: []string{display.MIMEHTML, display.MIMEMarkdown, display.MIMELatex, display.MIMEPNG, display.MIMESVG, display.MIMEJPEG,
				display.MIMEPNG, display.MIMEHTML, display.MIMELatex, display.MIMELatex},
			excluded: map[string]string{"gonum.org/v1/plot": "gonum is not bound"},
		},
		"Worker_Pools.ipynb": {},
	} {
		t.Run(name, func(t *testing.T) {
			nb, err := notebooks.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			shown, printed := runNotebook(t, nb, want.excluded)
			for _, mime := range want.shown {
				if len(shown) == 0 || shown[0].Data[mime] == nil {
					t.Fatalf("%s is missing: %d left of what was shown", mime, len(shown))
				}
				shown = shown[1:]
			}
			if len(shown) > 0 {
				t.Errorf("more was shown: %v", shown)
			}
			if name == "Worker_Pools.ipynb" && strings.Count(printed, "processing job") != 9 {
				t.Errorf("printed %q", printed)
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
