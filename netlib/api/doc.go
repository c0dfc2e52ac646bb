// Package api holds the values that pass between the controller's API and its
// clients: what was asked, and answers that a person can read. It is shared by
// netlib/controller, netlib/client and runbooks, and must not know HTTP.
package api
