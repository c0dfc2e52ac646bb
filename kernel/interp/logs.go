package interp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goplus/ixgo"
)

// logs is what cells have instead of the process's own log and log/slog: a
// standard logger that writes to the cell's standard error and keeps its settings
// from cell to cell, and Fatal ends the cell, not the process.
type logs struct {
	std  *log.Logger
	exit func(code int)

	structured atomic.Pointer[slog.Logger] // slog's default
	level      slog.LevelVar               // of the bridge between log and slog
	places     sync.Map                    // goroutine id to the slog.Source of the record that it handles

	placed sync.Mutex // one line with its place at a time
}

func newLogs(stderr io.Writer, exit func(code int)) *logs {
	l := &logs{std: log.New(stderr, "", log.LstdFlags), exit: exit}
	l.structured.Store(slog.New(newLineHandler(l)))
	return l
}

// say prints one line. place is that of the call in its cell, empty if unknown.
func (l *logs) say(to *log.Logger, place, text string) error {
	const depth = 3
	flags := to.Flags()
	if flags&(log.Lshortfile|log.Llongfile) == 0 {
		return to.Output(depth, text)
	}
	if place == "" {
		place = "???:0"
	}
	prefix := to.Prefix()
	text = place + ": " + text
	if flags&log.Lmsgprefix != 0 {
		text, prefix = place+": "+prefix+strings.TrimPrefix(text, place+": "), ""
	}
	l.placed.Lock()
	defer l.placed.Unlock()
	return log.New(to.Writer(), prefix, flags&^(log.Lshortfile|log.Llongfile|log.Lmsgprefix)).Output(depth, text)
}

// print does what the function or method called name does.
func (l *logs) print(to *log.Logger, name, place, text string) {
	_ = l.say(to, place, text) // as log itself
	switch {
	case strings.HasPrefix(name, "Fatal"):
		l.exit(1)
	case strings.HasPrefix(name, "Panic"):
		panic(text)
	}
}

// callPlace is the place of the call depth levels up from fr, where place is that
// of the call in fr itself.
func callPlace(fr *ixgo.Frame, depth int, place string) string {
	if depth <= 1 {
		return place
	}
	if frames := fr.CallerFrames(); depth <= len(frames) && strings.HasPrefix(frames[depth-1].File, cellPrefix) {
		return frames[depth-1].File + ":" + strconv.Itoa(frames[depth-1].Line)
	}
	return ""
}

// printed is the text that Print, Println and their like make of v.
func printed(name string, v []any) string {
	if strings.HasSuffix(name, "ln") {
		return fmt.Sprintln(v...)
	}
	return fmt.Sprint(v...)
}

// logger is what a call in a cell logs to: nil stands for the standard logger.
func (l *logs) logger(to any) *log.Logger {
	if to == nil {
		return l.std
	}
	return to.(*log.Logger)
}

func (l *logs) externals() map[string]any {
	externals := map[string]any{
		// What calls in cells are rewritten to, see rewriter.log.
		runtimePath + ".Log": func(to any, name, place string, v ...any) { l.print(l.logger(to), name, place, printed(name, v)) },
		runtimePath + ".Logf": func(to any, name, place, f string, v ...any) {
			l.print(l.logger(to), name, place, fmt.Sprintf(f, v...))
		},

		runtimePath + ".LogOutput": func(fr *ixgo.Frame, to any, _, place string, depth int, s string) error {
			return l.say(l.logger(to), callPlace(fr, depth, place), s)
		},

		"log.Default":          func() *log.Logger { return l.std },
		"log.Output":           func(_ int, s string) error { return l.say(l.std, "", s) },
		"(*log.Logger).Output": func(to *log.Logger, _ int, s string) error { return l.say(to, "", s) },

		"log.Flags":     l.std.Flags,
		"log.SetFlags":  l.std.SetFlags,
		"log.Prefix":    l.std.Prefix,
		"log.SetPrefix": l.std.SetPrefix,
		"log.Writer":    l.std.Writer,
		"log.SetOutput": l.std.SetOutput,
	}
	for _, kind := range []string{"Print", "Fatal", "Panic"} { // as values, or deferred
		for _, name := range []string{kind, kind + "ln"} {
			externals["log."+name] = func(v ...any) { l.print(l.std, name, "", printed(name, v)) }
			externals["(*log.Logger)."+name] = func(to *log.Logger, v ...any) { l.print(to, name, "", printed(name, v)) }
		}
		name := kind + "f"
		externals["log."+name] = func(f string, v ...any) { l.print(l.std, name, "", fmt.Sprintf(f, v...)) }
		externals["(*log.Logger)."+name] = func(to *log.Logger, f string, v ...any) { l.print(to, name, "", fmt.Sprintf(f, v...)) }
	}
	maps.Copy(externals, l.slogExternals())
	maps.Copy(externals, l.sourceExternals())
	return externals
}

// slogExternals is the part of log/slog.
func (l *logs) slogExternals() map[string]any {
	current := &l.structured
	at := func(level slog.Level) func(string, ...any) {
		return func(msg string, args ...any) { logAt(context.Background(), current.Load(), level, msg, args...) }
	}
	atContext := func(level slog.Level) func(context.Context, string, ...any) {
		return func(ctx context.Context, msg string, args ...any) { logAt(ctx, current.Load(), level, msg, args...) }
	}
	externals := map[string]any{
		"log/slog.Default":    current.Load,
		"log/slog.SetDefault": l.setDefault,
		"log/slog.SetLogLoggerLevel": func(level slog.Level) slog.Level {
			defer l.level.Set(level)
			return l.level.Level()
		},
		"log/slog.With": func(args ...any) *slog.Logger { return current.Load().With(args...) },
		"log/slog.Log": func(ctx context.Context, level slog.Level, msg string, args ...any) {
			logAt(ctx, current.Load(), level, msg, args...)
		},
		"log/slog.LogAttrs": func(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
			args := make([]any, len(attrs))
			for i, a := range attrs {
				args[i] = a
			}
			logAt(ctx, current.Load(), level, msg, args...)
		},
	}
	for name, level := range map[string]slog.Level{"Debug": slog.LevelDebug, "Info": slog.LevelInfo, "Warn": slog.LevelWarn, "Error": slog.LevelError} {
		externals["log/slog."+name] = at(level)
		externals["log/slog."+name+"Context"] = atContext(level)
	}
	return externals
}

// logAt logs without a program counter: it would be one of the kernel.
func logAt(ctx context.Context, to *slog.Logger, level slog.Level, msg string, args ...any) {
	if ctx == nil {
		ctx = context.Background()
	}
	if !to.Enabled(ctx, level) {
		return
	}
	r := slog.NewRecord(time.Now(), level, msg, 0)
	r.Add(args...)
	_ = to.Handler().Handle(ctx, r) // as slog's own functions
}

// setDefault stands for slog.SetDefault: from then on the standard logger of
// package log writes to the new default, unless that writes to the former.
func (l *logs) setDefault(to *slog.Logger) {
	l.structured.Store(to)
	if _, ok := to.Handler().(*lineHandler); !ok {
		l.std.SetOutput(bridge{l, to.Handler()})
		l.std.SetFlags(0)
	}
}

// bridge makes records of lines.
type bridge struct {
	logs *logs
	to   slog.Handler
}

func (b bridge) Write(line []byte) (int, error) {
	level := b.logs.level.Level()
	if !b.to.Enabled(context.Background(), level) {
		return 0, nil
	}
	r := slog.NewRecord(time.Now(), level, string(bytes.TrimSuffix(line, []byte{'\n'})), 0)
	return len(line), b.to.Handle(context.Background(), r)
}

// lineHandler prints records as slog's default handler does: as lines of
// the standard logger, level and message first.
type lineHandler struct {
	logs   *logs
	attrs  slog.Handler // prints attributes into buffer
	mu     *sync.Mutex
	buffer *bytes.Buffer
}

func newLineHandler(l *logs) *lineHandler {
	buffer := &bytes.Buffer{}
	attrs := slog.NewTextHandler(buffer, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	return &lineHandler{logs: l, attrs: attrs, mu: &sync.Mutex{}, buffer: buffer}
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.logs.level.Level()
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
	place := ""
	if s := h.logs.source(); s.File != "" {
		place = s.File + ":" + strconv.Itoa(s.Line)
	}
	return h.logs.say(h.logs.std, place, line)
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
