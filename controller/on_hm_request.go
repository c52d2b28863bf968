package controller

import (
	"context"
	"errors"
	"slices"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// onHMRequest does what the health manager asks for, if the record still says what the health manager believes. One controller of the queue
// group cc hears each request.
func (c *Controller) onHMRequest(r protocol.HMRequest) {
	c.figures.hmRequests.Add(1)
	c.errands.add(string(r.Droplet), func(ctx context.Context) {
		if err := c.heed(ctx, r); err != nil {
			c.log.Error("request of the health manager not answered", "app_id", r.Droplet, "op", r.Op, "error", err)
		}
	})
}

func (c *Controller) heed(ctx context.Context, r protocol.HMRequest) error {
	a, err := c.apps.Get(ctx, string(r.Droplet))
	unknown := errors.Is(err, bus.ErrNoRecord)
	if err != nil && !unknown {
		return err
	}
	switch kind := r.Op.Kind(); {
	case kind == protocol.OpStop:
		return c.heedStop(a, unknown, r)
	case unknown:
	case kind == protocol.OpStart && a.started() && a.version() == r.Version:
		c.startAll(ctx, a, wantedIndices(r.Indices), bool(r.Flapping))
	case kind == protocol.OpSpindown && a.started():
		if a.FromAPI {
			return c.api.SpinDown(ctx, a.ID)
		}
		stopped := protocol.AppStopped
		_, err := c.alter(ctx, a.ID, change{State: &stopped})
		return err
	}
	return nil
}

// heedStop stops instances. In 2012 a request about an app without a record stopped all instances of that id, whoever had started them;
// here only those that were named.
func (c *Controller) heedStop(a app, unknown bool, r protocol.HMRequest) error {
	stop := protocol.StopRequest{Droplet: r.Droplet, Instances: r.Instances}
	switch {
	case a.deleted():
		stop.Instances = nil // all of them
	case len(r.Instances) == 0, !unknown && r.LastUpdated != a.UpdatedAt.Unix():
		return nil
	}
	return client.Stop(c.bus, stop)
}

// wantedIndices are the indices of a request, each once, in order.
func wantedIndices(indices []protocol.Int) []int {
	var all []int
	for _, i := range indices {
		if i >= 0 {
			all = append(all, int(i))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
