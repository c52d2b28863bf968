package fake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

var (
	_ isolation.Container = (*container)(nil)
	_ isolation.Prober    = (*container)(nil)
	_ isolation.Nicer     = (*container)(nil)
)

// container is an instance that was started.
type container struct {
	spec   isolation.Spec
	script script
	handle isolation.Handle
	began  time.Time

	once sync.Once
	done chan struct{}
	exit isolation.Exit // written before done is closed

	mu    sync.Mutex
	timer *time.Timer // ends it after FAKE_RUN_FOR
}

// begin starts the clock.
func (c *container) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began = time.Now()
	if c.script.runFor == 0 {
		return
	}
	c.timer = time.AfterFunc(c.script.runFor, func() {
		code := c.script.exitCode
		c.finish(isolation.Exit{Status: code, Reason: fmt.Sprintf("exit status %d", code), OverMemoryKB: c.script.overKB})
	})
}

// finish ends it, the first time it is called.
func (c *container) finish(e isolation.Exit) {
	c.once.Do(func() {
		c.exit = e
		c.exit.Stderr = c.script.stderr
		close(c.done)
	})
}

func (c *container) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Handle implements isolation.Container, with an id that no process has.
func (c *container) Handle() isolation.Handle { return c.handle }

// Done implements isolation.Container.
func (c *container) Done() <-chan struct{} { return c.done }

// Exit implements isolation.Container. Before Done is closed it is empty.
func (c *container) Exit() isolation.Exit {
	if !c.over() {
		return isolation.Exit{}
	}
	return c.exit
}

// Stop implements isolation.Container. An instance that was stopped tells what the stop script of 2012 makes of a real one: signal: killed.
func (c *container) Stop(ctx context.Context) error {
	if c.over() {
		return nil
	}
	if c.script.stopError != "" {
		return errors.New(c.script.stopError)
	}
	if c.script.ignoreStop {
		c.persist(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.finish(isolation.Exit{Status: -1, Reason: "signal: killed"})
	return nil
}

// persist takes as long as patience lasts.
func (c *container) persist(ctx context.Context) {
	patience := time.NewTimer(StopTime)
	defer patience.Stop()
	select {
	case <-patience.C:
	case <-ctx.Done():
	case <-c.done:
	}
}

// Usage implements isolation.Container, with figures that never change.
func (c *container) Usage(context.Context) (isolation.Usage, error) {
	if c.over() {
		return isolation.Usage{}, isolation.ErrGone
	}
	return isolation.Usage{
		At: time.Now(), CPU: c.script.cpu, MemoryKB: c.script.memoryKB, DiskB: c.script.diskB, Processes: c.script.processes,
	}, nil
}

// Renice implements isolation.Nicer: nothing gets slower.
func (c *container) Renice(context.Context, int) error { return nil }

// Ready implements isolation.Prober.
func (c *container) Ready(context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.over() && !c.script.neverReady && time.Since(c.began) >= c.script.readyAfter
}
