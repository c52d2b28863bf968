package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/sandbox"
)

const upAbout = `Run the whole platform in this process until Ctrl-C: NATS, controller, router, DEA and stager.

A port that nobody asked for is chosen anew when the usual one is taken; one that a flag, the environment or your own file
asks for must be free. --only and --without make room for a component of your own, in any language.`

// portFlags are the flags of `up` that choose a port, by component.
func portFlags() map[string]string {
	return map[string]string{"nats": "nats-port", "controller": "controller-port", "router": "router-port"}
}

func (s *session) upCommand() *cobra.Command {
	var only, without []string
	var readyFile, format string
	c := &cobra.Command{
		Use: "up", Short: "Run the platform in one process", Long: upAbout, Args: noArgs,
		Example: "  minicf up\n  minicf up --without dea     # and start your own\n  minicf up --router-port 8000 --data-dir /tmp/workshop",
	}
	f := c.Flags()
	f.StringSliceVar(&only, "only", nil, "run just these components")
	f.StringSliceVar(&without, "without", nil, "leave these components out")
	f.Int("nats-port", 0, "port of the message bus; 0 is any free one")
	f.Int("controller-port", 0, "port of the controller; 0 is any free one")
	f.Int("router-port", 0, "port of the router; 0 is any free one")
	f.StringVar(&readyFile, "ready-file", "", "write {pid, nats_url, controller_url, router_url} here once all is up")
	f.StringVar(&format, "log-format", string(vcaplog.Text), "how log lines look: vcap (as in 2012), text or json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		settings, err := s.settings(format)
		if err != nil {
			return err
		}
		settings.Only, settings.Without = only, without
		settings.BusURL = s.nats
		settings.AnyPort = true
		settings.Overrides = map[string][]config.Override{}
		for component, name := range portFlags() {
			if flag := c.Flags().Lookup(name); flag.Changed {
				settings.Overrides[component] = []config.Override{{Key: "port", Value: flag.Value.String(), Flag: "--" + name}}
			}
		}
		return s.runSandbox(c.Context(), settings, readyFile, stopQuickly)
	}
	return c
}

// settings are what all commands that run components share.
func (s *session) settings(format string) (sandbox.Settings, error) {
	looks, err := vcaplog.ParseFormat(format)
	if err != nil {
		return sandbox.Settings{}, &coded{error: err, code: exitUsage}
	}
	home, err := s.home()
	if err != nil {
		return sandbox.Settings{}, err
	}
	return sandbox.Settings{
		DataDir: home, Dir: s.dir, Lookup: s.lookup,
		NewLog: sandbox.LogTarget{Writer: s.out, Format: looks, Color: s.colored(s.out), DataDir: home}.New,
	}, nil
}

// runSandbox runs components until they fail or a signal comes.
func (s *session) runSandbox(ctx context.Context, settings sandbox.Settings, readyFile string, m manners) error {
	sb, err := sandbox.New(settings)
	if err != nil {
		return &coded{error: err, code: exitUsage, hint: hintOf(err)}
	}
	ctx, stop := onSignals(ctx, m, sb.Hurry)
	defer stop()
	if readyFile != "" {
		defer os.Remove(readyFile)
	}
	var unready error
	err = sb.Run(ctx, func() {
		if readyFile != "" {
			unready = writeReadyFile(s.path(readyFile), sb)
		}
		if unready != nil {
			stop()
		}
	})
	if unready != nil {
		return fmt.Errorf("write the ready file: %w", unready)
	}
	return err
}

// path makes a path of the command line absolute.
func (s *session) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.dir, p)
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
