package main

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/sandbox"
)

const upAbout = `Run the whole platform in this process until Ctrl-C: NATS, controller, router, DEA, health manager
and stager.

A port that nobody asked for is chosen anew when the usual one is taken; one that a flag, the environment or your own file
asks for must be free. --only and --without make room for a component of your own, in any language.`

// portFlags are the flags of `up` that choose a port, by component.
func portFlags() map[string]string {
	return map[string]string{"nats": "nats-port", "controller": "controller-port", "router": "router-port"}
}

// upFlags are what `minicf up` can be told.
type upFlags struct {
	only, without                []string
	readyFile, format, isolation string
	listen                       string
	fast                         bool
	deas, stagers                int
}

func (s *session) upCommand() *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use: "up", Short: "Run the platform in one process", Long: upAbout, Args: noArgs,
		Example: "  minicf up\n  minicf up --without dea     # and start your own\n  minicf up --router-port 8000 --data-dir /tmp/workshop\n  minicf up --deas 3 --stagers 2",
	}
	f.add(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := s.runner(f.format)
		if err != nil {
			return err
		}
		r.settings.BusURL = s.nats
		if err := f.apply(c, &r.settings); err != nil {
			return err
		}
		r.settings.Spawn = s.spawn(r)
		r.readyFile, r.greets = f.readyFile, true
		return s.runSandbox(c.Context(), r)
	}
	return c
}

func (f *upFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.only, "only", nil, "run just these components")
	flags.StringSliceVar(&f.without, "without", nil, "leave these components out")
	flags.IntVar(&f.deas, "deas", 1, "how many DEAs to run; all but the first are processes of their own")
	flags.IntVar(&f.stagers, "stagers", 1, "how many stagers to run, likewise")
	flags.BoolVar(&f.fast, "fast", false, fastAbout)
	flags.Int("nats-port", 0, "port of the message bus; 0 is any free one")
	flags.Int("controller-port", 0, "port of the controller; 0 is any free one")
	flags.Int("router-port", 0, "port of the router; 0 is any free one")
	listenFlag(c, &f.listen)
	isolationFlag(c, &f.isolation)
	flags.StringVar(&f.readyFile, "ready-file", "", "write {pid, nats_url, controller_url, router_url} here once all is up")
	flags.StringVar(&f.format, "log-format", string(vcaplog.Text), "how log lines look: vcap (as in 2012), text or json")
}

// apply makes settings of the flags, or says which two contradict each other.
func (f *upFlags) apply(c *cobra.Command, settings *sandbox.Settings) (err error) {
	settings.Only, settings.Without = f.only, f.without
	settings.AnyPort, settings.Fast = true, f.fast
	if settings.Overrides, err = portOverrides(c, *settings); err != nil {
		return err
	}
	if f.isolation != "" {
		maps.Copy(settings.Overrides, isolationOverride(f.isolation)) // a DEA has no port to ask for
	}
	withListen(settings, f.listen)
	settings.More, err = more(map[string]int{"dea": f.deas, "stager": f.stagers}, *settings)
	return err
}

// most is how many DEAs or stagers one machine gets.
const most = 20

// more are the components to run beside the first of their kind.
func more(wanted map[string]int, settings sandbox.Settings) (map[string]int, error) {
	all := map[string]int{}
	for component, n := range wanted {
		flag := "--" + component + "s"
		leftOut := len(settings.Only) > 0 && !slices.Contains(settings.Only, component) || slices.Contains(settings.Without, component)
		switch {
		case n < 1 || n > most:
			return nil, usageError("%s %d: want 1 to %d; --without %s leaves it out", flag, n, most, component)
		case n > 1 && leftOut:
			return nil, usageError("%s is about the %s, which is left out", flag, component)
		}
		all[component] = n - 1
	}
	return all, nil
}

// portOverrides are the ports that flags of `up` ask for. A port of what does not run here would be without effect.
func portOverrides(c *cobra.Command, settings sandbox.Settings) (map[string][]config.Override, error) {
	all := map[string][]config.Override{}
	for component, name := range portFlags() {
		flag := c.Flags().Lookup(name)
		if !flag.Changed {
			continue
		}
		leftOut := len(settings.Only) > 0 && !slices.Contains(settings.Only, component) || slices.Contains(settings.Without, component)
		if leftOut || component == "nats" && settings.BusURL != "" {
			return nil, usageError("--%s is about the %s, which is left out", name, component)
		}
		all[component] = []config.Override{{Key: "port", Value: flag.Value.String(), Flag: "--" + name}}
	}
	return all, nil
}

// path makes a path of the command line absolute.
func (s *session) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.dir, p)
}
