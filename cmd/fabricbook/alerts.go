package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/fabricbook/fabricbook/alerts"
	"github.com/fabricbook/fabricbook/netlib/store"
)

// alertFolder is where an alert's notebooks lie below the notebooks' folder.
const alertFolder = "alerts"

// serveAlerts takes Alertmanager's webhook and people's links beside the API.
// jupyter is the base URL of the JupyterLab that shows f's notebooks.
func (f *fabric) serveAlerts(o fabricOptions, jupyter func() string) error {
	token, err := f.dir.token("webhook.token")
	if err != nil {
		return err
	}
	shelf := alerts.Shelf{Dir: f.dir.join("notebooks")}
	rules, err := loadRules(o.rules, shelf)
	if err != nil {
		return err
	}
	handler, err := alerts.New(alerts.Config{Token: token, Rules: rules, Store: episodes{f.store.Documents("episodes")}, Templates: shelf,
		Folder: alerts.Dir(filepath.Join(f.dir.join("notebooks"), alertFolder)), Path: alertFolder, Jupyter: jupyter, Log: f.log})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", freeOrGiven(o.alerts))
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	f.alertsURL = "http://" + listener.Addr().String()
	server := &http.Server{Handler: fromLoopback(handler), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	f.group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("alerts: %w", err)
		}
		return nil
	})
	f.group.Go(func() error {
		<-f.ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(f.ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(ctx)
	})
	return nil
}

func loadRules(name string, shelf alerts.Shelf) (*alerts.Rules, error) {
	if name == "" {
		return alerts.LoadRules(alerts.DefaultRules(), "built-in rules", shelf)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--rules: %w", err)
	}
	return alerts.LoadRules(data, name, shelf)
}

// fromLoopback refuses requests under a name that is not this machine's own, so
// that a page in a browser cannot read alerts by a name that it made to lead here.
func fromLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this address serves only requests to a loopback name; a proxy in front must send Host: localhost", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// episodes keeps alerts' episodes as documents of the store.
type episodes struct{ docs *store.Documents }

func (s episodes) Put(ctx context.Context, e alerts.Episode) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = s.docs.Put(ctx, e.ID, b)
	return err
}

func (s episodes) Get(ctx context.Context, id string) (e alerts.Episode, ok bool, err error) {
	d, err := s.docs.Get(ctx, id)
	if errors.Is(err, store.ErrNoDocument) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	return e, true, json.Unmarshal(d.Data, &e)
}

func (s episodes) List(ctx context.Context) ([]alerts.Episode, error) {
	docs, err := s.docs.List(ctx, "")
	if err != nil {
		return nil, err
	}
	list := make([]alerts.Episode, 0, len(docs))
	for _, d := range docs {
		var e alerts.Episode
		if err := json.Unmarshal(d.Data, &e); err != nil {
			return nil, fmt.Errorf("episode %s in the store: %w", d.Key, err)
		}
		list = append(list, e)
	}
	return list, nil
}
