package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/fabricbook/fabricbook/dataplane/sim"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/netlib/controller"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// fabricOptions are what `up` and `lab` have in common.
type fabricOptions struct {
	data    string
	listen  string
	alerts  string
	etcd    []string
	rules   string
	verbose bool
}

func (o *fabricOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.data, "data", client.DataDir(), "folder for the store, tokens and notebooks")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9470", "loopback address of the API")
	f.StringVar(&o.alerts, "alerts", "127.0.0.1:9471", "loopback address that takes Alertmanager's webhook")
	f.StringSliceVar(&o.etcd, "etcd", nil, "URLs of an etcd cluster; the embedded store where empty")
	f.StringVar(&o.rules, "rules", "", "YAML file that maps alerts to notebooks; the built-in rules where empty")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log what the controller does")
}

func (o *fabricOptions) log(w io.Writer) *slog.Logger {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

func upCommand() *cobra.Command {
	var o fabricOptions
	jupyter := ""
	c := &cobra.Command{
		Use:   "up",
		Short: "Run the controller, its store and the simulated fabric on this machine",
		Long: "Run the controller with an embedded etcd and a simulated fabric, all on loopback, until Ctrl-C.\n" +
			"The intent is kept in the data folder and found again at the next start.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			return inDataDir(o.data, func(dir *dataDir) error {
				return runFabric(cmd.Context(), o, dir, o.log(cmd.ErrOrStderr()), func(_ context.Context, f *fabric) error {
					if err := f.serveAlerts(o, func() string { return jupyter }); err != nil {
						return err
					}
					fmt.Fprintf(out, "API     %s   (token in %s)\nalerts  %s\ndata    %s\nCtrl-C ends it; `fabricbook status` looks at it.\n",
						f.url, dir.join(client.File), f.alertsURL, dir.path)
					return nil
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&jupyter, "jupyter", "http://127.0.0.1:8888", "base URL of the JupyterLab that alerts lead to")
	return c
}

// fabric is a running controller with all that it needs.
type fabric struct {
	dir       *dataDir
	store     *store.Store
	log       *slog.Logger
	group     *errgroup.Group
	ctx       context.Context
	url       string // of the API
	alertsURL string
}

// runFabric runs a controller until ctx ends or a part of it fails. started is
// called once when the API answers; what it starts joins the fabric's group.
func runFabric(ctx context.Context, o fabricOptions, dir *dataDir, log *slog.Logger, started func(context.Context, *fabric) error) error {
	if err := loopback("listen", o.listen); err != nil {
		return err
	}
	if err := loopback("alerts", o.alerts); err != nil {
		return err
	}
	token, err := dir.token("api.token")
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Config{Dir: dir.join("etcd"), Endpoints: o.etcd, Log: log})
	if err != nil {
		return err
	}
	defer st.Close()
	underlay := sim.New()
	ctl, err := controller.New(controller.Config{Listen: freeOrGiven(o.listen), Token: token, Store: st, Embedded: underlay.Start, Plane: "sim",
		Version: buildVersion(), Log: log})
	if err != nil {
		return err
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return ctl.Run(gctx) })
	group.Go(func() error {
		select {
		case <-ctl.Ready():
		case <-gctx.Done():
			return nil
		}
		at := client.Location{URL: ctl.URL(), Token: token}
		if err := client.Announce(dir.path, at); err != nil {
			return err
		}
		group.Go(func() error {
			<-gctx.Done()
			return client.Withdraw(dir.path, at)
		})
		return started(gctx, &fabric{dir: dir, store: st, log: log, group: group, ctx: gctx, url: at.URL})
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// loopback refuses addresses that other machines could reach.
func loopback(flag, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--%s %q: want HOST:PORT, for example 127.0.0.1:9470", flag, address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--%s %q: only loopback addresses are served (127.0.0.1, ::1, localhost); put a TLS proxy with a login in front to reach it from elsewhere", flag, address)
	}
	return nil
}

// freeOrGiven is address, or the same host with any free port where somebody
// else already listens on it: a second fabric on the machine gets its own.
func freeOrGiven(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return address
	}
	host, _, _ := net.SplitHostPort(address)
	return net.JoinHostPort(host, "0")
}
