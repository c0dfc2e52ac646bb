package interp

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
)

// logExternals gives cells a standard logger of their own, in log and log/slog:
// it writes to the cell's standard error, keeps its settings from cell to cell,
// and Fatal ends the cell, not the process.
func (o *output) logExternals(exit func(code int)) map[string]any {
	std := log.New(stream{o, "stderr"}, "", log.LstdFlags)
	const depth = 2
	say := func(l *log.Logger, text string) { _ = l.Output(depth, text) }
	fatal := func(l *log.Logger, text string) {
		say(l, text)
		exit(1)
	}
	paniced := func(text string) {
		say(std, text)
		panic(text)
	}
	return map[string]any{
		"log.Default":   func() *log.Logger { return std },
		"log.Print":     func(v ...any) { say(std, fmt.Sprint(v...)) },
		"log.Printf":    func(f string, v ...any) { say(std, fmt.Sprintf(f, v...)) },
		"log.Println":   func(v ...any) { say(std, fmt.Sprintln(v...)) },
		"log.Output":    func(_ int, s string) error { return std.Output(depth, s) },
		"log.Fatal":     func(v ...any) { fatal(std, fmt.Sprint(v...)) },
		"log.Fatalf":    func(f string, v ...any) { fatal(std, fmt.Sprintf(f, v...)) },
		"log.Fatalln":   func(v ...any) { fatal(std, fmt.Sprintln(v...)) },
		"log.Panic":     func(v ...any) { paniced(fmt.Sprint(v...)) },
		"log.Panicf":    func(f string, v ...any) { paniced(fmt.Sprintf(f, v...)) },
		"log.Panicln":   func(v ...any) { paniced(fmt.Sprintln(v...)) },
		"log.Flags":     std.Flags,
		"log.SetFlags":  std.SetFlags,
		"log.Prefix":    std.Prefix,
		"log.SetPrefix": std.SetPrefix,
		"log.Writer":    std.Writer,
		"log.SetOutput": std.SetOutput,

		"(*log.Logger).Fatal":   func(l *log.Logger, v ...any) { fatal(l, fmt.Sprint(v...)) },
		"(*log.Logger).Fatalf":  func(l *log.Logger, f string, v ...any) { fatal(l, fmt.Sprintf(f, v...)) },
		"(*log.Logger).Fatalln": func(l *log.Logger, v ...any) { fatal(l, fmt.Sprintln(v...)) },
	}
}

// slogExternals is the same for log/slog.
func (o *output) slogExternals() map[string]any {
	var current atomic.Pointer[slog.Logger]
	current.Store(slog.New(newLineHandler(log.New(stream{o, "stderr"}, "", log.LstdFlags))))
	at := func(level slog.Level) func(string, ...any) {
		return func(msg string, args ...any) { current.Load().Log(context.Background(), level, msg, args...) }
	}
	atContext := func(level slog.Level) func(context.Context, string, ...any) {
		return func(ctx context.Context, msg string, args ...any) { current.Load().Log(ctx, level, msg, args...) }
	}
	externals := map[string]any{
		"log/slog.Default":    current.Load,
		"log/slog.SetDefault": current.Store,
		"log/slog.With":       func(args ...any) *slog.Logger { return current.Load().With(args...) },
		"log/slog.Log": func(ctx context.Context, level slog.Level, msg string, args ...any) {
			current.Load().Log(ctx, level, msg, args...)
		},
		"log/slog.LogAttrs": func(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
			current.Load().LogAttrs(ctx, level, msg, attrs...)
		},
	}
	for name, level := range map[string]slog.Level{"Debug": slog.LevelDebug, "Info": slog.LevelInfo, "Warn": slog.LevelWarn, "Error": slog.LevelError} {
		externals["log/slog."+name] = at(level)
		externals["log/slog."+name+"Context"] = atContext(level)
	}
	return externals
}

// lineHandler prints records as slog's default handler does: as lines of a
// log.Logger, level and message first.
type lineHandler struct {
	logger *log.Logger
	attrs  slog.Handler // prints attributes into buffer
	mu     *sync.Mutex
	buffer *bytes.Buffer
}

func newLineHandler(logger *log.Logger) *lineHandler {
	buffer := &bytes.Buffer{}
	attrs := slog.NewTextHandler(buffer, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	return &lineHandler{logger: logger, attrs: attrs, mu: &sync.Mutex{}, buffer: buffer}
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	h.buffer.Reset()
	err := h.attrs.Handle(ctx, r)
	line := strings.TrimSpace(r.Level.String() + " " + r.Message + " " + strings.TrimSpace(h.buffer.String()))
	h.mu.Unlock()
	if err != nil {
		return err
	}
	return h.logger.Output(2, line)
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = h.attrs.WithAttrs(attrs)
	return &c
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.attrs = h.attrs.WithGroup(name)
	return &c
}
