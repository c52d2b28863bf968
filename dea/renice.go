package dea

import (
	"context"
	"errors"

	"github.com/minicf/minicf/dea/isolation"
)

// An instance that keeps more than half a core busy gives way to the others, one step in each pass, as in 2012 with secure: true. It does not while it
// starts: most do nothing else then, and everybody waits for them.
const (
	busyCPU  = 50 // percent of one core
	mostNice = 19 // the lowest priority
)

// renice lowers the priority of a busy instance. An isolation that shares the cores out by itself needs no help.
func (d *DEA) renice(ctx context.Context, in *instance, c isolation.Container, cpu float64) {
	n, ok := c.(isolation.Nicer)
	if !ok || cpu <= busyCPU {
		return
	}
	d.mu.Lock()
	nice := in.nice + 1
	d.mu.Unlock()
	if nice > mostNice {
		return
	}
	if err := n.Renice(ctx, nice); err != nil {
		if !errors.Is(err, errors.ErrUnsupported) {
			in.log.Warn("priority was not lowered", "nice", nice, "error", err)
		}
		return
	}
	d.mu.Lock()
	in.nice = nice
	d.mu.Unlock()
	in.log.Info("lowering priority on CPU bound process", "nice", nice, "cpu", cpu)
}
