package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fabricbook/fabricbook/kernel/worker"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == worker.Command {
		os.Exit(workerMain())
	}
	os.Exit(run(os.Args[1:]))
}

// run executes the command line and returns the exit code: 0 where the command
// did what was asked, 1 where it could not or the answer is no, 2 where the
// command line itself is wrong.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		if code.err != nil {
			fmt.Fprintln(os.Stderr, "fabricbook:", code.err)
		}
		return code.code
	}
	fmt.Fprintln(os.Stderr, "fabricbook:", err)
	return 1
}

// exitCode is an error that also decides the process's exit code. A nil err says
// that the command has printed all there is to say.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitCode) Unwrap() error { return e.err }
