// Package controller is the fake cloud controller: it keeps packages (zipped apps) and droplets, and serves them over HTTP to
// stagers and DEAs.
//
// In go apps from users and droplets from stagers, both as HTTP uploads; out they come again under the URIs that a staging
// request and a start message carry. Read routes.go first: all of it is one screen. On the bus it announces itself, and
// sends dea.locate when it starts, so that DEAs advertise.
//
// In the tutorial of 2012 this was a Sinatra app of forty lines that served one zip to whoever asked and threw the droplets away;
// the real one was Rails. The routes of both are here.
package controller

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/internal/webserver"
	"github.com/minicf/minicf/protocol"
)

// Controller is a cloud controller that can be run once.
type Controller struct {
	cfg       Config
	log       *slog.Logger
	bus       *bus.Bus
	component *bus.Component
	packages  *store
	droplets  *store
	uploads   uploads
	stall     time.Duration // see stallLimit
	url       atomic.Pointer[string]
	figures   figures
}

// figures are what /varz counts.
type figures struct{ requests, uploads, refused atomic.Int64 }

// New returns a controller that has not started yet. It fails when the configuration makes no sense.
func New(b *bus.Bus, cfg Config, log *slog.Logger) (*Controller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	c := &Controller{
		cfg: cfg, log: log, bus: b,
		packages: newStore(cfg.Directories.Packages, log),
		droplets: newStore(cfg.Directories.Droplets, log),
		stall:    stallLimit,
	}
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
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return webserver.Server{Handler: c.routes(), Log: c.log}.Serve(ctx, l) })
	all.Go(func() error {
		return c.component.Run(ctx, func() {
			c.greet()
			ready()
		})
	})
	return all.Wait()
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
	if err := errors.Join(checkSample(c.cfg.SampleApp), c.packages.open(), c.droplets.open()); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// greet makes the DEAs known, as the cloud controller did when it started.
func (c *Controller) greet() {
	if err := bus.Publish(c.bus, protocol.DEALocate, protocol.Ignored{}); err != nil {
		c.log.Error("dea.locate was not sent", "error", err)
	}
	c.log.Info("controller is listening", "url", c.URL(), "pid", os.Getpid())
}

func (c *Controller) varz() map[string]any {
	return map[string]any{
		"requests": c.figures.requests.Load(), "uploads": c.figures.uploads.Load(), "refused": c.figures.refused.Load(),
		"packages": c.packages.count(), "droplets": c.droplets.count(),
	}
}
