package verify

import (
	"fmt"
	"time"

	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/compile"
)

// MaxCells is the largest matrix that is computed: 500 names and one protocol.
const MaxCells = 250_000

// Matrix tells who reaches whom, for each ordered pair and protocol. Without
// names it holds every port and every host behind a gateway that has an address.
// Without protocols it is for ICMP. A workload reaches itself.
func Matrix(c *compile.Compiled, req api.MatrixRequest) (api.Matrix, error) {
	start := time.Now()
	m := api.Matrix{Names: req.Names, Protos: req.Protos}
	if len(m.Protos) == 0 {
		m.Protos = []string{"icmp"}
	}
	ends, err := matrixEnds(c, req.Names)
	if err != nil {
		return api.Matrix{}, err
	}
	if n := len(ends) * len(ends) * len(m.Protos); n > MaxCells {
		return api.Matrix{}, problem("names", fmt.Sprintf("%d names and %d protocols make %d cells", len(ends), len(m.Protos), n),
			fmt.Sprintf("choose names: at most %d cells are computed", MaxCells))
	}
	var protos []flow
	for i, p := range m.Protos {
		proto, port, err := ParseProto(p)
		if err != nil {
			return api.Matrix{}, problem(fmt.Sprintf("protos[%d]", i), err.Error(), "use icmp, or tcp or udp with a port: tcp/22")
		}
		protos = append(protos, flow{proto: proto, port: port})
	}
	w := newWalker(c)
	m.Names = make([]string, len(ends))
	m.Cells = make([]api.Cell, 0, len(ends)*len(ends)*len(protos))
	for i, from := range ends {
		m.Names[i] = from.name
		for _, to := range ends {
			for k, p := range protos {
				allowed := w.reach(from, to, p.proto, p.port)
				m.Cells = append(m.Cells, api.Cell{From: from.name, To: to.name, Proto: m.Protos[k], Allowed: allowed, Reason: w.reason()})
			}
		}
	}
	m.Took = time.Since(start)
	return m, nil
}

// Elsewhere reports whether packets that one port or gateway host sends to the
// address of another are led to something else that has the same address: an
// answer is then not the answer of the one that was meant. Segments that import
// each other one way only can have such addresses.
func Elsewhere(c *compile.Compiled, from, to string) bool {
	w := newWalker(c)
	src, known := find(c, from)
	dst, ok := find(c, to)
	at, placed := w.site(src)
	if !known || !ok || !placed || !dst.addr.IsValid() {
		return false
	}
	if at.owns(dst.addr) || src.addr == dst.addr && src != dst {
		return true
	}
	far, ok := w.forward(at, dst.addr)
	return ok && (far.port.Name != dst.port || far.state.Node != dst.node)
}

func matrixEnds(c *compile.Compiled, names []string) ([]endpoint, error) {
	var ends []endpoint
	if len(names) == 0 {
		for _, e := range endpoints(c.Fabric()) {
			if e.addr.IsValid() {
				ends = append(ends, e)
			}
		}
		return ends, nil
	}
	for i, name := range names {
		e, err := source(c, fmt.Sprintf("names[%d]", i), name)
		if err != nil {
			return nil, err
		}
		ends = append(ends, e)
	}
	return ends, nil
}
