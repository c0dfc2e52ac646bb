package display

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type port struct {
	Name    string
	Address netip.Addr
	Tags    []string
	Hidden  string `table:"-"`
	Segment string `table:"in segment"`
	secret  int
}

type card struct{ name string }

func (c card) HTML() string     { return "<b>" + c.name + "</b>" }
func (c card) Markdown() string { return "**" + c.name + "**" }
func (c card) String() string   { return "card " + c.name }

type drawing struct{}

func (drawing) SVG() string {
	return `<svg xmlns="http://www.w3.org/2000/svg"><title>two &amp; three</title></svg>`
}

type broken struct{ N int }

func (broken) HTML() string { panic("no wire") }

type pointed struct{}

func (p *pointed) HTML() string { return "ok" }

type bundled struct{}

func (bundled) MIMEBundle() map[string]any {
	return map[string]any{MIMEPNG: []byte{1, 2}, MIMEMarkdown: "*m*"}
}

type old struct{}

func (old) Render() Data { return Data{Data: MIMEMap{MIMETypeLatex: "$x$"}} }

type simple struct{}

func (simple) SimpleRender() MIMEMap { return MIMEMap{MIMETypeHTML: "<i>i</i>"} }

func TestOfText(t *testing.T) {
	n := 5
	type pair struct{ A, B int }
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "<nil>"}, {42, "42"}, {"text\n", "text\n"}, {true, "true"}, {2.5, "2.5"},
		{errors.New("no route"), "no route"}, {netip.MustParseAddr("10.0.0.1"), "10.0.0.1"},
		{[]int{1, 2}, "[1 2]"}, {map[string]int{"b": 2, "a": 1}, `map["a":1 "b":2]`},
		{pair{1, 2}, "display.pair{A: 1, B: 2}"}, {&pair{1, 2}, "&display.pair{A: 1, B: 2}"},
		{&n, "&5"}, {(*int)(nil), "<nil>"}, {[]error{errors.New("x"), nil}, "[x <nil>]"},
		{[]byte("abc"), `[]byte("abc")`}, {[]byte{0xff, 0}, "2 bytes\n00000000  ff 00                                             |..|"}, {time.Second, "1s"},
		{card{"a"}, "card a"}, {drawing{}, "two & three"}, {(*card)(nil), "<nil>"},
		{struct{ P *pair }{&pair{3, 4}}, "struct { P *display.pair }{P: &display.pair{A: 3, B: 4}}"},
		{json.RawMessage(`{"a":1}`), `{"a":1}`},
	} {
		if got := Of(c.v).Text(); got != c.want {
			t.Errorf("Of(%#v): %q, want %q", c.v, got, c.want)
		}
	}
}

func TestOfASelfReference(t *testing.T) {
	type ring struct{ Next *ring }
	r := &ring{}
	r.Next = r
	if text := Of(r).Text(); !strings.Contains(text, "...") || len(text) > 1000 {
		t.Errorf("text %q", text)
	}
}

func TestOfMIMETypes(t *testing.T) {
	for _, c := range []struct {
		v    any
		want []string
	}{
		{card{"a"}, []string{MIMEHTML, MIMEMarkdown, MIMEText}},
		{drawing{}, []string{MIMESVG, MIMEHTML, MIMEText}},
		{&pointed{}, []string{MIMEHTML, MIMEText}},
		{bundled{}, []string{MIMEPNG, MIMEMarkdown, MIMEText}},
		{old{}, []string{MIMELatex, MIMEText}},
		{simple{}, []string{MIMEHTML, MIMEText}},
		{image.NewGray(image.Rect(0, 0, 3, 2)), []string{MIMEPNG, MIMEText}},
		{Image(image.NewGray(image.Rect(0, 0, 1, 1))).Data[MIMEPNG], []string{MIMEText}},
		{[]port{{}}, []string{MIMEHTML, MIMEText}},
		{7, []string{MIMEText}},
		{Math("x"), []string{MIMELatex, MIMEText}},
		{Bundle{Data: MIMEMap{MIMEHTML: "<p>a</p><p>b</p>"}}, []string{MIMEHTML, MIMEText}},
		{Mermaid("graph TD"), []string{MIMEMermaid, MIMEText}},
		{VegaLite(`{"mark":"bar"}`), []string{MIMEVegaLite, MIMEText}},
		{JSON([]int{1}), []string{MIMEJSON, MIMEText}},
		{JSON(func() {}), []string{MIMEText}},
		{VegaLite("{"), []string{MIMEText}},
	} {
		b := Of(c.v)
		var got []string
		for mime := range b.Data {
			got = append(got, mime)
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(c.want))
		if !slices.Equal(got, want) {
			t.Errorf("Of(%T): %v, want %v", c.v, got, want)
		}
		if _, err := json.Marshal(b.Data); err != nil {
			t.Errorf("Of(%T) has no JSON form: %v", c.v, err)
		}
	}
}

func TestOfPNGBytes(t *testing.T) {
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	b := Of(buf.Bytes())
	if b.Data[MIMEPNG] != base64.StdEncoding.EncodeToString(buf.Bytes()) {
		t.Errorf("bundle %v", b.Data)
	}
	path := filepath.Join(t.TempDir(), "x.png")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if File("", path).Data[MIMEPNG] != b.Data[MIMEPNG] || File(MIMEPNG, path).Data[MIMEPNG] != b.Data[MIMEPNG] {
		t.Error("the file is shown differently")
	}
}

func TestAPanickingMethodIsNamed(t *testing.T) {
	b := Of(broken{3})
	if want := "HTML() panicked: no wire\ndisplay.broken{N: 3}"; b.Text() != want || b.Data[MIMEHTML] != nil {
		t.Errorf("bundle %v, want text %q", b.Data, want)
	}
}

func TestSVGNeedsNoTrust(t *testing.T) {
	html, _ := Of(drawing{}).Data[MIMEHTML].(string)
	_, data, ok := strings.Cut(html, "base64,")
	data, _, _ = strings.Cut(data, `"`)
	svg, err := base64.StdEncoding.DecodeString(data)
	if !ok || err != nil || string(svg) != (drawing{}).SVG() || !strings.Contains(html, `alt="two &amp; three"`) {
		t.Errorf("html %q, error %v", html, err)
	}
	if b := SVG("<svg>" + strings.Repeat(" ", inlineSVG)); b.Data[MIMESVG] != nil {
		t.Error("a large drawing is sent twice")
	}
}

type photo []byte

func (p photo) PNG() []byte { return p }

// TestPicturesCanBeSeen checks that drawings and pictures that may be transparent
// are given a light ground, since dark themes have none.
func TestPicturesCanBeSeen(t *testing.T) {
	encoded := func(img image.Image) []byte {
		var buf bytes.Buffer
		if err := png.Encode(&buf, img); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	clear, solid := image.NewNRGBA(image.Rect(0, 0, 2, 2)), image.NewGray(image.Rect(0, 0, 2, 2))
	paletted := func(c ...color.Color) image.Image { return image.NewPaletted(image.Rect(0, 0, 2, 2), c) }
	for name, c := range map[string]struct {
		b    Bundle
		want any
	}{
		"transparent image":   {Of(clear), "light"},
		"solid image":         {Of(solid), nil},
		"transparent PNG":     {PNG(encoded(clear)), "light"},
		"solid PNG":           {PNG(encoded(solid)), nil},
		"transparent palette": {PNG(encoded(paletted(color.Transparent, color.White))), "light"},
		"solid palette":       {PNG(encoded(paletted(color.Black, color.White))), nil},
		"no PNG":              {PNG([]byte("no PNG")), nil},
		"PNG as a result":     {Of(encoded(clear)), "light"},
		"method":              {Of(photo(encoded(clear))), "light"},
	} {
		if c.b.Metadata["needs_background"] != c.want {
			t.Errorf("%s: metadata %v, want needs_background %v", name, c.b.Metadata, c.want)
		}
	}
	if html := SVG("<svg/>").Data[MIMEHTML].(string); !strings.Contains(html, "background-color:#ffffff") {
		t.Errorf("a drawing has no ground: %s", html)
	}
}

func TestWhatCannotBeShownSaysWhy(t *testing.T) {
	for want, b := range map[string]Bundle{
		"cannot show as application/vnd.vegalite.v5+json: the text is not JSON: unexpected end of JSON input": VegaLite("{"),
		"cannot show as application/json: json: unsupported type: func()":                                     JSON(func() {}),
		"image 0x3": Of(image.NewGray(image.Rect(0, 0, 0, 3))),
	} {
		if len(b.Data) != 1 || b.Text() != want {
			t.Errorf("%v, want %q", b.Data, want)
		}
	}
}

func TestAListOfValuesThatShowThemselves(t *testing.T) {
	for _, v := range []any{[]card{{"a"}, {"b"}}, []any{card{"a"}, &card{"b"}}} {
		b := Of(v)
		if html, want := b.Data[MIMEHTML], "<div><b>a</b></div>\n<div><b>b</b></div>"; html != want || b.Text() != "card a\ncard b" {
			t.Errorf("%T: %v", v, b.Data)
		}
	}
	if b := Of(make([]card, maxShown+7)); !strings.HasSuffix(b.Text(), "\n... 7 more") || strings.Count(b.Data[MIMEHTML].(string), "<b>") != maxShown {
		t.Errorf("a long list: %v", b.Data)
	}
	for _, v := range []any{[]any{card{"a"}, 1}, []*card{nil}, []card{}} {
		if b := Of(v); b.Data[MIMEHTML] != nil {
			t.Errorf("%T %v: %v", v, v, b.Data)
		}
	}
	if b := Of([]broken{{1}}); b.Text() != "N\n1" {
		t.Errorf("a list of values that panic: %q, want the table of their fields", b.Text())
	}
}

func TestSmallTreesAreOpen(t *testing.T) {
	if JSON(map[string]int{"a": 1}).Metadata[MIMEJSON] == nil || JSON(make([]int, 100)).Metadata[MIMEJSON] != nil {
		t.Error("a small tree is folded, or a large one open")
	}
}

// published installs a publisher for one test.
func published(t *testing.T) (all func() []Publication) {
	var mu sync.Mutex
	var got []Publication
	before := SetPublisher(func(p Publication) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, p)
	})
	t.Cleanup(func() { SetPublisher(before) })
	return func() []Publication {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func TestShowAndUpdate(t *testing.T) {
	all := published(t)
	h := Show(1)
	h.Update(2)
	Show(3)
	Clear(true)
	got := all()
	if len(got) != 4 || got[0].ID == "" || got[1].ID != got[0].ID || !got[1].Update || got[0].Update ||
		got[1].Bundle.Text() != "2" || got[2].ID == got[0].ID || !got[3].Clear || !got[3].Wait {
		t.Errorf("published %+v", got)
	}
}

func TestProgressIsToldTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := published(t)
		p := NewProgress(1000, "nodes <all>")
		for range 999 {
			p.Add(1)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second) // the last state comes by itself
		if last := all()[len(all())-1].Bundle.Text(); !strings.HasSuffix(last, "999 of 1000") {
			t.Errorf("last state %q", last)
		}
		if n := len(all()); n < 8 || n > 12 {
			t.Errorf("%d publications in a second", n)
		}
		p.Note("node %d", 7)
		p.Add(1)
		p.Done()
		p.Add(5)
		last := all()[len(all())-1].Bundle
		if !strings.HasSuffix(last.Text(), "1000 of 1000, node 7") || !strings.Contains(last.Data[MIMEHTML].(string), "&lt;all&gt;") {
			t.Errorf("at the end %q", last.Data)
		}
		time.Sleep(time.Second)
	})
}

// TestProgressAsText checks that a bar without a front end does not fill the
// screen with lines.
func TestProgressAsText(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = stdout }()
	synctest.Test(t, func(*testing.T) {
		p := NewProgress(100, "nodes")
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			p.Add(1)
		}
		p.Done()
	})
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 3 || len(lines) > 4 || !strings.HasSuffix(lines[0], " 0 of 100") || !strings.HasSuffix(lines[len(lines)-1], "100 of 100") {
		t.Errorf("printed\n%s", text)
	}
}

func TestInputWithAndWithoutAnAsker(t *testing.T) {
	t.Cleanup(func() { SetAsker(nil) })
	SetAsker(func(prompt string, password bool) (string, error) {
		if password {
			return "hidden " + prompt, nil
		}
		return "seen " + prompt, nil
	})
	if got, err := Input("a"); got != "seen a" || err != nil {
		t.Errorf("Input: %q, %v", got, err)
	}
	if got, err := Password("b"); got != "hidden b" || err != nil {
		t.Errorf("Password: %q, %v", got, err)
	}
	SetAsker(nil)
	if _, err := Password("c"); err == nil {
		t.Error("a password was asked on a terminal that shows it")
	}
}

func TestTextOfHTML(t *testing.T) {
	got := HTML("<style>x{}</style><h1>A &amp; B</h1><table><tr><td>1</td><td>2</td></tr></table><p>end").Text()
	if want := "A & B\n1  2  \nend"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}
