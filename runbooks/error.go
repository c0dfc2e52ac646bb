package runbooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/client"
	"github.com/fabricbook/fabricbook/runbooks/show"
)

// Error is how a verb fails. Verbs panic with it, which ends the cell and shows
// its text; [Try] returns it instead.
type Error struct {
	Verb     string           // what was asked: "apply \"data centre\"", "routes of dc-web-network"
	Detail   string           // what is wrong
	Fix      string           // what to do
	Problems []netlib.Problem // each field that is wrong, with its fix
	Err      error            // the cause, where there is one
}

// Error is the text: what failed and why, what to do, and one line for each
// field that is wrong.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Verb)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		if p.Place != "" {
			b.WriteString(p.Place + ": ")
		}
		if p.Field != "" {
			b.WriteString(p.Field + ": ")
		}
		b.WriteString(p.Detail)
		if p.Fix != "" {
			b.WriteString("; " + p.Fix)
		}
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = show.Clean(line)
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the cause, such as a *client.Error.
func (e *Error) Unwrap() error { return e.Err }

// Try calls verbs and returns the *Error of the first that fails, nil when all
// went well. Any other panic goes on.
//
//	err := Try(func() { fab.Segment("dc-web-network") })
func Try(verbs func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	verbs()
	return nil
}

// must ends the verb when err is not nil.
func must(verb string, err error) {
	if err != nil {
		panic(failure(verb, err))
	}
}

// failure makes an *Error of what the client or a value's check returned.
func failure(verb string, err error) *Error {
	var mine *Error
	if errors.As(err, &mine) {
		return mine
	}
	out := &Error{Verb: verb, Detail: err.Error(), Err: err}
	var wrong *netlib.Error
	var call *client.Error
	switch {
	case errors.As(err, &wrong):
		out.Detail, out.Problems = "", wrong.Problems
	case errors.Is(err, context.Canceled):
		out.Detail = "stopped before the controller answered"
	case errors.Is(err, context.DeadlineExceeded):
		out.Detail, out.Fix = "the controller did not answer in time", `look at "fabricbook status"`
	case errors.As(err, &call):
		out.Detail, out.Problems = call.Problem.Title, call.Problem.Errors
		if d := call.Problem.Detail; d != "" && d != call.Problem.Title {
			out.Detail += ": " + d
		}
	}
	return out
}

// unknown is the error for a name that does not exist, with the nearest ones.
func unknown(verb, kind, name string, known []string) *Error {
	e := &Error{Verb: verb, Detail: fmt.Sprintf("there is no %s %q", kind, name)}
	if name == "" {
		e.Detail = fmt.Sprintf("no %s is named", kind)
	}
	switch near := netlib.Nearest(name, slices.Values(slices.Sorted(slices.Values(known)))); {
	case near != "":
		e.Fix = fmt.Sprintf("did you mean %q?", near)
	case len(known) == 0:
		e.Fix = fmt.Sprintf("there is no %s at all yet: plan one", kind)
	default:
		e.Fix = "there are " + listed(known, 12)
	}
	return e
}

// listed joins at most n names.
func listed(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %d more", len(names)-n)
}
