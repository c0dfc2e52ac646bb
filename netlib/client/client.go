package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fabricbook/fabricbook/dataplane"
	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

// maxAnswer bounds the bytes of one answer, so that a wrong server cannot fill
// this process's memory.
const maxAnswer = 1 << 30

// poll is how long one request of Wait lets the controller hold it.
const poll = 10 * time.Second

// Client calls one controller.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New makes a client of the controller at address, such as
// http://127.0.0.1:40123, that shows token.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("controller's URL %q: %w: write it as http://127.0.0.1:PORT", address, err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("controller's URL %q: want http://HOST:PORT or https://HOST:PORT", address)
	}
	if token == "" {
		return nil, fmt.Errorf("controller's URL %q: no token given: take the one in %s", address, File)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	return &Client{
		base:  &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/")},
		token: token,
		http: &http.Client{
			Transport: transport,
			// A redirect would carry the token to another place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// URL is the controller's address.
func (c *Client) URL() string { return c.base.String() }

// Close drops idle connections. The client may be used again.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status is the fabric at a glance.
func (c *Client) Status(ctx context.Context) (api.Status, error) {
	return get[api.Status](ctx, c, "status", "/v1/status", nil)
}

// Fabric is the whole intent.
func (c *Client) Fabric(ctx context.Context) (netlib.Fabric, error) {
	return get[netlib.Fabric](ctx, c, "fabric", "/v1/fabric", nil)
}

// Plan computes what an edit would do; it changes nothing.
func (c *Client) Plan(ctx context.Context, req api.PlanRequest) (api.Plan, error) {
	return post[api.Plan](ctx, c, "plan", "/v1/plans", req)
}

// Apply makes a plan the intent, as a whole or not at all. It returns as soon as
// the change is stored; Wait tells when it is in force. A plan whose base is no
// longer the present intent is refused (IsStale).
func (c *Client) Apply(ctx context.Context, p api.Plan) (api.Change, error) {
	// What was computed for a reader is not sent back: the hash covers the rest.
	return post[api.Change](ctx, c, "apply plan", "/v1/changes", api.Plan{Title: p.Title, Base: p.Base, Hash: p.Hash, Edit: p.Edit})
}

// Change is an applied change and how far it is in force.
func (c *Client) Change(ctx context.Context, revision uint64) (api.Change, error) {
	return get[api.Change](ctx, c, fmt.Sprintf("change %d", revision), changePath(revision), nil)
}

// Changes is the newest changes of the intent, newest first, at most limit.
func (c *Client) Changes(ctx context.Context, limit int) ([]api.Change, error) {
	return get[[]api.Change](ctx, c, "changes", "/v1/changes", url.Values{"limit": {strconv.Itoa(limit)}})
}

// Wait returns when every node has answered the change, and calls progress (which
// may be nil) with each step on the way. Where a node could not apply it, the
// error says which and why.
func (c *Client) Wait(ctx context.Context, revision uint64, progress func(api.Change)) (api.Change, error) {
	op := fmt.Sprintf("wait for change %d", revision)
	seen := -1
	for {
		q := url.Values{"wait": {poll.String()}, "seen": {strconv.Itoa(seen)}}
		ch, err := get[api.Change](ctx, c, op, changePath(revision), q)
		if err != nil {
			return api.Change{}, err
		}
		answered := 0
		var failed []netlib.Problem
		for _, n := range ch.Nodes {
			if n.Done {
				answered++
			}
			if n.Error != "" {
				failed = append(failed, netlib.Problem{Field: "node " + n.Node, Detail: n.Error, Fix: `see "fabricbook status"; the node keeps trying`})
			}
		}
		if answered != seen && progress != nil {
			progress(ch)
		}
		seen = answered
		switch {
		case answered < len(ch.Nodes):
		case len(failed) > 0:
			return ch, &Error{Op: op, Problem: api.Problem{Title: "stored, but not in force on every node", Errors: failed}}
		default:
			return ch, nil
		}
	}
}

func changePath(revision uint64) string { return "/v1/changes/" + strconv.FormatUint(revision, 10) }

// Routes is the VRF of a segment.
func (c *Client) Routes(ctx context.Context, segment string) (api.RouteTable, error) {
	return get[api.RouteTable](ctx, c, "routes of segment "+segment, "/v1/segments/"+url.PathEscape(segment)+"/routes", nil)
}

// Resolve follows prefix in a segment's VRF from a node down to the interface.
func (c *Client) Resolve(ctx context.Context, segment, fromNode string, prefix netip.Prefix) (api.Resolution, error) {
	op := fmt.Sprintf("resolve %s in segment %s", prefix, segment)
	return get[api.Resolution](ctx, c, op, "/v1/segments/"+url.PathEscape(segment)+"/resolution", url.Values{"from": {fromNode}, "prefix": {prefix.String()}})
}

// Ports is every port with its counters.
func (c *Client) Ports(ctx context.Context) ([]api.PortRow, error) {
	return get[[]api.PortRow](ctx, c, "ports", "/v1/ports", nil)
}

// Probe sends real packets from a workload and tells what came back.
func (c *Client) Probe(ctx context.Context, req api.ProbeRequest) (api.Probe, error) {
	return post[api.Probe](ctx, c, fmt.Sprintf("probe from %s to %s", req.From, req.To), "/v1/probes", req)
}

// Trace computes the path of one packet with the reason at each hop.
func (c *Client) Trace(ctx context.Context, req api.ProbeRequest) (api.Trace, error) {
	return post[api.Trace](ctx, c, fmt.Sprintf("trace from %s to %s", req.From, req.To), "/v1/traces", req)
}

// Matrix tells who reaches whom, computed and, where Live, measured.
func (c *Client) Matrix(ctx context.Context, req api.MatrixRequest) (api.Matrix, error) {
	return post[api.Matrix](ctx, c, "matrix", "/v1/matrices", req)
}

// State is what a node, or a gateway in the simulated fabric, should forward.
func (c *Client) State(ctx context.Context, node string) (dataplane.State, error) {
	return get[dataplane.State](ctx, c, "state of node "+node, "/v1/nodes/"+url.PathEscape(node)+"/state", nil)
}

func get[T any](ctx context.Context, c *Client, op, path string, query url.Values) (T, error) {
	return call[T](ctx, c, op, http.MethodGet, path, query, nil)
}

func post[T any](ctx context.Context, c *Client, op, path string, body any) (T, error) {
	data, err := json.Marshal(body)
	if err != nil {
		var zero T
		return zero, &Error{Op: op, Problem: api.Problem{Title: "request cannot be written as JSON", Detail: err.Error()}, Err: err}
	}
	return call[T](ctx, c, op, http.MethodPost, path, nil, data)
}

func call[T any](ctx context.Context, c *Client, op, method, path string, query url.Values, body []byte) (T, error) {
	var answer T
	data, status, err := c.exchange(ctx, method, path, query, body)
	if err != nil {
		return answer, c.unreachable(op, err)
	}
	if status/100 != 2 {
		return answer, &Error{Op: op, Status: status, Problem: decodeProblem(status, data)}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return answer, &Error{Op: op, Status: status, Err: err, Problem: api.Problem{
			Title: "the controller's answer is not understood", Detail: err.Error(),
			Errors: []netlib.Problem{{Detail: "client and controller may be of different versions", Fix: `compare "fabricbook version" with the status's version`}},
		}}
	}
	return answer, nil
}

func (c *Client) exchange(ctx context.Context, method, path string, query url.Values, body []byte) ([]byte, int, error) {
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return data, resp.StatusCode, err
}

func (c *Client) unreachable(op string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Op: op, Err: err, Problem: api.Problem{Title: "given up before the controller answered", Detail: err.Error()}}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the URL is named below
	}
	return &Error{Op: op, Err: err, Problem: api.Problem{
		Title: "no answer from the controller at " + c.URL(), Detail: err.Error(),
		Errors: []netlib.Problem{{Detail: "it may have ended", Fix: `start one with "fabricbook up", or check ` + EnvURL}},
	}}
}

func decodeProblem(status int, data []byte) api.Problem {
	var p api.Problem
	if err := json.Unmarshal(data, &p); err != nil || p.Title == "" {
		p = api.Problem{Title: http.StatusText(status), Detail: strings.TrimSpace(string(data[:min(len(data), 200)]))}
		if p.Title == "" {
			p.Title = "HTTP status " + strconv.Itoa(status)
		}
	}
	p.Status = status
	return p
}
