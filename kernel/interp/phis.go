package interp

import (
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// phis makes the phis at the head of a block, of which instruction n is the first, one
// instruction. They say what local variables are where control came from a certain
// block, all at once. ixgo v1.1.1 sets one after the other, and a later one reads
// what an earlier one has just set: "a, b = b, a" in a loop made both the same.
func (c *code) phis(n int) {
	first, ok := c.source[n].(*ssa.Phi)
	if !ok || n > 0 && isPhiOf(c.source[n-1], first.Block()) {
		return
	}
	end := n + 1
	for end < len(c.source) && isPhiOf(c.source[end], first.Block()) {
		end++
	}
	if end == n+1 {
		return
	}
	ways := make([]way, len(first.Block().Preds))
	for i, pred := range first.Block().Preds {
		var moves []move
		for _, instr := range c.source[n:end] {
			phi := instr.(*ssa.Phi)
			if !c.known(phi, phi.Edges[i]) {
				return
			}
			moves = append(moves, move{c.slot(phi.Edges[i]), c.slot(phi)})
		}
		ways[i] = way{pred.Index, inOrder(moves)}
	}
	more := end - n - 1
	c.compiled[n] = func(fr *ixgo.Frame) {
		p := unsafe.Pointer(fr)
		from := *(*int)(unsafe.Add(p, framePred))
		for i := range ways {
			if ways[i].from == from {
				ways[i].take(valuesOf(fr))
				break
			}
		}
		*(*int)(unsafe.Add(p, frameNext)) += more
	}
}

func isPhiOf(instr ssa.Instruction, b *ssa.BasicBlock) bool {
	phi, ok := instr.(*ssa.Phi)
	return ok && phi.Block() == b
}

// way is what is to be done where control comes from a block.
type way struct {
	from  int
	moves []move
}

// move sets one slot of a frame to another; either may be aside.
type move struct{ from, to int }

// aside is no slot of the frame, but keeps a value meanwhile.
const aside = -1

func (w *way) take(values []any) {
	var kept any
	for _, m := range w.moves {
		switch {
		case m.to == aside:
			kept = values[m.from]
		case m.from == aside:
			values[m.to] = kept
		default:
			values[m.to] = values[m.from]
		}
	}
}

// inOrder are moves that one after the other do what the given ones mean at once.
func inOrder(moves []move) []move {
	var open, out []move
	reads := map[int]int{}
	for _, m := range moves {
		if m.from != m.to {
			open = append(open, m)
			reads[m.from]++
		}
	}
	for len(open) > 0 {
		rest := open[:0:0]
		for _, m := range open {
			if reads[m.to] > 0 {
				rest = append(rest, m)
				continue
			}
			out = append(out, m)
			reads[m.from]--
		}
		if len(rest) == len(open) { // in circles: what the first sets goes aside for who reads it
			at := rest[0].to
			out = append(out, move{at, aside})
			for i := range rest {
				if rest[i].from == at {
					rest[i].from = aside
				}
			}
			reads[at] = 0
		}
		open = rest
	}
	return out
}
