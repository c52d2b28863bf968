package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// stopWait is how long the instances of an app may take until they are said to be stopped: a DEA says so at once, and
// then does it.
const stopWait = 10 * time.Second

// stopped is what became of a stop, for programs.
type stopped struct {
	App       string     `json:"app"`
	Instances []instance `json:"stopped"` // as they were before
	Crashes   int        `json:"crashes"` // remains of crashed instances that were thrown away
}

// stopApp stops every instance of an app, and says which those were.
func (s *session) stopApp(ctx context.Context, id string) error {
	if id == "" {
		return usageError("say which app is to be stopped")
	}
	result := stopped{App: id, Instances: []instance{}}
	err := s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
		all, err := heartbeats(ctx, b)
		if err != nil {
			return err
		}
		result.take(all)
		return stopAll(ctx, b, result)
	})
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(result)
	}
	for _, i := range result.Instances {
		fmt.Fprintf(s.out, "Stopped %s/%d (instance %s)\n", id, i.Index, i.Instance)
	}
	s.warnOfRecord(ctx, id)
	if result.Crashes > 0 {
		fmt.Fprintf(s.out, "Threw away what was left of %d crashed instance(s) of %s\n", result.Crashes, id)
	}
	return nil
}

// take keeps the instances of the app.
func (s *stopped) take(all []instance) {
	for _, i := range all {
		switch {
		case string(i.Droplet) != s.App:
		case i.State == protocol.Crashed:
			s.Crashes++
		default:
			s.Instances = append(s.Instances, i)
		}
	}
}

// stopAll sends dea.stop and waits for the droplet.exited of each instance. It is sent in any case: an instance that was
// asked for a moment ago is in no heartbeat yet.
func stopAll(ctx context.Context, b *bus.Bus, s stopped) error {
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	exits := make(chan string, 64)
	sub, err := bus.Subscribe(b, protocol.DropletExited, func(e protocol.Exited) {
		select {
		case exits <- e.Instance:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	defer sub.Stop()
	if err := client.Stop(b, protocol.StopRequest{Droplet: protocol.ID(s.App)}); err != nil {
		return err
	}
	if err := b.Flush(ctx); err != nil {
		return err
	}
	if len(s.Instances)+s.Crashes == 0 {
		return &coded{error: fmt.Errorf("no instance of %s is running", s.App), code: exitNotFound, hint: "`minicf dea instances` lists all"}
	}
	return awaitExits(ctx, exits, s)
}

func awaitExits(ctx context.Context, exits <-chan string, s stopped) error {
	left := map[string]bool{}
	for _, i := range s.Instances {
		left[i.Instance] = true
	}
	for len(left) > 0 {
		select {
		case id := <-exits:
			delete(left, id)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("%d of the %d instances of %s have not ended within %s", len(left), len(s.Instances), s.App, stopWait)
		}
	}
	return nil
}

// warnOfRecord says that an app will be back.
func (s *session) warnOfRecord(ctx context.Context, id string) {
	api, err := s.controller(ctx)
	if err != nil {
		return
	}
	if r, err := api.Record(ctx, id); err == nil && r.State == protocol.AppStarted {
		fmt.Fprintf(s.err, "  → the controller still wants %d instance(s) of it, and the health manager will start them; `minicf stop %s` stops it for good\n", r.Instances, id)
	}
}
