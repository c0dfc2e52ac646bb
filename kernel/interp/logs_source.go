package interp

import (
	"context"
	"io"
	"log/slog"

	"github.com/visualfc/gid"
)

// placed is a handler for one call: what it handles comes from a place in a cell.
// The program counter of a record, by which log/slog tells places, would be one of
// the kernel.
type placed struct {
	slog.Handler
	logs   *logs
	source slog.Source
}

func (p placed) Handle(ctx context.Context, r slog.Record) error {
	r.PC = 0
	id := gid.Get()
	before, nested := p.logs.places.Swap(id, p.source)
	defer func() {
		if nested {
			p.logs.places.Store(id, before)
		} else {
			p.logs.places.Delete(id)
		}
	}()
	return p.Handler.Handle(ctx, r)
}

// source is the place of the record that the calling goroutine handles; the zero
// Source if unknown.
func (l *logs) source() slog.Source {
	s, _ := l.places.Load(gid.Get())
	source, _ := s.(slog.Source)
	return source
}

// sourceExternals are what of log/slog has to do with places.
func (l *logs) sourceExternals() map[string]any {
	return map[string]any{
		// What calls in cells are rewritten to, see rewriter.structured.
		runtimePath + ".SlogAt": func(to any, file string, line int) any {
			logger := l.structured.Load()
			if to != nil {
				logger = to.(*slog.Logger)
			}
			return slog.New(placed{logger.Handler(), l, slog.Source{File: file, Line: line}})
		},

		"log/slog.NewTextHandler": func(w io.Writer, o *slog.HandlerOptions) *slog.TextHandler {
			return slog.NewTextHandler(w, l.withSource(o))
		},
		"log/slog.NewJSONHandler": func(w io.Writer, o *slog.HandlerOptions) *slog.JSONHandler {
			return slog.NewJSONHandler(w, l.withSource(o))
		},
		"(log/slog.Record).Source": func(slog.Record) *slog.Source {
			if s := l.source(); s.File != "" {
				return &s
			}
			return nil
		},
	}
}

// withSource makes a handler that adds the source add that of the cell.
func (l *logs) withSource(o *slog.HandlerOptions) *slog.HandlerOptions {
	if o == nil || !o.AddSource {
		return o
	}
	own := *o
	own.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if _, ok := a.Value.Any().(*slog.Source); ok && len(groups) == 0 && a.Key == slog.SourceKey {
			s := l.source()
			a.Value = slog.AnyValue(&s)
		}
		if o.ReplaceAttr != nil {
			return o.ReplaceAttr(groups, a)
		}
		return a
	}
	return &own
}
