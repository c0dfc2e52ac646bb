// Package client calls the controller's API: one method for each of its
// operations, values of netlib/api in and out, errors that name the field and
// the fix. It also finds the controller that runs on this machine.
//
// A Client holds no state of the fabric and may be used by many goroutines. This
// package must not know how the controller stores or computes anything.
package client
