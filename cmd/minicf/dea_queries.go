package main

import (
	"cmp"
	"context"
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
		app := client.App{ID: "minicf-dea-discover", Name: "minicf-dea-discover", Runtime: runtime, Memory: memory}
		request, err := app.DiscoverRequest()
		if err != nil {
			return &coded{error: err, code: exitUsage}
		}
		all, err := askDEAs(c.Context(), s, protocol.DEADiscover, request)
		if err != nil {
			return err
		}
		if s.json {
			return s.printJSON(all)
		}
		for _, hello := range all {
			fmt.Fprintf(s.out, "%s  %s\n", hello.ID, hello.IP)
		}
		if len(all) == 0 {
			return &coded{
				error: fmt.Errorf("no DEA can run %s in %d MB", runtime, memory), code: exitNotFound,
				hint: "`minicf dea status` shows how much room there is; a DEA's log says why it kept silent",
			}
		}
		return nil
	}
	return c
}

func (s *session) deaStatus() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Ask all DEAs for their figures (dea.status)", Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		all, err := askDEAs(c.Context(), s, protocol.DEAStatus, protocol.Ignored{})
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

// askDEAs gathers the answers of all DEAs. None at all means that there is no DEA, except to a discover.
func askDEAs[Req, Rep any](ctx context.Context, s *session, call protocol.Call[Req, Rep], req Req) ([]Rep, error) {
	b, err := s.openBus()
	if err != nil {
		return nil, err
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(ctx, deaWait)
	defer cancel()
	all, err := bus.Gather(ctx, b, call, req, 0)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 && call.String() != protocol.DEADiscover.String() {
		return nil, noDEA()
	}
	return append([]Rep{}, all...), nil
}

func noDEA() error {
	return &coded{error: fmt.Errorf("no DEA answers"), code: exitNotRunning, hint: "`minicf up` runs one, `minicf dea` another"}
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
		all, err := s.heartbeats(c.Context())
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

// heartbeats makes all DEAs send one and returns the instances in it, sorted by app and index.
func (s *session) heartbeats(ctx context.Context) ([]instance, error) {
	b, err := s.openBus()
	if err != nil {
		return nil, err
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(ctx, deaWait)
	defer cancel()
	deas, err := bus.Gather(ctx, b, protocol.DEAStatus, protocol.Ignored{}, 1)
	if err != nil {
		return nil, err
	}
	if len(deas) == 0 {
		return nil, noDEA()
	}
	beats := make(chan protocol.Heartbeat, 64)
	sub, err := bus.Subscribe(b, protocol.DEAHeartbeat, func(h protocol.Heartbeat) {
		select {
		case beats <- h:
		case <-ctx.Done():
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
		case <-ctx.Done():
			return sortedInstances(byID), nil
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
