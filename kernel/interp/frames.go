package interp

import (
	"go/token"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// frame is one call of a cell's code.
type frame struct {
	function, file string
	line           int
	column         int // 0 where it is not known
}

// framesOf lists the cells' calls on the stack of fr, innermost first, without fr
// itself, which is the deferred function that guards a goroutine.
func framesOf(fr *ixgo.Frame) []frame {
	if fr == nil {
		return nil
	}
	all := fr.CallerFrames()
	guard := slices.IndexFunc(all, func(f runtime.Frame) bool { return strings.HasPrefix(f.File, cellPrefix) })
	return callsIn(fr, all[guard+1:])
}

// callsIn lists those of frames that are cells' calls, found from fr.
func callsIn(fr *ixgo.Frame, frames []runtime.Frame) []frame {
	places := placesOf(*(**ixgo.Interp)(privateField(reflect.ValueOf(fr).Elem(), "interp")))
	var out []frame
	for _, f := range frames {
		out = places.add(out, frame{function: f.Function, file: f.File, line: f.Line}, int(f.PC-f.Entry))
	}
	return out
}

// parseStack reads a stack as ixgo prints it, which is as Go prints it: the
// calls of cells on it, innermost first.
func parseStack(stack []byte, places places) []frame {
	var out []frame
	lines := strings.Split(string(stack), "\n")
	for i := 0; i+1 < len(lines); i++ {
		place, ok := strings.CutPrefix(lines[i+1], "\t")
		if !ok {
			continue
		}
		place, offset, _ := strings.Cut(place, " +0x")
		colon := strings.LastIndex(place, ":")
		if colon < 0 {
			continue
		}
		n, err := strconv.Atoi(place[colon+1:])
		if err != nil {
			continue
		}
		pc, _ := strconv.ParseInt(offset, 16, 32) // none: 0, no column
		out = places.add(out, frame{function: strings.TrimSuffix(lines[i], "()"), file: place[:colon], line: n}, int(pc))
	}
	return out
}

// add appends f unless it is none of a cell, or the same as the last. offset is
// that of its instruction in its function.
func (p places) add(list []frame, f frame, offset int) []frame {
	if !strings.HasPrefix(f.file, cellPrefix) {
		return list
	}
	f.column = p.column(f, offset)
	f.function = plain(strings.TrimPrefix(f.function, "main."))
	switch {
	case f.function == "cell":
		f.function = cellFunction
	case strings.HasPrefix(f.function, "cell."):
		f.function = literalFunction
	}
	if n := len(list); n > 0 && list[n-1].function == f.function && list[n-1].file == f.file && list[n-1].line == f.line {
		return list
	}
	return append(list, f)
}

// places finds the column of an instruction. The engine tells only its line; the
// position of the instruction itself stands in a table of its own.
type places struct {
	functions reflect.Value // map[*ssa.Function]*function, unexported
	positions *token.FileSet
}

// posForPC is what the engine's functions offer.
type posForPC interface{ PosForPC(int) token.Pos }

func placesOf(i *ixgo.Interp) places {
	if i == nil {
		return places{}
	}
	v := reflect.ValueOf(i).Elem()
	ctx := *(**ixgo.Context)(privateField(v, "ctx"))
	return places{v.FieldByName("funcs"), ctx.FileSet}
}

// column is the column of the instruction at offset in f's function, found by its
// name, if that is on f's line. f.function is the name as the engine gives it.
func (p places) column(f frame, offset int) int {
	if !p.functions.IsValid() || offset < 1 {
		return 0
	}
	for it := p.functions.MapRange(); it.Next(); {
		name := (*ssa.Function)(it.Key().UnsafePointer()).Name()
		if !strings.HasSuffix(f.function, "."+strings.ReplaceAll(name, "$", ".func")) {
			continue
		}
		pointer := it.Value()
		function, ok := reflect.NewAt(pointer.Type().Elem(), pointer.UnsafePointer()).Interface().(posForPC)
		if !ok {
			return 0
		}
		if count := pointer.Elem().FieldByName("ssaInstrs").Len(); offset > count {
			continue
		}
		if at := p.positions.Position(function.PosForPC(offset - 1)); at.Filename == f.file && at.Line == f.line {
			return at.Column
		}
	}
	return 0
}

// place gives instruction n, if it has no position, that of the next one in its block.
// The engine cannot tell where a panic of one without is: of a method's receiver that is
// read through a nil pointer, or of a slice that is too short for an array.
func (c *code) place(n int) {
	instr := c.source[n]
	if instr.Pos().IsValid() {
		return
	}
	for _, next := range c.source[n+1:] {
		if next.Block() != instr.Block() {
			return
		}
		if at := next.Pos(); at.IsValid() {
			*(*token.Pos)(privateField(reflect.ValueOf(instr).Elem(), "pos")) = at
			return
		}
	}
}
