package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/sandbox"
)

// runner is what a command that runs components knows of it.
type runner struct {
	settings  sandbox.Settings
	out       *output // where the log goes
	format    vcaplog.Format
	manners   manners
	readyFile string // "" is none
	greets    bool   // says how to go on, once all is up
}

// runner prepares what all commands that run components share.
func (s *session) runner(format string) (runner, error) {
	looks, err := vcaplog.ParseFormat(format)
	if err != nil {
		return runner{}, &coded{error: err, code: exitUsage}
	}
	home, err := s.home()
	if err != nil {
		return runner{}, err
	}
	out := newOutput(s.out)
	return runner{out: out, format: looks, settings: sandbox.Settings{
		DataDir: home, Dir: s.dir, Shim: s.shim, Lookup: s.lookup, Environ: s.environ(),
		NewLog: sandbox.LogTarget{Writer: out, Format: looks, Color: s.colored(s.out), DataDir: home}.New,
	}}, nil
}

// runSandbox runs components until they fail or a signal comes.
func (s *session) runSandbox(ctx context.Context, r runner) error {
	sb, err := sandbox.New(r.settings)
	if _, taken := errors.AsType[*sandbox.PortError](err); taken {
		return err
	}
	if err != nil {
		return &coded{error: err, code: exitUsage, hint: hintOf(err)}
	}
	ctx, stop := onSignals(ctx, r.manners, r.out, sb.Hurry)
	defer stop()
	var unready error
	err = sb.Run(ctx, func() {
		if unready = s.ready(r, sb); unready != nil {
			stop()
		}
	})
	if r.readyFile != "" {
		_ = os.Remove(s.path(r.readyFile)) // it is not there when this was never ready
	}
	if unready != nil {
		return fmt.Errorf("write the ready file: %w", unready)
	}
	return err
}

// ready tells people and programs that all is up.
func (s *session) ready(r runner, sb *sandbox.Sandbox) error {
	if r.readyFile != "" {
		if err := writeReadyFile(s.path(r.readyFile), sb); err != nil {
			return err
		}
	}
	if r.greets && r.format == vcaplog.Text {
		fmt.Fprint(r.out, s.greeting(r, sb)) // in one piece: others are logging
	}
	return nil
}

// greeting says where everything is, and how to go on when nothing was left out.
func (s *session) greeting(r runner, sb *sandbox.Sandbox) string {
	var b strings.Builder
	b.WriteString("\nall is up; Ctrl-C stops it\n")
	for _, component := range []string{"nats", "controller", "router"} {
		if url := sb.URL(component); url != "" {
			fmt.Fprintf(&b, "    %-12s%s\n", component, bus.RedactURL(url))
		}
	}
	if len(r.settings.Only)+len(r.settings.Without) > 0 {
		return b.String() + "\n"
	}
	fmt.Fprint(&b, "    try: minicf request-staging, minicf deploy, minicf tap")
	if s.dataDir != "" {
		fmt.Fprintf(&b, " (with --data-dir %s)", s.dataDir)
	}
	return b.String() + "\n\n"
}

func writeReadyFile(path string, sb *sandbox.Sandbox) error {
	out, err := json.Marshal(struct {
		PID        int    `json:"pid"`
		NATS       string `json:"nats_url"`
		Controller string `json:"controller_url"`
		Router     string `json:"router_url"`
	}{os.Getpid(), sb.URL("nats"), sb.URL("controller"), sb.URL("router")})
	if err != nil {
		return err
	}
	return sandbox.WriteFile(path, append(out, '\n'))
}
