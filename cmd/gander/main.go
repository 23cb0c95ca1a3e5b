// Command gander watches what coding agents do and raises the alarm.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gander/internal/app"
	"gander/internal/safetext"
)

// version is set when a release is linked.
var version = "dev"

// The exit codes of docs/commands.md.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitFindings    = 3
	exitIntegrity   = 5
	exitMissing     = 6
	exitInterrupted = 130
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newRoot(&cli{}).ExecuteContext(ctx)
	if err != nil && !errors.As(err, new(*quietError)) {
		fmt.Fprintln(os.Stderr, "gander: "+safetext.Block(err.Error()))
	}
	return exitCode(err)
}

// A quietError ends the program with a code and prints nothing more.
type quietError struct{ code int }

func (e *quietError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// A usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func exitCode(err error) int {
	if quiet, ok := errors.AsType[*quietError](err); ok {
		return quiet.code
	}
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, new(*usageError)):
		return exitUsage
	case errors.As(err, new(*app.MissingError)):
		return exitMissing
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailure
}
