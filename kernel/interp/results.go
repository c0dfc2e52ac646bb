package interp

import (
	"reflect"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// ixgo v1.1.1 hands out several results of a function as a part of the function's frame,
// and keeps that frame for the next call. Another goroutine that called the function then
// set the results anew before they were read. So a function that returns leaves its frame
// a stack that holds the results and has room for what the next call passes, and takes
// back its own where it begins.

// ownStack is the first slot of a frame's own stack. It stands in the last slot of the
// stack that the frame has between calls.
type ownStack struct{ first any }

// several is where a function with several results has them and its parameters.
type several struct{ results, passed, size int }

// separateResults makes the instructions of f, if it has several results, separate those.
func (c *code) separateResults(f reflect.Value) {
	number := func(name string) int { return int(f.FieldByName(name).Int()) }
	s := several{results: number("nres"), size: f.FieldByName("stack").Len()}
	s.passed = s.results + number("narg") + number("nenv")
	if s.results < 2 || len(c.compiled) == 0 || c.compiled[0] == nil {
		return
	}
	c.compiled[0] = s.begin(c.compiled[0])
	for n, instr := range c.source[:min(len(c.source), len(c.compiled))] {
		if _, ok := instr.(*ssa.Return); ok {
			c.compiled[n] = s.end(c.compiled[n])
		}
	}
	if after := *(*[]func(*ixgo.Frame))(privateField(f, "Recover")); len(after) > 0 {
		after[len(after)-1] = s.end(after[len(after)-1])
	}
}

func (s several) begin(first func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		stack := stackOf(fr)
		if own, ok := (*stack)[len(*stack)-1].(*ownStack); ok {
			passed := *stack
			*stack = unsafe.Slice(&own.first, s.size)
			copy((*stack)[s.results:s.passed], passed[s.results:])
		}
		first(fr)
	}
}

func (s several) end(last func(*ixgo.Frame)) func(*ixgo.Frame) {
	return func(fr *ixgo.Frame) {
		last(fr)
		stack := stackOf(fr)
		if len(*stack) != s.size {
			return
		}
		kept := make([]any, s.passed+1)
		copy(kept, (*stack)[:s.results])
		kept[s.passed] = (*ownStack)(unsafe.Pointer(unsafe.SliceData(*stack)))
		*stack = kept
	}
}

func stackOf(fr *ixgo.Frame) *[]any {
	return (*[]any)(unsafe.Add(unsafe.Pointer(fr), frameValues))
}
