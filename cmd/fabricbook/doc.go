// Command fabricbook is the whole product in one binary: the controller with its
// store and simulated fabric, the Jupyter kernel, the alert receiver and the
// command line. It is thin: each subcommand joins rooms, and only this package
// knows all of them.
package main
