package dea

import (
	"context"
	"time"

	"github.com/minicf/minicf/protocol"
)

// How long the answer to a discovery waits, so that the DEA with the most room for the app is the
// first to answer.
const (
	taintPerInstance = 10 * time.Millisecond  // of the same app, already here
	taintByMemory    = 100 * time.Millisecond // when all memory is reserved; less in proportion
	taintMost        = 250 * time.Millisecond
)

const (
	notEnough  = "Ignoring request, not enough resources."
	diskIsFull = "Droplet FS has exceeded usage threshold, ignoring request"
)

// onDiscover answers that this DEA can run an app (dea.discover), or keeps silent. Nothing is
// reserved by an answer. Checking a runtime and the wait take time, in which other messages must
// not wait: each discovery has a goroutine.
func (d *DEA) onDiscover(ctx context.Context, r protocol.DiscoverRequest, reply func(protocol.DEAHello)) {
	memory, ok := limit(r.Limits.Mem, 0)
	if !ok {
		d.log.Warn("discovery ignored: limits.mem makes no sense", "app_id", r.Droplet, "memory", memory)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.stopping:
		return
	case d.room.clients >= d.room.maxClients || d.room.reserved > d.room.maxMemory:
		d.log.Warn(notEnough, "app_id", r.Droplet, "instances", d.room.clients)
		return
	case d.diskFull():
		d.log.Warn(diskIsFull, "app_id", r.Droplet, "percent", d.diskPercent)
		return
	}
	d.work.Go(func() { d.offer(ctx, r, memory, reply) })
}

// offer answers a discovery, if the runtime is there and the app fits, after the time that this
// DEA's load demands.
func (d *DEA) offer(ctx context.Context, r protocol.DiscoverRequest, memory int, reply func(protocol.DEAHello)) {
	if _, err := d.runtimes.executable(ctx, r.RuntimeInfo); err != nil {
		d.log.Debug("discovery ignored, its runtime is not available", "app_id", r.Droplet, "error", err)
		return
	}
	wait, ok := d.taint(r, memory)
	if !ok {
		return
	}
	select {
	case <-time.After(wait):
		reply(d.hello())
	case <-ctx.Done():
	}
}

// taint says how long the answer to a discovery has to wait. It is not ok when the app may not or
// cannot run here.
func (d *DEA) taint(r protocol.DiscoverRequest, memory int) (wait time.Duration, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cfg.Prod != nil && *d.cfg.Prod && !bool(r.Prod) {
		d.log.Debug("discovery ignored, this DEA is for production only", "app_id", r.Droplet)
		return 0, false
	}
	if memory > d.room.available() {
		d.log.Warn(notEnough, "app_id", r.Droplet, "memory", memory, "available", d.room.available())
		return 0, false
	}
	return delay(d.registry.count(r.Droplet), d.room.load()), true
}

// delay grows by 10 ms with each instance of the app that is here, and by 100 ms with the share of
// the memory that is reserved, up to 250 ms.
func delay(instances int, load float64) time.Duration {
	wait := time.Duration(instances)*taintPerInstance + time.Duration(load*float64(taintByMemory))
	return min(wait, taintMost)
}
