package runbooks

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/client"
)

// patience is how long a verb waits for the controller, and reachable how long
// Connect does.
const (
	patience  = 2 * time.Minute
	reachable = 10 * time.Second
)

// service is what the verbs need of a controller; *client.Client is one.
type service interface {
	URL() string
	Status(context.Context) (api.Status, error)
	Fabric(context.Context) (netlib.Fabric, error)
	Plan(context.Context, api.PlanRequest) (api.Plan, error)
	Apply(context.Context, api.Plan) (api.Change, error)
	Wait(ctx context.Context, revision uint64, progress func(api.Change)) (api.Change, error)
	Routes(ctx context.Context, segment string) (api.RouteTable, error)
	Resolve(ctx context.Context, segment, fromNode string, prefix netip.Prefix) (api.Resolution, error)
	Ports(context.Context) ([]api.PortRow, error)
	Probe(context.Context, api.ProbeRequest) (api.Probe, error)
	Trace(context.Context, api.ProbeRequest) (api.Trace, error)
	Matrix(context.Context, api.MatrixRequest) (api.Matrix, error)
}

// Fabric is a connection to one controller and the start of every verb. Shown,
// it is the fabric's status card. It may be used by many goroutines.
type Fabric struct {
	service service
	ctx     context.Context

	look look
}

// Connect finds the controller and checks that it answers: the one that
// FABRICBOOK_URL names (with FABRICBOOK_TOKEN or FABRICBOOK_TOKEN_FILE), else the
// one started on this machine by `fabricbook up`.
func Connect() *Fabric {
	c, err := client.Discover()
	must("connect", err)
	return connected(c)
}

// ConnectTo is Connect for the controller at url, such as
// http://127.0.0.1:40123, with its token.
func ConnectTo(url, token string) *Fabric {
	c, err := client.New(url, token)
	must("connect", err)
	return connected(c)
}

func connected(s service) *Fabric {
	f := &Fabric{service: s, ctx: context.Background()}
	ctx, cancel := context.WithTimeout(f.ctx, reachable)
	defer cancel()
	_, err := f.readStatus(ctx)
	must("connect", err)
	return f
}

// WithContext returns the same fabric with verbs that end, failing, when ctx does.
func (f *Fabric) WithContext(ctx context.Context) *Fabric {
	f.mustBeConnected("WithContext")
	return &Fabric{service: f.service, ctx: ctx}
}

// URL is the controller's address.
func (f *Fabric) URL() string {
	f.mustBeConnected("URL")
	return f.service.URL()
}

// mustBeConnected ends the verb where f is what a variable holds whose cell failed.
func (f *Fabric) mustBeConnected(verb string) {
	if f == nil || f.service == nil {
		panic(&Error{Verb: verb, Detail: "the fabric is not connected: the cell that connects has failed or has not run", Fix: "run it again: fab := Connect()"})
	}
}

// do runs one verb's calls and ends the verb where they fail.
func (f *Fabric) do(verb string, call func(context.Context) error) {
	f.mustBeConnected(verb)
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	must(verb, call(ctx))
}

// intent is the whole fabric as it is meant to be.
func (f *Fabric) intent(verb string) (intent netlib.Fabric) {
	f.do(verb, func(ctx context.Context) (err error) {
		intent, err = f.service.Fabric(ctx)
		return err
	})
	return intent
}

// Plan begins a plan under a title for people and the history. Nothing changes
// until its Apply.
func (f *Fabric) Plan(title string) *Plan {
	f.mustBeConnected(fmt.Sprintf("plan %q", title))
	return &Plan{fabric: f, title: title}
}

// Load begins a plan with the objects of a fabric file (YAML or JSON) on the
// machine where the cell runs.
func (f *Fabric) Load(path string) *Plan {
	f.mustBeConnected("load " + path)
	data, err := os.ReadFile(path)
	must("load "+path, err)
	return f.LoadText(data, path)
}

// HTML is the status card, fresh from the controller.
func (f *Fabric) HTML() string { return f.look.html(f.card) }

// String is the status card as text, fresh from the controller.
func (f *Fabric) String() string { return f.look.text(f.card) }
