package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// deaWait is how long DEAs are given to answer: a DEA that is alive answers within milliseconds, and discover within its
// taint of 250 ms.
const deaWait = 500 * time.Millisecond

// firstCheckWait is how long they are given the second time they are asked to discover: who has to run the runtime's program
// first, to see its version, is slow on a busy machine. It is the time that the cloud controller of 2012 gave.
const firstCheckWait = 2 * time.Second

// deaQueries are the commands below `minicf dea` that ask the DEAs of the bus.
func (s *session) deaQueries() []*cobra.Command {
	return []*cobra.Command{s.deaDiscover(), s.deaStatus(), s.deaInstances()}
}

func (s *session) deaDiscover() *cobra.Command {
	var runtime string
	var memory int
	c := &cobra.Command{
		Use: "discover", Short: "Ask who could run an app (dea.discover), in the order of the answers", Args: noArgs,
		Example: "  minicf dea discover --runtime node --memory 512",
	}
	s.jsonFlag(c)
	c.Flags().StringVar(&runtime, "runtime", "ruby19", "the app's runtime")
	c.Flags().IntVar(&memory, "memory", 256, "the app's memory limit, in MB")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if memory < 1 {
			return usageError("--memory %d: an app needs at least 1 MB", memory)
		}
		app := client.App{ID: "minicf-dea-discover", Name: "minicf-dea-discover", Runtime: runtime, Memory: memory}
		request, err := app.DiscoverRequest()
		if err != nil {
			return &coded{error: err, code: exitUsage}
		}
		all, err := s.discoverDEAs(c, request)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return &coded{
				error: fmt.Errorf("no DEA can run %s in %d MB", runtime, memory), code: exitNotFound,
				hint: "`minicf dea status` shows how much room there is; a DEA's log says why it kept silent",
			}
		}
		if s.json {
			return s.printJSON(all)
		}
		for _, hello := range all {
			fmt.Fprintf(s.out, "%s  %s\n", hello.ID, hello.IP)
		}
		return nil
	}
	return c
}

// discoverDEAs gathers who could run an app. That none could is no error, but that there is none at all is.
func (s *session) discoverDEAs(c *cobra.Command, request protocol.DiscoverRequest) (all []protocol.DEAHello, err error) {
	ctx, stop := untilTold(c)
	defer stop()
	err = s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
		if all, err = gather(ctx, b, protocol.DEADiscover, request, 0, deaWait); err != nil || len(all) > 0 {
			return err
		}
		if err := needDEA(ctx, b); err != nil {
			return err
		}
		all, err = gather(ctx, b, protocol.DEADiscover, request, 1, firstCheckWait)
		return err
	})
	return all, err
}

func (s *session) deaStatus() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Ask all DEAs for their figures (dea.status)", Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		all, err := s.deaStatuses(c)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "DEA\tINSTANCES\tRESERVED\tUSED\tMAX\tSTATE")
		for _, d := range all {
			fmt.Fprintf(w, "%s\t%d\t%d MB\t%.0f MB\t%d MB\t%s\n", d.ID, d.NumClients, d.ReservedMemory, d.UsedMemory, d.MaxMemory, cmp.Or(d.State, "up"))
		}
		return w.Flush()
	}
	return c
}

// deaStatuses gathers the figures of all DEAs; at least one.
func (s *session) deaStatuses(c *cobra.Command) (all []protocol.DEAStatusReply, err error) {
	ctx, stop := untilTold(c)
	defer stop()
	err = s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
		if all, err = gather(ctx, b, protocol.DEAStatus, protocol.Ignored{}, 0, deaWait); err == nil && len(all) == 0 {
			err = noDEA()
		}
		return err
	})
	return all, err
}

// gather returns the answers of all DEAs, or of the first ones up to a limit, that come within a time.
func gather[Req, Rep any](ctx context.Context, b *bus.Bus, call protocol.Call[Req, Rep], req Req, limit int, within time.Duration) ([]Rep, error) {
	enough, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	all, err := bus.Gather(enough, b, call, req, limit)
	return all, errors.Join(err, ctx.Err())
}

// needDEA fails when there is no DEA on the bus.
func needDEA(ctx context.Context, b *bus.Bus) error {
	deas, err := gather(ctx, b, protocol.DEAStatus, protocol.Ignored{}, 1, deaWait)
	if err == nil && len(deas) == 0 {
		return noDEA()
	}
	return err
}

func noDEA() error {
	return &coded{error: errors.New("no DEA answers"), code: exitNotRunning, hint: "`minicf up` runs one, `minicf dea` another"}
}

// instance is a line of `minicf dea instances`.
type instance struct {
	DEA string `json:"dea"`
	protocol.HeartbeatEntry
}

func (s *session) deaInstances() *cobra.Command {
	c := &cobra.Command{
		Use: "instances", Short: "List the instances of all DEAs", Args: noArgs,
		Long: "List the instances of all DEAs, as their heartbeats tell: healthmanager.start makes every DEA send one at once. Crashed instances stay for an hour.",
	}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		var all []instance
		err := s.withBus(ctx, func(ctx context.Context, b *bus.Bus) (err error) {
			all, err = heartbeats(ctx, b)
			return err
		})
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "APP\tINDEX\tSTATE\tSINCE\tINSTANCE\tDEA")
		for _, i := range all {
			since := time.Since(time.Unix(i.StateTimestamp, 0)).Round(time.Second)
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", i.Droplet, i.Index, i.State, since, i.Instance, i.DEA)
		}
		return w.Flush()
	}
	return c
}

// heartbeats makes all DEAs send one and returns the instances in it, sorted by app and index. There is at least one DEA.
func heartbeats(ctx context.Context, b *bus.Bus) ([]instance, error) {
	if err := needDEA(ctx, b); err != nil {
		return nil, err
	}
	enough, cancel := context.WithTimeout(ctx, deaWait)
	defer cancel()
	beats := make(chan protocol.Heartbeat, 64)
	sub, err := bus.Subscribe(b, protocol.DEAHeartbeat, func(h protocol.Heartbeat) {
		select {
		case beats <- h:
		case <-enough.Done():
		}
	})
	if err != nil {
		return nil, err
	}
	defer sub.Stop()
	if err := bus.Publish(b, protocol.HealthManagerStart, protocol.Ignored{}); err != nil {
		return nil, err
	}
	byID := map[string]instance{}
	for {
		select {
		case h := <-beats:
			for _, e := range h.Droplets {
				byID[e.Instance] = instance{DEA: h.DEA, HeartbeatEntry: e}
			}
		case <-enough.Done():
			return sortedInstances(byID), ctx.Err()
		}
	}
}

func sortedInstances(byID map[string]instance) []instance {
	all := make([]instance, 0, len(byID))
	for _, i := range byID {
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b instance) int {
		return cmp.Or(cmp.Compare(a.Droplet, b.Droplet), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Instance, b.Instance))
	})
	return all
}
