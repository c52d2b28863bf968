// Package logcache keeps the newest lines of each app's log, and is where `cf logs` reads them.
//
// In go the lines that components send as minicf.log, what the DEA tells of instances that end, and what running instances write: the
// file viewer of their DEA, which every DEA of 2012 has, is asked for logs/stdout.log and logs/stderr.log and sends what is added to them (follow.go).
// Out come the two requests of Cloud Foundry's log-cache that the cf command makes.
//
// Nothing is on the disk here: what instances wrote still lies in their directories, and is read again after a restart of the controller; the log of
// a staging is in the stager's reply.
package logcache

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// Cache keeps lines, as long as Run runs.
type Cache struct {
	bus   *bus.Bus
	log   *slog.Logger
	known func(app string) bool

	mu      sync.Mutex
	rings   map[string]*ring
	written int64

	follower follower
}

// New returns a cache that does not run yet. Only instances of apps that are known are followed.
func New(b *bus.Bus, known func(app string) bool, log *slog.Logger) *Cache {
	c := &Cache{bus: b, log: log, known: known, rings: map[string]*ring{}}
	c.follower = follower{cache: c, news: make(chan found, maxWaiting), busy: map[string]bool{}}
	return c
}

// Run listens until ctx ends.
func (c *Cache) Run(ctx context.Context) error {
	lines, e1 := bus.Subscribe(c.bus, protocol.AppLog, c.Add)
	beats, e2 := bus.Subscribe(c.bus, protocol.DEAHeartbeat, c.hearBeat)
	exits, e3 := bus.Subscribe(c.bus, protocol.DropletExited, c.hearExit)
	for _, s := range []*bus.Subscription{lines, beats, exits} {
		if s != nil {
			defer s.Stop()
		}
	}
	if err := errors.Join(e1, e2, e3); err != nil {
		return err
	}
	// Who runs already says so when he is asked.
	if err := bus.Publish(c.bus, protocol.HealthManagerStart, protocol.Ignored{}); err != nil {
		c.log.Debug("heartbeats were not asked for", "error", err)
	}
	c.follower.run(ctx)
	return nil
}

// Add keeps a line.
func (c *Cache) Add(l protocol.LogLine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	app := string(l.App)
	r := c.rings[app]
	if r == nil {
		c.makeRoom()
		r = &ring{}
		c.rings[app] = r
	}
	c.written++
	r.written = c.written
	r.add(l)
}

// makeRoom forgets the app that has been silent the longest when there are too many. The caller holds the mutex.
func (c *Cache) makeRoom() {
	if len(c.rings) < maxApps {
		return
	}
	oldest := ""
	for app, r := range c.rings {
		if oldest == "" || r.written < c.rings[oldest].written {
			oldest = app
		}
	}
	delete(c.rings, oldest)
}

// Say adds a line of now.
func (c *Cache) Say(app, source, instance, text string) {
	c.Add(protocol.LogLine{App: protocol.ID(app), Source: source, Instance: instance, Stream: "OUT", Time: time.Now().UnixNano(), Text: text})
}

// read returns lines of an app, see ring.
func (c *Cache) read(app string, from, to int64, limit int, descending bool) []protocol.LogLine {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rings[app]
	if r == nil {
		return nil
	}
	return r.read(from, to, limit, descending)
}
