package controller

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
	"github.com/fabricbook/fabricbook/netlib/change"
)

// notFoundError says that the fabric has no such object.
type notFoundError struct{ what, name, have string }

func (e *notFoundError) Error() string {
	s := "there is no " + e.what + " " + e.name
	if e.have != "" {
		s += "; " + e.have
	}
	return s
}

// inputError says what is wrong with a request that is not an edit.
type inputError struct{ problem netlib.Problem }

func (e *inputError) Error() string {
	return e.problem.Field + ": " + e.problem.Detail + "; " + e.problem.Fix
}

// unavailableError says that something cannot be done at the moment.
type unavailableError struct{ what, fix string }

func (e *unavailableError) Error() string { return e.what + "; " + e.fix }

// document is a problem as an answer: an error that huma writes as it is.
type document struct{ api.Problem }

func (d *document) Error() string { return d.Text() }

// GetStatus is the answer's HTTP status.
func (d *document) GetStatus() int { return d.Status }

// ContentType is that of problem documents (RFC 9457 section 3).
func (d *document) ContentType(string) string { return "application/problem+json" }

// problemOf is the document for what a handler returned.
func problemOf(err error) *document {
	var (
		ready       *document
		invalid     *netlib.Error
		input       *inputError
		stale       *change.StaleError
		tampered    *change.TamperedError
		missing     *notFoundError
		unavailable *unavailableError
	)
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &invalid):
		return newDocument(http.StatusUnprocessableEntity, api.ProblemInvalid, "nothing was changed, because the input is not valid", "", invalid.Problems...)
	case errors.As(err, &input):
		return newDocument(http.StatusUnprocessableEntity, api.ProblemInvalid, "the request is not valid", "", input.problem)
	case errors.As(err, &stale):
		return newDocument(http.StatusConflict, api.ProblemStale, "the plan is out of date", err.Error(),
			netlib.Problem{Field: "base", Detail: "revision " + uintText(stale.Base) + " is not " + uintText(stale.Present), Fix: "plan the same edit again, review it, and apply that"})
	case errors.As(err, &tampered):
		return newDocument(http.StatusUnprocessableEntity, api.ProblemTampered, "the plan was altered", err.Error(),
			netlib.Problem{Field: "hash", Detail: "does not match base and edit", Fix: "plan the edit again and apply that plan as it is"})
	case errors.As(err, &missing):
		return newDocument(http.StatusNotFound, api.ProblemNotFound, "there is no "+missing.what+" "+strconv.Quote(missing.name), missing.have)
	case errors.As(err, &unavailable):
		return newDocument(http.StatusServiceUnavailable, "", unavailable.what, unavailable.fix)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newDocument(http.StatusServiceUnavailable, "", "the controller did not finish in time", err.Error())
	}
	return newDocument(http.StatusInternalServerError, "", "the controller could not do it", err.Error())
}

func newDocument(status int, kind, title, detail string, problems ...netlib.Problem) *document {
	if kind == "" {
		kind = "about:blank"
	}
	return &document{api.Problem{Type: kind, Title: title, Status: status, Detail: detail, Errors: problems}}
}

// useProblems makes huma write this package's documents where it finds a fault
// itself: a parameter that is missing or malformed. The function that it offers for
// that is of the whole process, in which nothing else uses huma.
var useProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		var problems []netlib.Problem
		for _, err := range errs {
			var d huma.ErrorDetailer
			if errors.As(err, &d) {
				e := d.ErrorDetail()
				problems = append(problems, netlib.Problem{Field: parameter(e.Location), Detail: e.Message, Fix: "see the parameter in /openapi.json"})
			} else if err != nil {
				problems = append(problems, netlib.Problem{Detail: err.Error()})
			}
		}
		kind := ""
		if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
			kind = api.ProblemInvalid
		}
		return newDocument(status, kind, http.StatusText(status), msg, problems...)
	}
})

// parameter is the name in "path.segment" or "query.prefix".
func parameter(location string) string {
	if _, name, ok := strings.Cut(location, "."); ok {
		return name
	}
	return location
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }
