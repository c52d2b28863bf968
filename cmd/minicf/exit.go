package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
)

// The exit codes are part of the interface: scripts tell "the app's staging failed" from "minicf is not running".
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitStaging     = 4
	exitAppStart    = 5
	exitNotRunning  = 69
	exitInterrupted = 130
)

const exitCodesText = `Every command ends with one of these:

    0  all went well
    1  it did not work; the message says what and, where we know, what to do
    2  the command line, or a configuration file, makes no sense (a port that is taken is a 1)
    3  what was named does not exist
    4  staging failed: the app's fault, or its plugin's; the task log says more
    5  the app was staged, but did not start, or crashed at once
   69  no sandbox is running here, or the component that was asked for is not
  130  interrupted with Ctrl-C

A component that is told to stop (INT, TERM; the stager also by USR2) ends with 0.`

// coded is an error that knows its exit code, and perhaps what to do next.
type coded struct {
	error
	code int
	hint string
}

func (e *coded) Unwrap() error { return e.error }
func (e *coded) Hint() string  { return e.hint }

func usageError(format string, args ...any) error {
	return &coded{error: fmt.Errorf(format, args...), code: exitUsage}
}

// exitCode finds the code for an error.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if c, ok := errors.AsType[*coded](err); ok {
		return c.code
	}
	if _, ok := errors.AsType[*client.StagingError](err); ok {
		return exitStaging
	}
	if _, ok := errors.AsType[*bus.UnreachableError](err); ok {
		return exitNotRunning
	}
	if _, ok := errors.AsType[*cf.BuildError](err); ok {
		return exitStaging
	}
	if _, ok := errors.AsType[*cf.StartError](err); ok {
		return exitAppStart
	}
	if _, ok := errors.AsType[*cf.NotFoundError](err); ok {
		return exitNotFound
	}
	switch {
	case errors.Is(err, bus.ErrNobody), errors.Is(err, client.ErrNoDEA):
		return exitNotRunning
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// hintOf finds what an error advises to do next.
func hintOf(err error) string {
	var h interface{ Hint() string }
	for e := err; errors.As(e, &h); e = errors.Unwrap(e) {
		if text := h.Hint(); text != "" {
			return text
		}
	}
	return ""
}
