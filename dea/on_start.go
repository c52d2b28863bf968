package dea

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/protocol"
)

// onStart takes in a request to run an instance (dea.<id>.start). Nobody answers such a request:
// one that is not taken leaves nothing but a line in the log, and the health manager misses the
// instance.
//
// What takes time, the check of the runtime first, happens in the instance's own goroutine. The
// instance can be stopped from here on.
func (d *DEA) onStart(ctx context.Context, r protocol.StartRequest) {
	in, err := newInstance(r, d.paths.apps, d.log)
	if err != nil {
		d.log.Warn("start ignored", "app_id", r.Droplet, "error", err)
		return
	}
	in.log.Debug(fmt.Sprintf("Requested Limits: mem=%dM, fds=%d, disk=%dM", in.memory, in.fds, in.disk))
	// The DEA's stop must not end the instance before the bus has heard of it: ctx stays out of it.
	ctx, in.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.takes(in) {
		in.cancel(nil)
		return
	}
	d.registry.add(in)
	d.work.Go(func() {
		defer in.cancel(nil)
		d.live(ctx, in)
	})
}

// takes says whether a start can be taken in, in the order of 2012, and logs why not. The caller
// holds DEA.mu.
func (d *DEA) takes(in *instance) bool {
	r := in.request
	switch {
	case d.stopping:
		return false
	case !d.room.fits(in.memory):
		in.log.Info(noRoom, "memory", in.memory)
		return false
	case d.diskFull():
		in.log.Warn(diskIsFull, "percent", d.diskPercent)
		return false
	case r.SHA1 == "" || r.ExecutableURI == "" && r.ExecutableFile == "":
		in.log.Warn("Start request missing proper download information, ignoring request.")
		return false
	}
	return true
}
