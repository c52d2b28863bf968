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
	"github.com/minicf/minicf/protocol"
)

func (s *session) appsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "apps", Short: "List the apps that are kept running", Args: noArgs,
		Long: "List the apps that the controller has a record of, with how many of their instances run. Apps deployed as in the tutorial have none: `minicf dea instances` lists those, too.",
	}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		api, err := s.controller(ctx)
		if err != nil {
			return err
		}
		all, err := api.Records(ctx)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "APP\tSTATE\tINSTANCES\tMEMORY\tURLS")
		for _, a := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d MB\t%s\n", a.ID, a.State, running(a), a.Memory, strings.Join(s.publicURLs(a.URIs), " "))
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
	return s.recordCommand(c, func() (client.Change, error) {
		if !c.Flags().Changed("instances") {
			return client.Change{}, &coded{error: usageError("say how many: --instances N"), code: exitUsage, hint: "`minicf apps` shows how many there are"}
		}
		return client.Change{Instances: &instances}, checkInstances(instances)
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
	return s.recordCommand(c, func() (client.Change, error) { return client.Change{State: protocol.AppStarted}, nil })
}

func (s *session) stopCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "stop APP", Short: "Stop an app until it is started again", Args: oneApp,
		Long: "Stop an app until it is started again. Its record and its droplet stay. An app deployed as in the tutorial is stopped with `minicf deploy APP --stop`.",
	}
	return s.recordCommand(c, func() (client.Change, error) { return client.Change{State: protocol.AppStopped}, nil })
}

// recordCommand makes a command of a change to an app's record.
func (s *session) recordCommand(c *cobra.Command, change func() (client.Change, error)) *cobra.Command {
	s.jsonFlag(c)
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, args []string) error {
		ch, err := change()
		if err != nil {
			return err
		}
		ctx, stop := untilTold(c)
		defer stop()
		return s.withPlatform(ctx, func(ctx context.Context, p *platform) error {
			return s.changeApp(ctx, p, args[0], func(ctx context.Context) (recorded, error) {
				r, err := p.api.ChangeApp(ctx, args[0], ch)
				return recorded{Record: r}, err
			})
		})
	}
	return c
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
		hint: "`minicf apps` lists those that have one; `minicf deploy " + id + " --instances 1` makes one",
	}
}

// completeWait is how long a shell waits for the names of apps.
const completeWait = time.Second

// completeApp completes the ID of an app that has a record, if a controller is there to ask.
func (s *session) completeApp(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(c.Context(), completeWait)
	defer cancel()
	var ids []string
	if api, err := s.controller(ctx); err == nil {
		all, _ := api.Records(ctx) // a shell has no use for an error
		for _, a := range all {
			ids = append(ids, a.ID)
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
