package dea

import (
	"context"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// slowPass is how long measuring all instances may take before the log says so.
const slowPass = 400 * time.Millisecond

// monitor looks what all instances use, in one pass, and ends or slows those that use too much.
func (d *DEA) monitor(ctx context.Context) {
	d.mu.Lock()
	all := d.registry.live()
	d.mu.Unlock()
	began := time.Now()
	for _, in := range all {
		d.measure(ctx, in)
	}
	if took := time.Since(began); took > slowPass {
		d.log.Warn("measuring instances took long", "duration", took.Round(time.Millisecond), "instances", len(all))
	}
}

func (d *DEA) measure(ctx context.Context, in *instance) {
	d.mu.Lock()
	c := in.container
	d.mu.Unlock()
	if c == nil {
		return // not launched yet
	}
	ctx, cancel := context.WithTimeout(ctx, monitorInterval)
	defer cancel()
	usage, err := c.Usage(ctx)
	if err != nil {
		in.log.Debug("usage is not known", "error", err) // it has just ended, or the machine is too busy to look
		return
	}
	d.mu.Lock()
	in.usage.add(usage)
	state := in.state
	d.mu.Unlock()
	over := exceeded(d.isolationLimits(in), usage)
	switch {
	case state != protocol.Starting && state != protocol.Running: // it is ending
	case len(over) > 0:
		d.terminate(in, over)
	case state == protocol.Running:
		d.renice(ctx, in, c, usage.CPU)
	}
}

// mostSamples is how many measurements of an instance are kept: the last minute.
const mostSamples = 30

// samples are what an instance used, the last of them last. They are guarded by DEA.mu.
type samples []isolation.Usage

func (s *samples) add(u isolation.Usage) {
	*s = append(*s, u)
	if n := len(*s); n > mostSamples {
		*s = append(samples{}, (*s)[n-mostSamples:]...) // a new one: the old may be read right now
	}
}

// last is nil until the instance was measured.
func (s samples) last() *isolation.Usage {
	if len(s) == 0 {
		return nil
	}
	return &s[len(s)-1]
}

// wireUsage is a measurement with the units of the wire: memory in KB, with a fraction in 2012, and the disk in bytes.
func wireUsage(u isolation.Usage) protocol.Usage {
	return protocol.Usage{Time: u.At.Format(protocol.TimeFormat), CPU: u.CPU, Mem: float64(u.MemoryKB), Disk: u.DiskB}
}
