package dea

import (
	"context"
	"time"

	"github.com/minicf/minicf/protocol"
)

// flushLimit is how long the last messages may take to leave.
const flushLimit = time.Second

// shutdown ends all instances, each in its own goroutine, and waits for them: the bus hears of all
// before the first is stopped. What has crashed stays on the disk, for the next DEA.
func (d *DEA) shutdown(ctx context.Context) {
	d.log.Info("Shutting down..")
	d.mu.Lock()
	d.retire()
	for _, in := range d.registry.in(born, protocol.Starting, protocol.Running) {
		d.stop(in, protocol.ExitDEAShutdown)
	}
	d.mu.Unlock()
	d.work.Wait()
	d.droplets.wait()
	d.commit()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushLimit)
	defer cancel()
	if err := d.bus.Flush(ctx); err != nil {
		d.log.Warn("last messages were not sent", "error", err) // the bus went first, and nobody listens
	}
	d.log.Info("Bye..")
}

// retire makes the DEA take nothing new, advertise nothing and send no heartbeats, and says goodbye; once. The caller holds DEA.mu.
func (d *DEA) retire() {
	if d.stopping {
		return
	}
	d.stopping = true
	live := map[protocol.ID]int{}
	for _, in := range d.registry.live() {
		live[in.request.Droplet]++
	}
	say(d, protocol.DEAShutdown, protocol.DEAGoodbye{ID: d.id, IP: d.ip, Version: protocol.DEAVersion, AppIDToCount: live})
}
