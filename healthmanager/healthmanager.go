// Package healthmanager keeps apps as they should be: it compares what the controller wants with what DEAs tell, and asks the controller
// for what is missing.
//
//	controller ─ GET /bulk/apps ─► what is wanted      desired.go bulk.go
//	dea ═ dea.heartbeat, droplet.exited ═► what is     actual.go
//	                    both, and the time             analyze.go   a pure function: this is the policy
//	                    crashes again and again        flapping.go
//	═ cloudcontrollers.hm.requests ═► controller       queue.go     START these indices, STOP these instances
//
// It listens to dea.heartbeat, droplet.exited, droplet.updated, and answers healthmanager.status, .health and .droplet. It sends
// healthmanager.start, when it starts and when the bus is back, so that every DEA tells what it has. It has no memory of its own: after a
// restart it knows within a heartbeat what is the case, and only how often something has crashed is forgotten.
//
// Apps that were started without the controller, as the tutorial's scripts do, are left alone. In 2012 they were stopped. The health
// manager of 2012 read the cloud controller's database; that of 2013, whose bulk API this is, asked over HTTP.
package healthmanager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/protocol"
)

// Manager is one health manager. Make it with New.
type Manager struct {
	bus       *bus.Bus
	cfg       Config
	rules     rules
	log       *slog.Logger
	component *bus.Component
	requests  protocol.Subject[protocol.HMRequest]
	queue     *queue
	figures   figures
	read      func(context.Context) ([]protocol.BulkApp, error) // what is wanted; tests replace it
	look      chan struct{}                                     // holds one: something is due earlier than was thought
	dirty     chan struct{}                                     // holds one: the controller has something new

	mu   sync.Mutex // guards what follows, apps included
	apps map[protocol.ID]*app
	next time.Time // of the look that is planned
	full time.Time // of the next look at everything
	done bool      // everything was looked at once
}

// figures are what /varz counts.
type figures struct{ heartbeats, exits, updates, statuses, healths, starts, stops atomic.Int64 }

// New returns a health manager that has not started yet. where says what the URL of the controller is now; an error names a key of
// the configuration.
func New(b *bus.Bus, cfg Config, where func() string, log *slog.Logger) (*Manager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	requests, err := protocol.HMRequests(cfg.CCPartition)
	if err != nil {
		return nil, err
	}
	m := &Manager{
		bus: b, cfg: cfg, rules: cfg.rules(), log: log, requests: requests, apps: map[protocol.ID]*app{},
		look: make(chan struct{}, 1), dirty: make(chan struct{}, 1),
	}
	api := &bulk{bus: b, partition: cfg.CCPartition, size: cfg.BulkAPI.BatchSize, where: where, http: &http.Client{}}
	m.read = api.apps
	m.queue = newQueue(cfg.DequeueingRate, m.send)
	m.component = bus.NewComponent(b, bus.ComponentConfig{
		Type: "HealthManager", Index: cfg.Index, IP: bus.LocalIP(cfg.LocalRoute), Port: cfg.Status.Port,
		User: cfg.Status.User, Password: cfg.Status.Password, Config: shown, Varz: m.varz, Log: log,
	})
	return m, nil
}

// Run watches until ctx ends. It fails when another health manager has the pid file, or the status port is taken.
func (m *Manager) Run(ctx context.Context, ready func()) error {
	if m.cfg.PID != "" {
		pid, err := pidfile.Create(m.cfg.PID)
		if err != nil {
			return err
		}
		defer func() { _ = pid.Remove() }() // what is left names a dead process, which the next one recognises
	}
	stop, err := m.listen()
	defer stop()
	if err != nil {
		return fmt.Errorf("listen to the bus: %w", err)
	}
	defer m.bus.OnReconnect(m.awaken)()
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		return m.component.Run(ctx, func() {
			m.log.Info("health manager is watching", "partition", m.cfg.CCPartition)
			m.awaken()
			ready()
		})
	})
	all.Go(func() error { m.queue.run(ctx); return nil })
	all.Go(func() error { m.readLoop(ctx); return nil })
	all.Go(func() error { m.lookLoop(ctx); return nil })
	return all.Wait()
}

// listen subscribes to all that is heard; the result ends that.
func (m *Manager) listen() (stop func(), err error) {
	var subs []*bus.Subscription
	stop = func() {
		for _, s := range subs {
			s.Stop()
		}
	}
	keep := func(s *bus.Subscription, err error) error {
		if err == nil {
			subs = append(subs, s)
		}
		return err
	}
	return stop, errors.Join(
		keep(bus.Subscribe(m.bus, protocol.DEAHeartbeat, m.onHeartbeat)),
		keep(bus.Subscribe(m.bus, protocol.DropletExited, m.onExited)),
		keep(bus.Subscribe(m.bus, protocol.DropletUpdated, m.onUpdated)),
		keep(bus.Answer(m.bus, protocol.HealthManagerStatus, m.onStatus)),
		keep(bus.Answer(m.bus, protocol.HealthManagerHealth, m.onHealth)),
		keep(bus.Answer(m.bus, protocol.HealthManagerDroplet, m.onDroplet)),
	)
}

// awaken begins anew, at the start and when the bus was away: what nobody could tell meanwhile is not missed.
func (m *Manager) awaken() {
	m.forgive()
	if err := bus.Publish(m.bus, protocol.HealthManagerStart, protocol.Ignored{}); err != nil {
		m.log.Error("healthmanager.start was not sent", "error", err)
	}
	poke(m.dirty)
}

func (m *Manager) forgive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.apps {
		a.touch(time.Now())
	}
}

// send asks the controller.
func (m *Manager) send(r protocol.HMRequest) {
	if err := bus.Publish(m.bus, m.requests, r); err != nil {
		m.log.Error("request was not sent", "app_id", r.Droplet, "op", r.Op, "error", err)
		return
	}
	if r.Op == protocol.OpStop {
		m.log.Info("asked the controller", "op", r.Op, "app_id", r.Droplet, "instances", r.Instances)
		return
	}
	m.log.Info("asked the controller", "op", r.Op, "app_id", r.Droplet, "version", r.Version, "indices", r.Indices, "flapping", r.Flapping)
}

// poke puts something into a channel that holds one, unless it is there already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
