package interp

import (
	"go/token"
	"go/types"
	"reflect"
	"time"

	"github.com/goplus/ixgo"
	"github.com/visualfc/gid"
	"golang.org/x/tools/go/ssa"
)

// stoppable replaces instruction n if it waits on channels: what an interrupted cell
// waited for must be there for the next one to take, and what it was to send must not
// come after all.
func (c *code) stoppable(n int, ts *tasks) bool {
	switch instr := c.source[n].(type) {
	case *ssa.UnOp:
		if instr.Op != token.ARROW || !c.known(instr, instr.X) {
			return false
		}
		c.compiled[n] = c.receive(instr, ts, c.compiled[n])
	case *ssa.Send:
		if !c.known(instr.Chan, instr.X) {
			return false
		}
		c.compiled[n] = c.send(instr, ts, c.compiled[n])
	case *ssa.Select:
		if !instr.Blocking {
			return false
		}
		for _, s := range instr.States {
			if !c.known(instr, s.Chan) || s.Send != nil && !c.known(s.Send) {
				return false
			}
		}
		c.compiled[n] = c.choose(instr, ts, c.compiled[n])
	default:
		return false
	}
	return true
}

// stopping is what the calling goroutine is to wait for beside its channels: ready when
// its cell is stopped, or, where it is being unwound and runs what is deferred, soon.
// It is false for goroutines that are nobody's.
func (ts *tasks) stopping() (reflect.SelectCase, bool) {
	v, ok := ts.owners.Load(gid.Get())
	if !ok {
		return reflect.SelectCase{}, false
	}
	t := v.(*task)
	stop := reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(t.stopped)}
	if t.stopping.Load() {
		stop.Chan = reflect.ValueOf(time.After(cleanup))
	}
	return stop, true
}

func (c *code) receive(instr *ssa.UnOp, ts *tasks, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	from, to, both := c.slot(instr.X), c.slot(instr), instr.CommaOk
	return func(fr *ixgo.Frame) {
		ch := reflect.ValueOf(valuesOf(fr)[from])
		if ch.Kind() != reflect.Chan {
			otherwise(fr)
			return
		}
		v, ok := ch.TryRecv()
		if !v.IsValid() { // it would wait
			stop, mine := ts.stopping()
			if !mine {
				otherwise(fr)
				return
			}
			var chosen int
			if chosen, v, ok = reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: ch}, stop}); chosen == 1 {
				panic(halted{})
			}
		}
		if both {
			valuesOf(fr)[to] = ixgo.Tuple{v.Interface(), ok}
		} else {
			valuesOf(fr)[to] = v.Interface()
		}
	}
}

func (c *code) send(instr *ssa.Send, ts *tasks, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	to, from := c.slot(instr.Chan), c.slot(instr.X)
	return func(fr *ixgo.Frame) {
		ch := reflect.ValueOf(valuesOf(fr)[to])
		if ch.Kind() != reflect.Chan {
			otherwise(fr)
			return
		}
		v := sent(ch, valuesOf(fr)[from])
		if ch.TrySend(v) {
			return
		}
		stop, mine := ts.stopping()
		if !mine {
			otherwise(fr)
			return
		}
		if chosen, _, _ := reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectSend, Chan: ch, Send: v}, stop}); chosen == 1 {
			panic(halted{})
		}
	}
}

// sent is x as ch takes it: the engine keeps a nil interface without its type.
func sent(ch reflect.Value, x any) reflect.Value {
	if x == nil {
		return reflect.Zero(ch.Type().Elem())
	}
	return reflect.ValueOf(x)
}

func (c *code) choose(instr *ssa.Select, ts *tasks, otherwise func(*ixgo.Frame)) func(*ixgo.Frame) {
	to := c.slot(instr)
	return func(fr *ixgo.Frame) {
		values := valuesOf(fr)
		cases := make([]reflect.SelectCase, len(instr.States), len(instr.States)+1)
		for i, s := range instr.States {
			ch := reflect.ValueOf(values[c.slot(s.Chan)])
			if ch.Kind() != reflect.Chan {
				otherwise(fr)
				return
			}
			cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: ch}
			if s.Dir == types.SendOnly {
				cases[i] = reflect.SelectCase{Dir: reflect.SelectSend, Chan: ch, Send: sent(ch, values[c.slot(s.Send)])}
			}
		}
		stop, mine := ts.stopping()
		if !mine {
			otherwise(fr)
			return
		}
		chosen, v, ok := reflect.Select(append(cases, stop))
		if chosen == len(cases) {
			panic(halted{})
		}
		result := ixgo.Tuple{chosen, ok}
		for i, s := range instr.States {
			switch {
			case s.Dir == types.SendOnly:
			case i == chosen:
				result = append(result, v.Interface())
			default:
				result = append(result, reflect.Zero(cases[i].Chan.Type().Elem()).Interface())
			}
		}
		values[to] = result
	}
}
