package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
	"github.com/minicf/minicf/protocol"
)

const logsAbout = `Print the log of apps of the CF API, from "minicf push" or cf: what the stager, the instances, their DEA and the API had to say.

Of other apps, print what instances wrote to standard output and standard error, and what their DEA had to say (err: why it ended one). All instances
of the APPs, or the one with the INDEX; each line begins with who wrote it. With --follow new lines are shown as they are written, until all of the
instances are gone. ` + "`minicf files APP/INDEX logs/stdout.log`" + ` prints one file as it is.`

// logFile is a file in which an instance's words are found.
type logFile struct{ stream, path string }

func logFiles() []logFile {
	return []logFile{{"stdout", "logs/stdout.log"}, {"stderr", "logs/stderr.log"}, {"err", "logs/err.log"}}
}

// logsOrder is whose logs are wanted, and how.
type logsOrder struct {
	apps   []string
	index  int // with one, of each app
	one    bool
	follow bool
}

func (s *session) logsCommand() *cobra.Command {
	var o logsOrder
	var recent bool
	c := &cobra.Command{
		Use: "logs APP...", Short: "Print what instances wrote", Long: logsAbout,
		Example: "  minicf logs my-sinatra-app\n  minicf logs my-sinatra-app --index 0 -f\n  minicf logs one two -f --json | jq -r .line",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &coded{error: usageError("say whose logs: APP"), code: exitUsage, hint: "`minicf dea instances` lists all"}
			}
			return nil
		},
	}
	s.jsonFlag(c)
	c.Flags().IntVar(&o.index, "index", 0, "only this instance of each app")
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what is written from now on")
	c.Flags().BoolVar(&recent, "recent", false, "only what there is, as without --follow")
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, apps []string) error {
		s.lines = s.json
		if o.index < 0 {
			return usageError("--index %d: instances are counted from 0", o.index)
		}
		o.apps, o.one = slices.Compact(slices.Sorted(slices.Values(apps))), c.Flags().Changed("index")
		ctx, stop := untilTold(c)
		defer stop()
		if recent && o.follow {
			return usageError("--recent and --follow contradict each other")
		}
		return s.allLogs(ctx, o)
	}
	return c
}

// allLogs prints the logs of apps of the CF API, which the controller keeps, and of the others, which are with the DEAs.
func (s *session) allLogs(ctx context.Context, o logsOrder) error {
	l := &apiLogs{session: s, follow: o.follow, named: len(o.apps) > 1}
	if o.one {
		l.index = strconv.Itoa(o.index)
	}
	var known []cf.App
	var others []string
	for _, name := range o.apps {
		api, app, found, err := s.findLog(ctx, name)
		switch {
		case err != nil:
			return err
		case found:
			l.api, known = api, append(known, app)
		case app.GUID != "": // the controller keeps no logs, but the DEA does
			others = append(others, app.GUID)
		default:
			others = append(others, name)
		}
	}
	o.apps = others
	if len(known) == 0 {
		return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error { return s.logs(ctx, b, o) })
	}
	failed := make(chan error, 1)
	go func() { failed <- l.run(ctx, known) }()
	var err error
	if len(others) > 0 {
		err = s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error { return s.logs(ctx, b, o) })
	}
	return errors.Join(err, <-failed)
}

// findLog looks for an app whose log the controller keeps. Without a controller there is none.
func (s *session) findLog(ctx context.Context, name string) (api *cf.Client, app cf.App, found bool, err error) {
	if s.nats != "" && s.api == "" { // only a bus was named
		return nil, app, false, nil
	}
	api, app, found, err = s.findApp(ctx, name)
	if _, none := errors.AsType[*client.UnreachableError](err); none || err != nil && exitCode(err) == exitNotRunning {
		return nil, app, false, nil
	}
	if err != nil || !found {
		return api, app, false, err
	}
	_, err = api.Recent(ctx, app.GUID)
	if noAPI(err) {
		return api, app, false, nil
	}
	return api, app, true, err
}

func (s *session) logs(ctx context.Context, b *bus.Bus, o logsOrder) error {
	exits, err := watchExits(b) // before the DEAs are asked, so that none is missed
	if err != nil {
		return err
	}
	defer exits.stop()
	all, err := o.find(ctx, b)
	if err != nil {
		return err
	}
	p := newLogPrinter(s, all)
	if o.follow {
		return p.followAll(ctx, all, exits)
	}
	for _, in := range all {
		for _, f := range logFiles() {
			if err := p.print(ctx, in, f, false); err != nil && !errors.Is(err, client.ErrNoFile) {
				return fileError(err, in, f.path)
			}
		}
	}
	if p.lines == 0 && !s.json {
		fmt.Fprintln(s.err, "nothing was written yet")
	}
	return nil
}

// find asks for the instances whose logs are wanted.
func (o logsOrder) find(ctx context.Context, b *bus.Bus) ([]protocol.FoundInstance, error) {
	var all []protocol.FoundInstance
	for _, app := range o.apps {
		found, err := findInstances(ctx, b, app)
		if err != nil {
			return nil, err
		}
		if o.one {
			in, err := pick(app, found, o.index)
			if err != nil {
				return nil, err
			}
			found = []protocol.FoundInstance{in}
		}
		all = append(all, found...)
	}
	return all, nil
}
