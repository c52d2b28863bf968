package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/sandbox"
)

// session is one run of minicf: the terminal and the flags that many commands share.
type session struct {
	*terminal
	dataDir string // --data-dir
	nats    string // --nats
	api     string // --api
	json    bool   // --json
	lines   bool   // --json is one line a value
}

// report prints an error, if there is one, and returns the exit code.
func (s *session) report(err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitCode(err), hintOf(err)
	if s.json {
		_ = s.printJSON(map[string]any{"error": errorRecord(err, code, hint)})
		return code
	}
	if code == exitInterrupted {
		fmt.Fprintln(s.err, "minicf: interrupted")
		return code
	}
	fmt.Fprintf(s.err, "minicf: %v\n", err)
	if hint != "" {
		fmt.Fprintf(s.err, "  → %s\n", hint)
	}
	return code
}

// errorRecord is an error for programs. The task log of a failed staging is part of it, there is no other place where it
// would be.
func errorRecord(err error, code int, hint string) map[string]any {
	r := map[string]any{"code": code, "message": err.Error(), "hint": hint}
	if failed, ok := errors.AsType[*client.StagingError](err); ok {
		r["task_log"] = failed.TaskLog
	}
	return r
}

// printJSON writes one value to standard output, indented unless each value is to be a line.
func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.out)
	if !s.lines {
		e.SetIndent("", "  ")
	}
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// home is the data dir that this command line means.
func (s *session) home() (string, error) {
	dir, _ := config.DataDir(s.dataDir, s.lookup, s.dir)
	return filepath.Abs(dir)
}

// jsonFlag gives a command --json.
func (s *session) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&s.json, "json", false, "print JSON, for programs")
}

// find returns what runs on the data dir; it is an error when nothing does.
func (s *session) find() (map[string]sandbox.Running, error) {
	home, err := s.home()
	if err != nil {
		return nil, err
	}
	all, err := sandbox.Find(home)
	if err != nil {
		return nil, err
	}
	byName := map[string]sandbox.Running{}
	for _, r := range all {
		byName[r.Component] = r
	}
	return byName, nil
}

// notRunning says that a component was looked for in vain.
func (s *session) notRunning(what, flag string) error {
	home, err := s.home()
	if err != nil {
		return err
	}
	return &coded{
		error: fmt.Errorf("no %s is running on %s", what, home),
		code:  exitNotRunning,
		hint:  fmt.Sprintf("start the sandbox with `minicf up`, name its --data-dir, or say where it is with %s URL", flag),
	}
}

// How long a command waits for a sandbox that somebody may have just started in the background.
const (
	locateWait = time.Second
	locatePoll = 20 * time.Millisecond
)

// busURL is where the bus of the running sandbox is.
func (s *session) busURL(ctx context.Context) (string, error) {
	return s.locate(ctx, "nats", s.nats, "--nats")
}

// controllerURL is where the controller of the running sandbox is.
func (s *session) controllerURL(ctx context.Context) (string, error) {
	return s.locate(ctx, "controller", s.api, "--api")
}

// locate finds a component. It gives a sandbox that is about to start a second to appear, and one that is starting all the
// time it needs, so that `minicf up & minicf deploy` works.
func (s *session) locate(ctx context.Context, component, flagValue, flag string) (string, error) {
	if flagValue != "" {
		return flagValue, nil
	}
	home, err := s.home()
	if err != nil {
		return "", err
	}
	patience := time.NewTimer(locateWait)
	defer patience.Stop()
	poll := time.NewTicker(locatePoll)
	defer poll.Stop()
	for late := false; ; {
		running, err := s.find()
		if err != nil {
			return "", err
		}
		starting := sandbox.Starting(home)
		if url := running[component].URL; url != "" && !starting {
			return url, nil
		}
		if late && !starting {
			return "", s.notRunning(component, flag)
		}
		select {
		case <-poll.C:
		case <-patience.C:
			late = true
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// withBus connects to the bus of the running sandbox for as long as f takes. When the bus goes away, ctx ends, and that it
// is gone is the error, not what f makes of it.
func (s *session) withBus(ctx context.Context, f func(context.Context, *bus.Bus) error) error {
	url, err := s.busURL(ctx)
	if err != nil {
		return err
	}
	b := bus.New(bus.Options{URL: url, Name: "minicf", Once: true})
	if err := b.Open(); err != nil {
		return err
	}
	defer b.Close() // what was published has been sent before
	ctx, end := b.WhileUp(ctx)
	defer end()
	err = f(ctx, b)
	if gone, ok := errors.AsType[*bus.UnreachableError](context.Cause(ctx)); ok && err != nil {
		return gone
	}
	return err
}

// withPlatform is withBus for commands that also need the controller.
func (s *session) withPlatform(ctx context.Context, f func(context.Context, *platform) error) error {
	api, err := s.controller(ctx)
	if err != nil {
		return err
	}
	return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error { return f(ctx, &platform{b, api}) })
}

// untilTold returns a context that ends when a person or the system stops the command.
func untilTold(c *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
}

// controller is the running sandbox's controller.
func (s *session) controller(ctx context.Context) (*client.Controller, error) {
	url, err := s.controllerURL(ctx)
	if err != nil {
		return nil, err
	}
	return &client.Controller{URL: url}, nil
}
