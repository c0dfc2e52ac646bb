package display

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	ports := []*port{
		{Name: "web-1", Address: netip.MustParseAddr("10.0.11.3"), Tags: []string{"a", "b"}, Segment: "dc<web>"},
		{Name: "db", secret: 1},
		nil,
	}
	b := Of(ports)
	want := "Name   Address    Tags  in segment\n" +
		"web-1  10.0.11.3  a, b  dc<web>\n" +
		"db\n" +
		"<nil>"
	if b.Text() != want {
		t.Errorf("text\n%s\nwant\n%s", b.Text(), want)
	}
	html := b.Data[MIMEHTML].(string)
	if !strings.Contains(html, ">dc&lt;web&gt;</td>") || strings.Contains(html, "Hidden") || strings.Count(html, "<tr>") != 4 {
		t.Errorf("html %s", html)
	}
	if b := Of([]netip.Addr{netip.MustParseAddr("::1")}); b.Data[MIMEHTML] != nil {
		t.Errorf("values with text of their own became a table: %v", b.Data)
	}
}

type embedded struct{ Zone string }

// TestTables shows one value of each kind that is a table.
func TestTables(t *testing.T) {
	type place struct {
		IP  netip.Addr
		Len int
	}
	type sample struct {
		*embedded
		At    time.Time
		RTT   time.Duration
		Loss  float64
		Err   error
		Where place
		Peer  *place
		Any   any
		More  map[string]int
		Raw   []byte
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC)
	home := place{netip.MustParseAddr("10.0.0.1"), 24}
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"nothing where there is nothing", []sample{{}, {&embedded{"a"}, at, 1500 * time.Microsecond, 0.25, errors.New("no\nroute"), home, &home, 7, map[string]int{"b": 2, "a": 1}, []byte{1, 2}}}, `
Zone  At                          RTT  Loss  Err       Where                    Peer                     Any  More        Raw
                                   0s     0            {IP: , Len: 0}
a     2026-03-04 05:06:07.008Z  1.5ms  0.25  no route  {IP: 10.0.0.1, Len: 24}  {IP: 10.0.0.1, Len: 24}  7    a: 1, b: 2  01 02`},
		{"maps", []map[string]any{{"name": "web", "rx": 12}, {"name": "db", "err": errors.New("down")}, nil}, `
err   name  rx
      web   12
down  db
`},
		{"map of structs", map[int]*place{10: &home, 9: {}, 11: nil}, `
key  IP        Len
  9              0
 10  10.0.0.1   24
 11  <nil>`},
		{"map", map[string]float64{"rx": 1.0 / 3, "tx": 1e20, "drops": 4567}, `
key       value
drops      4567
rx     0.333333
tx        1e+20`},
		{"rows", [][]int{{1, 20}, {300}}, `
  1  20
300`},
		{"decoded JSON", []any{map[string]any{"a": 1.0}, map[string]any{"a": "x", "b": []any{true, false}}}, `
a  b
1
x  true, false`},
		{"interfaces", []any{&embedded{"a"}, &embedded{"b"}}, "\nZone\na\nb"},
		{"wide characters", []embedded{{"日本"}, {"e\u0301"}, {"ascii"}}, "\nZone\n日本\ne\u0301\nascii"},
	} {
		b := Table(c.v)
		if got := "\n" + b.Text(); got != c.want {
			t.Errorf("%s: text%s\nwant%s", c.name, got, c.want)
		}
		if shown := Of(c.v); shown.Data[MIMEHTML] != b.Data[MIMEHTML] || b.Data[MIMEHTML] == nil {
			t.Errorf("%s: a cell's result is shown otherwise than by Table: %v", c.name, shown.Data)
		}
	}
	if got := Of(map[string]int{"b": 2, "a": 1}).Text(); got != `map["a":1 "b":2]` {
		t.Errorf("text of a map: %q", got)
	}
	if got := Table([][]string{{"h"}, {"x", "extra"}}).Text(); got != "h\nx  extra" {
		t.Errorf("rows of text: %q", got)
	}
	for _, v := range []any{[]sample{}, map[string]int{}, [][]int{}, [][]int{{}}, []map[string]int{{}}, [][][]int{{{1}}}, [][]byte{{1}}, []struct{}{{}}, []any{1, 2}, []any{nil}, []any{embedded{}, 1}, []any{embedded{}, nil}, []error{errors.New("x")}} {
		if b := Of(v); b.Data[MIMEHTML] != nil {
			t.Errorf("%T %v became a table", v, v)
		}
	}
}

func TestALargeTableSaysWhatItLeavesOut(t *testing.T) {
	type row struct{ N int }
	rows := make([]row, 10_000)
	for i := range rows {
		rows[i].N = i
	}
	b := Of(rows)
	lines := strings.Split(b.Text(), "\n")
	if len(lines) != maxRows+2 || lines[450] != "  449" && strings.TrimSpace(lines[450]) != "449" || lines[451] != "... 9500 more rows" || strings.TrimSpace(lines[452]) != "9950" || lines[len(lines)-1] != " 9999" && lines[len(lines)-1] != "9999" {
		t.Errorf("%d lines; around the gap %q", len(lines), lines[449:453])
	}
	html := b.Data[MIMEHTML].(string)
	if !strings.Contains(html, "9500 more rows") || !strings.Contains(html, ">10000 rows<") || !strings.Contains(html, "overflow:auto") || strings.Count(html, "<tr>") != maxRows+2 {
		t.Errorf("html of %d rows", strings.Count(html, "<tr>"))
	}
	wide := Of([][]int{make([]int, 130)})
	if !strings.Contains(wide.Data[MIMEHTML].(string), "30 more columns") || strings.Count(wide.Data[MIMEHTML].(string), "<td") != 100 {
		t.Errorf("wide table %v", wide.Data[MIMEHTML])
	}
	long := Of([]embedded{{strings.Repeat("é", 10_000)}}).Data[MIMEHTML].(string)
	if strings.Count(long, "é") != maxCell || strings.Contains(long, "nowrap\">é") {
		t.Error("a long cell is not cut or cannot be broken into lines")
	}
}

// TestTablesAreNotFooled writes what others may have put into names.
func TestTablesAreNotFooled(t *testing.T) {
	html := Of([]embedded{{"<script>alert(1)</script>"}, {"a\u202egnp.exe"}, {"x\x1b[31m"}}).Data[MIMEHTML].(string)
	for _, bad := range []string{"<script", "\u202e", "\x1b"} {
		if strings.Contains(html, bad) {
			t.Errorf("the table holds %q: %s", bad, html)
		}
	}
}

func TestNumbers(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", -17: "-17", 123456789: "123456789", 1e15: "1000000000000000", 1e16: "1e+16", 0.1 + 0.2: "0.3", 1.0 / 3: "0.333333",
		1700000000.255: "1700000000.26", 0.00123456789: "0.00123457", 1e-9: "1e-09", 99.999999: "100", math.Inf(-1): "-Inf", 2.5: "2.5", 12345.678: "12345.68",
	} {
		if got := number(f, 64); got != want {
			t.Errorf("number(%v) = %q, want %q", f, got, want)
		}
	}
	if got := number(math.NaN(), 64); got != "NaN" {
		t.Errorf("NaN is %q", got)
	}
}

// dense is a matrix as gonum's are.
type dense struct{ rows, columns int }

func (d dense) Dims() (rows, columns int) { return d.rows, d.columns }

func (d dense) At(i, j int) float64 {
	if i >= d.rows || j >= d.columns {
		panic("out of range")
	}
	return float64(10*i) + float64(j)/2
}

type complexMatrix struct{}

func (complexMatrix) Dims() (rows, columns int) { return 1, 2 }
func (complexMatrix) At(_, j int) complex128    { return complex(float64(j), -0.5) }

func TestMatrices(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{dense{3, 2}, "⎡   0   0.5⎤\n⎢  10  10.5⎥\n⎣  20  20.5⎦"},
		{&dense{1, 3}, "[  0  0.5    1]"},
		{dense{}, "0 × 0"},
		{dense{0, 4}, "0 × 4"},
		{dense{2, 0}, "2 × 0"},
		{complexMatrix{}, "[0-0.5i  1-0.5i]"},
	} {
		b := Of(c.v)
		if b.Text() != c.want {
			t.Errorf("%v:\n%s\nwant\n%s", c.v, b.Text(), c.want)
		}
		if html, ok := b.Data[MIMEHTML].(string); !ok || !strings.Contains(html, "0") {
			t.Errorf("%v: html %v", c.v, b.Data[MIMEHTML])
		}
	}
	b := Of(dense{1000, 2000})
	lines := strings.Split(b.Text(), "\n")
	if len(lines) != matrixRows+2 || lines[len(lines)-1] != "1000 × 2000" || !strings.Contains(lines[10], "⋱") || !strings.Contains(lines[19], "⋯") || !strings.Contains(lines[20], fmt.Sprint(9990+999.5)) {
		t.Errorf("a large matrix\n%s", b.Text())
	}
	if got := strings.Count(b.Data[MIMEHTML].(string), "<td"); got != (matrixRows+1)*(matrixColumns+1) {
		t.Errorf("a large matrix has %d cells", got)
	}
	type halfMatrix struct{ dense }
	if text := Of(struct{ halfMatrix }{halfMatrix{dense{1, 1}}}).Text(); text != "[0]" {
		t.Errorf("a promoted matrix: %q", text)
	}
}
