package display

import (
	"fmt"
	"image"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Of returns how v is shown. text/plain is always among it. A method of v that
// panics is named in the text instead of taking the cell with it.
func Of(v any) Bundle {
	switch v := v.(type) {
	case nil:
		return Text("<nil>")
	case Bundle:
		return complete(v)
	case *Bundle:
		if v != nil {
			return complete(*v)
		}
	case string:
		return Text(bounded(v))
	case []byte:
		return sniffed(v)
	case error:
		return Text(bounded(plain(v)))
	}
	if isNil(v) {
		return Text(plain(v))
	}
	b := Bundle{Data: MIMEMap{}}
	var failed []string
	for _, r := range representations {
		if line := try(r.name, func() { r.add(&b, v) }); line != "" {
			failed = append(failed, line)
		}
	}
	if len(b.Data) == 0 && failed == nil && !hasText(v) {
		if line := try("At", func() { shape(&b, v) }); line != "" {
			failed = append(failed, line)
		}
	}
	if _, ok := b.Data[MIMEText].(string); !ok || hasText(v) {
		b.Data[MIMEText] = plain(v)
	}
	if failed != nil {
		b.Data[MIMEText] = strings.Join(append(failed, b.Text()), "\n")
	}
	b.Data[MIMEText] = bounded(b.Text())
	return b
}

// bounded is s without what no person reads in one output. What is printed is
// bounded by the kernel, which keeps all of it in a file.
func bounded(s string) string {
	if len(s) <= maxResult {
		return s
	}
	end := maxResult
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s\n... %d bytes more; fmt.Print writes all of them into a file", s[:end], len(s)-end)
}

// representation adds to a bundle what a value says of itself in one way.
type representation struct {
	name string
	add  func(b *Bundle, v any)
}

// representations are tried in this order: whole bundles first, so that the
// single methods can refine them.
var representations = []representation{
	{"Render", func(b *Bundle, v any) {
		if r, ok := v.(interface{ Render() Data }); ok {
			merge(b, r.Render())
		}
	}},
	{"SimpleRender", func(b *Bundle, v any) {
		if r, ok := v.(interface{ SimpleRender() MIMEMap }); ok {
			merge(b, Bundle{Data: r.SimpleRender()})
		}
	}},
	{"MIMEBundle", func(b *Bundle, v any) {
		switch r := v.(type) {
		case interface{ MIMEBundle() Bundle }:
			merge(b, r.MIMEBundle())
		case interface{ MIMEBundle() map[string]any }:
			merge(b, Bundle{Data: r.MIMEBundle()})
		case interface{ MIMEBundle() map[string]string }:
			for mime, s := range r.MIMEBundle() {
				b.Data[mime] = s
			}
		}
	}},
	{"HTML", func(b *Bundle, v any) {
		if r, ok := v.(interface{ HTML() string }); ok {
			merge(b, HTML(r.HTML()))
		}
	}},
	{"Markdown", func(b *Bundle, v any) {
		if r, ok := v.(interface{ Markdown() string }); ok {
			merge(b, Markdown(r.Markdown()))
		}
	}},
	{"LaTeX", func(b *Bundle, v any) {
		switch r := v.(type) {
		case interface{ LaTeX() string }:
			merge(b, Latex(r.LaTeX()))
		case interface{ Latex() string }:
			merge(b, Latex(r.Latex()))
		}
	}},
	{"SVG", func(b *Bundle, v any) {
		if r, ok := v.(interface{ SVG() string }); ok {
			drawn := SVG(r.SVG())
			if _, has := b.Data[MIMEHTML]; has {
				delete(drawn.Data, MIMEHTML)
			}
			merge(b, drawn)
		}
	}},
	{"PNG", func(b *Bundle, v any) {
		if r, ok := v.(interface{ PNG() []byte }); ok {
			merge(b, PNG(r.PNG()))
		}
	}},
	{"JPEG", func(b *Bundle, v any) {
		if r, ok := v.(interface{ JPEG() []byte }); ok {
			merge(b, JPEG(r.JPEG()))
		}
	}},
	{"PDF", func(b *Bundle, v any) {
		if r, ok := v.(interface{ PDF() []byte }); ok {
			merge(b, PDF(r.PDF()))
		}
	}},
	{"Mermaid", func(b *Bundle, v any) {
		if r, ok := v.(interface{ Mermaid() string }); ok {
			merge(b, Mermaid(r.Mermaid()))
		}
	}},
	{"VegaLite", func(b *Bundle, v any) {
		switch r := v.(type) {
		case interface{ VegaLite() any }:
			merge(b, VegaLite(r.VegaLite()))
		case interface{ VegaLite() string }:
			merge(b, VegaLite(r.VegaLite()))
		}
	}},
	{"JSON", func(b *Bundle, v any) {
		switch r := v.(type) {
		case interface{ JSON() any }:
			merge(b, JSON(r.JSON()))
		case interface{ JSON() map[string]any }:
			merge(b, JSON(r.JSON()))
		}
	}},
	{"JavaScript", func(b *Bundle, v any) {
		if r, ok := v.(interface{ JavaScript() string }); ok {
			merge(b, JavaScript(r.JavaScript()))
		}
	}},
	{"Image", func(b *Bundle, v any) {
		if img, ok := v.(image.Image); ok && len(b.Data) == 0 {
			merge(b, Image(img))
		}
	}},
}

// shape shows a value without methods for the purpose by what it is: a matrix, a
// list of values that show themselves, or a table.
func shape(b *Bundle, v any) {
	for _, of := range []func(any) (Bundle, bool){matrixOf, listOf, tableOf} {
		if shown, ok := of(v); ok {
			*b = shown
			return
		}
	}
}

// maxShown bounds the values of a list that are shown one below the other.
const maxShown = 50

// listOf shows a list of values that all have HTML one below the other.
func listOf(v any) (b Bundle, ok bool) {
	list := reflect.ValueOf(v)
	if !isList(list.Type()) || list.Len() == 0 {
		return b, false
	}
	var markup, text []string
	for i := range min(list.Len(), maxShown) {
		one := list.Index(i)
		if isNilPointer(one) || !one.CanInterface() {
			return b, false
		}
		if _, ok := one.Interface().(interface{ HTML() string }); !ok {
			return b, false
		}
		shown := Of(one.Interface())
		h, ok := shown.Data[MIMEHTML].(string)
		if !ok {
			return b, false
		}
		markup, text = append(markup, "<div>"+h+"</div>"), append(text, shown.Text())
	}
	if cut := list.Len() - maxShown; cut > 0 {
		more := fmt.Sprintf("... %d more", cut)
		markup, text = append(markup, "<div>"+more+"</div>"), append(text, more)
	}
	return Bundle{Data: MIMEMap{MIMEHTML: strings.Join(markup, "\n"), MIMEText: strings.Join(text, "\n")}}, true
}

// merge adds from to b; what b has already stays.
func merge(b *Bundle, from Bundle) {
	for mime, v := range encodeBinary(from).Data {
		if _, has := b.Data[mime]; !has {
			b.Data[mime] = v
		}
	}
	for mime, v := range from.Metadata {
		if b.Metadata == nil {
			b.Metadata = MIMEMap{}
		}
		b.Metadata[mime] = v
	}
	for key, v := range from.Transient {
		if b.Transient == nil {
			b.Transient = MIMEMap{}
		}
		b.Transient[key] = v
	}
}

// complete returns b with binary values encoded and a text/plain.
func complete(b Bundle) Bundle {
	b = encodeBinary(b)
	if _, ok := b.Data[MIMEText]; !ok {
		b.Data[MIMEText] = ""
		for _, mime := range []string{MIMEMarkdown, MIMELatex, MIMEMermaid} {
			if s, ok := b.Data[mime].(string); ok {
				b.Data[MIMEText] = s
				return b
			}
		}
		if s, ok := b.Data[MIMEHTML].(string); ok {
			b.Data[MIMEText] = textOfHTML(s)
		}
	}
	return b
}

// hasText tells whether v says itself what its text is.
func hasText(v any) bool {
	switch v.(type) {
	case fmt.Stringer, error, fmt.Formatter:
		return true
	}
	return false
}

func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface:
		return r.IsNil()
	}
	return false
}

// try runs f and returns a line that names the method where it panicked.
func try(name string, f func()) (failed string) {
	defer func() {
		if r := recover(); r != nil {
			failed = fmt.Sprintf("%s() panicked: %v", name, r)
		}
	}()
	f()
	return ""
}
