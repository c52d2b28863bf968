// Package fake is isolation without processes: instances that exist as a script of what happens to them, for tests, demos and the design of
// something new (`isolation: fake` in dea.yml).
//
// In goes what every backend gets; nothing of it is run, and the directory need not exist. What becomes of an instance is read from FAKE_ variables
// of its environment, so that whoever pushes an app can write the script, and for all that are not set there from [Options].
//
//	FAKE_RUN_FOR=2s          ends by itself after this long; without it only Stop ends it
//	FAKE_EXIT_CODE=7         … with this status, 0 if not set
//	FAKE_STDERR=text         … after startup has written this to its standard error
//	FAKE_READY_AFTER=500ms   answers (isolation.Prober) from then on, at once if not set; "never" for never
//	FAKE_START_ERROR=text    cannot be started
//	FAKE_IGNORE_STOP=true    takes no notice of the stop script and TERM: Stop has to wait StopTime and kill
//	FAKE_STOP_ERROR=text     cannot be stopped: Stop fails, and it runs on
//	FAKE_MEMORY_KB=65536     uses this much memory instead of MemoryKB
//	FAKE_DISK_B=1048576      … and disk instead of DiskB
//	FAKE_OVER_MEMORY_KB=1000 … and is ended by the system for that much memory (with FAKE_RUN_FOR)
//	FAKE_CPU=80              … and percent of a core instead of CPU
//	FAKE_PROCESSES=3         … in this many processes instead of one
//
// It works inside testing/synctest: no goroutine, no socket, and all time is package time's. In 2012 the DEA's tests ran real shells.
package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

// What every instance uses, if its environment does not say otherwise.
const (
	CPU      = 1.5 // percent of a core
	MemoryKB = 16 << 10
	DiskB    = 1 << 20 // bytes
)

// StopTime is how long Stop and Sweep take for an instance with FAKE_IGNORE_STOP, about as long as with real processes.
const StopTime = 3 * time.Second

// firstPID is above the ids that systems give, so that nobody ever signals a process for a fake.
const firstPID = 1 << 30

// Options changes what New makes. The zero value is an instance that is ready at once and runs until it is stopped.
type Options struct {
	// Env has FAKE_ variables, "K=V", for instances that do not set them themselves.
	Env []string
	// OnStart, if set, is called with each instance that is started, before Start returns.
	OnStart func(isolation.Spec)
}

var _ isolation.Backend = (*Backend)(nil)

// Backend starts fake instances. It may be used by many goroutines.
type Backend struct {
	opts Options

	mu      sync.Mutex
	started []*container // in the order of their starts
	swept   []isolation.Handle
}

// New returns a backend that has started nothing.
func New(opts Options) *Backend { return &Backend{opts: opts} }

// Name returns "fake".
func (b *Backend) Name() string { return "fake" }

// Start begins an instance's script. It fails when a FAKE_ variable cannot be read, naming it, or when FAKE_START_ERROR says so.
func (b *Backend) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.ID, err)
	}
	script, err := readScript(b.opts.Env, s.Env)
	if err == nil && script.startError != "" {
		err = errors.New(script.startError)
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.ID, err)
	}
	c := b.add(s, script)
	if b.opts.OnStart != nil {
		b.opts.OnStart(s)
	}
	c.begin()
	return c, nil
}

func (b *Backend) add(s isolation.Spec, script script) *container {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.started)
	c := &container{
		spec:   s,
		script: script,
		handle: isolation.Handle{ID: s.ID, PID: firstPID + n, Start: uint64(n + 1), Dir: s.Dir},
		done:   make(chan struct{}),
	}
	b.started = append(b.started, c)
	return c
}

// Adopt returns the instance with this handle, if this backend started it and it runs. A fake does not outlive its DEA, but in a test two DEAs may have
// the same backend.
func (b *Backend) Adopt(_ context.Context, h isolation.Handle, _ isolation.Spec) (isolation.Container, error) {
	if c := b.with(h); c != nil && !c.over() {
		return c, nil
	}
	return nil, fmt.Errorf("adopt %s: %w", h.Dir, isolation.ErrGone)
}

// with returns the instance with this handle, nil when it is not this backend's.
func (b *Backend) with(h isolation.Handle) *container {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.started, func(c *container) bool { return c.handle == h })
	if i < 0 {
		return nil
	}
	return b.started[i]
}

// Sweep ends the instance with this handle, if this backend started it and it runs. A fake does not outlive its DEA: others find nothing.
func (b *Backend) Sweep(ctx context.Context, h isolation.Handle) error {
	b.mu.Lock()
	b.swept = append(b.swept, h)
	b.mu.Unlock()
	c := b.with(h)
	if c == nil {
		return nil
	}
	if err := c.Stop(ctx); err != nil {
		return fmt.Errorf("sweep %s: %w", h.Dir, err)
	}
	return nil
}

// Started returns what was started so far, in order. Starts that failed are not in it.
func (b *Backend) Started() []isolation.Spec {
	b.mu.Lock()
	defer b.mu.Unlock()
	var specs []isolation.Spec
	for _, c := range b.started {
		specs = append(specs, c.spec)
	}
	return specs
}

// Running returns what was started and has not ended, in order.
func (b *Backend) Running() []isolation.Spec {
	b.mu.Lock()
	defer b.mu.Unlock()
	var specs []isolation.Spec
	for _, c := range b.started {
		if !c.over() {
			specs = append(specs, c.spec)
		}
	}
	return specs
}

// Swept returns every handle that Sweep was called with, in order.
func (b *Backend) Swept() []isolation.Handle {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.swept)
}
