package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/sandbox"
)

// componentCommands are the commands of the Procfile: one component in a process of its own.
func (s *session) componentCommands() []*cobra.Command {
	dea := s.componentCommand("dea", "Run droplets (listens on dea.*)", evacuate)
	dea.AddCommand(s.deaQueries()...)
	return []*cobra.Command{
		s.componentCommand("nats", "Run the message bus", stopQuickly),
		s.componentCommand("controller", "Keep packages and droplets, and serve them over HTTP", stopQuickly),
		s.componentCommand("stager", "Turn apps into droplets (listens on staging)", finishWork),
		dea,
		s.componentCommand("router", "Send HTTP requests to apps (listens on router.*)", stopQuickly),
		s.componentCommand("healthmanager", "Keep apps as they should be (listens on dea.heartbeat, droplet.*)", stopQuickly),
	}
}

// fastAbout is about both ends of a conversation: a health manager in a hurry misses the instances of a DEA that is not.
const fastAbout = "20 times as fast as in 2012, for workshops: the health manager's times, and the heartbeats of DEAs"

// componentFlags are what the command of one component can be told; not every component has them all.
type componentFlags struct {
	file, format, port, isolation string
	listen                        string
	fast, leash                   bool
	index                         int
}

func (s *session) componentCommand(name, short string, m manners) *cobra.Command {
	var f componentFlags
	c := &cobra.Command{
		Use: name, Short: short, Args: noArgs,
		Long: short + ".\n\nThe configuration is config/" + name + ".yml beside you, or the same as shipped; `minicf config " + name + "` shows what holds and why.",
	}
	f.add(c, name)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.index < 0 {
			return usageError("--index %d: want 0 or more", f.index)
		}
		r, err := s.runner(f.format)
		if err != nil {
			return err
		}
		f.apply(name, &r.settings)
		if f.file != "" {
			r.settings.Files = map[string]string{name: s.path(f.file)}
		}
		if name != "nats" {
			r.settings.BusURL = s.nats
		}
		r.manners = m
		ctx := c.Context()
		if f.leash {
			var cancel context.CancelFunc
			ctx, cancel = s.leashed(ctx)
			defer cancel()
		}
		return s.runSandbox(ctx, r)
	}
	return c
}

func (f *componentFlags) add(c *cobra.Command, name string) {
	flags := c.Flags()
	flags.StringVarP(&f.file, "config", "c", "", "configuration file")
	flags.StringVar(&f.format, "log-format", string(vcaplog.VCAP), "how log lines look: vcap (as in 2012), text or json")
	if _, ok := portFlags()[name]; ok {
		flags.StringVar(&f.port, "port", "", "port to listen on; 0 is any free one")
	}
	switch name {
	case "dea":
		isolationFlag(c, &f.isolation)
	case "controller":
		listenFlag(c, &f.listen)
	}
	if name == "healthmanager" || name == "dea" {
		flags.BoolVar(&f.fast, "fast", false, fastAbout)
	}
	if name == "stager" || name == "dea" {
		flags.IntVar(&f.index, "index", 0, "which of several of the data dir this is: 1, 2, … beside the first")
		flags.BoolVar(&f.leash, "leash", false, "stop when standard input ends")
		_ = flags.MarkHidden("leash") // fails only for a flag that there is not
	}
}

func (f *componentFlags) apply(name string, settings *sandbox.Settings) {
	settings.Only, settings.Fast, settings.Index = []string{name}, f.fast, f.index
	switch {
	case f.port != "":
		settings.Overrides = map[string][]config.Override{name: {{Key: "port", Value: f.port, Flag: "--port"}}}
	case f.isolation != "":
		settings.Overrides = isolationOverride(f.isolation)
	}
	withListen(settings, f.listen)
}

// isolationFlag gives a command that runs a DEA --isolation.
func isolationFlag(c *cobra.Command, isolation *string) {
	c.Flags().StringVar(isolation, "isolation", "", "how instances are kept apart: process, landlock or fake (default: isolation in dea.yml)")
}

func isolationOverride(isolation string) map[string][]config.Override {
	return map[string][]config.Override{"dea": {{Key: "isolation", Value: isolation, Flag: "--isolation"}}}
}
