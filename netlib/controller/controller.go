package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib/compile"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// Config is what a controller is given.
type Config struct {
	Listen  string       // host:port of the API; "127.0.0.1:0" where empty
	Token   string       // that every request must show; at least 16 characters
	Store   *store.Store // stays the caller's to close, after Run
	Version string       // of the program, for people
	Log     *slog.Logger // nil: discard

	// Embedded starts a node's plane in this process; the controller closes it. Nil:
	// agents run elsewhere.
	Embedded func(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error)
	Plane    string // what Embedded starts: "sim"
}

// Controller is one controller.
type Controller struct {
	cfg     Config
	log     *slog.Logger
	started time.Time
	ready   chan struct{}
	url     string // set before ready is closed

	current atomic.Pointer[compile.Compiled] // published by the loop
	applies chan applyRequest                // to the loop
	board   *board
	fleet   *fleet
	metrics *metrics
}

// New checks cfg and starts nothing.
func New(cfg Config) (*Controller, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	host, _, err := net.SplitHostPort(cfg.Listen)
	switch {
	case cfg.Store == nil:
		return nil, errors.New("controller: no store given: open one with store.Open")
	case len(cfg.Token) < minToken:
		return nil, fmt.Errorf("controller: a token of %d characters is too easy to guess: give one of at least %d", len(cfg.Token), minToken)
	case err != nil:
		return nil, fmt.Errorf("controller: address to listen on %q: %w: write it as 127.0.0.1:0", cfg.Listen, err)
	case !loopback(host):
		return nil, fmt.Errorf("controller: %s is not a loopback address, and the API is not encrypted: listen on 127.0.0.1 and let a TLS proxy or SSH tunnel lead there", host)
	}
	b := newBoard()
	c := &Controller{
		cfg: cfg, log: cfg.Log, ready: make(chan struct{}),
		applies: make(chan applyRequest),
		board:   b,
		fleet:   newFleet(cfg, b),
	}
	c.metrics = newMetrics(c)
	return c, nil
}

// Ready is closed when the stored intent has been compiled and the API answers.
func (c *Controller) Ready() <-chan struct{} { return c.ready }

// URL is the API's address, known when Ready is closed.
func (c *Controller) URL() string {
	select {
	case <-c.ready:
		return c.url
	default:
		return ""
	}
}

// Run loads the intent, starts the nodes and serves until ctx ends; then it ends
// everything that it started and returns nil. It is called once.
func (c *Controller) Run(ctx context.Context) error {
	c.started = time.Now().UTC()
	fabric, err := c.cfg.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.cfg.Listen)
	if err != nil {
		return fmt.Errorf("controller: %w: another program may listen there; choose another port, or 0 for a free one", err)
	}
	group, running := errgroup.WithContext(ctx)
	heads := c.cfg.Store.Watch(running)
	c.begin(running, compile.Full(fabric, nil))
	c.url = "http://" + listener.Addr().String()
	group.Go(func() error { return c.loop(running, heads) })
	group.Go(func() error { return c.serve(running, listener) })
	close(c.ready)
	c.log.Info("controller is ready", "url", c.url, "revision", fabric.Revision, "store", c.cfg.Store.String())
	err = group.Wait()
	c.fleet.wait()
	if err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	return nil
}
