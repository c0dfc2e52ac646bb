package controller

import (
	"context"
	"net/http"
	"net/netip"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/change"
	"github.com/fabricbook/fabricbook/netlib/verify"
)

// maxWait is how long one request may wait for news of a change.
const maxWait = 30 * time.Second

// answer is a response with a JSON body.
type answer[T any] struct{ Body T }

// body is a request with a JSON body, kept as it came: decode reads it more
// strictly and tells more than huma would.
type body struct {
	RawBody []byte `contentType:"application/json"`
}

type none struct{}

type byRevision struct {
	Revision uint64 `path:"revision" doc:"Revision of the intent that the change made."`
	Wait     string `query:"wait" doc:"How long to wait for news, at most 30s; none where absent." example:"10s"`
	Seen     int    `query:"seen" default:"-1" doc:"How many nodes' answers the caller knows of: news is more than that."`
}

type bySegment struct {
	Segment string `path:"segment" doc:"Name of the segment."`
}

type byPrefix struct {
	Segment string `path:"segment" doc:"Name of the segment."`
	From    string `query:"from" required:"true" doc:"Node that forwards."`
	Prefix  string `query:"prefix" required:"true" doc:"Prefix or address to look up." example:"10.0.12.3/32"`
}

type byNodeName struct {
	Node string `path:"node" doc:"Name of a node, or of a gateway of the simulated fabric."`
}

type newest struct {
	Limit int `query:"limit" default:"20" minimum:"1" maximum:"1000" doc:"How many changes at most."`
}

// register puts the API's operations and its description on mux.
func (c *Controller) register(mux *http.ServeMux) {
	useProblems()
	cfg := huma.DefaultConfig("Fabricbook controller", c.cfg.Version)
	cfg.DocsPath = ""     // its page would load scripts from the internet
	cfg.SchemasPath = ""  // one description is enough
	cfg.CreateHooks = nil // no $schema links in answers
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	cfg.Security = []map[string][]string{{"token": {}}}
	a := humago.New(mux, cfg)

	get(a, "status", "/v1/status", "The fabric at a glance", func(context.Context, *none) (api.Status, error) {
		return c.status(), nil
	})
	get(a, "fabric", "/v1/fabric", "The whole intent", func(context.Context, *none) (netlib.Fabric, error) {
		return c.current.Load().Fabric(), nil
	})
	post(a, "plan", "/v1/plans", "Compute what an edit would do", func(_ context.Context, req api.PlanRequest) (api.Plan, error) {
		return change.Plan(c.current.Load(), req)
	})
	post(a, "apply", "/v1/changes", "Make a plan the intent, as a whole or not at all", c.apply)
	get(a, "changes", "/v1/changes", "The newest changes, newest first", c.changes)
	get(a, "change", "/v1/changes/{revision}", "How far a change is in force", c.change)
	get(a, "routes", "/v1/segments/{segment}/routes", "The VRF of a segment", func(_ context.Context, in *bySegment) (api.RouteTable, error) {
		return routeTable(c.current.Load(), in.Segment)
	})
	get(a, "resolve", "/v1/segments/{segment}/resolution", "Follow a prefix down to the interface", c.resolution)
	get(a, "ports", "/v1/ports", "Every port with its counters", func(context.Context, *none) ([]api.PortRow, error) {
		return c.ports(), nil
	})
	get(a, "state", "/v1/nodes/{node}/state", "What a node should forward", c.state)
	post(a, "probe", "/v1/probes", "Send real packets from a workload", c.probe)
	post(a, "trace", "/v1/traces", "Compute the path of one packet", func(_ context.Context, req api.ProbeRequest) (api.Trace, error) {
		return verify.Trace(c.current.Load(), req)
	})
	post(a, "matrix", "/v1/matrices", "Who reaches whom, computed or measured", c.matrix)
}

// schemaName tells the dataplane's types from the intent's of the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[dataplane.State]().PkgPath() {
		return "Dataplane" + name
	}
	return name
}

func get[I, O any](a huma.API, id, path, summary string, handle func(context.Context, *I) (O, error)) {
	huma.Register(a, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary},
		func(ctx context.Context, in *I) (*answer[O], error) {
			return reply(handle(ctx, in))
		})
}

func post[I, O any](a huma.API, id, path, summary string, handle func(context.Context, I) (O, error)) {
	op := huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusOK,
		MaxBodyBytes: maxBody, BodyReadTimeout: readTime, SkipValidateBody: true,
	}
	huma.Register(a, op, func(ctx context.Context, in *body) (*answer[O], error) {
		req, err := decode[I](in.RawBody)
		if err != nil {
			return nil, problemOf(err)
		}
		return reply(handle(ctx, req))
	})
	content := a.OpenAPI().Paths[path].Post.RequestBody.Content["application/json"]
	content.Schema = a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[I](), true, "")
}

func reply[O any](v O, err error) (*answer[O], error) {
	if err != nil {
		return nil, problemOf(err)
	}
	return &answer[O]{v}, nil
}

func (c *Controller) change(ctx context.Context, in *byRevision) (api.Change, error) {
	if in.Wait == "" {
		return c.described(ctx, in.Revision)
	}
	wait, err := time.ParseDuration(in.Wait)
	if err != nil || wait < 0 {
		return api.Change{}, &inputError{netlib.Problem{Field: "wait", Detail: in.Wait + " is not a duration", Fix: "write it as 10s"}}
	}
	waiting, cancel := context.WithTimeout(ctx, min(wait, maxWait))
	defer cancel()
	if _, err := c.board.await(waiting, in.Revision, in.Seen); err != nil {
		return api.Change{}, err
	}
	return c.described(ctx, in.Revision)
}

// described is a change with title and time, from the store where it is older than
// this process.
func (c *Controller) described(ctx context.Context, rev uint64) (api.Change, error) {
	ch, err := c.board.change(rev)
	if err != nil || !ch.Applied.IsZero() || rev == 0 {
		return ch, err
	}
	entries, err := c.cfg.Store.Since(ctx, rev-1, 1)
	if err != nil || len(entries) == 0 {
		return ch, err
	}
	ch.Title, ch.Applied = entries[0].Title, entries[0].Time
	return ch, nil
}

func (c *Controller) changes(ctx context.Context, in *newest) ([]api.Change, error) {
	last := c.current.Load().Fabric().Revision
	out := []api.Change{}
	if last == 0 {
		return out, nil
	}
	first := max(last, uint64(in.Limit)) - uint64(in.Limit)
	entries, err := c.cfg.Store.Since(ctx, first, int(last-first))
	if err != nil {
		return nil, err
	}
	for i := len(entries) - 1; i >= 0; i-- {
		ch, err := c.board.change(entries[i].Revision)
		if err != nil {
			return nil, err
		}
		ch.Title, ch.Applied = entries[i].Title, entries[i].Time
		out = append(out, ch)
	}
	return out, nil
}

func (c *Controller) resolution(_ context.Context, in *byPrefix) (api.Resolution, error) {
	prefix, err := netip.ParsePrefix(in.Prefix)
	if err != nil {
		addr, failed := netip.ParseAddr(in.Prefix)
		if failed != nil {
			return api.Resolution{}, &inputError{netlib.Problem{Field: "prefix", Detail: in.Prefix + " is neither a prefix nor an address", Fix: "write it as 10.0.12.3/32 or 10.0.12.3"}}
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	return resolve(c.current.Load(), in.Segment, in.From, prefix.Masked())
}

func (c *Controller) state(_ context.Context, in *byNodeName) (dataplane.State, error) {
	now := c.current.Load()
	s, ok := now.State(in.Node)
	if !ok {
		return s, missingNode(now.Fabric(), in.Node)
	}
	return s, nil
}
