package controller

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// Limits of the API server.
const (
	minToken   = 16       // characters
	maxBody    = 64 << 20 // bytes: an edit of 100,000 ports takes some 20 MiB
	maxSurplus = 4 << 20  // bytes beyond maxBody that are read for the answer's sake
	maxHeader  = 64 << 10 // bytes
	readTime   = 30 * time.Second
	writeTime  = 3 * time.Minute // longest handler: a live matrix
	idleTime   = 2 * time.Minute
	finishTime = 5 * time.Second // for requests under way at the end
)

// serve answers requests on l until ctx ends; then it lets those under way finish.
func (c *Controller) serve(ctx context.Context, l net.Listener) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           c.handler(l.Addr()),
		ReadHeaderTimeout: readTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		cancel() // those that wait; nobody is left to apply what comes now
		finish, done := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
		defer done()
		err := server.Shutdown(finish)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		stopped <- err
	})()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// handler is the API behind what guards it.
func (c *Controller) handler(at net.Addr) http.Handler {
	mux := http.NewServeMux()
	c.register(mux)
	mux.Handle("GET /metrics", c.metrics.handler())
	guarded := requireToken(c.cfg.Token, explain(mux))
	outer := http.NewServeMux()
	outer.HandleFunc("GET /healthz", c.health)
	outer.Handle("/", guarded)
	return requireHost(at, limitBody(outer))
}

// health says that the controller works; it needs no token and tells nothing else.
func (c *Controller) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // the client may be gone
}

// requireHost refuses requests for another host name than this server's: a page in
// a browser whose own name was made to point here (DNS rebinding).
func requireHost(at net.Addr, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(at.String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, p, err := net.SplitHostPort(r.Host)
		if err != nil {
			host, p = r.Host, "80"
		}
		if !loopback(strings.Trim(host, "[]")) || p != port {
			write(w, newDocument(http.StatusMisdirectedRequest, "", "this is not "+r.Host, "the request's Host is not this controller's address",
				netlib.Problem{Field: "Host", Detail: "another host name", Fix: "call http://" + at.String()}))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether only this machine reaches host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func requireToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(shown)) // equal lengths, so that the time tells nothing
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="fabricbook"`)
			write(w, newDocument(http.StatusUnauthorized, "", "no valid token", "every request must show the controller's token",
				netlib.Problem{Field: "Authorization", Detail: "missing or wrong", Fix: `send "Bearer TOKEN" with the token from controller.json`}))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// explain answers with a problem where mux knows no such path or method.
func explain(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		found := &verdict{header: http.Header{}}
		h.ServeHTTP(found, r)
		switch found.status {
		case http.StatusNotFound:
			write(w, newDocument(found.status, api.ProblemNotFound, "there is no "+strconv.Quote(r.URL.Path), "/openapi.json lists what there is"))
		case http.StatusMethodNotAllowed:
			allow := found.header.Get("Allow")
			w.Header().Set("Allow", allow)
			write(w, newDocument(found.status, "", r.Method+" is not for "+strconv.Quote(r.URL.Path), "use "+allow))
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// verdict takes an answer's status and header and drops its text.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := r.Body
		r.Body = http.MaxBytesReader(w, body, maxBody)
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
		if r.ContentLength > maxBody && r.Header.Get("Expect") == "" {
			// A connection that ends while its client still sends is reset, and the answer may be lost.
			_, _ = io.CopyN(io.Discard, body, maxSurplus)
		}
	})
}

// write answers with a problem where huma is not reached.
func write(w http.ResponseWriter, d *document) {
	w.Header().Set("Content-Type", d.ContentType(""))
	w.WriteHeader(d.Status)
	_ = json.NewEncoder(w).Encode(d.Problem) // the client may be gone
}
