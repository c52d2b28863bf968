// Package controller is the fake cloud controller: it keeps packages (zipped apps) and droplets, and serves them over HTTP to
// stagers and DEAs. Of apps that are to be kept running it has a record, and sees to it that what the record says becomes true.
//
// In go apps from users and droplets from stagers, both as HTTP uploads; out they come again under the URIs that a staging
// request and a start message carry. Read routes.go first: all of it is one screen.
//
// With a record the story goes on: app.go (what is wanted), consequences.go (what follows on the bus from a change of it), manage.go
// (both together), placement.go (a DEA for an instance), on_hm_request.go (the health manager asks for what is missing). Records are
// kept by records.go on the bus, where nobody sees them.
//
// On the bus it listens to cloudcontrollers.hm.requests, cloudcontroller.bulk.credentials, dea.advertise and dea.shutdown. It sends
// dea.locate when it starts, so that DEAs advertise, and for apps with a record dea.discover, dea.<id>.start, dea.stop, dea.update,
// droplet.updated and healthmanager.health.
//
// In the tutorial of 2012 this was a Sinatra app of forty lines that served one zip to whoever asked and threw the droplets away;
// the real one was Rails. The routes of both are here.
package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/controller/logcache"
	"github.com/minicf/minicf/controller/records"
	"github.com/minicf/minicf/controller/resources"
	"github.com/minicf/minicf/controller/uaa"
	"github.com/minicf/minicf/controller/v3"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/internal/webserver"
	"github.com/minicf/minicf/protocol"
)

// hmQueue is the queue group in which cloud controllers share the health manager's requests.
const hmQueue = "cc"

// Controller is a cloud controller that can be run once.
type Controller struct {
	cfg       Config
	log       *slog.Logger
	bus       *bus.Bus
	component *bus.Component
	packages  *bits.Store
	droplets  *bits.Store
	uploads   uploads
	apps      records.Records[app]
	busy      records.Locks // by app, while its record changes
	errands   *errands
	pool      *pool
	trouble   trouble
	uaa       *uaa.UAA
	resources *resources.Pool
	api       *v3.API
	logs      *logcache.Cache
	bulk      protocol.Credentials
	limits    bits.Uploads
	url       atomic.Pointer[string]
	figures   figures
}

// figures are what /varz counts.
type figures struct{ requests, uploads, refused, hmRequests atomic.Int64 }

// New returns a controller that has not started yet. It fails when the configuration makes no sense.
func New(b *bus.Bus, cfg Config, users uaa.Config, log *slog.Logger) (*Controller, error) {
	if err := errors.Join(cfg.Validate(), checkExposure(cfg.Host, users)); err != nil {
		return nil, err
	}
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	c := &Controller{
		cfg: cfg, log: log, bus: b,
		packages: bits.New(cfg.Directories.Packages, log),
		droplets: bits.New(cfg.Directories.Droplets, log),
		apps:     records.New[app](b, "apps"),
		errands:  newErrands(),
		pool:     newPool(rand.Shuffle),
		bulk:     protocol.Credentials{User: cfg.BulkAPI.Auth.User, Password: cmp.Or(cfg.BulkAPI.Auth.Password, bus.Hex(16))},
		limits:   bits.Uploads{Max: cfg.MaxUpload},
	}
	if c.uaa, err = uaa.New(users, filepath.Join(cfg.Directories.Tokens, "key")); err != nil {
		return nil, err
	}
	c.logs = logcache.New(b, c.isOfAPI, log)
	c.resources = resources.New(c.packages, cfg.Directories.Resources, log)
	c.api = v3.New(v3.Config{
		Bus: b, UAA: c.uaa, Stager: machine{c}, Platform: machine{c}, Packages: c.packages, Droplets: c.droplets, Resources: c.resources, Uploads: c.limits, Log: log,
		Tell: func(app, text string) { c.logs.Say(app, protocol.LogAPI, "0", text) },
	})
	c.component = bus.NewComponent(b, bus.ComponentConfig{
		Type: "CloudController", Index: cfg.Index, IP: bus.LocalIP(cfg.LocalRoute), Port: cfg.Status.Port,
		User: cfg.Status.User, Password: cfg.Status.Password, Config: shown, Varz: c.varz, Log: log,
	})
	return c, nil
}

// URL is where the controller serves, once it is ready; empty before.
func (c *Controller) URL() string {
	if u := c.url.Load(); u != nil {
		return *u
	}
	return ""
}

// Run serves until ctx ends. It fails when the port is taken (*webserver.TakenError), when another controller has the pid
// file (*pidfile.RunningError), and when the directories cannot be used.
func (c *Controller) Run(ctx context.Context, ready func()) error {
	leave, err := c.moveIn()
	if err != nil {
		return err
	}
	defer leave()
	l, err := webserver.Listen("controller", c.cfg.Host, c.cfg.Port)
	if err != nil {
		return err
	}
	url := webserver.URL(l)
	c.url.Store(&url)
	stop, err := c.listen()
	defer stop()
	if err != nil {
		return errors.Join(fmt.Errorf("listen to the bus: %w", err), l.Close())
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { c.errands.run(ctx); return nil })
	all.Go(func() error { return c.logs.Run(ctx) })
	tried := make(chan struct{})
	all.Go(func() error { c.api.Run(ctx, func() { close(tried) }); return nil })
	all.Go(func() error { return webserver.Server{Handler: c.routes(), Log: c.log}.Serve(ctx, l) })
	all.Go(func() error {
		return c.component.Run(ctx, func() {
			<-tried
			c.greet()
			ready()
		})
	})
	return all.Wait()
}

// listen subscribes to what the controller hears of; the result ends that.
func (c *Controller) listen() (stop func(), err error) {
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
	requests, e1 := protocol.HMRequests(c.cfg.CCPartition)
	credentials, e2 := protocol.BulkCredentials(c.cfg.CCPartition)
	if err := errors.Join(e1, e2); err != nil {
		return stop, err
	}
	return stop, errors.Join(
		keep(bus.Share(c.bus, requests, hmQueue, c.onHMRequest)),
		keep(bus.Answer(c.bus, credentials, func(_ protocol.Ignored, reply func(protocol.Credentials)) { reply(c.bulk) })),
		keep(bus.Subscribe(c.bus, protocol.DEAAdvertise, func(a protocol.Advertisement) { c.pool.note(a, time.Now()) })),
		keep(bus.Subscribe(c.bus, protocol.DEAShutdown, func(g protocol.DEAGoodbye) { c.pool.forget(g.ID) })),
	)
}

// moveIn takes the pid file, so that the directories are nobody else's, and opens the stores. leave gives the file back.
func (c *Controller) moveIn() (leave func(), err error) {
	leave = func() {}
	if c.cfg.PID != "" {
		f, err := pidfile.Create(c.cfg.PID)
		if err != nil {
			return nil, err
		}
		leave = func() {
			if err := f.Remove(); err != nil {
				c.log.Warn("pid file not removed", "error", err)
			}
		}
	}
	if err := c.openStores(); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// openStores opens what is on the disk, and removes what a kill has left half unpacked.
func (c *Controller) openStores() error {
	if err := errors.Join(checkSample(c.cfg.SampleApp), c.packages.Open(), c.droplets.Open()); err != nil {
		return err
	}
	unpacked := c.cfg.Directories.unpacked()
	return errors.Join(os.RemoveAll(unpacked), os.MkdirAll(unpacked, 0o700), c.resources.Open(), c.uaa.Open())
}

// greet makes the DEAs known, as the cloud controller did when it started.
func (c *Controller) greet() {
	if err := bus.Publish(c.bus, protocol.DEALocate, protocol.Ignored{}); err != nil {
		c.log.Error("dea.locate was not sent", "error", err)
	}
	c.log.Info("controller is listening", "url", c.URL(), "pid", os.Getpid())
	if name := c.uaa.WellKnown(); name != "" {
		c.log.Info("the cf command can log in: cf api " + c.URL() + " && cf auth " + name + " admin")
	}
}

func (c *Controller) varz() map[string]any {
	return map[string]any{
		"requests": c.figures.requests.Load(), "uploads": c.figures.uploads.Load(), "refused": c.figures.refused.Load(),
		"packages": c.packages.Count(), "droplets": c.droplets.Count(), "healthmanager_requests": c.figures.hmRequests.Load(),
	}
}
