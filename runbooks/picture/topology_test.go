package picture

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

var update = flag.Bool("update", false, "write golden files")

// fabric is n nodes that share out ports of so many segments, with routers and
// gateways.
func fabric(nodes, segments, ports, routers, gateways int) (netlib.Fabric, []api.NodeStatus) {
	f := netlib.Fabric{Revision: 7, ASN: netlib.DefaultASN}
	var states []api.NodeStatus
	for i := range nodes {
		n := netlib.Node{Name: fmt.Sprintf("node-%d", i+1), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})}
		f.Nodes = append(f.Nodes, n)
		states = append(states, api.NodeStatus{Name: n.Name, Up: i%17 != 4, Revision: 7 - uint64(i%11/10)})
	}
	for i := range segments {
		f.Segments = append(f.Segments, netlib.Segment{Name: fmt.Sprintf("segment-%02d", i+1), ID: uint32(i + 1), Subnets: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)}})
	}
	for i := range ports {
		f.Ports = append(f.Ports, netlib.Port{Name: fmt.Sprintf("workload-%03d", i+1), Segment: f.Segments[i%segments].Name, Node: f.Nodes[i*7%nodes].Name,
			Address: netip.AddrFrom4([4]byte{10, 0, byte(i % segments), byte(3 + i/segments)}), Label: uint32(16 + i)})
	}
	target := netlib.RouteTarget{ASN: 64512, Number: 201}
	for i := range routers {
		r := netlib.Router{Name: fmt.Sprintf("router-%d", i+1), Targets: []netlib.RouteTarget{target}}
		for j := i; j < segments; j += i + 1 {
			r.Segments = append(r.Segments, f.Segments[j].Name)
		}
		f.Routers = append(f.Routers, r)
	}
	for i := range gateways {
		f.Gateways = append(f.Gateways, netlib.Gateway{Name: fmt.Sprintf("gateway-%d", i+1), Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(254 - i)}), Static: []netlib.StaticRoute{
			{Name: "outside", Prefix: netip.MustParsePrefix("172.31.0.0/16"), Label: 299776, Targets: []netlib.RouteTarget{target}}}})
	}
	return f, states
}

var sizes = []struct {
	name                                      string
	nodes, segments, ports, routers, gateways int
}{
	{"empty", 0, 0, 0, 0, 0},
	{"one", 1, 1, 1, 0, 0},
	{"two", 2, 4, 9, 2, 2},
	{"four", 4, 5, 14, 1, 1},
	{"busy", 3, 4, 60, 1, 0},
	{"eight", 8, 4, 20, 2, 1},
	{"thirty", 30, 14, 200, 6, 5},
	{"crowd", 250, 9, 3000, 1, 1},
}

func TestTopologyGolden(t *testing.T) {
	for _, c := range sizes {
		f, states := fabric(c.nodes, c.segments, c.ports, c.routers, c.gateways)
		got := Topology(f, states, 7)
		if again := Topology(f, states, 7); again != got {
			t.Errorf("%s: drawn twice, the bytes differ", c.name)
		}
		path := filepath.Join("testdata", c.name+".svg")
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the drawing has changed; run with -update and look at it", path)
		}
	}
}

// TestTopologyStaysOnItsGround parses the drawings of many sizes and finds
// nothing beyond the edge, no negative size, and each node up to 30 by name.
func TestTopologyStaysOnItsGround(t *testing.T) {
	for _, nodes := range []int{0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 21, 30, 31, 50} {
		for _, ports := range []int{0, 1, nodes, 5 * nodes} {
			for _, gateways := range []int{0, 1, 6} {
				if nodes == 0 && ports > 0 {
					continue
				}
				f, states := fabric(nodes, 1+nodes%16, ports, nodes%7, gateways)
				svg := Topology(f, states, 7)
				onGround(t, fmt.Sprintf("%d nodes, %d ports, %d gateways", nodes, ports, gateways), svg)
				if nodes > gridNodes {
					continue
				}
				for _, n := range f.Nodes {
					if !strings.Contains(svg, ">"+n.Name+"<") {
						t.Errorf("%d nodes: %s is not in the drawing", nodes, n.Name)
					}
				}
			}
		}
	}
}

func onGround(t *testing.T, what, svg string) {
	t.Helper()
	var w, h int
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: not XML: %v", what, err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		at := map[string]int{}
		for _, a := range e.Attr {
			if n, err := strconv.Atoi(a.Value); err == nil {
				at[a.Name.Local] = n
			}
		}
		if e.Name.Local == "svg" {
			w, h = at["width"], at["height"]
		}
		for _, x := range []int{at["x"] + at["width"], at["x1"], at["x2"], at["cx"]} {
			if x < 0 || x > w {
				t.Errorf("%s: %v reaches x %d of %d", what, e, x, w)
			}
		}
		for _, y := range []int{at["y"] + at["height"], at["y1"], at["y2"], at["cy"]} {
			if y < 0 || y > h {
				t.Errorf("%s: %v reaches y %d of %d", what, e, y, h)
			}
		}
		if at["width"] < 0 || at["height"] < 0 {
			t.Errorf("%s: %v has a negative size", what, e)
		}
	}
}

// TestTopologyEscapesNames draws hostile names; parsing finds no element and no
// attribute that the package does not draw itself.
func TestTopologyEscapesNames(t *testing.T) {
	const evil = `"><script>alert(1)</script><image href='x' onerror=evil()>&amp;` + "\x00\u202e"
	f, states := fabric(3, 2, 6, 1, 1)
	f.Nodes[0].Name, states[0].Name, f.Ports[0].Node = evil, evil, evil
	f.Segments[0].Name, f.Ports[0].Segment, f.Ports[0].Name = evil, evil, evil
	f.Routers[0].Name, f.Routers[0].Segments = evil, []string{evil}
	f.Gateways[0].Name, f.Gateways[0].Static[0].Name = evil, evil
	for _, count := range []int{0, 10, 40} {
		for i := range count {
			f.Nodes = append(f.Nodes, netlib.Node{Name: evil + strconv.Itoa(i)})
		}
		dec := xml.NewDecoder(strings.NewReader(Topology(f, states, 7)))
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("not XML: %v", err)
			}
			switch e := tok.(type) {
			case xml.StartElement:
				if !strings.Contains(" svg title rect line path circle text ", " "+e.Name.Local+" ") {
					t.Errorf("a name became element %s", e.Name.Local)
				}
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Name.Local, "on") || strings.HasSuffix(a.Name.Local, "href") {
						t.Errorf("a name became attribute %s", a.Name.Local)
					}
				}
			case xml.CharData:
				if strings.ContainsAny(string(e), "\x00\u202e") {
					t.Errorf("a control character got through: %q", e)
				}
			}
		}
	}
}
