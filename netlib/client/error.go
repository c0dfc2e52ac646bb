package client

import (
	"errors"
	"fmt"

	"github.com/fabricbook/fabricbook/netlib/api"
)

// Error is a call that failed. Status is the HTTP status, or 0 where no answer
// came; Problem then says why.
type Error struct {
	Op      string // what was asked: "apply plan", "routes of segment dc-web"
	Status  int
	Problem api.Problem
	Err     error // of the transport, where there was one
}

// Error is what failed, why, and on further lines each field with its fix.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", e.Op, e.Problem.Text())
}

// Unwrap gives the transport's error.
func (e *Error) Unwrap() error { return e.Err }

// IsStale reports whether err says that a plan was computed against an intent
// that has moved on since; planning again is the remedy.
func IsStale(err error) bool { return isType(err, api.ProblemStale) }

// IsNotFound reports whether err says that there is no object of that name.
func IsNotFound(err error) bool { return isType(err, api.ProblemNotFound) }

// IsInvalid reports whether err says that the input is wrong.
func IsInvalid(err error) bool { return isType(err, api.ProblemInvalid) }

func isType(err error, kind string) bool {
	var e *Error
	return errors.As(err, &e) && e.Problem.Type == kind
}
