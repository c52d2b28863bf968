package controller

import (
	"context"
	"errors"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/protocol"
)

// What can be done with apps that have a record. A record is written first, and has been when the caller hears of it; what follows from
// it on the bus is an errand.

// deploy makes the newest droplet of an app what runs. An app that has no record yet gets one.
func (c *Controller) deploy(ctx context.Context, id string, ch change) (app, error) {
	defer c.busy.Lock(id)()
	what, err := c.droplets.Hold(id)
	if errors.Is(err, bits.ErrNotStored) {
		return app{}, badRequest("the app has no droplet: stage it first")
	}
	if err != nil {
		return app{}, err
	}
	a, err := c.edit(ctx, id, func(old *app) (app, error) {
		now := wireTime()
		if old == nil || old.deleted() {
			fresh := newApp(id, now)
			old = &fresh
		}
		a := old.redeployed(what.SHA1, ch, now)
		return a, a.check()
	})
	if err == nil {
		c.droplets.HoldOnly(id, what.SHA1)
	}
	return a, err
}

// alter changes an app that has a record.
func (c *Controller) alter(ctx context.Context, id string, ch change) (app, error) {
	defer c.busy.Lock(id)()
	return c.edit(ctx, id, func(old *app) (app, error) {
		if old == nil || old.deleted() {
			return app{}, bus.ErrNoRecord
		}
		a := old.with(ch, wireTime())
		return a, a.check()
	})
}

// remove deletes an app: its instances are stopped, its package and its droplets are gone. That it was there is remembered for a while, see
// deletedLifetime.
func (c *Controller) remove(ctx context.Context, id string) error {
	defer c.busy.Lock(id)()
	_, err := c.edit(ctx, id, func(old *app) (app, error) {
		if old == nil || old.deleted() {
			return app{}, bus.ErrNoRecord
		}
		gone := *old
		gone.State, gone.Env, gone.Services, gone.UpdatedAt = protocol.AppDeleted, nil, nil, wireTime()
		return gone, nil
	})
	if err != nil {
		return err
	}
	c.droplets.Drop(id)
	c.packages.Drop(id)
	return nil
}

// edit changes a record and has the consequences carried out. The caller holds the app's lock, so that those of two changes are in the
// order of the changes.
func (c *Controller) edit(ctx context.Context, id string, f func(old *app) (app, error)) (app, error) {
	var before app
	after, err := c.apps.Edit(ctx, id, func(old *app) (app, error) {
		before = app{}
		if old != nil {
			before = *old
		}
		return f(old)
	})
	if err != nil {
		return app{}, err
	}
	c.log.Info("app changed", "app", after.Name, "app_id", id, "state", after.State, "instances", after.Instances, "version", after.version())
	for _, s := range consequences(before, after) {
		c.errands.add(id, func(ctx context.Context) { c.carryOut(ctx, after, s) })
	}
	return after, nil
}

// wireTime is now as precisely as the wire tells it.
func wireTime() time.Time { return time.Now().UTC().Truncate(time.Second) }

// carryOut does one step of what follows from a change.
func (c *Controller) carryOut(ctx context.Context, a app, s step) {
	id, partition := protocol.ID(a.ID), c.cfg.CCPartition
	var err error
	switch s.do {
	case startIndices:
		c.startAll(ctx, a, s.indices, false)
	case stopAll:
		err = client.Stop(c.bus, protocol.StopRequest{Droplet: id})
	case stopIndices:
		err = client.Stop(c.bus, protocol.StopRequest{Droplet: id, Version: a.version(), Indices: wireInts(s.indices)})
	case tellURIs:
		err = bus.Publish(c.bus, protocol.DEAUpdate, protocol.UpdateRequest{Droplet: id, URIs: a.URIs})
	case tellUpdated:
		err = bus.Publish(c.bus, protocol.DropletUpdated, protocol.Updated{Droplet: id, CCPartition: &partition})
	}
	if err != nil {
		c.log.Error("message was not sent", "app_id", a.ID, "step", s.do, "error", err)
	}
}

// startAll places instances one after the other, as long as they are still wanted: the record may have changed while others were
// placed.
func (c *Controller) startAll(ctx context.Context, a app, indices []int, flapping bool) {
	for _, index := range indices {
		now, err := c.apps.Get(ctx, a.ID)
		if err != nil {
			c.log.Error("instance not started: the record cannot be read", "app_id", a.ID, "index", index, "error", err)
			return
		}
		if !now.started() || now.version() != a.version() {
			return
		}
		if index < now.Instances {
			c.place(ctx, now, index, flapping)
		}
	}
}

func wireInts(indices []int) []protocol.Int {
	all := make([]protocol.Int, len(indices))
	for i, n := range indices {
		all[i] = protocol.Int(n)
	}
	return all
}
