package dea

import (
	"context"
	"fmt"
	"time"

	"github.com/minicf/minicf/protocol"
)

// Drain evacuates the DEA: everybody is told that its instances are gone, so that others are started elsewhere, while
// they go on serving for evacuation_delay. It returns then, or with ctx's error; Run's context is to end afterwards.
// In 2012 this was signal USR2.
func (d *DEA) Drain(ctx context.Context) error {
	d.evacuate()
	delay := d.cfg.EvacuationDelay.Std()
	d.log.Info(fmt.Sprintf("Scheduling shutdown in %.f seconds..", delay.Seconds()))
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// evacuate tells the end of all instances. What serves already keeps its routes; what does not is not begun any more.
func (d *DEA) evacuate() {
	d.log.Info("Evacuating applications..")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retire()
	for _, in := range d.registry.in(protocol.Running) {
		in.exit = protocol.ExitDEAEvacuation
		d.tellExit(in)
		in.evacuated = true
		d.changed()
	}
	for _, in := range d.registry.in(born, protocol.Starting) {
		d.stop(in, protocol.ExitDEAEvacuation)
	}
}
