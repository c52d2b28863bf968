package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
	"github.com/minicf/minicf/protocol"
)

func (s *session) appsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "apps", Short: "List the apps that are kept running", Args: noArgs,
		Long: "List the apps that the controller has a record of, from `minicf push`, cf or `minicf deploy --instances`, with how many of their instances run. Apps deployed as in the tutorial have none: `minicf dea instances` lists those, too.",
	}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		all, err := s.listApps(ctx)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "APP\tSTATE\tINSTANCES\tMEMORY\tURLS")
		for _, a := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d MB\t%s\n", a.called(), a.State, running(a.Record), a.Memory, strings.Join(s.publicURLs(a.URIs), " "))
		}
		return w.Flush()
	}
	return c
}

// running is how many instances run of how many, with a question mark when no health manager says so.
func running(a client.Record) string {
	if a.Running == nil {
		return fmt.Sprintf("?/%d", a.Instances)
	}
	return fmt.Sprintf("%d/%d", *a.Running, a.Instances)
}

func (s *session) scaleCommand() *cobra.Command {
	var instances int
	c := &cobra.Command{
		Use: "scale APP --instances N", Short: "Run another number of instances of an app", Args: oneApp,
		Example: "  minicf scale hello -i 4",
	}
	c.Flags().IntVarP(&instances, "instances", "i", 0, "how many are to run")
	return s.recordCommand(c, appChange{
		check: func() error {
			if !c.Flags().Changed("instances") {
				return &coded{error: usageError("say how many: --instances N"), code: exitUsage, hint: "`minicf apps` shows how many there are"}
			}
			return checkInstances(instances)
		},
		record: func() client.Change { return client.Change{Instances: &instances} },
		api: func(ctx context.Context, api *cf.Client, app cf.App) error {
			_, err := api.Scale(ctx, app.GUID, cf.Scaling{Instances: &instances})
			return err
		},
	})
}

// checkInstances refuses what no controller takes, before anything is done for it.
func checkInstances(n int) error {
	if n < 0 || n > client.MaxInstances {
		return usageError("--instances %d: want 0 to %d", n, client.MaxInstances)
	}
	return nil
}

func (s *session) startCommand() *cobra.Command {
	c := &cobra.Command{Use: "start APP", Short: "Start an app that was stopped", Args: oneApp}
	return s.recordCommand(c, appChange{
		record: func() client.Change { return client.Change{State: protocol.AppStarted} },
		api:    func(ctx context.Context, api *cf.Client, app cf.App) error { return api.Start(ctx, app.GUID) },
	})
}

func (s *session) stopCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "stop APP", Short: "Stop an app until it is started again", Args: oneApp,
		Long: "Stop an app until it is started again. Its record and its droplet stay. An app deployed as in the tutorial is stopped with `minicf deploy APP --stop`.",
	}
	return s.recordCommand(c, appChange{
		record: func() client.Change { return client.Change{State: protocol.AppStopped} },
		api:    func(ctx context.Context, api *cf.Client, app cf.App) error { return api.Stop(ctx, app.GUID) },
	})
}

func (s *session) restartCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "restart APP", Short: "Start an app anew, with its environment as it is now", Args: oneApp,
	}
	return s.recordCommand(c, appChange{
		stopsFirst: true,
		record:     func() client.Change { return client.Change{State: protocol.AppStarted} },
		api:        func(ctx context.Context, api *cf.Client, app cf.App) error { return api.Restart(ctx, app.GUID) },
	})
}

// appChange is a change to an app, of the CF API or with a record.
type appChange struct {
	check      func() error // of the flags; nil when there are none
	stopsFirst bool         // a record is stopped before
	record     func() client.Change
	api        func(context.Context, *cf.Client, cf.App) error
}

// recordCommand makes a command of a change to an app.
func (s *session) recordCommand(c *cobra.Command, ch appChange) *cobra.Command {
	s.jsonFlag(c)
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, args []string) error {
		if ch.check != nil {
			if err := ch.check(); err != nil {
				return err
			}
		}
		ctx, stop := untilTold(c)
		defer stop()
		api, app, found, err := s.findApp(ctx, args[0])
		switch {
		case err != nil:
			return err
		case found:
			return s.changeAPIApp(ctx, api, app, ch)
		}
		return s.withPlatform(ctx, func(ctx context.Context, p *platform) error { return s.changeRecord(ctx, p, args[0], ch) })
	}
	return c
}

func (s *session) changeRecord(ctx context.Context, p *platform, id string, ch appChange) error {
	return s.changeApp(ctx, p, id, func(ctx context.Context) (recorded, error) {
		if ch.stopsFirst {
			if _, err := p.api.ChangeApp(ctx, id, client.Change{State: protocol.AppStopped}); err != nil {
				return recorded{}, err
			}
		}
		r, err := p.api.ChangeApp(ctx, id, ch.record())
		return recorded{Record: r}, err
	})
}

// oneApp wants the ID of an app and no more.
func oneApp(c *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return &coded{error: usageError("say which app"), code: exitUsage, hint: "`minicf apps` lists them"}
	}
	return atMostOne(c, args)
}

// recordFailure says what to do about an app without a record.
func (s *session) recordFailure(id string, err error) error {
	e, ok := errors.AsType[*client.HTTPError](err)
	if !ok || e.Status != http.StatusNotFound {
		return err
	}
	return &coded{
		error: fmt.Errorf("the controller has no record of %s", id), code: exitNotFound,
		hint: "`minicf apps` lists those that have one; `minicf push " + id + "` or `minicf deploy " + id + " --instances 1` makes one",
	}
}

// completeWait is how long a shell waits for the names of apps.
const completeWait = time.Second

// completeApp completes the name of an app that has a record, if a controller is there to ask.
func (s *session) completeApp(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(c.Context(), completeWait)
	defer cancel()
	all, _ := s.listApps(ctx) // a shell has no use for an error
	var ids []string
	for _, a := range all {
		ids = append(ids, a.called())
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
