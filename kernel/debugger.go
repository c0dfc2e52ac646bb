package kernel

import (
	"context"
	"errors"
	"time"

	"github.com/fabricbook/fabricbook/kernel/debug"
	"github.com/fabricbook/fabricbook/kernel/engine"
)

// debugTime bounds one request of a debugger.
const debugTime = 15 * time.Second

// debugger is the kernel's side of a debugger. Its requests have a queue of their
// own: they wait for the engine, while control and questions are served.
type debugger struct {
	k       *Kernel
	queue   *queue
	session *debug.Session
}

func newDebugger(k *Kernel) *debugger {
	d := &debugger{k: k, queue: newQueue()}
	d.session = debug.NewSession(debug.Config{
		Paths: debug.NewPaths(), Target: d.target,
		Mask: func(text string) string { return k.masker.Excerpt(text, debug.CutMark) },
		Send: func(e debug.Event) { k.out.debugEvent(e) },
	})
	return d
}

// errNoDebugger answers where the engine is of another kind.
var errNoDebugger = errors.New("the engine of this kernel has no debugger")

// target is the engine in use, when it is ready.
func (d *debugger) target(ctx context.Context) (debug.Target, error) {
	e, err := d.k.engine.wait(ctx)
	if err != nil {
		return nil, err
	}
	t, ok := e.(engine.Debuggable)
	if !ok {
		return nil, errNoDebugger
	}
	return t, nil
}

// watch wraps a factory so that a fresh engine is told what the debugger has set.
func (d *debugger) watch(factory engine.Factory) engine.Factory {
	return func(ctx context.Context, sink engine.Sink) (engine.Engine, error) {
		e, err := factory(ctx, sink)
		if t, ok := e.(engine.Debuggable); ok && err == nil {
			if err := d.session.Renew(ctx, t); err != nil {
				d.k.log.Warn("the debugger's settings are not in the fresh session", "err", err)
			}
		}
		return e, err
	}
}

// serveDebug serves a debug_request.
func (k *Kernel) serveDebug(r *request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), debugTime)
	defer cancel()
	return k.debugger.session.Serve(ctx, r.msg.Content), nil
}
