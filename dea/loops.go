package dea

import (
	"context"
	"sync"
	"time"

	"github.com/minicf/minicf/protocol"
)

// How often the DEA looks at itself. How often it tells about itself is in its configuration.
const (
	monitorInterval = 2 * time.Second  // after the last look ended
	reaperInterval  = 30 * time.Second // for crashes that were kept long enough
	crashLifetime   = time.Hour        // in which a crash can be looked at
)

// loops does what has to be done again and again, until ctx ends.
func (d *DEA) loops(ctx context.Context, wg *sync.WaitGroup) {
	for _, loop := range []struct {
		interval time.Duration
		do       func()
	}{
		{d.cfg.Intervals.Heartbeat.Std(), d.locked(d.beat)},
		{d.cfg.Intervals.Advertise.Std(), d.locked(d.advertise)},
		{monitorInterval, func() { d.measureDisk(); d.monitor(ctx) }},
		{reaperInterval, d.reap},
	} {
		wg.Go(func() { every(ctx, loop.interval, loop.do) })
	}
}

func (d *DEA) locked(f func()) func() {
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		f()
	}
}

// every calls f again and again, with the interval between its end and its next beginning.
func every(ctx context.Context, interval time.Duration, f func()) {
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			f()
			timer.Reset(interval)
		case <-ctx.Done():
			return
		}
	}
}

// reap deletes crashes that nobody came to look at.
func (d *DEA) reap() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return
	}
	for _, in := range d.registry.in(protocol.Crashed) {
		if time.Since(in.since) > crashLifetime {
			in.log.Debug("deleting crash that is too old")
			d.stop(in, "")
		}
	}
}
