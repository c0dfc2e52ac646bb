package api

import (
	"strings"

	"github.com/fabricbook/fabricbook/netlib"
)

// Problem is an error as the API returns it: a problem document (RFC 9457) with
// the field and the fix of each thing that is wrong.
type Problem struct {
	Type   string           `json:"type,omitempty"` // a URI of this project's problem kinds, "about:blank" for plain HTTP ones
	Title  string           `json:"title"`
	Status int              `json:"status"` // HTTP status
	Detail string           `json:"detail,omitempty"`
	Errors []netlib.Problem `json:"errors,omitempty"`
}

// Types of problems that a program may want to tell apart.
const (
	ProblemInvalid  = "urn:fabricbook:problem:invalid"   // the input is wrong; Errors says where
	ProblemStale    = "urn:fabricbook:problem:stale"     // the plan's base is no longer the present intent
	ProblemTampered = "urn:fabricbook:problem:tampered"  // the plan is not the one that was computed
	ProblemNotFound = "urn:fabricbook:problem:not-found" // no object of that name
)

// Text is the problem for a terminal: what is wrong, then one line for each
// field with its fix.
func (p Problem) Text() string {
	var b strings.Builder
	b.WriteString(p.Title)
	if p.Detail != "" && p.Detail != p.Title {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		b.WriteString("\n  ")
		if e.Field != "" {
			b.WriteString(e.Field + ": ")
		}
		b.WriteString(e.Detail)
		if e.Fix != "" {
			b.WriteString("; " + e.Fix)
		}
	}
	return b.String()
}
