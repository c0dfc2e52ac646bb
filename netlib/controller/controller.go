package controller

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// Config is what a controller is given.
type Config struct {
	Listen   string                                                                             // host:port of the API; "127.0.0.1:0" where empty
	Token    string                                                                             // bearer token that every request must show
	Store    *store.Store                                                                       // stays the caller's to close
	Embedded func(ctx context.Context, name string, tunnel netip.Addr) (dataplane.Plane, error) // starts a node's plane in this process
	Plane    string                                                                             // what Embedded starts: "sim"
	Version  string
	Log      *slog.Logger // nil: discard
}

// Controller is one controller.
type Controller struct{ cfg Config }

// New checks cfg and starts nothing.
func New(cfg Config) (*Controller, error) { return &Controller{cfg: cfg}, nil }

// Run serves until ctx ends.
func (c *Controller) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Ready is closed when the API answers.
func (c *Controller) Ready() <-chan struct{} { return nil }

// URL is the API's address, known when Ready is closed.
func (c *Controller) URL() string { return "" }
